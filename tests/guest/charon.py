#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
strongSwan's own daemon, unmodified, over our NIC: its peer is the same daemon
on kernel software ESP, or on our second NIC.
"""

import ipaddress
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import charon  # noqa: E402
import flow  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5008
APP = 1000
SECOND = "10.9.0.11"

rig = tap.fixture(lambda: flow.installed(Rig(peer="e1000e", name="charon")))
strict = tap.fixture(lambda: flow.installed(Rig(peer="e1000e", nic_props={"strict": True},
                                                name="strict")))
small = tap.fixture(lambda: Rig(peer="e1000e", a_props={"sa-max": 4}, name="small"))


def unit(side, what):
    """Lines of the device's own list of SAs or policies."""
    return side.guest.check(f"espvault {what} list {xfrm.unit_node(side)}").splitlines()


def all_offloaded(side):
    """
    Both SAs are the device's, by the kernel's account and by its own. While it waits for one that
    it asked for, the kernel has a state as well; it may have the policy's SPI, but no algorithm.
    """
    states = side.check("ip xfrm state")
    assert len(re.findall("^\taead ", states, re.M)) == 2, states
    for direction in ("in", "out"):
        assert f"crypto offload parameters: dev {side.dev} dir {direction} mode packet" in states, states
    assert len(unit(side, "sa")) == 2, unit(side, "sa")


def works(pair, counted):
    """Echoes and verified bytes both ways, done by the device."""
    assert pair.ping().ok, pair.explain()
    for one, other in ((pair.left, pair.right), (pair.right, pair.left)):
        flow.send(one, pair.addr(other), PORT, bytes=200_000)
    moved = counted.moved()
    assert moved["tx_esp"] > 20 and moved["rx_esp"] > 20, moved
    assert not counted.drops(), counted.drops()


def served(pair):
    for side in (pair.left, pair.right):
        flow.serve(side, PORT)


@tap.test(rig, timeout=180, cases=[dict(peer=p, mode=m, family=f) for p in "pb"
                                   for m in ("transport", "tunnel") for f in (4, 6)])
def a_child_sa_is_the_devices(rig, peer, mode, family):
    far = getattr(rig, peer)
    with rig.capture() as capture:
        pair = charon.Pair(rig.a, far, family, mode)
        served(pair)
        pair.near.initiate()
        counted = xfrm.Counted(rig.a)
        works(pair, counted)
    for side in (rig.a, far):
        if xfrm.offloads(side):
            all_offloaded(side)
    assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]
    assert any(charon.is_ike(f) for f in wire.frames(capture.path))
    assert not wire.repeated_ivs(capture.path)


@tap.test(strict)
def packet_offload_is_found_and_ike_passes(rig):
    """The daemon's policies for IKE are taken, and on a port that lets nothing else pass it talks."""
    pair = charon.Pair(rig.a, rig.p)
    assert not re.search("netlink error|unable to", pair.near.log), pair.near.log
    entries = unit(rig.a, "policy")
    for port in charon.PORTS:
        for words in (f"in .* dport {port} .* allow", f"out .* sport {port} .* allow"):
            assert sum(bool(re.search(words, line)) for line in entries) == 2, entries
    with rig.capture() as capture:
        assert not pair.ping(1, wait=1).ok, "the port is not closed"
        pair.near.initiate()
        assert pair.ping().ok, pair.explain()
    assert not charon.clear_frames(capture.path)
    pair.near.stop()
    assert not unit(rig.a, "policy") and not unit(rig.a, "sa")


@tap.test(rig)
def the_first_packet_raises_an_acquire(rig):
    with rig.capture() as capture:
        pair = charon.Pair(rig.a, rig.p, start="trap")
        served(pair)
        assert not unit(rig.a, "sa")
        counted = xfrm.Counted(rig.a)
        pair.ping(1, wait=1)
        pair.near.wait_log("received a XFRM_MSG_ACQUIRE")
        pair.near.wait_log("CHILD_SA net{2} established")
        assert counted.moved().get("ipsec_sa_acquire") == 1, counted.moved()
        counted = xfrm.Counted(rig.a)
        works(pair, counted)
    all_offloaded(rig.a)
    assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]


@tap.test(small, timeout=180)
def a_full_table_blocks_no_acquire(rig):
    """The daemon is asked and negotiates; the device refuses the SAs in words, nothing leaves in clear."""
    for _ in range(4):
        rig.a.check(xfrm.Sa(rig.a, rig.b, "transport", xfrm.host_key(256)).command(rig.a))
    with rig.capture() as capture:
        pair = charon.Pair(rig.a, rig.p, start="trap")
        counted = xfrm.Counted(rig.a)
        pair.ping(1, wait=1)
        pair.near.wait_log("received netlink error: espvault: Device: table is full")
        pair.near.wait_log("unable to install inbound and outbound IPsec SA")
        assert counted.moved().get("ipsec_sa_acquire") == 1, counted.moved()
        assert "proto esp spi 0x00000000" in rig.a.check("ip xfrm state")
        assert not pair.ping(2, wait=1).ok
    assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]
    # Until the reservation is gone, which takes the daemon's 165 s, the kernel does not ask again.
    rig.a.check("ip xfrm state flush")
    with rig.capture() as capture:
        rig.a.wait_until(f"ping -n -q -c 1 -W 1 {rig.p.v4}")
    all_offloaded(rig.a)
    assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]


def answered(job):
    return {int(n) for n in re.findall(r"icmp_seq=(\d+)", job.out)}


# A packet that has chosen its SA when the daemon deletes it, on its way to the device or in its queue.
OVERTAKEN = ("ipsec_tx_refused_dead", "XfrmOutError", "XfrmOutStateInvalid", "tx_drop_tag_stale")


@tap.test(rig, timeout=240, cases=[dict(mode=m) for m in ("transport", "tunnel")])
def rekeying_under_traffic(rig, mode):
    with rig.capture() as capture:
        pair = charon.Pair(rig.a, rig.p, mode=mode)
        served(pair)
        pair.near.initiate()
        pair.ping(1)
        counted, peer = xfrm.Counted(rig.a), xfrm.Counted(rig.p)
        echo = rig.a.spawn(f"stdbuf -oL ping -n -i 0.02 -W 2 {pair.addr(rig.p)}", timeout=200)
        for number in range(1, 5):
            pair.near.swanctl(f"--rekey --child {charon.CHILD}")
            flow.send(rig.a, pair.addr(rig.p), PORT, bytes=100_000)
            flow.send(rig.p, pair.addr(rig.a), PORT, bytes=100_000)
            pair.near.wait_log(f"rekeyed CHILD_SA net{{{number}}}")
        echo.signal(2)
        echo.wait(20)
        tap.diag(f"{echo.out.splitlines()[-2]}; {counted.drops()}")
    spis = {f.spi for f in wire.frames(capture.path) if f.spi}
    assert len(spis) == 10, spis
    assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]
    assert not wire.repeated_ivs(capture.path)
    assert not counted.drops(*OVERTAKEN) and not peer.drops(), (counted.drops(), peer.drops())
    missing = set(range(1, max(answered(echo)) + 1)) - answered(echo)
    assert len(missing) <= sum(counted.moved().get(name, 0) for name in OVERTAKEN), missing


@tap.test(rig, cases=[dict(mode=m) for m in ("transport", "tunnel")])
def terminating_leaves_nothing(rig, mode):
    pair = charon.Pair(rig.a, rig.p, mode=mode)
    pair.near.initiate()
    assert pair.ping().ok
    all_offloaded(rig.a)
    pair.near.swanctl(f"--terminate --child {charon.CHILD}")
    assert not unit(rig.a, "sa"), unit(rig.a, "sa")
    left = [line for line in unit(rig.a, "policy") if "protect" in line]
    assert not left and not rig.a.check("ip xfrm state"), left
    pair.near.stop()
    assert not unit(rig.a, "policy"), unit(rig.a, "policy")


@tap.test(rig, timeout=180)
def another_address_fails_closed(rig):
    """
    For MOBIKE this release reads the SA back, deletes it and adds it again, key and all;
    but the key is not there to be read. It reports errors, believes in the SAs, and nothing
    flows until it is told to rekey.
    """
    pair = charon.Pair(rig.a, rig.p, mode="tunnel", mobike=True)
    pair.near.initiate()
    assert pair.ping().ok
    # It tries every pair of addresses and takes what answers first: leave it one.
    rig.p.check("nft -f -", stdin=f"""
table inet paths {{
	chain input {{
		type filter hook input priority 0
		udp dport 4500 ip daddr != {rig.p.v4} drop
		udp dport 4500 meta nfproto ipv6 drop
	}}
}}
""")
    job = inguest.offer(rig.a, PORT, pair.addr(rig.p))
    with rig.capture() as capture:
        rig.a.check(f"""sysctl -qw net.ipv4.conf.esv0.promote_secondaries=1
            ip addr add {SECOND}/24 dev esv0; ip addr del {rig.a.v4}/24 dev esv0""")
        pair.near.wait_log("N(UPD_SA_ADDR)")
        pair.far.wait_log(f"endpoint changed from {rig.a.v4}[4500] to {SECOND}[4500]")
        pair.near.wait_log("unable to update SAD entry", times=2)
        assert not pair.ping(wait=1).ok
        assert not unit(rig.a, "sa"), unit(rig.a, "sa")
        assert f"{SECOND}" in pair.near.sas() and "INSTALLED" in pair.near.sas(), pair.near.sas()
    from_second = [str(f) for f in wire.frames(capture.path)
                   if f.spi and f.src == ipaddress.ip_address(SECOND).packed]
    assert not from_second, from_second[:5]
    assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]

    with rig.capture() as capture:
        pair.near.swanctl(f"--rekey --child {charon.CHILD}")
        pair.near.wait_log("rekeyed CHILD_SA net{1}")
        assert pair.ping().ok, pair.explain()
    job.stop()
    all_offloaded(rig.a)
    assert not charon.clear_frames(capture.path), charon.clear_frames(capture.path)[:5]


@tap.test(rig, cases=[dict(port_bypass=b) for b in (True, False)])
def the_report_says_so(rig, port_bypass):
    """
    An unprivileged program is told that the NIC does it, with keys that the host knows. That
    there are sockets with policies of their own, the daemon's, is told as well.
    """
    pair = charon.Pair(rig.a, rig.p, port_bypass=port_bypass)
    pair.near.initiate()
    assert pair.ping().ok
    rig.a.spawn(["ipsecapid"], timeout=600)
    rig.a.wait_until("ipsecapi caps")
    probe = json.loads(rig.a.check(["ipsecapi", "--json", "probe", "udp", rig.p.v4, str(PORT)],
                                   uid=APP))
    for direction in ("out", "in"):
        said = probe[direction]
        assert said["enforced_by"] == "hw-packet" and said["custody"] == "L1", said
        assert said["protection"] == "encrypted" and said["strength"] == "strong", said
        assert ("socket-policy" in said["caveats"]) == (not port_bypass), said


if __name__ == "__main__":
    tap.main()
