#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
On the debug kernel: planted mistakes are seen, the driver's KUnit tests pass, and
loading, using and unloading the driver leaves no memory behind.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Guest, Rig, tap  # noqa: E402
from espguest.rig import MODULE  # noqa: E402
import kmemleak  # noqa: E402

KUNIT = "/usr/lib/modules/extra/espvault_test.ko"
SPLAT = "/usr/lib/modules/extra/splat.ko"
REPORT = {"lock": "possible circular locking", "sleep": "scheduling while atomic",
          "uaf": "KASAN: slab-use-after-free"}


class Debug(Guest):
    """A machine on the debug kernel, without NICs."""

    def reset(self):
        self.stop_jobs()


@tap.test(tap.fixture(lambda: Debug("splat", memory=1024, boot_limit=300)), timeout=600,
          cases=[{"what": w} for w in REPORT])
def a_planted_mistake_is_reported(guest, what):
    assert guest.run(f"insmod {SPLAT} what={what}").rc
    found = guest.console_scan()
    assert any(REPORT[what] in line for line in found), found


@tap.test(tap.fixture(lambda: Debug("leak", memory=1024, boot_limit=300)), timeout=600)
def a_planted_leak_is_reported(guest):
    kmemleak.leaks(guest)
    guest.check("echo clear >/sys/kernel/debug/kmemleak")
    assert guest.run(f"insmod {SPLAT} what=leak").rc
    # An object younger than five seconds is not suspected yet.
    guest.wait_until("echo scan >/sys/kernel/debug/kmemleak; grep -q 'size 96' /sys/kernel/debug/kmemleak", timeout=120)


@tap.test(tap.fixture(lambda: Rig(memory=1024, name="kunit", boot_limit=300,
                                    kernel_args="kunit.enable=1")), timeout=600)
def kunit_tests_of_the_driver_pass(rig):
    guest = rig.guest
    kmemleak.debugfs(guest)
    guest.insmod(KUNIT)
    results = guest.check("cat /sys/kernel/debug/kunit/*/results")
    for suite in ("espvault_nic", "espvault_guard"):
        assert f"ok 1 {suite}" in results, results
    assert "not ok" not in results, results


@tap.test(tap.fixture(lambda: Rig(memory=1024, name="reload", boot_limit=300)), timeout=900)
def the_driver_leaves_no_memory_behind(rig):
    guest = rig.guest
    rig.a.check(f"ping -n -q -c 3 -W 5 {rig.b.v4}")
    for _ in range(3):
        guest.check("rmmod espvault")
        guest.insmod(MODULE)
        rig.place()
        rig.a.check(f"ping -n -q -c 3 -W 5 {rig.b.v4}")
    guest.check("rmmod espvault")
    found = kmemleak.driver_leaks(guest)
    assert not found, "".join(found)
    guest.insmod(MODULE)
    rig.place()


tap.main()
