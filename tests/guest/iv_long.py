#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
No IV and no sequence number twice under one key (invariant I4) in the captures of a
million packets, through all that a host does to SAs, port, driver and machine on the way.
"""

import array
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import flow  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5014
PACKETS = 1_000_000
STAGE = 60_000_000     # bytes of one transfer
HEADERS = 128           # bytes of each frame that are kept

rig = tap.fixture(lambda: flow.installed(Rig(name="iv_long")))


def announces(frame):
    """QEMU's own word for switches about a machine that was moved; no device sends it."""
    return frame.ethertype == wire.ETH_RARP


class Seen:
    """IVs by SPI, which has one key for good; sequence numbers by SPI and life of the units' SAs."""

    def __init__(self):
        self.ivs, self.numbers, self.packets = {}, {}, 0

    def add(self, path, life):
        for f in wire.frames(path):
            if f.spi is not None:
                self.ivs.setdefault(f.spi, array.array("Q")).append(int.from_bytes(f.iv, "big"))
                self.numbers.setdefault((f.spi, life), array.array("L")).append(f.seq)
                self.packets += 1

    def check(self):
        for what, seen in (("IVs", self.ivs), ("sequence numbers", self.numbers)):
            for spi, values in seen.items():
                assert len(set(values)) == len(values), f"{spi}: {len(values) - len(set(values))} {what} again"


class Flows:
    """
    Keys of a host over IPv4, the same for good, and of the units over IPv6, new
    ones whenever the units have lost theirs; and what all that sent.
    """

    def __init__(self, rig):
        self.rig, self.seen, self.life = rig, Seen(), 0
        self.sides = (rig.a, rig.b)
        self.host, self.unit = xfrm.Esp(rig.a, rig.b).up(), xfrm.Esp(rig.a, rig.b, 6, keys="unit").up()
        self.record()

    @property
    def pairs(self):
        return (self.host, self.unit)

    def record(self):
        self.capture = self.rig.capture(frame_bytes=HEADERS)

    def account(self):
        """Counts what was sent since the last time."""
        path = self.capture.stop()
        self.seen.add(path, self.life)
        clear = wire.clear_frames(path, allowed=announces)
        assert not clear, f"in clear: {clear[0]}"
        path.unlink()
        self.record()

    def lost(self):
        """The units lost all keys: a host's key begins a new SA, and tokens of before are refused."""
        self.account()
        self.life += 1
        for side in self.sides:
            side.run("ip xfrm policy flush; ip xfrm state flush")
        assert not self.rig.a.run(self.unit.out.command(self.rig.a)).ok, "a token of before the loss was taken"
        self.host.up()
        self.unit = xfrm.Esp(self.rig.a, self.rig.b, 6, keys="unit").up()

    def ended(self):
        """Until the driver has ended every state that came back without its key."""
        for side in (self.rig.a, self.rig.b):
            side.wait_until("! ip xfrm state | grep -q ^src")

    def send(self):
        for side in self.sides:
            flow.serve(side, PORT)
        for esp in self.pairs:
            esp.meet()
            flow.send(self.rig.a, esp.addr(self.rig.b), PORT, STAGE, timeout=120)
            flow.send(self.rig.b, esp.addr(self.rig.a), PORT, STAGE // 4, timeout=120)
        self.rig.guest.stop_jobs()


def delete_and_add(flows):
    for esp in flows.pairs:
        for side in flows.sides:
            for sa in esp.sas:
                side.check(sa.delete(side))
                side.check(sa.command(side))


def update(flows):
    """The device refuses in words, and the SA goes on."""
    for esp in flows.pairs:
        assert not flows.rig.a.run(esp.out.command(flows.rig.a, "update")).ok


def migrate(flows):
    """There is no key for the kernel's copy; the SA goes on."""
    inguest.migrate_refused(flows.rig, flows.host.out, "10.9.0.99")


def bounce(flows):
    """The kernel's SAs go with the link; the units keep the keys, and the tokens can be installed again."""
    for side in flows.sides:
        xfrm.bounce(side)
        side.clean()
    for esp in flows.pairs:
        esp.up()


def function_reset(flows):
    for side in flows.sides:
        xfrm.function_reset(side)
    flows.lost()


def driver_reload(flows):
    for side in flows.sides:
        side.check("ip xfrm policy flush; ip xfrm state flush")
    flows.rig.guest.wait_until("rmmod espvault")
    flows.rig.load()
    flows.sides = (flows.rig.a, flows.rig.b)
    flows.lost()


def snapshot_restore(flows):
    """The machine relives what it has sent meanwhile."""
    flows.rig.guest.snapshot.save()
    flows.send()
    flows.rig.guest.snapshot.load()
    flows.ended()
    flows.lost()


def incoming(flows):
    """Another process of QEMU goes on with the machine; the capture goes with the first."""
    flows.account()
    flows.rig.guest.move()
    flows.record()
    flows.ended()
    flows.lost()


STAGES = (delete_and_add, update, migrate, bounce, function_reset, driver_reload, snapshot_restore, incoming)


@tap.test(rig, timeout=900)
def a_million_packets_repeat_nothing(rig):
    flows = Flows(rig)
    flows.send()
    for stage in STAGES:
        stage(flows)
        flows.send()
        flows.account()
        tap.diag(f"{stage.__name__}: {flows.seen.packets} packets so far")
    while flows.seen.packets < PACKETS:
        flows.send()
        flows.account()
    flows.seen.check()
    assert flows.life == 4 and len(flows.seen.ivs) == 2 + 2 * 5, (flows.life, len(flows.seen.ivs))
    tap.diag(f"{flows.seen.packets} packets under {len(flows.seen.ivs)} keys, "
             "none with an IV or a sequence number of before")


if __name__ == "__main__":
    tap.main()
