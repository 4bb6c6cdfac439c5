#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Is the report true? An unprivileged program asks about its own socket while SAs,
policies, links and the broker come and go under it: on a machine with nothing
but software ESP, and behind an espvault NIC.
"""

import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Guest, Rig, tap  # noqa: E402
import inguest  # noqa: E402
import xfrm  # noqa: E402

PORT = 4000
APP = 1000
WHISPER = "/usr/lib/ipsecapi/whisper"
SOON = 1000     # ms
HARDWARE = "encrypted/hw-packet/{}/none"

rig = tap.fixture(lambda: Rig(name="report"))


@tap.test(timeout=300)
def without_our_nic():
    """The program runs on any Linux; here each of its tests must pass."""
    with Guest("report-plain") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/report-test", 280)


@tap.test(timeout=200)
def files_of_a_hostile_file_system_stop_nobody():
    with Guest("report-fuse") as guest:
        guest.spawn(["ipsecapid"], timeout=180)
        guest.wait_until("ipsecapi caps")
        result = guest.run("/usr/lib/ipsecapi/hostile-files /run/ipsecapi/broker.sock", timeout=150)
    tap.diag(result.out)
    assert result.ok and "1..5" in result.out, result.describe()


@tap.test(timeout=300)
def a_kernel_without_esp():
    with Guest("report-no-esp") as guest:
        for module in ("esp4", "esp6"):
            guest.check(f"echo install {module} /bin/false >>/etc/modprobe.d/no-esp.conf")
        refused = guest.run(f"ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi 9 mode transport "
                            f"aead {xfrm.AEAD} 0x{xfrm.host_key(256)} 128")
        assert not refused.ok, "this kernel has ESP"
        inguest.script_passes(guest, "/usr/lib/ipsecapi/report-test --no-esp", 280)


class Watched:
    """A socket of an unprivileged program, and what it is told."""

    def __init__(self, side, addr, proto="udp"):
        self.side = side
        side.spawn(["ipsecapid"], timeout=600)
        side.wait_until("ipsecapi caps")
        self.job = side.spawn(inguest.program(side.guest, "watch") + [APP, WHISPER, proto, addr, PORT],
                              timeout=600, keep_stdin=True)
        self.ask("!")   # so the broker knows of it

    def ask(self, line="?"):
        seen = len(self.job.out)
        self.job.write((line + "\n").encode())
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if "\n" in self.job.out[seen:]:
                return self.job.out[seen:].strip()
            assert self.job.running, self.job.err
            self.job.wait_output(r"\n", timeout=20)
        raise AssertionError(f"no answer to {line!r}: {self.job.out[seen:]}")

    def until(self, pattern, line="!"):
        """Asks until the answer fits; the answer."""
        deadline = time.monotonic() + 10
        while True:
            answer = self.ask(line)
            if re.search(pattern, answer) or time.monotonic() > deadline:
                return answer

    def change(self, command, pattern, line="!"):
        """
        Makes a change and asks until the answer fits: it must do so within a second of the
        machine's own time. The answer.
        """
        told = self.ask(json.dumps({"change": command, "ask": line, "until": pattern}))
        took, answer = told.split(" ", 1)
        tap.diag(f"{took} ms: {answer}")
        assert int(took) <= SOON and re.search(pattern, answer), told
        return answer


def both(answer, out, back=None):
    assert f"out={out} " in answer and f"in={back or out} " in answer, answer


def silent_peer(side):
    """Answers of a closed port would end the conversation."""
    side.check(f"""nft 'add table inet t
        add chain inet t c {{ type filter hook input priority 0; }}
        add rule inet t c udp dport {PORT} drop'""")


def protected(r, keys, family=4):
    esp = xfrm.Esp(r.a, r.b, family=family, keys=keys).up().meet()
    silent_peer(r.b)
    return esp, Watched(r.a, r.b.addr(family))


@tap.test(rig, cases=[{"keys": k, "family": f} for k in ("unit", "host") for f in (4, 6)])
def hardware_is_said_with_its_evidence(r, keys, family):
    level = {"unit": "L3", "host": "L1"}[keys]
    _, watched = protected(r, keys, family)
    both(watched.ask(), HARDWARE.format(level))
    assert watched.ask("hello") == "sent: encrypted by hw-packet"
    probe = json.loads(r.a.check(["ipsecapi", "--json", "probe", "udp", r.b.addr(family),
                                  str(PORT)], uid=APP))
    for direction in ("out", "in"):
        said = probe[direction]
        assert set(said["basis"]) == {"kernel-readback", "device-counters", "unit-statement"}, said
        assert said["reach"] == "end-to-end" and said["strength"] == "strong", said
        assert "single-port" in said["caveats"] or direction == "out", said


@tap.test(rig)
def a_link_that_goes_down_is_not_hardware(r):
    _, watched = protected(r, "unit")
    both(watched.ask(), HARDWARE.format("L3"))
    answer = watched.change("ip link set esv0 down", "out=unknown|out=none|out=blocked")
    assert "hw-packet" not in answer, answer
    r.a.check("ip link set esv0 up")
    r.a.wait_until("ip route get 10.9.0.2")
    answer = watched.ask()
    assert "hw-packet" not in answer, answer


@tap.test(rig)
def an_sa_removed_under_an_open_socket_is_missed(r):
    esp, watched = protected(r, "unit")
    both(watched.ask(), HARDWARE.format("L3"))
    answer = watched.change(esp.back.delete(r.a), "in=blocked")
    both(answer, HARDWARE.format("L3"), "blocked/software/no-key/no-sa")


@tap.test(rig)
def another_interface_makes_inbound_mixed(r):
    _, watched = protected(r, "unit")
    answer = watched.change("ip link add other type dummy && ip link set other up", "in=unknown")
    both(answer, HARDWARE.format("L3"), "unknown/mixed/L3/cleartext-other-interfaces")
    answer = watched.change("ip link del other", "in=encrypted")
    both(answer, HARDWARE.format("L3"))


@tap.test(rig)
def a_policy_that_only_software_holds_is_mixed(r):
    esp = xfrm.Esp(r.a, r.b, keys="host")
    for side in (r.a, r.b):
        side.check("\n".join(esp.state_lines(side)))
        side.check("\n".join(esp.policy(side, "add", d, offload=False if d == "in" else None)
                             for d in ("in", "out")))
    silent_peer(r.b)
    watched = Watched(r.a, r.b.addr(4))
    answer = watched.ask()
    both(answer, HARDWARE.format("L1"), "encrypted/mixed/L1/policy-in-software")


@tap.test(rig)
def a_route_through_another_port_is_not_hardware(r):
    _, watched = protected(r, "unit")
    answer = watched.change("""ip link add other type dummy && ip link set other up
        ip addr add 10.9.0.1/32 dev other; ip route add 10.9.0.2/32 dev other src 10.9.0.1""", "out=unknown")
    assert "out=unknown/unknown/L3/route-elsewhere" in answer, answer
    r.a.check("ip link del other")


@tap.test(rig)
def a_tunnel_whose_far_end_is_elsewhere_is_not_hardware(r):
    """The flow's own route still leaves by the NIC; what the tunnel has wrapped does not."""
    esp = xfrm.Esp(r.a, r.b, mode="tunnel", keys="unit").up().meet()
    silent_peer(r.b)
    watched = Watched(r.a, esp.addr(r.b))
    both(watched.ask(), HARDWARE.format("L3"))
    r.a.check(f"""ip link add other type dummy && ip link set other up
        ip addr add {r.a.addr(4)}/32 dev other
        ip route replace {r.b.addr(4)}/32 dev other src {r.a.addr(4)}""")
    answer = watched.until("out=unknown")
    assert "out=unknown/unknown/L3/route-elsewhere" in answer, answer
    assert r.a.dev in r.a.check(f"ip route get {esp.addr(r.b)}"), "the flow's route moved as well"
    r.a.check("ip link del other")


@tap.test()
def a_device_that_is_taken_away_is_not_hardware():
    with Rig(name="report-gone") as r:
        _, watched = protected(r, "unit")
        both(watched.ask(), HARDWARE.format("L3"))
        address = r.a.check("ethtool -i esv0 | sed -n 's/^bus-info: //p'").strip()
        # The route that an idle socket remembers holds the policy, and the policy its device:
        # the kernel goes on only once the socket is gone.
        unbind = r.guest.spawn(f"echo {address} >/sys/bus/pci/drivers/espvault/unbind")
        answer = watched.until("out=(unknown|none|blocked)")
        tap.diag(answer)
        assert "hw-packet" not in answer and "encrypted" not in answer, answer
        watched.job.close_stdin()
        watched.job.wait(20)
        unbind.check(30)


def host(side, uid=APP):
    return json.loads(side.check("ipsecapi --json status", uid=uid))


def caps(side, options=""):
    """What caps says, by interface."""
    said = json.loads(side.check(f"ipsecapi {options} --json caps", uid=APP))
    return {i["name"]: i for i in said["interfaces"]}


@tap.test(rig, cases=[{"keys": k} for k in ("unit", "host")])
def status_counts_what_the_device_holds(r, keys):
    level = {"unit": "L3", "host": "L1"}[keys]
    esp, watched = protected(r, keys)
    watched.ask()  # its flow is open
    said = host(r.a)
    assert (said["sas"], said["sas_packet"], said["sas_software"], said["sas_crypto"]) == (2, 2, 0, 0), said
    assert said["sas_custody"] == {level: 2} and said["policies_packet"] >= 2, said
    assert said["flows"] == 1 and said["rules"] == [], said
    rules = host(r.a, uid=0)["rules"]
    states = {rule["direction"]: rule["state"] for rule in rules if rule["action"] == "protect"}
    for direction in ("out", "in"):
        assert states[direction]["enforced_by"] == "hw-packet" and states[direction]["custody"] == level, rules
    r.a.check(esp.back.delete(r.a))
    said = host(r.a)
    assert (said["sas"], said["sas_packet"]) == (1, 1), said


@tap.test(rig)
def what_the_nic_declines_is_not_hardware(r):
    """It can offload, but neither crypto offload nor a short ICV; software takes both."""
    esp = xfrm.Esp(r.a, r.b, keys="host")
    for side in (r.a, r.b):
        side.check("\n".join(esp.policy(side, "add", d, offload=False) for d in ("in", "out")))
    silent_peer(r.b)
    watched = Watched(r.a, r.b.addr(4))
    crypto = esp.out.command(r.a, offload=False) + f" offload dev {r.a.dev} dir out"
    for command in (crypto, esp.out.command(r.a).replace(" 128 ", " 64 ")):
        declined = r.a.run(command)
        assert not declined.ok and declined.err.startswith("Error: "), declined.describe()
        both(watched.ask(), "blocked/software/no-key/no-sa")
    assert not host(r.a)["sas"], "an SA that was declined is there"
    for sa in esp.sas:
        r.a.check(sa.command(r.a, offload=False).replace(" 128 ", " 64 "))
    both(watched.ask(), "encrypted/software/L0/none")
    assert watched.ask("hello") == "sent: encrypted by software"
    said = host(r.a)
    assert (said["sas_software"], said["sas_packet"], said["sas_crypto"]) == (2, 0, 0), said
    assert said["sas_custody"] == {"L0": 2} and not said["policies_packet"], said
    assert "packet" in caps(r.a)["esv0"]["offload"], "what the NIC can do is another question"


@tap.test()
def nics_that_can_do_less():
    """One without ESP, whose unit then keys nothing, and one without a unit as well."""
    with Rig(name="report-less", a_props={"ipsec": False}, b_props={"ipsec": False, "unit": False}) as r:
        esp = xfrm.Esp(r.a, r.b, keys="host")
        declined = r.a.run(esp.out.command(r.a))
        assert not declined.ok, "packet offload without the capability"
        for side in (r.a, r.b):
            side.check("\n".join(esp.policy(side, "add", d, offload=False) for d in ("in", "out")))
        silent_peer(r.b)
        watched = Watched(r.a, r.b.addr(4))
        both(watched.ask(), "blocked/software/no-key/no-sa")
        for sa in esp.sas:
            r.a.check(sa.command(r.a, offload=False))
        both(watched.ask(), "encrypted/software/L0/none")
        mine = caps(r.a)["esv0"]
        assert mine["unit_present"] and mine["offload"] == [] and mine["suites"] == [], mine
        assert mine["best_custody"] == "L0" and not mine["max_sas"], mine
        r.b.spawn(["ipsecapid", "--socket", "/run/b.sock"], timeout=60)
        r.b.wait_until("ipsecapi --socket /run/b.sock status")
        theirs = caps(r.b, "--socket /run/b.sock")["esv1"]
        assert not theirs["unit_present"] and theirs["offload"] == [], theirs
        assert theirs["best_custody"] == "L0", theirs


@tap.test(rig)
def the_broker_comes_back_with_the_truth(r):
    _, watched = protected(r, "unit")
    both(watched.ask(), HARDWARE.format("L3"))
    r.a.check("kill -9 $(pgrep -x ipsecapid)")
    both(watched.until("out=unknown"), "unknown/unknown/unknown/broker-lost")
    # From its first answer to anybody on; it lives as long as the one who watches.
    answer = watched.change("""rm -f /run/ipsecapi/broker.sock; ipsecapid >/dev/null 2>&1 &
        until ipsecapi caps >/dev/null 2>&1; do :; done""", "out=encrypted", line="?")
    both(answer, HARDWARE.format("L3"))


@tap.test(rig)
def caps_name_the_unit(r):
    Watched(r.a, r.b.addr(4))
    caps = json.loads(r.a.check("ipsecapi --json caps", uid=APP))
    found = [i for i in caps["interfaces"] if i["name"] == "esv0"]
    assert found and found[0]["unit_present"] and found[0]["best_custody"] == "L4", caps
    assert found[0]["driver"] == "espvault" and "packet" in found[0]["offload"], found
    assert set(found[0]["suites"]) == {"aes128-gcm16", "aes256-gcm16"}, found
    assert found[0]["max_sas"] and found[0]["max_policies"], found
    assert found[0]["max_replay_window"] == 4096, found
    others = [i["name"] for i in caps["interfaces"] if i["unit_present"]]
    assert others == ["esv0"], f"units of other namespaces are told: {others}"


@tap.test(rig)
def the_doctor_finds_our_nic_well(r):
    """No finding of it is wrong, and the kernel's part of the offload is looked for."""
    Watched(r.a, r.b.addr(4))
    said = r.a.run("ipsecapi --json doctor")
    found = {f["id"]: f for f in json.loads(said.out)["findings"]}
    for name in ("broker", "evidence", "policy", "flow", "unit", "kernel", "xfrm", "esp4", "esp6", "nf_tables",
                 "esp4_offload", "esp6_offload", "tcp_diag", "udp_diag"):
        assert found[name]["status"] == "ok", found[name]
    assert "esv0" in found["unit"]["finding"] and "esv0" in found["esp4_offload"]["finding"], found
    assert said.ok, said.describe()


tap.main()
