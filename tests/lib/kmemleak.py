# SPDX-License-Identifier: GPL-2.0-or-later
"""What kmemleak of a debug kernel suspects."""


def debugfs(guest):
    guest.check("mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug")


def leaks(guest):
    """All that is suspected; two scans, since a fresh object counts only later."""
    debugfs(guest)
    guest.check("for i in 1 2; do echo scan >/sys/kernel/debug/kmemleak; done", timeout=300)
    return guest.check("cat /sys/kernel/debug/kmemleak")


def driver_leaks(guest):
    """Those objects that the driver had a hand in, each with its backtrace."""
    return [text for text in leaks(guest).split("unreferenced object")
            if "esv_" in text or "espvault" in text]
