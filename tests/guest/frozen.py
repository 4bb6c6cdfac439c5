#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a port that went down leaves behind drops until a policy takes its place,
and not before: one that the kernel refuses takes no place (invariant I3).
"""

import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5012

rig = tap.fixture(lambda: Rig(name="frozen"))


@contextlib.contextmanager
def offered(rig):
    """Datagrams are offered all the time, and none leaves in clear."""
    with rig.capture() as capture:
        job = inguest.offer(rig.a, PORT, rig.b.v4)
        try:
            yield
        finally:
            job.stop()
            check_wire(rig.a, capture.stop())


def check_wire(side, path):
    mac = bytes.fromhex(side.mac.replace(":", ""))
    clear = [f for f in wire.frames(path)
             if f.raw[6:12] == mac and f.spi is None and not wire.is_background(f)]
    assert not clear, f"{len(clear)} frames in clear, first {clear[0]}"


def wait_more(side, counter, more=20):
    start = xfrm.counters(side)[counter]
    side.wait_until(f"[ $(ethtool -S esv0 | sed -n 's/^ *{counter}: //p') -ge {start + more} ]")


def pings(esp):
    return esp.left.run(f"ping -n -q -c 2 -i 0.02 -W 1 {esp.addr(esp.right)}").ok


@tap.test(rig, timeout=300)
def a_policy_that_is_refused_takes_no_place(rig):
    """A policy of the kernel alone has the selector already, and it allows."""
    esp = xfrm.Esp(rig.a, rig.b).up()
    assert pings(esp)
    with offered(rig):
        xfrm.bounce(rig.a)
        wait_more(rig.a, "tx_drop_policy")
        soft = xfrm.policy(rig.a, "add", "out", rig.a.v4, rig.b.v4, offload=False)
        rig.a.check(soft)
        for _ in range(3):
            refused = rig.a.run(esp.policy(rig.a, "add", "out"))
            assert refused.rc and "exists" in refused.err, refused.describe()
            wait_more(rig.a, "tx_drop_policy")
        rig.a.check(xfrm.policy(rig.a, "delete", "out", rig.a.v4, rig.b.v4))
        wait_more(rig.a, "tx_drop_policy")
        # One that is taken does, and ESP goes on.
        rig.a.check("\n".join(["set -e", *esp.state_lines(rig.a), *esp.policy_lines(rig.a)]))
        wait_more(rig.a, "tx_esp")
    rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.b.v4}")


@tap.test(rig)
def a_policy_that_is_refused_while_the_port_is_down_leaves_nothing(rig):
    rig.a.check("ip link set esv0 down")
    rig.a.check(xfrm.policy(rig.a, "add", "out", rig.a.v4, rig.b.v4, offload=False))
    esp = xfrm.Esp(rig.a, rig.b)
    assert rig.a.run(esp.policy(rig.a, "add", "out")).rc
    rig.a.check("ip link set esv0 up")
    xfrm.wait_carrier(rig.a)
    rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.b.v4}")


@tap.test(rig)
def a_policy_that_was_taken_and_deleted_leaves_nothing(rig):
    """However soon it is deleted, it did take the place of what was there."""
    esp = xfrm.Esp(rig.a, rig.b).up()
    for side in (rig.a, rig.b):
        xfrm.bounce(side)
    assert not pings(esp)
    for side in (rig.a, rig.b):
        side.check("\n".join(["set -e"] + [esp.policy(side, verb, direction) for direction in ("in", "out")
                                           for verb in ("add", "delete")]))
    rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.b.v4}")


@tap.test(rig, cases=[dict(verb="add"), dict(verb="update")])
def an_allow_takes_the_place_too(rig, verb):
    esp = xfrm.Esp(rig.a, rig.b).up()
    for side in (rig.a, rig.b):
        xfrm.bounce(side)
    assert not pings(esp)
    for side in (rig.a, rig.b):
        for direction in ("in", "out"):
            side.check(esp.policy(side, verb, direction, sa=None))
    rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.b.v4}")


if __name__ == "__main__":
    tap.main()
