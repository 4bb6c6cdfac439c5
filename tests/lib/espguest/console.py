# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds reports of kernel trouble in a console log."""

import re

TROUBLE = re.compile("|".join((
    r"BUG:",
    r"WARNING:",
    r"\bOops\b",
    r"kernel BUG at",
    r"Kernel panic",
    r"general protection fault",
    r"unable to handle",
    r"Call Trace:",
    r"KASAN:",
    r"KCSAN:",
    r"UBSAN:",
    r"KFENCE:",
    r"kmemleak: \d+ new suspected",
    r"possible recursive locking",
    r"possible circular locking",
    r"possible irq lock inversion",
    r"inconsistent lock state",
    r"suspicious RCU usage",
    r"sleeping function called",
    r"scheduling while atomic",
    r"bad unlock balance",
    r"held lock freed",
    r"lock held when returning",
    r"DEBUG_LOCKS_WARN_ON",
    r"refcount_t:",
    r"list_(add|del) corruption",
    r"blocked for more than",
    r"soft lockup",
    r"hard LOCKUP",
    r"rcu.*detected (stalls|expedited stalls)",
    r"NETDEV WATCHDOG",
    r"netdevice:? .*unregister_netdevice: waiting",
    r"unregister_netdevice: waiting for",
    r"DMA-API:",
    r"page_pool.*stalled",
)))


PLACE = re.compile(r"RIP: 0010:|\] (\? )? *[\w.]+\+0x[0-9a-f]+/0x[0-9a-f]+")


def scan(text):
    """The lines of `text` that report trouble, and of an oops where it was."""
    lines = text.splitlines()
    oops = any("Oops:" in line for line in lines)
    return [line for line in lines if TROUBLE.search(line) or oops and PLACE.search(line)]


class ConsoleLog:
    """A log file that is read on from where the last scan ended."""

    def __init__(self, path):
        self.path = path
        self._seen = 0

    def unread(self):
        with open(self.path, "rb") as f:
            f.seek(self._seen)
            data = f.read()
        # A line that is still being written is left for the next time.
        data = data[:data.rfind(b"\n") + 1]
        self._seen += len(data)
        return data.decode(errors="replace")

    def scan(self):
        return scan(self.unread())

    def tail(self, lines=40):
        with open(self.path, "rb") as f:
            return f.read().decode(errors="replace").splitlines()[-lines:]
