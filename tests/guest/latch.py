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
import inguest  # noqa: E402


@tap.test(timeout=400)
def connections_without_our_nic():
    """Any NIC, kernel software ESP: what is on the wire is captured by tcpdump at the other end."""
    with Guest("latch-plain") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/latch-test", 380)


@tap.test(timeout=400)
def listeners_without_our_nic():
    with Guest("listen-plain") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/listen-test", 380)


@tap.test(timeout=400, cases=[dict(family=f) for f in (4, 6)])
def forged_messages_do_no_harm(family):
    """A third party on the wire, which knows all numbers: RST and ICMP errors in clear."""
    with Guest(f"latch-forged{family}") as guest:
        inguest.script_passes(guest, f"FAMILIES={family} /usr/lib/ipsecapi/forged-test", 380)


@tap.test(timeout=200)
def kinds_of_sockets():
    """The table of ipsecapi_require(3): which kinds can be latched, and what the others are told."""
    with Guest("latch-kinds") as guest:
        guest.check("modprobe -a sctp l2tp_ip")
        inguest.script_passes(guest, "/usr/lib/ipsecapi/kinds-test", 180)


@tap.test(timeout=400)
def datagrams_and_tunnels_without_our_nic():
    with Guest("latch-datagrams") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/datagram-test", 380)


@tap.test(timeout=200)
def what_the_kernel_does_otherwise():
    """Why latches are made as they are."""
    with Guest("latch-facts") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/facts-test", 180)


@tap.test(timeout=400)
def a_crowd_of_one_program():
    """Scenario 22: policies and SAs change all the time, then more often than the kernel can tell the broker."""
    with Guest("latch-crowd") as guest:
        inguest.script_passes(guest, "COUNT=100 /usr/lib/ipsecapi/crowd-test", 380, skips=True)


@tap.test(timeout=200)
def no_secret_of_the_sas_under_a_latch_gets_out():
    """Scenario 19, R11."""
    with Guest("latch-secrecy") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/secrecy-test", 180)


tap.main()
