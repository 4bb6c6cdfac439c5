#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A router whose tunnel is in our NIC: packets of a host behind it come without a
link-layer header that means anything, and must leave with the next hop's
address; while that is not known they must not leave.

    c  10.30.1.1  fd30:1::1   behind a, over a veth pair
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, Side, tap  # noqa: E402
import flow  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5010
BULK = 2_000_000
# Where the route of the inner packets leads: nobody is there.
DECOY = {4: "10.9.0.99", 6: "fd09::99"}
DECOY_MAC = "02:e5:00:00:00:99"
ELSEWHERE = "02:e5:00:00:00:42"
INSIDE = "02:e5:00:00:30:01"
GATEWAY = {4: "10.30.1.254", 6: "fd30:1::fe"}


class Host(Side):
    """The host behind the router."""

    offload = False

    def __init__(self, r):
        super().__init__(r.guest, "esv0", 30, "c", dev="inside")
        self.v4, self.v6 = "10.30.1.1", "fd30:1::1"

    def clean(self):
        pass


class RouterRig(Rig):
    def __init__(self):
        super().__init__(name="router")
        flow.installed(self)
        self.guest.check(f"""set -e
            modprobe veth
            ip netns add c; ip -n c link set lo up
            ip link add inside netns c address {INSIDE} type veth peer name inside netns a""")
        self.c = Host(self)
        self.join()

    def join(self):
        self.guest.check(f"""set -e
            ip netns exec a sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            ip -n a link set inside up; ip -n c link set inside up
            ip -n a -4 addr flush dev inside    # to get back the route that was flushed
            ip -n a addr replace {GATEWAY[4]}/24 dev inside
            ip -n a addr replace {GATEWAY[6]}/64 dev inside nodad
            # The router's devices have no link-local address that it could ask from.
            ip -n a neigh replace fd30:1::1 lladdr {INSIDE} dev inside
            ip -n c addr replace 10.30.1.1/24 dev inside
            ip -n c addr replace fd30:1::1/64 dev inside nodad
            ip -n c route replace default via {GATEWAY[4]}
            ip -n c -6 route replace default via {GATEWAY[6]}""")

    def reset(self):
        super().reset()
        self.join()


rig = tap.fixture(RouterRig)


class Through:
    """A tunnel from a to b for what c and b's inner address have to say to each other."""

    def __init__(self, r, family):
        self.r, self.family = r, family
        self.esp = xfrm.Esp(r.a, r.b, family, "tunnel")
        self.near, self.far = r.c.addr(family), xfrm.inner_addr(r.b, family)

    def rules(self, side):
        """Policies of one end; what is forwarded is looked at by a policy of the kernel's alone."""
        esp, out = self.esp, side is self.r.a
        ways = [("out" if out else "in", self.near, self.far, esp.out),
                ("in" if out else "out", self.far, self.near, esp.back)]
        lines = [xfrm.policy(side, "add", d, s, t, sa=sa) for d, s, t, sa in ways]
        if out:
            lines.append(xfrm.policy(side, "add", "fwd", self.far, self.near, sa=esp.back, offload=False))
        return lines

    def routes(self):
        r, ip = self.r, f"ip -{self.family}"
        outer, near = r.b.addr(self.family), r.a.addr(self.family)
        decoy = DECOY[self.family]
        nodad = "nodad" if self.family == 6 else ""
        r.a.check(f"""set -e
            {ip} neigh replace {decoy} lladdr {DECOY_MAC} dev esv0
            {ip} route replace {xfrm.whole(self.far)} via {decoy} dev esv0 onlink
            {ip} route replace {xfrm.whole(outer)} dev esv0""")
        # Of the other end nothing is asked but answers: it need not look for its neighbour.
        r.b.check(f"""set -e
            {ip} neigh replace {near} lladdr {r.a.mac} dev esv1
            {ip} addr replace {xfrm.whole(self.far)} dev esv1 {nodad}
            {ip} route replace {xfrm.whole(self.near)} via {near} dev esv1 onlink src {self.far}
            {ip} route replace {xfrm.whole(near)} via {near} dev esv1 onlink""")

    def up(self):
        self.routes()
        for side in (self.r.b, self.r.a):
            side.check("\n".join(["set -e"] + self.esp.state_lines(side) + self.rules(side)))
        return self

    def ping(self, count=3):
        return self.r.c.run(f"ping -n -q -c {count} -i 0.05 -W 1 {self.far}")


def sent_by_a(path, r):
    mac = bytes.fromhex(r.a.mac.replace(":", ""))
    return [f for f in wire.frames(path) if f.raw[6:12] == mac and not wire.is_background(f)]


def check_link_layer(frames, through, to):
    """Every frame is ESP of the tunnel, between a's address and that of the next hop."""
    r = through.r
    head = bytes.fromhex((to + r.a.mac).replace(":", ""))
    kind = b"\x08\x00" if through.family == 4 else b"\x86\xdd"
    assert frames, "nothing was sent"
    for f in frames:
        assert f.spi == through.esp.out.spi, f"not of the tunnel: {f}"
        assert f.raw[:14] == head + kind, f"link-layer header {f.raw[:14].hex()}, not {(head + kind).hex()}"


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def forwarded_packets_go_to_the_next_hop(rig, family):
    through = Through(rig, family).up()
    rig.c.wait_until(f"ping -n -q -c 1 -W 1 {through.far}")
    with rig.capture() as capture:
        assert through.ping().ok
        flow.serve(rig.b, PORT)
        flow.send(rig.c, through.far, PORT, BULK)
        flow.send(rig.c, through.far, PORT, 100_000, size=1000, udp=True)
    check_link_layer(sent_by_a(capture.path, rig), through, rig.b.mac)
    assert not wire.clear_frames(capture.path)
    assert not wire.oversized(capture.path, 1500)
    assert not wire.repeated_ivs(capture.path)


# Router a hears nothing of who its neighbours are.
DEAF = {
    4: ["protocol arp matchall"],
    6: [f"protocol ipv6 u32 match u8 58 0xff at 6 match u8 {kind} 0xff at 40" for kind in (135, 136)],
}


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def nothing_leaves_before_the_next_hop_is_known(rig, family):
    through = Through(rig, family)
    rig.a.check("\n".join(["set -e", "tc qdisc add dev esv0 clsact"] + [
        f"tc filter add dev esv0 ingress {what} action drop" for what in DEAF[family]]))
    rig.a.check("ip neigh flush dev esv0; ip -6 neigh flush dev esv0")
    through.up()
    rig.a.run(f"ip neigh del {rig.b.addr(family)} dev esv0")
    counted = xfrm.Counted(rig.a)
    with rig.capture() as capture:
        assert not through.ping().ok
        sent = sent_by_a(capture.path, rig)
        assert not sent, f"sent to {sent[0].raw[:6].hex()}: {sent[0]}"
        assert counted.moved().get("tx_drop_nexthop", 0) >= 3, counted.moved()
        rig.a.check("tc qdisc del dev esv0 clsact")
        rig.c.wait_until(f"ping -n -q -c 1 -W 1 {through.far}")
    check_link_layer(sent_by_a(capture.path, rig), through, rig.b.mac)
    assert not wire.clear_frames(capture.path)


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def the_next_hop_moves(rig, family):
    """The neighbour gets another address: the frames follow, and none has a third one."""
    through = Through(rig, family).up()
    rig.c.wait_until(f"ping -n -q -c 1 -W 1 {through.far}")
    updates = xfrm.counters(rig.a)["ipsec_nexthop_updates"]
    rig.a.check(f"ip neigh replace {rig.b.addr(family)} lladdr {ELSEWHERE} dev esv0")
    rig.a.wait_until(f"ethtool -S esv0 | awk '$1 == \"ipsec_nexthop_updates:\" {{ exit $2 <= {updates} }}'")
    with rig.capture() as capture:
        assert not through.ping().ok
    check_link_layer(sent_by_a(capture.path, rig), through, ELSEWHERE)
    rig.a.check(f"ip neigh del {rig.b.addr(family)} dev esv0")
    rig.c.wait_until(f"ping -n -q -c 1 -W 1 {through.far}")


if __name__ == "__main__":
    tap.main()
