#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A router on the way finds the ESP of a live SA too long and says so by ICMP: a
strict port lets that in, and the kernel makes the protected packets shorter.
ICMP that quotes anything else stays out.
"""

import pathlib
import re
import secrets
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import flow  # noqa: E402
import frames  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5012
NARROW = 1300
ROUTER = {4: "10.9.0.254", 6: "fd09::fe"}

rig = tap.fixture(lambda: flow.installed(Rig(a_props={"strict": True}, name="strict")))


def complaint(r, family, spi):
    """The router's frame, about ESP from a to b."""
    quoted = frames.ip(r.a.addr(family), r.b.addr(family), wire.ESP,
                       struct.pack(">II", spi, 1) + secrets.token_bytes(1400))
    packet = frames.too_big(ROUTER[family], r.a.addr(family), NARROW, quoted)
    return frames.ethernet(r.a.mac, r.b.mac, packet)


def path_mtu(r, family):
    """What the kernel holds the way to b to bear; None: what the port does."""
    found = re.search(r"\bmtu (\d+)", r.a.check(f"ip -{family} route get {r.b.addr(family)}"))
    return int(found[1]) if found else None


@tap.test(rig, timeout=180, cases=[dict(family=f, mode=m) for f in (4, 6) for m in ("transport", "tunnel")])
def the_path_gets_narrower(rig, family, mode):
    esp = xfrm.Esp(rig.a, rig.b, family, mode).up().meet()
    rig.a.check(f"ip -{family} route flush cache")
    assert path_mtu(rig, family) is None
    flow.serve(rig.b, PORT)
    counted = xfrm.Counted(rig.a)
    inguest.Frames(rig.b).send(complaint(rig, family, esp.out.spi))
    rig.a.wait_until(f"ip -{family} route get {rig.b.addr(family)} | grep -q 'mtu {NARROW}'")
    assert counted.moved()["rx_bypass"] >= 1, counted.moved()
    with rig.capture() as capture:
        refused = rig.a.run(f"ping -c 1 -W 1 -M do -s 1350 {esp.addr(rig.b)}")
        assert refused.rc, "an echo that is too long for the path was answered"
        flow.send(rig.a, esp.addr(rig.b), PORT, 500_000)
    mac = bytes.fromhex(rig.a.mac.replace(":", ""))
    sent = [f for f in wire.frames(capture.path) if f.raw[6:12] == mac and f.spi is not None]
    longest = max(f.l3_len for f in sent)
    assert NARROW - 64 < longest <= NARROW, longest
    assert not wire.clear_frames(capture.path)


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def icmp_about_something_else_stays_out(rig, family):
    esp = xfrm.Esp(rig.a, rig.b, family).up().meet()
    rig.a.check(f"ip -{family} route flush cache")
    counted = xfrm.Counted(rig.a)
    inguest.Frames(rig.b).send(complaint(rig, family, esp.out.spi ^ 1), complaint(rig, family, esp.back.spi))
    rig.a.check(f"ping -n -q -c 1 -W 5 {esp.addr(rig.b)}")
    assert counted.moved().get("rx_drop_nomatch", 0) >= 2, counted.moved()
    assert path_mtu(rig, family) is None, "the path became narrower"


if __name__ == "__main__":
    tap.main()
