#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that was reset has lost its SAs: each state ends with a hard expire, so that its owner knows."""

import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import xfrm  # noqa: E402

HANG_AT = 100

rig = tap.fixture(lambda: Rig(name="expire"))
hangs = tap.fixture(lambda: Rig(a_props={"x-fault": "admin-hang", "x-fault-n": HANG_AT}, name="hangs"))


def monitor(side):
    """A job that prints what expires; it listens."""
    job = side.spawn("stdbuf -oL ip xfrm monitor expire", timeout=200)
    side.check(f"ip xfrm state add src {side.v4} dst 10.9.0.200 proto esp spi 0x7777 mode transport "
               f"aead {xfrm.AEAD} 0x{secrets.token_hex(20)} 128 limit time-hard 1")
    job.wait_output("spi 0x00007777")
    return job


def check_expired(side, sas, watch):
    for sa in sas:
        watch.wait_output(rf"spi {sa.spi:#010x}(.|\n)*?hard 1", timeout=60)
    side.wait_until("! ip xfrm state | grep -q ^src")


def sas_of(rig, count):
    """Some that were used and some that were not, with a policy for the first pair."""
    first, *others = [xfrm.Esp(rig.a, rig.b) for _ in range(count)]
    first.up()
    rig.a.check("\n".join(["set -e"] + [line for e in others for line in e.state_lines(rig.a)]))
    rig.a.check(f"ping -n -q -c 2 -i 0.02 -W 5 {rig.b.v4}")
    return [sa for e in (first, *others) for sa in e.sas]


@tap.test(rig, timeout=240)
def after_a_function_level_reset(rig):
    sas = sas_of(rig, 3)
    watch = monitor(rig.a)
    xfrm.function_reset(rig.a)
    check_expired(rig.a, sas, watch)


@tap.test(hangs, timeout=240)
def after_a_command_that_is_not_answered(rig):
    sas = sas_of(rig, 3)
    watch = monitor(rig.a)
    before = xfrm.counters(rig.a)
    assert before["resets"] == 0 and before["admin_cmds"] < HANG_AT - 1, "too late"
    # Reading the counters is a command.
    rig.a.wait_until("[ \"$(ethtool -S esv0 | sed -n 's/^ *resets: //p')\" = 1 ]", timeout=120)
    check_expired(rig.a, sas, watch)
    assert xfrm.counters(rig.a)["admin_timeout"] == 1


if __name__ == "__main__":
    tap.main()
