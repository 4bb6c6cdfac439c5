#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Does the broker get by with what its AppArmor profile allows (api-rules 40)? All that it does
for programs, with the profile enforced as it is installed; the kernel says what was denied.
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Guest, Rig, tap  # noqa: E402
import apparmor  # noqa: E402
import inguest  # noqa: E402
import latcher  # noqa: E402
import xfrm  # noqa: E402

PORT = 4000
SENDER = "/usr/lib/ipsecapi/sender"
STRANGER = "10.9.0.77"  # whom no policy protects
METRICS = "/run/ipsecapi/metrics.sock"
PROCESSES = {"ipsecapid", "ipsecapi-front", "ipsecapi-apply", "ipsecapi-scrub", "ipsecapi-policy", "ipsecapi-ike",
             "ipsecapi-stats", "ipsecapi-worker"}
VICI = "/run/charon.vici"
SCRAPE = f"""import socket
s = socket.socket(socket.AF_UNIX)
s.connect("{METRICS}")
s.sendall(b"GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
while part := s.recv(65536):
    print(part.decode(), end="")"""
# Names of users are looked up as well.
RULES = """[class {name}]
encryption = ENCR_AES_GCM_16/256
[application his]
use = bypass
user = daemon
mode = enforce
"""
# Where the scripts have their broker's files.
SCRIPTS = """/tmp/tmp.*/{,**} rw,
/tmp/tmp.*/run/latches rwk,
"""

rig = tap.fixture(lambda: Rig(name="apparmor", security=apparmor.SECURITY))


class Broker:
    """Confined, with a program that is its client."""

    def __init__(self, rig):
        self.guest, self.near, self.far = rig.guest, rig.a, rig.b
        apparmor.load(self.guest)
        self.start()
        xfrm.Esp(rig.a, rig.b, keys="unit").up()
        self.program = latcher.Program(rig.a)

    def start(self):
        self.job = self.near.spawn(["ipsecapid", "--metrics", METRICS], timeout=600)
        self.near.wait_until("ipsecapi caps")

    def latch(self):
        """The program connects to an echo, by a latch."""
        inguest.echo(self.far, self.far.v4, PORT)
        self.program.connects(self.far.v4, PORT)

    def accept(self):
        """A latched listener takes a connection."""
        for line in ("close", "socket 4", f"bind {self.near.v4} {PORT}", "open"):
            assert self.program.ask(line) == "ok", line
        self.program.until("require strong 8=1", "^ok")
        assert self.program.ask("listen") == "ok"
        self.far.spawn(["python3", "-c", "import socket, sys; "
                        f"s = socket.create_connection(('{self.near.v4}', {PORT}), 30); "
                        "s.sendall(b'question\\n'); sys.stdin.read()"], timeout=60, keep_stdin=True)
        assert self.program.ask("accept") == "ok"
        assert self.program.ask("receive") == "question"

    def waits(self):
        """A latch without SAs has the IKE daemon asked, which has left its socket behind."""
        self.guest.check(["python3", "-c", f"import socket; socket.socket(socket.AF_UNIX).bind('{VICI}')"])
        for direction, ends in (("out", f"src {self.near.v4} dst {STRANGER}"), ("in", f"src {STRANGER} dst {self.near.v4}")):
            self.near.check(f"ip xfrm policy add {ends} dir {direction} tmpl proto esp reqid 9 mode transport")
        for line in ("close", "socket 4", "open"):
            assert self.program.ask(line) == "ok", line
        self.program.until(f"require strong {STRANGER} {PORT}", "^EINPROGRESS no-sa")
        self.program.until("why", " ike/ike-absent")

    def sends(self, host):
        return self.near.run(["ipsecapi", "run", "--", SENDER, "udp", host, PORT]).out.strip()

    def reload(self, name):
        """A policy comes into force, which has a class of that name."""
        self.guest.check("mkdir -p /etc/ipsecapi/policy.d")
        self.guest.put("/etc/ipsecapi/policy.d/test.conf", RULES.format(name=name))
        self.guest.check("pkill -HUP -x ipsecapid")
        self.near.wait_until(f"ipsecapi --json caps | grep -q '\"{name}\"'")


@tap.test(rig, timeout=300)
def all_that_it_does_for_programs(rig):
    """Units, latches, listeners, confined commands, reloads and figures; and a new life with an old record."""
    broker = Broker(rig)
    broker.latch()
    assert json.loads(broker.near.check("ipsecapi --json caps"))["units"], "it found no unit"
    assert broker.near.check("ipsecapi query --pid $(pgrep -x latcher)").count("established")
    assert "ipsecapi_requests_total" in broker.near.check(["python3", "-c", SCRAPE])
    found = apparmor.processes(rig.guest)
    assert {name for name, how in found.values()} == PROCESSES, found
    assert {how for name, how in found.values()} == {apparmor.CONFINED}, found
    broker.job.stop(9)
    broker.start()
    broker.program.until("status", "latch=established")
    broker.program.echoes("again")
    broker.accept()
    broker.near.check(f"ip neigh replace {STRANGER} lladdr 02:00:00:00:00:77 dev {broker.near.dev}")
    assert broker.sends(broker.far.v4) == "sent"
    assert broker.sends(STRANGER) == "EPERM"
    broker.reload("other")
    assert rig.guest.check("cp -r /etc/ipsecapi /etc/ipsecapi.next; ipsecapid --check /etc/ipsecapi.next | cat") == \
        "ok: 4 classes, 1 rules, of which 1 enforces\n"
    broker.waits()
    apparmor.nothing_denied(rig.guest)
    assert broker.job.stop(15).rc == 0


@tap.test(timeout=400, cases=[dict(script=s) for s in ("latch", "listen", "datagram", "run", "enforce", "report")])
def what_scripts_ask_of_it(script):
    """With the administrator's own rules, as the broker has its files elsewhere."""
    with Guest(f"apparmor-{script}", security=apparmor.SECURITY) as guest:
        apparmor.load(guest, SCRIPTS)
        try:
            inguest.script_passes(guest, f"/usr/lib/ipsecapi/{script}-test", 380)
        finally:
            apparmor.nothing_denied(guest)


@tap.test()
def what_the_profile_does_not_allow():
    """With one rule less something is denied, and both the kernel and the broker say what."""
    with Guest("apparmor-less", security=apparmor.SECURITY) as guest:
        profile = guest.get(apparmor.PROFILE).decode()
        less = re.sub(r"\n.*/latches rwk,", "", profile)
        assert less != profile
        guest.put(apparmor.PROFILE, less)
        apparmor.load(guest)
        broker = guest.spawn(["ipsecapid"], timeout=100)
        broker.wait_output("nothing can be latched: /run/ipsecapi/latches: Permission denied", stream=2)
        guest.wait_until("ipsecapi caps")
        assert {name for _, name in apparmor.names(apparmor.denied(guest))} == {"/run/ipsecapi/latches"}


tap.main()
