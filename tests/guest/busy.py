#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A device that is too busy to take something out (ADM-13): the driver tries
again, and what must not go on does not, be it by a reset in the end (I3).
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import xfrm  # noqa: E402

FOR_GOOD = 1 << 30


def rig_of(name, times, **props):
    return tap.fixture(lambda: Rig(a_props={"x-fault": "remove-busy", "x-fault-n": times, **props},
                                   name=name))


at_first = {"strict": rig_of("busy-strict", 3, strict=True), "small": rig_of("busy-small", 3, **{"sa-max": 2})}
for_good = {"strict": rig_of("never-strict", FOR_GOOD, strict=True), "small": rig_of("never-small", FOR_GOOD, **{"sa-max": 2})}


def resets(side):
    return xfrm.counters(side)["resets"]


def allow(rig, verb):
    """The policies that let everything between a and b pass in clear."""
    for direction, src, dst in (("out", rig.a.v4, rig.b.v4), ("in", rig.b.v4, rig.a.v4)):
        rig.a.check(xfrm.policy(rig.a, verb, direction, src, dst))


def an_allow_is_deleted(rig):
    allow(rig, "add")
    rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.b.v4}")
    allow(rig, "delete")
    rig.a.wait_until(f"! ping -n -q -c 1 -W 1 {rig.b.v4}")


def sas_are_deleted(rig):
    """There is room for two; none of the two that come next finds it before the first two went."""
    first, second = (xfrm.Esp(rig.a, rig.b) for _ in range(2))
    rig.a.check("\n".join(["set -e", *first.state_lines(rig.a)]))
    assert rig.a.run(second.out.command(rig.a)).rc, "there is more room than expected"
    for sa in first.sas:
        rig.a.check(sa.delete(rig.a))
    for line in second.state_lines(rig.a):
        rig.a.wait_until(line)


@tap.test(at_first["strict"])
def an_allow_goes_though_the_device_is_busy_at_first(rig):
    an_allow_is_deleted(rig)
    assert resets(rig.a) == 0


@tap.test(at_first["small"])
def sas_go_though_the_device_is_busy_at_first(rig):
    sas_are_deleted(rig)
    assert resets(rig.a) == 0


@tap.test(for_good["strict"])
def an_allow_that_the_device_keeps_goes_with_a_reset(rig):
    an_allow_is_deleted(rig)
    assert resets(rig.a) >= 1


@tap.test(for_good["small"])
def sas_that_the_device_keeps_go_with_a_reset(rig):
    sas_are_deleted(rig)
    assert resets(rig.a) >= 1


if __name__ == "__main__":
    tap.main()
