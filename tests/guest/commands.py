#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What espvault(8) and ipsecapi(1) refuse when a device is there: the exit status
and words of the manual, nothing on standard output, and a device that is as before.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import xfrm  # noqa: E402

APP = 1000
rig = tap.fixture(lambda: Rig(name="commands"))

# Arguments, exit status, what is said; two units are there.
WRONG = [
    ("status", 2, "this host has 2 units, name one; `espvault list` shows them"),
    ("caps", 2, "name one"),
    ("counters", 2, "name one"),
    ("sa list", 2, "name one"),
    ("policy list", 2, "name one"),
    ("sa show 4294967295", 2, "name one"),
    ("status /dev/espvault2", 3, "no such unit"),
    ("zeroize /dev/espvault2 --all", 3, "no such unit"),
    ("exchange /dev/espvault0 /dev/espvault2", 3, "/dev/espvault2: no such unit"),
    ("exchange /dev/espvault0 /dev/null", 3, "/dev/null: not the node of an espvault unit"),
    ("exchange /dev/espvault0 /dev/espvault0", 2, "with itself"),
    ("sa show /dev/espvault0 4294967295", 4, "the device has no such SA"),
    ("sa show /dev/espvault0 0", 4, "the device has no such SA"),
    ("sa show /dev/espvault0 4294967296", 2, "does not take '4294967296'"),
    ("sa show /dev/espvault0 --daddr 10.9.0.77 --spi 0x1000", 4, "the device has no such SA"),
    ("sa show /dev/espvault0 --daddr fd09::77 --spi 0", 4, "the device has no such SA"),
    ("--json sa show /dev/espvault0 4294967295", 4, "the device has no such SA"),
    ("--json status", 2, "name one"),
    ("zeroize /dev/espvault0", 2, "say --all"),
    ("decode " + "0" * 72, 1, "not a token"),
]
READS = ["status", "caps", "sa list", "policy list", "counters --all"]


def facts(r):
    """What a refused command must leave alone."""
    units = []
    for n in range(2):
        status = json.loads(r.guest.check(f"espvault --json status /dev/espvault{n}"))
        status["sas"] = len(json.loads(r.guest.check(f"espvault --json sa list /dev/espvault{n}")))
        status["policies"] = len(json.loads(r.guest.check(f"espvault --json policy list /dev/espvault{n}")))
        units.append(status)
    return units


def refused(r, command, status, words, uid=0):
    done = r.guest.run(command, uid=uid)
    assert done.rc == status and words in done.err and not done.out, done.describe()


@tap.test(rig, timeout=120)
def what_is_refused_changes_nothing(r):
    xfrm.Esp(r.a, r.b, family=4, keys="unit").up()
    before = facts(r)
    for command, status, words in WRONG:
        refused(r, f"espvault {command}", status, words)
    assert facts(r) == before


@tap.test(rig)
def a_unit_is_for_root_only(r):
    before = facts(r)
    for command in READS:
        refused(r, f"espvault {command} /dev/espvault0", 3, "not allowed; units are root's", uid=APP)
    for command in ("zeroize /dev/espvault0 --all", "exchange /dev/espvault0 /dev/espvault1"):
        refused(r, f"espvault {command}", 3, "needs CAP_NET_ADMIN", uid=APP)
    bare = "setpriv --bounding-set -net_admin --inh-caps -net_admin -- espvault "
    refused(r, bare + "zeroize /dev/espvault0 --all", 3, "needs CAP_NET_ADMIN")
    r.guest.check(bare + "status /dev/espvault0")
    assert facts(r) == before


@tap.test(rig)
def an_answer_that_cannot_be_written_is_a_failure(r):
    for command in READS:
        refused(r, f"espvault --json {command} /dev/espvault0 >/dev/full", 1, "can't be written")
    for command in ("status", "caps", "counters --all"):
        refused(r, f"espvault {command} /dev/espvault0 >/dev/full", 1, "can't be written")
    refused(r, "espvault exchange /dev/espvault0 /dev/espvault1 >/dev/full", 1, "can't be written")
    refused(r, "espvault list >/dev/full", 1, "can't be written")


@tap.test(rig)
def nor_is_the_brokers_answer(r):
    r.a.spawn(["ipsecapid"], timeout=300)
    r.a.wait_until("ipsecapi status")
    for command in ("caps", "status", "--json caps", "--json status"):
        done = r.a.run(f"ipsecapi {command} >/dev/full", uid=APP)
        assert done.rc == 1 and "can't be written" in done.err, done.describe()
    done = r.a.run("ipsecapid")
    assert done.rc == 1 and "another broker answers there" in done.err, done.describe()


tap.main()
