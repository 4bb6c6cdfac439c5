#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Does a latch hold? An unprivileged program requires protection for its connections;
then SAs, policies, the peer and the broker do what they must not. RFC 5660; I6.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Guest, tap  # noqa: E402


def passes(guest, script):
    result = guest.run(f"/usr/lib/ipsecapi/{script}", timeout=380)
    tap.diag(result.out)
    assert result.ok and "1.." in result.out, result.describe()
    assert "not ok" not in result.out and "# SKIP" not in result.out, result.out


@tap.test(timeout=400)
def connections_without_our_nic():
    """Any NIC, kernel software ESP: what is on the wire is captured by tcpdump at the other end."""
    with Guest("latch-plain") as guest:
        passes(guest, "latch-test")


@tap.test(timeout=400)
def listeners_without_our_nic():
    with Guest("listen-plain") as guest:
        passes(guest, "listen-test")


@tap.test(timeout=400)
def a_crowd_of_one_program():
    """Policies and SAs change all the time, and then more often than the kernel can tell the broker."""
    with Guest("latch-crowd") as guest:
        result = guest.run("COUNT=100 /usr/lib/ipsecapi/crowd-test", timeout=380)
    tap.diag(result.out)
    assert result.ok and "1.." in result.out, result.describe()
    assert "not ok" not in result.out, result.out


tap.main()
