#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Events that found no room (EVT-5): what they would have said comes out all the same."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import xfrm  # noqa: E402

EVENTS = 300    # more than the ring has room for

rig = tap.fixture(lambda: Rig(name="lost"))


def fill_events(rig):
    """While the machine stands still; the cable is in at the end."""
    rig.guest.qmp("stop")
    for i in range(EVENTS):
        rig.guest.set_link("esv0", i % 2 == 1)


def resets(side):
    return xfrm.counters(side)["resets"]


@tap.test(rig, timeout=300)
def a_load_is_noticed_without_its_event(rig):
    """VMS-4: the event ring was full when the state was saved, so EPOCH is lost."""
    esp = xfrm.Esp(rig.a, rig.b).up()
    rig.a.check(f"ping -n -q -c 2 -i 0.02 -W 5 {rig.b.v4}")
    fill_events(rig)
    rig.guest.snapshot.save()
    rig.guest.qmp("stop")
    rig.guest.snapshot.load()
    rig.guest.qmp("cont")
    for side in (rig.a, rig.b):
        side.wait_until("! ip xfrm state | grep -q ^src", timeout=60)
        xfrm.wait_carrier(side)
        side.check("\n".join(["set -e", *esp.state_lines(side)]))
    rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.b.v4}")
    told = xfrm.counters(rig.a)
    assert told["event_resync"] and told["event_lost"] == 0, told    # of the device: since its reset
    # And only once: what is lost later is no load.
    before = resets(rig.a)
    fill_events(rig)
    rig.guest.qmp("cont")
    rig.a.wait_until(f"[ $(ethtool -S esv0 | sed -n 's/^ *event_resync: //p') -gt {told['event_resync']} ]")
    rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.b.v4}")
    assert resets(rig.a) == before


if __name__ == "__main__":
    tap.main()
