# SPDX-License-Identifier: GPL-2.0-or-later
"""The broker's AppArmor profile in a virtual machine: loading it, and what the kernel says that it denied."""

import itertools
import re

# Of a machine whose AppArmor is on, and tells.
SECURITY = "apparmor=1 audit=1 log_buf_len=8M"
PROFILE = "/etc/apparmor.d/usr.sbin.ipsecapid"
LOCAL = "/etc/apparmor.d/local/usr.sbin.ipsecapid"
CONFINED = "ipsecapid (enforce)"

_marks = itertools.count(1)


def load(guest, local=None):
    """Loads the profile as it is installed, with an administrator's own rules if some are given."""
    guest.check("""set -e
        mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
        sysctl -qw kernel.printk_ratelimit=0""")
    if local:
        guest.put(LOCAL, local)
    guest.check(f"apparmor_parser --replace --skip-cache {PROFILE}")


def processes(guest):
    """Of each process of the broker: {pid: (name, how it is confined)}."""
    out = guest.check("""for p in $(pgrep '^ipsecapi(d|-)'); do
        echo $p $(cat /proc/$p/comm) $(cat /proc/$p/attr/current); done""")
    return {int(pid): (name, how) for pid, name, how in (line.split(" ", 2) for line in out.splitlines())}


def denied(guest):
    """
    What was denied so far, one line each. The kernel tells it one after the other, so all was told
    when it tells of a file of our own that the profile does not know.
    """
    mark = f"/run/mark-{next(_marks)}"
    guest.put(mark, "")
    refused = guest.run(f"aa-exec -p ipsecapid -- ipsecapid --check --defaults {mark}")
    assert refused.rc == 1 and "Permission denied" in refused.err, refused.describe()
    told = guest.wait_until(f"dmesg | grep -F '{mark}' && dmesg")
    return [line for line in told.splitlines() if 'apparmor="DENIED"' in line and "/run/mark-" not in line]


def nothing_denied(guest):
    lines = denied(guest)
    assert not lines, "\n".join(lines[:20])


def names(lines):
    """Of what was denied: (operation, name)."""
    return {(re.search(r'operation="([^"]*)"', line)[1], (re.search(r' name="([^"]*)"', line) or [0, ""])[1])
            for line in lines}
