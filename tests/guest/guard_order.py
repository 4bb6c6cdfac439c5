#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The order in which the guard and a fast cipher are loaded makes no difference
to ordinary SAs: they get the fast one.
"""

import pathlib
import re
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Guest, rig, tap  # noqa: E402

NAME = "seqiv(rfc4106(gcm(aes)))"
SLOW = "ctr gcm seqiv aes_generic ghash_generic esp4 xfrm_user dummy"

# The guard takes the best there is, and asks for more by name; nobody may answer.
BEFORE = """
set -e
rmmod aesni_intel 2>/dev/null || ! grep -q ^aesni_intel /proc/modules
for m in {slow}; do modprobe $m 2>/dev/null || true; done
rmmod aesni_intel 2>/dev/null || ! grep -q ^aesni_intel /proc/modules
cat /proc/sys/kernel/modprobe > /run/modprobe
echo /bin/false > /proc/sys/kernel/modprobe
"""


class Machine(Guest):
    def reset(self):
        """What every fixture has; a test here leaves no more behind than SAs."""
        self.run("ip xfrm state flush")


guest = tap.fixture(lambda: Machine("guard", memory=512))


def rows(guest):
    found = guest.check("cat /proc/crypto").split("\n\n")
    found = [dict(re.findall(r"^(\S+)\s*: (.*)$", c, re.MULTILINE)) for c in found]
    return {row["driver"]: row for row in found if row.get("name") == NAME}


def add(guest, number):
    guest.check(f"ip xfrm state add src 10.0.0.1 dst 10.0.0.{number} proto esp spi 0x1000 reqid 1 mode transport "
                f"aead 'rfc4106(gcm(aes))' 0x{secrets.token_hex(36)} 128")


def users(row):
    return int(row["refcnt"])


@tap.test(guest, timeout=120)
def a_fast_cipher_that_comes_later_is_used(guest):
    guest.check(BEFORE.format(slow=SLOW))
    if guest.run("grep -q ^aesni_intel /proc/modules").ok:
        tap.skip("aesni_intel can't be unloaded here")
    guest.insmod(rig.MODULE)
    guest.check("cat /run/modprobe > /proc/sys/kernel/modprobe")
    log = guest.check("dmesg")
    assert re.search(re.escape(NAME) + r" is guarded, other keys go to \S*(generic|gcm_base)", log), log
    add(guest, 2)
    guest.check("modprobe aesni_intel")
    add(guest, 3)
    fast = [row for driver, row in rows(guest).items() if "aesni" in driver or "vaes" in driver]
    assert fast, f"no fast implementation: {list(rows(guest))}"
    assert users(fast[0]) > 1, f"it has no user: {fast[0]}"


@tap.test(guest)
def the_guard_stays_while_it_has_users(guest):
    """Every ordinary SA of such a cipher holds the module."""
    if guest.run("grep -q ^espvault /proc/modules").rc:
        guest.insmod(rig.MODULE)
    add(guest, 4)
    assert guest.run("rmmod espvault").rc, "the guard went from under an SA"
    guest.check("ip xfrm state flush")
    guest.wait_until("rmmod espvault")
    add(guest, 5)
    guest.check("ip xfrm state flush")


tap.main()
