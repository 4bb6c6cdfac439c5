#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
No memory: each allocation of the driver fails once, in everything that it is
asked to do. Whatever is asked for then fails with an error or works, the kernel
has nothing to complain about, ESP goes on, and each test leaves nothing behind.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import kmemleak  # noqa: E402
import xfrm  # noqa: E402

LIMIT = 900

rig = tap.fixture(lambda: Rig(memory=1024, name="injection", boot_limit=300))


def inject(guest, command, undo="true", check="true", least=1, netns=""):
    """Each allocation of the command fails once; `least` of them are errors of the command."""
    kmemleak.debugfs(guest)
    out = guest.check(inguest.program(guest, "failnth") +
                      ["--undo", undo, "--check", check, command], timeout=LIMIT, netns=netns)
    report = json.loads(out)
    tap.diag(f"{report['rounds']} faults, {report['failed']} errors: {'; '.join(report['words'])}")
    assert "broken" not in report, f"ESP does not go on after fault {report['broken']}"
    assert report["failed"] >= least, report
    found = kmemleak.driver_leaks(guest)
    assert not found, "".join(found)


def small(side):
    """Few buffers: each of them is an allocation, and a round of its own."""
    side.check("ethtool -G esv0 rx 64; ethtool -L esv0 combined 1")


def flows(side, esp):
    """A command that works while ESP does."""
    return f"ping -n -q -c 1 -W 10 {esp.addr(esp.other(side))}"


@tap.test(rig, timeout=LIMIT)
def opening_the_interface(r):
    small(r.a)
    r.a.check("ip link set esv0 down")
    inject(r.guest, "exec ip link set esv0 up", "ip link set esv0 down", least=5, netns="a")
    r.a.clean()
    esp = xfrm.Esp(r.a, r.b).up().meet()
    r.a.check(flows(r.a, esp))


@tap.test(rig, timeout=LIMIT, cases=[dict(change=c) for c in ("mtu", "rings", "channels")])
def changing_the_queues(r, change):
    small(r.a)
    esp = xfrm.Esp(r.a, r.b).up().meet()
    command, undo = {
        "mtu": ("exec ip link set esv0 mtu 3000", "ip link set esv0 mtu 1500"),
        "rings": ("exec ethtool -G esv0 tx 128", "ethtool -G esv0 tx 64"),
        "channels": ("exec ethtool -L esv0 combined 2", "ethtool -L esv0 combined 1")}[change]
    inject(r.guest, command, undo, flows(r.a, esp), netns="a")


@tap.test(rig, timeout=LIMIT, cases=[dict(mode=m, direction=d) for m in ("transport", "tunnel")
                                     for d in ("out", "in")])
def adding_a_state(r, mode, direction):
    esp = xfrm.Esp(r.a, r.b).up().meet()
    ends = (r.a, r.b) if direction == "out" else (r.b, r.a)
    sa = xfrm.Sa(*ends, mode, xfrm.host_key(256))
    inject(r.guest, "exec " + sa.command(r.a), sa.delete(r.a), flows(r.a, esp), netns="a")


@tap.test(rig, timeout=LIMIT, cases=[dict(direction=d) for d in ("out", "in")])
def adding_a_policy(r, direction):
    esp = xfrm.Esp(r.a, r.b).up().meet()
    more = {"what": "proto 17 dport 7", "priority": 50}
    inject(r.guest, "exec " + esp.policy(r.a, "add", direction, **more),
           esp.policy(r.a, "delete", direction, what=more["what"]), flows(r.a, esp),
           netns="a")


@tap.test(rig, timeout=LIMIT)
def asking_the_unit(r):
    esp = xfrm.Esp(r.a, r.b).up().meet()
    node = xfrm.unit_node(r.a)
    inject(r.guest, f"exec espvault status {node}", check=flows(r.a, esp), netns="a")


@tap.test(rig, timeout=LIMIT)
def binding_the_device(r):
    slot = xfrm.pci_slot(r.a)
    bind, unbind = (f"echo {slot} > /sys/bus/pci/drivers/espvault/{verb}" for verb in ("bind", "unbind"))
    r.guest.check(unbind)
    inject(r.guest, bind, unbind, least=20)
    r.guest.check(bind)
    r.guest.check(f"ip link set {r.guest.netdev_of('esv0')} netns a name esv0")
    r.a.clean()
    esp = xfrm.Esp(r.a, r.b).up().meet()
    r.a.check(flows(r.a, esp))


tap.main()
