#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
/dev/espvaultN below the library (UAPI-1 to UAPI-3): what is refused before the
device is asked has an errno of its own and changes nothing, and a program that
is killed leaves nothing in the unit.
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import xfrm  # noqa: E402

rig = tap.fixture(lambda: Rig(name="chardev"))


def program(r, what, *more):
    """It goes on holding its descriptor."""
    return r.guest.spawn(inguest.program(r.guest, "unit") + [xfrm.unit_node(r.a), what, *more], timeout=60)


def status(r):
    """All that the unit and the port say of themselves, and what its tables hold."""
    node = xfrm.unit_node(r.a)
    return [json.loads(r.guest.check(f"espvault --json {what} {node}"))
            for what in ("status", "caps", "sa list", "policy list")]


@tap.test(rig, cases=[dict(who=w) for w in ("writer", "reader")])
def what_is_wrong_is_refused_and_changes_nothing(r, who):
    esp = xfrm.Esp(r.a, r.b).up()
    before = status(r)
    job = program(r, "refused" if who == "writer" else "reader")
    job.wait_output("^done$")
    cases = re.findall(r"^(.+): (\S+) (\S+)$", job.out, re.MULTILINE)
    assert len(cases) > 30, job.out
    wrong = [f"{case}: {got}, not {wanted}" for case, wanted, got in cases if wanted != got]
    assert not wrong, "; ".join(wrong)
    # Its descriptor is still open: not even a session was made.
    now = status(r)
    assert now == before, (before, now)
    r.a.check(f"ping -n -q -c 2 -i 0.05 -W 5 {esp.addr(r.b)}")


@tap.test(rig)
def info_is_as_long_as_the_caller_says(r):
    program(r, "info").wait_output("^done$")


@tap.test(rig)
def only_who_may_configure_networks_opens_for_writing(r):
    node = xfrm.unit_node(r.a)
    less = "setpriv --bounding-set -net_admin "
    assert r.guest.run(f"{less} sh -c ': <{node}'").ok, "reading needs no capability"
    refused = r.guest.run(f"{less} sh -c ': <>{node}'")
    assert refused.rc and "Operation not permitted" in refused.err, refused.describe()
    refused = r.guest.run(f": <{node}", uid=1000)
    assert refused.rc and "Permission denied" in refused.err, refused.describe()


@tap.test(rig)
def who_is_killed_leaves_nothing(r):
    """UNIT-8: its session goes with it, and every handle."""
    before = status(r)[0]
    other = program(r, "hold", 1)
    other.wait_output("holding")
    mine = program(r, "hold", 5)
    mine.wait_output("holding")
    now = status(r)[0]
    assert (now["sessions"], now["handles"]) == (before["sessions"] + 2, before["handles"] + 12), now
    mine.stop(9)
    now = status(r)[0]
    assert (now["sessions"], now["handles"]) == (before["sessions"] + 1, before["handles"] + 2), now
    other.stop(9)
    assert status(r)[0] == before


if __name__ == "__main__":
    tap.main()
