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


@tap.test(timeout=400)
def without_our_nic():
    """Any NIC, kernel software ESP: what is on the wire is captured by tcpdump at the other end."""
    with Guest("latch-plain") as guest:
        result = guest.run("/usr/lib/ipsecapi/latch-test", timeout=380)
    tap.diag(result.out)
    assert result.ok and "1.." in result.out, result.describe()
    assert "not ok" not in result.out and "# SKIP" not in result.out, result.out


tap.main()
