#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
ESP by the NIC over everything that it offers: families, modes, key lengths,
NIC to NIC and NIC to kernel software; ping, datagrams at the edges of the MTU,
TCP with and without segmentation by the NIC. The wire is decoded by tshark.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import flow  # noqa: E402
import payload  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

BULK = 600_000
PORT = 5001

rig = tap.fixture(lambda: flow.installed(Rig(peer="e1000e", nic_props={
    "strict": True, "x-test-mode": True})))

CASES = [dict(family=f, mode=m, bits=b, far=p)
         for p in ("nic", "software") for f in (4, 6)
         for m in ("transport", "tunnel") for b in (128, 256)]


def ping(esp):
    """Both ways, a small one and one that fills the MTU."""
    for side in (esp.left, esp.right):
        for size in (56, esp.udp_room):
            side.check(f"ping -n -q -c 2 -i 0.1 -W 5 -s {size} -M do {esp.addr(esp.other(side))}")


def datagrams_at_the_edge(esp):
    """
    The longest datagram goes through both ways. One byte more is refused by
    the kernel where a NIC encrypts; software fragments.
    """
    for side in (esp.left, esp.right):
        to = esp.addr(esp.other(side))
        flow.send(side, to, PORT, bytes=esp.udp_room, size=esp.udp_room, udp=True)
        if xfrm.offloads(side):
            counted = xfrm.Counted(side)
            result = flow.send(side, to, PORT, bytes=1, size=esp.udp_room + 1, udp=True, check=False)
            assert result.rc == 1 and "No route to host" in result.err, result.describe()
            moved = counted.moved()
            assert moved.get("XfrmOutError") == 1, moved
            assert "tx_esp" not in moved, moved


def bulk(esp):
    """TCP both ways with and without segmentation by the NIC; every byte is verified."""
    for tso in ("on", "off"):
        for side in (esp.left, esp.right):
            if not xfrm.offloads(side):
                flow.send(side, esp.addr(esp.other(side)), PORT, bytes=BULK)
                continue
            side.check(f"ethtool -K {side.dev} tso {tso}")
            counted = xfrm.Counted(side)
            flow.send(side, esp.addr(esp.other(side)), PORT, bytes=BULK)
            segmented = counted.moved().get("tx_tso", 0)
            assert (segmented > 0) == (tso == "on"), f"tso {tso}: {segmented} frames segmented"


def check_wire(path, esp):
    """Nothing but ESP of this pair and background; nothing too long; nothing repeated."""
    clear = wire.clear_frames(path)
    assert not clear, f"in clear: {', '.join(map(str, clear[:5]))}"
    long = wire.oversized(path, 1500)
    assert not long, f"longer than the MTU: {', '.join(map(str, long[:5]))}"
    again = wire.repeated_ivs(path)
    assert not again, f"IV or sequence number used twice: {', '.join(map(str, again[:5]))}"
    spis = {f.spi for f in wire.frames(path)} - {None}
    assert spis == {sa.spi for sa in esp.sas}, spis


def check_inside(path, esp):
    """What tshark finds inside is what was sent."""
    inside = payload.Decoded(path, esp.decryption())
    assert not inside.bad, f"{len(inside.bad)} of {inside.frames} not decoded: {inside.bad[:3]}"
    assert inside.echoes >= 16, f"{inside.echoes} echoes and replies"
    inside.check_datagrams(esp.udp_room, 4)
    inside.check_bulk(PORT, 4)


class EspCounters:
    """
    The device's counts of ESP beside those of the wire. A frame may be under way
    when the capture begins or ends, so the counters are read on both sides of it.
    """

    def __init__(self, side):
        self.side = side
        self.outside = xfrm.Counted(side)

    def begin(self):
        self.inside = xfrm.Counted(self.side)

    def end(self):
        self.least = self.inside.moved()

    def check(self, path):
        most = self.outside.moved()
        mac = bytes.fromhex(self.side.mac.replace(":", ""))
        seen = [f for f in wire.frames(path) if f.spi is not None]
        for name, where in (("tx_esp", slice(6, 12)), ("rx_esp", slice(0, 6))):
            count = sum(f.raw[where] == mac for f in seen)
            assert count and self.least.get(name, 0) <= count <= most.get(name, 0), \
                (name, count, self.least, most)


@tap.test(rig, timeout=120, cases=CASES)
def esp_by_the_nic(rig, family, mode, bits, far):
    other = rig.b if far == "nic" else rig.p
    keys = "unit" if far == "nic" and bits == 256 else "host"
    esp = xfrm.Esp(rig.a, other, family, mode, bits, keys).up().meet()
    for side in (esp.left, esp.right):
        flow.serve(side, PORT)
    counted = [EspCounters(side) for side in (rig.a, other) if xfrm.offloads(side)]
    with rig.capture() as capture:
        for each in counted:
            each.begin()
        ping(esp)
        datagrams_at_the_edge(esp)
        bulk(esp)
        for each in counted:
            each.end()
    check_wire(capture.path, esp)
    for each in counted:
        each.check(capture.path)
        # The datagram that is too long has a fragment header in a tunnel over IPv6.
        drops = each.outside.drops("XfrmOutError", "ipsec_tx_refused_headers")
        assert not drops, drops
    check_inside(capture.path, esp)


@tap.test(rig, timeout=60, cases=[dict(family=f, mode=m) for f in (4, 6)
                                  for m in ("transport", "tunnel")])
def software_fragments_where_a_nic_refuses(rig, family, mode):
    """What the kernel's own ESP sends above the MTU: fragments of ESP die at the device, counted."""
    esp = xfrm.Esp(rig.a, rig.p, family, mode, 128).up().meet()
    flow.serve(rig.a, PORT)
    flow.send(rig.p, esp.addr(rig.a), PORT, bytes=esp.udp_room, size=esp.udp_room, udp=True)
    counted = xfrm.Counted(rig.a)
    with rig.capture() as capture:
        result = flow.send(rig.p, esp.addr(rig.a), PORT, bytes=1, size=esp.udp_room + 1, udp=True,
                           timeout=2, check=False)
    pieces = [f for f in wire.frames(capture.path) if f.is_fragment]
    if (family, mode) == (6, "tunnel"):
        # Here software fragments before it encrypts: each piece is a whole ESP packet.
        assert not pieces
        assert counted.moved().get("rx_esp", 0) >= 2, counted.moved()
        return
    assert len(pieces) == 2, [str(p) for p in pieces]
    assert result.rc == 1, "fragments of ESP were put together"
    assert counted.moved().get("rx_drop_fragment") == 2, counted.moved()
    assert not counted.drops("rx_drop_fragment")


if __name__ == "__main__":
    tap.main()
