#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Does a latch hold over our NIC? An unprivileged program requires hardware for its
sockets; SAs and policies are the device's, which loses them when it goes down
(rule 3), and which a policy of the socket could not name.
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import charon  # noqa: E402
import inguest  # noqa: E402
import latcher  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 4000
REQUIRE = "require strong {} 2=2 3=2"	# hardware: require; disposition: wait
BOTH = r"latch=established/none .*out=encrypted/hw-packet/none\+latch in=encrypted/hw-packet/none\+latch"

rig = tap.fixture(lambda: Rig(peer="e1000e", name="latch"))


class Program(latcher.Program):
    """One whose sockets go to the other machine."""

    def __init__(self, side, broker):
        super().__init__(side)
        self.broker = broker

    def socket(self, protocol, rig, address=None, require=REQUIRE):
        """One that is latched, by hardware alone, and connected."""
        peer = address or rig.p.v4
        self.ask("close")
        self.ask(f"socket 4 {protocol}")
        if protocol == "udp":
            assert self.ask(f"connect {peer} {PORT}") == "ok"
            self.ask("open")
            self.until(require.format(""), "^ok")
        else:
            self.ask("open")
            self.until(require.format(f"{peer} {PORT}"), "^ok")
            assert self.ask(f"connect {peer} {PORT}") in ("started", "ok")
            assert self.ask("finish") == "ok"


def start_broker(side):
    job = side.spawn(["ipsecapid"], timeout=600)
    side.wait_until("ipsecapi caps")
    return job


def begin(near, far, address=None):
    broker = start_broker(near)
    inguest.echo(far, address or far.v4, PORT)
    return Program(near, broker)


def begin_latched(rig, protocol="udp"):
    program = begin(rig.a, rig.p)
    program.socket(protocol, rig)
    program.echoes("before")
    return program


def packets(program):
    """What the report counts, out and in."""
    return [int(n) for n in re.findall(r"=(\d+)", program.ask("count"))]


def in_clear(rig, capture):
    mac = bytes.fromhex(rig.a.mac.replace(":", ""))
    return [str(f) for f in wire.clear_frames(capture.path) if f.raw[6:12] == mac]


@tap.test(rig, timeout=200, cases=[dict(protocol=p) for p in ("udp", "tcp")])
def hardware_both_ways(rig, protocol):
    """Scenario 18, R5.4: hardware is required, and given both ways."""
    xfrm.Esp(rig.a, rig.p).up()
    program = begin(rig.a, rig.p)
    with rig.capture() as capture:
        program.socket(protocol, rig)
        program.echoes("hello")
        program.until("report", BOTH)
        assert program.ask("close") == "ok"
        program.until("status", "latch=closed")
    assert any(f.spi for f in wire.frames(capture.path)), "no ESP was on the wire"
    assert not in_clear(rig, capture), in_clear(rig, capture)
    table = rig.a.check("nft list table inet ipsecapi")
    assert table.count("elements") == 1, table      # the bits of marks, which stay


@tap.test(rig, timeout=200, cases=[dict(protocol=p) for p in ("udp", "tcp")])
def a_link_that_bounces(rig, protocol):
    """
    Scenario 18, rule 3: with the link the kernel's policies are gone, and what a program sends
    leaves in clear, as far as the device lets it. That of a latched one does not get there, also
    while there is no broker.
    """
    esp = xfrm.Esp(rig.a, rig.p).up()
    program = begin_latched(rig, protocol)
    with rig.capture() as capture:
        program.broker.stop(9)
        xfrm.bounce(rig.a)
        assert not rig.a.check("ip xfrm policy list dir out").strip()
        counted = xfrm.Counted(rig.a)
        refused = program.ask("send lost")
        assert refused.startswith("EPERM") or protocol == "tcp", refused
        assert not counted.drops(), f"it got to the device: {counted.drops()}"
        start_broker(rig.a)
        program.until("status", "latch=broken out=blocked")
        program.ask("send lost2")
    assert not in_clear(rig, capture), in_clear(rig, capture)
    rig.a.check("\n".join(["set -e", *esp.state_lines(rig.a), *esp.policy_lines(rig.a)]))
    program.until("status", "latch=established")
    if protocol == "tcp":
        assert program.ask("receive") in ("lost", "lost2")
    else:
        program.echoes("after")


@tap.test(rig, timeout=200)
def what_the_kernel_does_otherwise(rig):
    """Rule 3: a policy of the socket finds no SA of a device; what the device's was for is sent when it has gone."""
    esp = xfrm.Esp(rig.a, rig.p).up()
    send = f"python3 /usr/lib/ipsecapi/socket-policy.py send {rig.p.v4} {PORT}"
    counted = xfrm.Counted(rig.a)
    assert rig.a.check(send).strip() == "sent" and counted.moved()["tx_esp"] == 1, counted.moved()
    assert rig.a.check(f"{send} out={esp.out.reqid}").strip() == "EAGAIN"
    xfrm.bounce(rig.a)
    counted = xfrm.Counted(rig.a)
    assert rig.a.check(send).strip() == "sent", "the kernel held it back"
    # This device holds what it held; another would have sent it.
    rig.a.wait_until("ethtool -S esv0 | grep -q 'tx_drop_policy: [1-9]'")
    assert "tx_drop_policy" in counted.moved(), counted.moved()


@tap.test(rig, timeout=200)
def a_route_that_moves_to_another_port(rig):
    """Scenario 17: what was granted as hardware is not carried by anything else."""
    xfrm.Esp(rig.a, rig.p).up()
    program = begin_latched(rig)
    with rig.capture() as capture:
        rig.a.check(f"""set -e; ip link add other type dummy
            sysctl -qw net.ipv6.conf.other.disable_ipv6=1; ip link set other up
            ip addr add {rig.a.v4}/32 dev other; ip route add {rig.p.v4}/32 dev other src {rig.a.v4}""")
        program.ask("send elsewhere")
        program.until("status", "latch=broken out=blocked")
        assert program.ask("send lost").startswith("EPERM")
    sent = json.loads(rig.a.check("ip -s -j link show other"))[0]["stats64"]["tx"]
    assert sent["packets"] == 0, sent
    rig.a.check("ip link del other")
    program.until("status", "latch=established")
    program.echoes("after")
    assert not in_clear(rig, capture), in_clear(rig, capture)


@tap.test(rig, timeout=200)
def counts_agree_with_the_nics(rig):
    """Scenario 17: what a report counts is what the NIC has done."""
    xfrm.Esp(rig.a, rig.p).up()
    program = begin_latched(rig)
    before, counted = packets(program), xfrm.Counted(rig.a)
    for i in range(300):
        program.echoes(f"text{i}")
    now, moved = packets(program), counted.moved()
    for i, name in enumerate(("tx_esp", "rx_esp")):
        assert abs(now[i] - before[i] - moved[name]) <= 3, (before, now, moved)


@tap.test(rig, timeout=200)
def an_sa_of_another_reqid(rig):
    """Scenario 18: what comes in by another SA of the device is not for the latched socket."""
    esp = xfrm.Esp(rig.a, rig.p).up()
    program = begin_latched(rig)
    other = xfrm.Sa(rig.p, rig.a, "transport", xfrm.host_key(256))
    for side in (rig.a, rig.p):
        side.check(other.command(side))
    rig.p.check(esp.policy(rig.p, "update", "out", sa=other))
    with rig.capture() as capture:
        assert program.ask("send question") == "sent"
        rig.p.wait_until(f"ip -s xfrm state get {other.ident} | grep -q '[^0-9][1-9][0-9]*(packets)'")
        rig.p.check(esp.policy(rig.p, "update", "out"))
        program.echoes("after")     # so what came before it was not delivered
    assert any(f.spi == other.spi for f in wire.frames(capture.path)), "the peer did not answer by it"
    assert not in_clear(rig, capture), in_clear(rig, capture)


@tap.test(rig, timeout=200, cases=[dict(near=n, mode=m) for n in "ap" for m in ("transport", "tunnel")])
def strongswans_own_policies(rig, near, mode):
    """
    Scenario 3: rekeys by a daemon, whose policies name the SPI of the moment, over the NIC (a) and
    in software (p). No event speaks of a break, and nothing is lost.
    """
    near, far = (rig.a, rig.p) if near == "a" else (rig.p, rig.a)
    pair = charon.Pair(near, far, mode=mode)
    pair.near.initiate()
    program = begin(near, far, pair.addr(far))
    for protocol in ("udp", "tcp"):
        program.socket(protocol, rig, pair.addr(far), "require strong {} 3=2")
        program.echoes("before")
        with rig.capture() as capture:
            for i in range(3):
                pair.near.swanctl(f"--rekey --child {charon.CHILD}")
                program.echoes(f"during{i}")
        program.until("status", "latch=established out=encrypted.* in=encrypted")
        assert not [e for e in program.events if "broken" in e], program.events
        assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]


@tap.test(rig, timeout=200)
def a_server_of_connections(rig):
    """Rules 2 and 3: a latched listener, and what it accepts, where a device holds the policies."""
    xfrm.Esp(rig.a, rig.p).up()
    program = begin(rig.a, rig.p)
    for line in ("socket 4", f"bind {rig.a.v4} {PORT}", "open"):
        assert program.ask(line) == "ok", line
    program.until("require strong 8=1 2=2", "^ok")
    assert program.ask("listen") == "ok"
    with rig.capture() as capture:
        client = rig.p.spawn(["python3", "-c", "import socket; "
                              f"s = socket.create_connection(('{rig.a.v4}', {PORT}), 30); "
                              "s.sendall(b'question\\n'); print(s.recv(100).decode(), flush=True)"], timeout=60)
        assert program.ask("accept") == "ok"
        assert program.ask("receive") == "question"
        program.until("report", r"latch=established/none .*out=encrypted/hw-packet/none\+latch "
                                r"in=encrypted/hw-packet/none\+latch")
        program.ask("send answer")
        client.wait_output("answer")
    assert not in_clear(rig, capture), in_clear(rig, capture)


if __name__ == "__main__":
    tap.main()
