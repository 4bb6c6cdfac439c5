#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A latch that waits, and strongSwan's daemon: what the broker finds out of it, and that it has a
peer called where a rule lets programs, and nowhere else (api-rules 12 and 31).
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import charon  # noqa: E402
import inguest  # noqa: E402
from latcher import Program  # noqa: E402

PORT = 4000
POLICY = "/run/policy"
REQUIRE = "require strong {} {} 3=2"
RULE = """
[application peers]
use = weak
remote = {}
callable = {}
"""

rig = tap.fixture(lambda: Rig(peer="e1000e", name="ike"))


class Host:
    """The near end: daemon, broker and program. Both ends do ESP in software here."""

    def __init__(self, rig, callable_="yes", start="trap", **more):
        self.near, self.far = rig.p, rig.a
        self.pair = charon.Pair(self.near, self.far, start=start, **more)
        self.allow(callable_)
        self.broker = self.near.spawn(["ipsecapid", "--policy", POLICY, "--vici", f"{self.pair.near.folder}/vici"],
                                      timeout=600)
        self.near.wait_until("ipsecapi caps")
        inguest.echo(self.far, self.far.v4, PORT)
        self.program = Program(self.near)

    def allow(self, callable_):
        self.near.guest.check(f"mkdir -p {POLICY}")
        self.near.guest.put(f"{POLICY}/policy.conf", RULE.format(self.far.v4, callable_))

    def require(self, expect="^EINPROGRESS no-sa", protocol="tcp"):
        """A new socket, which waits as a rule."""
        self.program.ask("close")
        assert self.program.ask(f"socket 4 {protocol}") == "ok"
        if protocol == "udp":
            assert self.program.ask(f"connect {self.far.v4} {PORT}") == "ok"
        assert self.program.ask("open") == "ok"
        self.program.until(REQUIRE.format(self.far.v4, PORT), expect)

    def connects(self, protocol="tcp"):
        """Once what it waits for is there."""
        assert self.program.ask("wait 30000") == "ok"
        if protocol == "tcp":
            assert self.program.ask(f"connect {self.far.v4} {PORT}") in ("started", "ok")
            assert self.program.ask("finish") == "ok"
        self.program.echoes("hello")

    def children(self):
        """CHILD_SAs of the near daemon, by its own account."""
        return self.pair.near.sas().count("INSTALLED")

    def answers(self, yes):
        """The far daemon; on a machine of its own."""
        self.far.check(f"kill -{'CONT' if yes else 'STOP'} $(pidof charon-systemd)")

    def look(self, process):
        """Where in the memory of a process the words are."""
        return self.near.check(f"/usr/lib/ipsecapi/secrets.py look /run/words pid:$(pgrep -x {process})")

    def why(self, reason):
        return self.program.until("why", f" ike/{reason}( |$)")


def clear(capture):
    return charon.clear_frames(capture.path)[:5]


@tap.test(rig, timeout=200, cases=[dict(protocol="tcp", start="trap"), dict(protocol="udp", start="none")])
def a_peer_that_is_callable_is_called(rig, protocol, start):
    """
    Nothing but what was negotiated for it carries the connection; who asks later calls no second
    time. Of UDP the kernel itself would spring a trap, before the latch.
    """
    host = Host(rig, start=start)
    if start == "none":
        policies(host)
    assert not host.children()
    with rig.capture() as capture:
        host.require(protocol=protocol)
        host.connects(protocol)
        for _ in range(3):	# what is there already is used
            host.require("^ok", protocol)
    assert not clear(capture), clear(capture)
    assert host.children() == 1, host.pair.explain()
    started = [line for line in host.broker.err.splitlines() if "had IKE started" in line]
    assert len(started) == 1 and "user 1000" in started[0] and "rule peers" in started[0], host.broker.err


@tap.test(rig, timeout=200)
def many_that_wait_make_one_negotiation(rig):
    """While it goes on the others find it under way."""
    host = Host(rig, start="none")
    programs = [host.program] + [Program(host.near) for _ in range(3)]
    policies(host)
    host.answers(False)
    for host.program in programs:
        host.require()
    host.answers(True)
    for host.program in programs:
        host.connects()
    assert host.children() == 1, host.pair.explain()
    initiated = host.pair.near.log.count("vici initiate CHILD_SA")
    assert initiated == 1, host.pair.near.log


def policies(host):
    """An administrator's, which are there before the daemon's."""
    near, far = host.near, host.far
    for direction, src, dst in (("out", near, far), ("in", far, near)):
        near.check(f"ip xfrm policy add src {src.v4} dst {dst.v4} dir {direction} priority 1 "
                   "tmpl proto esp mode transport reqid 1")


@tap.test(rig, timeout=200)
def one_that_is_not_callable_is_not(rig):
    """It waits for whoever makes SAs, and says so; a policy that lets it comes into force meanwhile."""
    host = Host(rig, callable_="no")
    with rig.capture() as capture:
        host.require()
        host.why("ike-not-callable")
        assert "vici initiate" not in host.pair.near.log, host.pair.near.log
        host.allow("yes")
        host.broker.signal(1)
        host.require()
        host.connects()
    assert not clear(capture), clear(capture)
    assert "ike/" not in host.program.ask("why")


@tap.test(rig, timeout=200)
def why_nobody_negotiates(rig):
    """R9.2: each cause has its own word, and none of them lets anything pass."""
    host = Host(rig)
    with rig.capture() as capture:
        host.answers(False)
        host.require()
        host.why("ike-started")
        host.require()		# the daemon knocks on, and nobody answers
        host.why("ike-under-way")
        host.pair.near.swanctl("--terminate --ike peer --force", check=False)
        host.pair.near.swanctl("--load-conns --file /dev/null")
        policies(host)
        host.require()
        host.why("ike-no-connection")
        host.near.check("kill -STOP $(pidof charon-systemd)")
        host.require()
        host.why("ike-silent")
        host.near.check("kill -KILL $(pidof charon-systemd)")
        host.require()
        host.why("ike-absent")
        assert host.program.ask(f"connect {host.far.v4} {PORT}").startswith("EPERM")
    assert not clear(capture), clear(capture)


@tap.test(rig, timeout=200)
def connections_that_are_loaded_again(rig):
    """api-rules 7: swanctl unloads what its files do not have; a latch rests on SAs and policies, not on these."""
    host = Host(rig)
    host.require()
    host.connects()
    with rig.capture() as capture:
        host.pair.near.swanctl("--load-all")
        host.program.echoes("again")
        host.pair.near.swanctl("--load-conns --file /dev/null")
        host.program.echoes("more")
    host.program.until("status", "latch=established out=encrypted.* in=encrypted")
    assert not [e for e in host.program.events if "broken" in e], host.program.events
    assert not clear(capture), clear(capture)


@tap.test(rig, timeout=200)
def no_spi_stays_with_who_asks(rig):
    """
    R11: the daemon tells SPIs with its SAs, here such as the kernel has lost. They are not told on,
    and not kept; the scrubber has them while they are the kernel's, which shows the search.
    """
    host = Host(rig)
    host.require()
    host.connects()
    spis = host.near.check("ip xfrm state | sed -n 's/.*spi 0x\\([0-9a-f]*\\).*/\\1/p'").split()
    assert len(spis) >= 2, spis
    host.near.guest.put("/run/words", "".join(f"spi {s}\n" for s in spis))
    assert host.look("ipsecapi-scrub")
    seen = host.near.check("ipsecapi --json query --pid $(pidof latcher)")
    host.near.check("ip xfrm state flush")
    host.require()
    host.why("ike-installed")
    seen += host.broker.err + host.program.job.out
    assert not [s for s in spis if s in seen], (spis, seen)
    assert not host.look("ipsecapi-ike"), host.look("ipsecapi-ike")


if __name__ == "__main__":
    tap.main()
