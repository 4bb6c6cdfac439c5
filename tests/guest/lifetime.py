#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Lifetimes and counts of SAs that the device holds, as the kernel tells them: soft
and hard limits in packets and bytes (SA-20 to SA-22), and what `ip -s xfrm
state` shows. The counts are compared with those of the kernel's own ESP at the
other end of the wire.
"""

import pathlib
import re
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5021
SMALLEST = 8 + 18    # what inguest.offer() sends, with the UDP header
PINGS = 10
ECHO = 8 + 56       # ICMP header and payload: what ESP encrypts in transport mode

# Of packets; the echoes up to the soft limit pass one by one.
SOFT, HARD = 4, 40

rig = tap.fixture(lambda: Rig(peer="e1000e", name="lifetime"))


def monitor(side):
    """A job that prints what expires; it listens."""
    job = side.spawn("stdbuf -oL ip xfrm monitor expire", timeout=100)
    side.check(f"ip xfrm state add src {side.v4} dst 10.9.0.200 proto esp spi 0x7777 mode transport "
               f"aead {xfrm.AEAD} 0x{secrets.token_hex(20)} 128 limit time-hard 1")
    job.wait_output("spi 0x00007777(.|\n)*?hard 1")
    return job


def expired(job, sa):
    """"soft" and "hard", in the order in which the SA was said to have passed these limits."""
    blocks = job.out.split("Expired ")
    return ["hard" if hard == "1" else "soft" for block in blocks if f"spi {sa.spi:#010x}" in block
            for hard in re.findall(r"\bhard (\d)", block)]


def limits(unit, echo):
    """Soft and hard limit, in the words of `ip xfrm`."""
    size = 1 if unit == "packet" else echo
    return f"limit {unit}-soft {SOFT * size} limit {unit}-hard {HARD * size}"


def ping(side, to, count):
    side.check(f"ping -n -q -c {count} -i 0.02 -W 5 {to}")


def counted(side, sa):
    """(packets, bytes) of an SA by the kernel's word."""
    return tuple(map(int, re.search(r"lifetime current:\s+(\d+)\(bytes\), (\d+)\(packets\)",
                                    side.check(f"ip -s xfrm state get {sa.ident}")).group(2, 1)))


@tap.test(rig, cases=[dict(unit=u, direction=d, mode=m) for u in ("packet", "byte") for d in ("out", "in")
                      for m in ("transport", "tunnel")])
def an_sa_ends_at_its_limits(r, unit, direction, mode):
    """First the soft one is told, while traffic goes on; at the hard one it stops, to the packet."""
    esp = xfrm.Esp(r.a, r.b, mode=mode).up().meet()
    sender, sa = (r.a, esp.out) if direction == "out" else (r.b, esp.back)
    echo = ECHO if mode == "transport" else ECHO + 20
    r.a.check(sa.delete(r.a))
    r.a.check(sa.command(r.a, extra=limits(unit, echo)))
    watch = monitor(r.a)
    ping(r.a, esp.addr(r.b), SOFT - 1)
    assert not expired(watch, sa), watch.out
    ping(r.a, esp.addr(r.b), 1)
    watch.wait_output(rf"spi {sa.spi:#010x}(.|\n)*?hard 0")
    ping(r.a, esp.addr(r.b), 1)
    assert expired(watch, sa) == ["soft"], watch.out

    before = xfrm.Counted(r.a)
    with r.capture() as capture:
        job = inguest.offer(sender, PORT, esp.addr(esp.other(sender)))
        watch.wait_output(rf"spi {sa.spi:#010x}(.|\n)*?hard 1")
        r.a.wait_until(f"! ip xfrm state get {sa.ident}")
        assert job.running, job.err
        job.stop()
    assert expired(watch, sa) == ["soft", "hard"], watch.out
    moved = before.moved()
    way = "tx" if direction == "out" else "rx"
    assert moved.get(f"{way}_drop_lifetime"), moved
    passed, left = moved[f"{way}_esp"], HARD - SOFT - 1
    assert passed == left if unit == "packet" else passed <= left * echo // SMALLEST, moved
    sent = [f for f in wire.frames(capture.path) if f.spi == sa.spi]
    assert len(sent) == passed if direction == "out" else len(sent) > passed, (len(sent), passed)
    assert not wire.clear_frames(capture.path)


@tap.test(rig, cases=[dict(family=f, mode=m) for f in (4, 6) for m in ("transport", "tunnel")])
def counts_are_those_of_the_far_end(r, family, mode):
    """Both SAs of the device; the far end is the kernel's own ESP."""
    esp = xfrm.Esp(r.a, r.p, family, mode).up()
    for side in (r.a, r.p):
        for sa in esp.sas:
            assert counted(side, sa) == (0, 0)
    echo = ECHO if mode == "transport" else ECHO + xfrm.ip_header(family)
    r.a.check(f"ping -n -q -c {PINGS} -i 0.02 -W 5 {esp.addr(r.p)}")
    for sa in esp.sas:
        r.a.wait_until(f"ip -s xfrm state get {sa.ident} | grep -q '{PINGS}(packets)'")
        assert counted(r.a, sa) == counted(r.p, sa) == (PINGS, PINGS * echo), sa.ident
    # Asked once more, nothing is added twice.
    ping(r.a, esp.addr(r.p), 1)
    for sa in esp.sas:
        r.a.wait_until(f"ip -s xfrm state get {sa.ident} | grep -q '{PINGS + 1}(packets)'")
        assert counted(r.a, sa) == (PINGS + 1, (PINGS + 1) * echo), sa.ident


if __name__ == "__main__":
    tap.main()
