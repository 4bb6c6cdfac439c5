#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Do the units do what they say (api-rules 40)? A systemd runs them as they are installed, with
the broker's AppArmor profile enforced, and the broker does for programs what it does elsewhere.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import apparmor  # noqa: E402
import inguest  # noqa: E402
import latcher  # noqa: E402
import systemd  # noqa: E402
import xfrm  # noqa: E402

PORT = 4000
SENDER = "/usr/lib/ipsecapi/sender"
SERVICE = "ipsecapid.service"
STRANGER = "10.9.0.77"  # whom no policy protects
RULE = """[application his]
use = bypass
user = daemon
"""
SCRAPE = """import socket
s = socket.socket(socket.AF_UNIX)
s.connect("/run/ipsecapi/metrics.sock")
s.sendall(b"GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
while part := s.recv(65536):
    print(part.decode(), end="")"""


class Machine:
    """A systemd in the namespace of the rig's side a; a program there that is the broker's client."""

    def __init__(self):
        self.rig = Rig(name="systemd", security=apparmor.SECURITY)
        self.guest, self.far = self.rig.guest, self.rig.b
        apparmor.load(self.guest)
        self.near = systemd.Booted(self.rig.a)
        self.program = None

    def close(self):
        self.rig.close()

    def alive(self):
        return self.rig.alive() and self.near.job.running

    def console_scan(self):
        return self.rig.console_scan()

    def reset(self):
        """As after booting."""
        for job in self.guest.channel.running():
            if job is not self.near.job:
                job.stop(9)
        self.near.check(f"""systemctl stop {SERVICE} ipsecapid.socket ipsecapid-metrics.socket
            systemctl reset-failed; rm -rf /etc/ipsecapi /run/ipsecapi/*; systemctl start ipsecapid.socket""")
        for side in self.rig.sides:
            side.clean()

    def start(self):
        self.near.check(f"systemctl start {SERVICE}")
        return self.main()

    def main(self):
        return int(self.near.show(SERVICE, "MainPID"))

    def next_main(self, last):
        """The main process that came after the last."""
        self.near.wait_until(f"systemctl is-active {SERVICE} && test $(systemctl show --value -p MainPID {SERVICE}) != {last}",
                             timeout=90)
        return self.main()

    def latch(self):
        """A program connects to an echo, by a latch."""
        xfrm.Esp(self.rig.a, self.rig.b, keys="unit").up()
        inguest.echo(self.far, self.far.v4, PORT)
        self.program = latcher.Program(self.near)
        self.program.connects(self.far.v4, PORT)

    def still_latched(self):
        self.program.until("status", "latch=established")
        self.program.echoes("again")


machine = tap.fixture(Machine)


@tap.test(machine, timeout=300)
def a_first_question_starts_the_broker(m):
    """What sysusers and tmpfiles make is there; the socket is, and the first that asks starts what answers."""
    assert m.guest.check("getent passwd _ipsecapi").startswith("_ipsecapi:"), "sysusers made no user"
    assert m.guest.check("systemd-tmpfiles --create ipsecapid.conf; stat -c '%U %a' /run/ipsecapi") == "root 755\n"
    assert m.near.show(SERVICE, "ActiveState") == "inactive"
    assert m.near.show("ipsecapid.socket", "ActiveState") == "active"
    ask = f"setpriv --reuid {latcher.APP} --regid {latcher.APP} --clear-groups ipsecapi caps"
    m.near.run(ask)     # which waits for two seconds at most
    m.near.wait_until(ask)
    m.near.wait_until(f"systemctl is-active {SERVICE}")
    m.near.wait_status(SERVICE, "The kernel's tables are read.")
    assert m.near.check("ps -o euser:20= -C ipsecapi-front").strip() == "_ipsecapi"
    apparmor.nothing_denied(m.guest)


@tap.test(machine, timeout=300)
def hardening_is_in_nobodys_way(m):
    """Units, latches, figures, confined commands and the administrator's policy, under all that the unit forbids."""
    m.near.check("mkdir /etc/ipsecapi")
    m.guest.put("/etc/ipsecapi/policy.conf", RULE)
    m.near.check(f"systemctl start ipsecapid-metrics.socket {SERVICE}")
    m.latch()
    m.program.until("report", r"latch=established/none .*out=encrypted/hw-packet/none\+latch")
    assert "his" in m.near.check("ipsecapi policy explain udp 10.9.0.2 4000 --user daemon")
    assert "ipsecapi_requests_total" in m.near.check(["python3", "-c", SCRAPE])
    m.rig.a.check(f"ip neigh replace {STRANGER} lladdr 02:00:00:00:00:77 dev {m.rig.a.dev}")
    sends = ["ipsecapi", "run", "--", SENDER, "udp"]
    assert m.near.check([*sends, m.far.v4, PORT]).strip() == "sent"
    assert m.near.run([*sends, STRANGER, PORT]).out.strip() == "EPERM"
    assert {how for _, how in apparmor.processes(m.guest).values()} == {apparmor.CONFINED}
    apparmor.nothing_denied(m.guest)


@tap.test(machine, timeout=300)
def a_reload_fails_where_the_policy_is_refused(m):
    """api-rules 39: it ends when the policy is in force, or fails in words; the broker goes on with the one before."""
    m.near.check("mkdir /etc/ipsecapi")
    m.start()
    for classes in ("first", "second"):
        m.guest.put("/etc/ipsecapi/policy.conf", f"[class {classes}]\nencryption = ENCR_AES_GCM_16\n")
        m.near.check(f"systemctl reload {SERVICE}")
        assert f'"{classes}"' in m.near.check("ipsecapi --json caps")
        m.near.wait_status(SERVICE, "The policy was read again.")
    m.guest.put("/etc/ipsecapi/policy.conf", "[class third]\nencryption = ROT13\n")
    refused = m.near.run(f"systemctl reload {SERVICE}")
    assert refused.rc == 1 and "failed" in refused.err, refused.describe()
    assert m.near.show(SERVICE, "ActiveState") == "active"
    m.near.wait_status(SERVICE, "The new policy is refused; the one before stays in force.")
    records = m.near.journal(SERVICE)
    assert "policy-refused" in [record.get("IPSECAPI_EVENT") for record in records], records
    said = [record["MESSAGE"] for record in records]
    assert any("policy.conf:2: encryption: " in line and "ROT13" in line for line in said), said
    assert any("reload: the new policy has a mistake" in line for line in said), said
    assert '"second"' in m.near.check("ipsecapi --json caps")
    apparmor.nothing_denied(m.guest)


@tap.test(machine, timeout=300)
def a_reload_fails_where_the_kernel_does_not_hold_it(m):
    """The broker's table is somebody else's: rules that report come into force, and those that enforce do not."""
    m.near.check("mkdir /etc/ipsecapi")
    other = m.rig.a.spawn(["nft", "-i"], timeout=200, keep_stdin=True)
    other.write(b"add table inet ipsecapi { flags owner; }\n")
    m.rig.a.wait_until("nft list tables | grep -q ipsecapi")
    m.start()
    m.guest.put("/etc/ipsecapi/policy.conf", RULE)
    m.near.check(f"systemctl reload {SERVICE}")
    m.guest.put("/etc/ipsecapi/policy.conf", RULE + "mode = enforce\n")
    refused = m.near.run(f"systemctl reload {SERVICE}")
    assert refused.rc == 1, refused.describe()
    m.near.wait_status(SERVICE, "The kernel does not hold the rules of the new policy; the one before stays in force.")
    said = [record["MESSAGE"] for record in m.near.journal(SERVICE)]
    assert any("reload: the kernel does not hold the enforcing rules" in line for line in said), said


@tap.test(machine, timeout=300)
def a_front_that_hangs_is_replaced(m):
    """The watchdog ends it, with all others; the latch holds on, and the next broker knows it (api-rules 27)."""
    last = m.start()
    m.latch()
    m.near.check("pkill -STOP -x ipsecapi-front")
    m.next_main(last)
    assert m.near.show(SERVICE, "NRestarts") == "1"
    assert any("Watchdog timeout" in record["MESSAGE"] for record in m.near.journal(SERVICE))
    m.still_latched()
    apparmor.nothing_denied(m.guest)


@tap.test(machine, timeout=300)
def a_main_process_that_is_killed_is_replaced(m):
    """So are the others; the latch holds on (api-rules 27)."""
    last = m.start()
    m.latch()
    m.near.check(f"kill -9 {last}")
    m.next_main(last)
    m.still_latched()
    apparmor.nothing_denied(m.guest)


@tap.test(machine, timeout=300)
def nothing_is_left_when_it_is_stopped(m):
    """No process; the latch, which is the socket's own, holds on until the next broker is asked for."""
    m.start()
    m.latch()
    m.near.check(f"systemctl stop ipsecapid.socket {SERVICE}")
    assert m.near.show(SERVICE, "Result") == "success"
    assert m.guest.run("pgrep '^ipsecapi(d|-)'").rc == 1
    m.near.check("systemctl start ipsecapid.socket")
    m.still_latched()
    apparmor.nothing_denied(m.guest)


tap.main()
