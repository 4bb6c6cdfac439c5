#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A machine that is saved and put back while SAs are live: the unit comes back
without keys and drops, the driver ends every state, and no IV is used twice
under one key although the host relives a part of its past (VMS-1 to VMS-5, I4).
"""

import json
import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import GuestError, Rig, tap  # noqa: E402
import inguest  # noqa: E402
import memscan  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5011
MAGIC = b"ESVS"

rig = tap.fixture(lambda: Rig(nic_props={"x-test-mode": True}, name="saved"))
broken = tap.fixture(lambda: Rig(name="broken"))


def pings(esp, count=5):
    esp.left.check(f"ping -n -q -c {count} -i 0.02 -W 5 {esp.addr(esp.right)}")


def keys_in(side):
    """The ESP keys that the unit of a side made and holds."""
    listing = side.guest.qmp("qom-get", path=f"/machine/peripheral/{side.nic}", property="x-secrets")
    names = [entry["name"] for entry in json.loads(listing)]
    return {name.split(".")[0] for name in names if name.startswith("esp[")}


def epoch(side):
    return side.guest.check(f"espvault status {xfrm.unit_node(side)} | grep -i epoch").split()[-1]


def monitor(side):
    """A job that prints what expires; it listens."""
    job = side.spawn("stdbuf -oL ip xfrm monitor expire", timeout=200)
    side.check(f"ip xfrm state add src {side.v4} dst 10.9.0.200 proto esp spi 0x7777 mode transport "
               f"aead {xfrm.AEAD} 0x{secrets.token_hex(20)} 128 limit time-hard 1")
    job.wait_output("spi 0x00007777")
    return job


def check_unique(*paths):
    """No IV twice under one key: here each SPI has a key of its own for good."""
    seen = set()
    for path in paths:
        for f in wire.frames(path):
            if f.spi is not None:
                assert (f.spi, f.iv) not in seen, f"IV used again: {f}"
                seen.add((f.spi, f.iv))
    return seen


def put_back(r, esp, watch):
    """The machine relives the past; returns the capture from then until every state has ended."""
    for sa in esp.sas:
        assert f"{sa.spi:#010x}" not in watch.out
    r.guest.qmp("stop")
    with r.capture() as capture:
        r.guest.snapshot.load()
        assert not keys_in(r.a) and not keys_in(r.b), "keys came through"
        r.guest.qmp("cont")
        for sa in esp.sas:
            watch.wait_output(rf"spi {sa.spi:#010x}(.|\n)*?hard 1", timeout=60)
        for side in (r.a, r.b):
            side.wait_until("! ip xfrm state | grep -q ^src")
        assert r.a.run(f"ping -n -q -c 3 -i 0.02 -W 1 {r.b.v4}").rc, "echoes without an SA"
    return capture.path


def install_again(r, esp, keys):
    """The same SAs with a host's keys; with tokens those are refused, and there are new ones."""
    if keys == "host":
        for side in (r.a, r.b):
            side.check("\n".join(["set -e"] + esp.state_lines(side)))
        return esp
    for line in esp.state_lines(r.a):
        refused = r.a.run(line)
        assert refused.rc and refused.err.strip(), "a token of the past was accepted"
    for side in (r.a, r.b):
        side.check("ip xfrm policy flush")
    return xfrm.Esp(r.a, r.b, keys=keys).up()


@tap.test(rig, timeout=300, cases=[dict(keys="host"), dict(keys="unit")])
def a_load_ends_every_sa(rig, keys):
    esp = xfrm.Esp(rig.a, rig.b, keys=keys).up()
    if keys == "unit":
        xfrm.exchange(rig.a, rig.b)   # keys that wait for their SA
    watch = monitor(rig.a)
    before = epoch(rig.a)
    load = inguest.offer(rig.a, PORT, rig.b.v4)
    with rig.capture() as first:
        pings(esp)
        assert len(keys_in(rig.a)) == (4 if keys == "unit" else 0), keys_in(rig.a)
        rig.guest.snapshot.save()
        pings(esp)
    second = put_back(rig, esp, watch)
    load.stop()
    assert epoch(rig.a) != before, "the epoch is the old one"
    sent = [f for f in wire.frames(second) if f.spi is not None]
    assert not sent, f"ESP after the load: {sent[0]}"
    clear = wire.clear_frames(second)
    assert not clear, f"in clear after the load: {clear[0]}"
    with rig.capture() as third:
        again = install_again(rig, esp, keys)
        pings(again)
    seen = check_unique(first.path, second, third.path)
    assert sum(spi == again.out.spi for spi, _iv in seen) >= 5
    assert not wire.clear_frames(third.path)


@tap.test(rig, timeout=300)
def the_saved_state_holds_no_key(rig):
    """VMS-1, I1: searched for all that the units know, with SAs alive and keys that wait for theirs."""
    esp = xfrm.Esp(rig.a, rig.b, keys="unit").up()
    xfrm.exchange(rig.a, rig.b)
    # A key of the host, which keeps it in a file: the search must find that one.
    canary = xfrm.host_key(256)
    rig.a.check(xfrm.Sa(rig.a, rig.b, "transport", canary).command(rig.a))
    rig.guest.put("/run/canary", bytes.fromhex(canary))
    pings(esp)
    rig.guest.snapshot.save()
    known = memscan.unit_secrets(rig.guest, (rig.a.nic, rig.b.nic))
    made = [s for s in known if not s.imported]
    assert sum(s.name.endswith(".key") for s in made) >= 8, [s.name for s in made]
    found = memscan.scan([rig.guest.snapshot.path], known)
    out = {s.name: n for s, n in found.items() if not s.imported}
    assert not out, f"in the saved state: {out}"
    seen = [s for s in known if s.imported and s.value.hex() == canary[:-8]]
    assert seen and found.get(seen[0]) == len(seen[0].value), "the search did not find the canary"
    tap.diag(f"{len(made)} secrets of the units, none of them in {rig.guest.snapshot.path.stat().st_size >> 20} MiB")


# Offsets in the device's part, and what stands there then.
SPOILT = {"magic": (0, b"X"), "version": (4, b"\x07"), "queues": (8, b"\x3f"), "mode": (16, b"\x02"),
          "bypass classes": (20, b"\xff"), "enabled": (102, b"\x05"), "MTU": (104, b"\xff\xff")}


def spoil(path, which, offset, data):
    """Overwrites a part of the state of the first or second device; returns what stood there."""
    found, start = [], 0
    image = path.read_bytes()
    while (start := image.find(MAGIC, start)) >= 0:
        found.append(start)
        start += 1
    assert len(found) == 2, f"{len(found)} devices in the file"
    with open(path, "r+b") as f:
        f.seek(found[which] + offset)
        f.write(data)
    at = found[which] + offset
    return at, image[at:at + len(data)]


@tap.test(broken, timeout=300)
def a_spoilt_state_is_refused_in_words(rig):
    """And a good one is taken afterwards."""
    snapshot = rig.guest.snapshot
    esp = xfrm.Esp(rig.a, rig.b).up()
    pings(esp)
    snapshot.save()
    rig.guest.qmp("stop")
    for i, (name, (offset, data)) in enumerate(SPOILT.items(), 1):
        at, good = spoil(snapshot.path, i % 2, offset, data)
        try:
            snapshot.load()
        except GuestError as e:
            tap.diag(f"{name}: {e}")
        else:
            raise AssertionError(f"a state with bad {name} was taken")
        words = rig.guest.qemu.messages().count("espvault: the saved state is not valid")
        assert words == i, f"{name}: {rig.guest.qemu.messages()}"
        with open(snapshot.path, "r+b") as f:
            f.seek(at)
            f.write(good)
    snapshot.load()
    rig.guest.qmp("cont")
    rig.a.wait_until("! ip xfrm state | grep -q ^src")
    for side in (rig.a, rig.b):
        side.check("\n".join(["set -e"] + esp.state_lines(side)))
    pings(esp)


if __name__ == "__main__":
    tap.main()
