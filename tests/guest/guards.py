#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
No silent software (invariant I2): every way from an SA of the device to
software ESP ends in a refusal or in dropped packets and a counter, never in an
ESP frame that the host made. Shown by captures: each ESP frame on the wire was
counted by the device that encrypted it. The numbers of the routes and guards are
those of ARCHITECTURE.md.
"""

import contextlib
import pathlib
import re
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5005
AEADS = ("rfc4106(gcm(aes))", "rfc4543(gcm(aes))", "rfc7539esp(chacha20,poly1305)")
MAGIC = "e57a1d544f4b019b"

rig = tap.fixture(Rig)


def token():
    """Looks like a token; no unit knows it."""
    return MAGIC + secrets.token_hex(28)


class Wire:
    """What was on the wire during a block, and what counted it."""

    def __init__(self, r):
        self.r = r
        self.moved = {}
        self.frames = []
        self.path = None

    @property
    def esp(self):
        return [f for f in self.frames if f.spi is not None]

    def sent_by(self, side):
        mac = bytes.fromhex(side.mac.replace(":", ""))
        return [f for f in self.frames if f.raw[6:12] == mac]

    def no_esp(self):
        assert not self.esp, f"ESP left: {self.esp[0]}"

    def count(self, side, name, least=1):
        """A counter that must have moved."""
        got = self.moved[side].get(name, 0)
        assert got >= least, f"{name} moved by {got}; moved: {self.moved[side]}"


@contextlib.contextmanager
def on_the_wire(r):
    """
    After the block: nothing in clear between a and b but background, and as
    many frames of ESP as the two devices say that they encrypted.
    """
    seen = Wire(r)
    counted = {side: xfrm.Counted(side) for side in (r.a, r.b)}
    with r.capture() as capture:
        yield seen
        for side in counted:
            settle(side)
    seen.path = capture.path
    seen.frames = list(wire.frames(capture.path))
    seen.moved = {side: c.moved() for side, c in counted.items()}
    made = sum(m.get("tx_esp", 0) for m in seen.moved.values())
    assert len(seen.esp) == made, f"{len(seen.esp)} frames of ESP, the devices made {made}"
    clear = [f for f in seen.frames if f.spi is None and not wire.is_background(f)]
    assert not clear, f"in clear: {', '.join(map(str, clear[:3]))}"


def settle(side):
    """Until the device sends no more of what it was given."""
    before = None
    while before != (now := xfrm.counters(side).get("tx_frames")):
        before = now


def ping(side, to, count=3, options="", ok=None):
    """ok: whether an answer must come, must not come, or None for either."""
    result = side.run(f"ping -n -q -c {count} -i 0.05 -W 1 {options} {to}")
    if ok is not None:
        assert (result.rc == 0) == ok, result.describe()
    return result


def refused(side, line, words, verb="ip"):
    """A command that fails, and says why."""
    result = side.run(line)
    assert result.rc, f"{verb} accepted: {line}"
    assert words in result.err, f"no '{words}' in: {result.err.strip()}"


def software_state(r, aead, key, extra="", dst=None):
    return (f"ip xfrm state add src {r.a.v4} dst {dst or r.b.v4} proto esp spi 0x7001 reqid 77 "
            f"mode transport aead '{aead}' 0x{key} 128 {extra}")


def software_policy(r, dst=None):
    return (f"ip xfrm policy add src {r.a.v4}/32 dst {dst or r.b.v4}/32 dir out "
            "tmpl proto esp reqid 77 mode transport")


def sends_nothing(r, dst=None):
    """With a policy to software that has a token for a key."""
    r.a.check(software_policy(r, dst))
    with on_the_wire(r) as seen:
        ping(r.a, dst or r.b.v4, options=f"-I {r.a.v4}", ok=False)
    seen.no_esp()
    seen.count(r.a, "XfrmOutStateProtoError", 3)
    seen.count(r.a, "guard_refused", 3)


def works(r, esp):
    """The SA is in use by the device."""
    with on_the_wire(r) as seen:
        ping(r.a, esp.addr(esp.right), ok=True)
    seen.count(r.a, "tx_esp", 3)


# Route 1: user space says nothing of offload.

@tap.test(rig, cases=[dict(aead=a) for a in AEADS])
def a_token_without_offload_keys_nothing(r, aead):
    r.a.check(software_state(r, aead, token()))
    sends_nothing(r)


@tap.test(rig, cases=[dict(aead=a) for a in AEADS])
def what_is_no_key_is_refused(r, aead):
    for key in ("00" * 36, token()[:40], token() + "00" * 4):
        refused(r.a, software_state(r, aead, key), "initialize cryptographic operations")


@tap.test(rig, cases=[dict(aead=a) for a in AEADS])
def ordinary_keys_are_passed_on(r, aead):
    """Software ESP of ordinary keys is none of our business, on any port."""
    key = secrets.token_hex(36)
    for side in (r.a, r.b):
        side.check(software_state(r, aead, key, "dir out" if side is r.a else "dir in"))
    r.a.check(software_policy(r))
    r.b.check(f"ip xfrm policy add src {r.a.v4}/32 dst {r.b.v4}/32 dir in "
              "tmpl proto esp reqid 77 mode transport")
    before = xfrm.xfrm_stats(r.b)
    ping(r.a, r.b.v4, count=3)
    got = r.b.check("ip -s xfrm state")
    assert re.search(r"\b3\(packets\)", got), got
    assert xfrm.xfrm_stats(r.b) == before


@tap.test(rig)
def the_guard_stands_before_what_was_there(r):
    crypto = r.guest.check("cat /proc/crypto").split("\n\n")
    for aead in AEADS:
        name = f"seqiv({aead})"
        rows = [dict(re.findall(r"^(\S+)\s*: (.*)$", c, re.MULTILINE)) for c in crypto]
        rows = [row for row in rows if row.get("name") == name]
        best = max(rows, key=lambda row: int(row["priority"]))
        assert best["module"] == "espvault", rows
        log = r.guest.check("dmesg")
        found = re.search(re.escape(name) + r" is guarded, other keys go to (\S+)", log)
        assert found, f"no word about {name}"
        rest = [row for row in rows if row["module"] != "espvault"]
        best = max(rest, key=lambda row: int(row["priority"]))
        assert best["driver"] == found[1], rows


# Route 2: crypto offload of a device that has none, or of no device.

AWAY = "198.51.100.2"


@contextlib.contextmanager
def another_device(r):
    """One that offloads nothing, with a network behind it."""
    r.a.check("ip link add other type dummy && ip link set other up && "
              f"ip route add {AWAY}/32 dev other")
    try:
        yield
    finally:
        r.a.check("ip link delete other")


@tap.test(rig, cases=[dict(device=d) for d in ("lo", "other")])
def a_token_for_another_device_keys_nothing(r, device):
    """The kernel takes it for an SA of software."""
    with another_device(r):
        r.a.check(software_state(r, AEADS[0], token(), f"offload dev {device} dir out"))
        assert "offload" not in r.a.check("ip xfrm state")
        sends_nothing(r)


@tap.test(rig, cases=[dict(device=d) for d in ("lo", "other")])
def packet_offload_by_another_device_is_an_error(r, device):
    with another_device(r):
        refused(r.a, software_state(r, AEADS[0], token(), f"offload packet dev {device} dir out"),
                "Invalid argument")
    assert not r.a.check("ip xfrm state")


# The kernel asks the routes when there is no such interface. Where they lead, for which
# offload; None: it is taken for an SA of software.
NOWHERE = 9999
NO_INTERFACE = {("us", ""): "only packet offload", ("us", "packet"): "token is unknown",
                ("another", ""): None, ("another", "packet"): "Invalid argument",
                ("nowhere", ""): None, ("nowhere", "packet"): "Invalid argument"}


@tap.test(rig, cases=[dict(route=r, offload=o) for r, o in NO_INTERFACE])
def a_token_for_an_interface_that_is_not_there_keys_nothing(r, route, offload):
    words = NO_INTERFACE[route, offload]
    dst = {"us": r.b.v4, "another": AWAY, "nowhere": "203.0.113.2"}[route]
    assert r.a.run(f"ip link show | grep -q ^{NOWHERE}:").rc
    with another_device(r):
        line = software_state(r, AEADS[0], token(), f"offload {offload} dev if{NOWHERE} dir out", dst)
        if words is None:
            r.a.check(line)
            r.a.check(f"ip route replace {dst}/32 via {r.b.v4} dev esv0")
            sends_nothing(r, dst)
        else:
            refused(r.a, line, words)
            assert not r.a.check("ip xfrm state")


# Route 3: the driver never leaves an SA to software.

@tap.test(rig)
def crypto_offload_is_refused_in_words(r):
    for key in (token(), secrets.token_hex(36)):
        refused(r.a, software_state(r, AEADS[0], key, "offload dev esv0 dir out"),
                "only packet offload")
    assert not r.a.check("ip xfrm state")


# Route 4: a daemon that tries packet, then crypto, then nothing.

@tap.test(rig)
def falling_back_step_by_step_ends_without_a_key(r):
    key = token()
    for offload in ("offload packet dev esv0 dir out", "offload dev esv0 dir out"):
        refused(r.a, software_state(r, AEADS[0], key, offload), "")
    r.a.check(software_state(r, AEADS[0], key))
    sends_nothing(r)


# Route 5: the feature is switched off.

@tap.test(rig)
def the_feature_bit_is_fixed(r):
    esp = xfrm.Esp(r.a, r.b).up()
    for feature in ("esp-hw-offload", "esp-tx-csum-hw-offload", "tx-esp-segmentation"):
        r.a.run(f"ethtool -K esv0 {feature} off")
        assert re.search(rf"{feature}: on \[fixed\]", r.a.check("ethtool -k esv0"))
    works(r, esp)


# Route 6: the packet goes elsewhere.

@tap.test(rig)
def a_packet_that_is_routed_elsewhere_goes_nowhere(r):
    esp = xfrm.Esp(r.a, r.b).up()
    works(r, esp)
    r.a.check("ip link add other type dummy && ip link set other up && "
              f"ip route add {r.b.v4}/32 dev other src {r.a.v4}")
    before = r.a.check("cat /proc/net/dev | grep other:").split()
    with on_the_wire(r) as seen:
        ping(r.a, r.b.v4, ok=False)
    after = r.a.check("cat /proc/net/dev | grep other:").split()
    r.a.check("ip link delete other")
    seen.no_esp()
    assert after[10] == before[10], f"{after[10]} frames went to the other device"
    seen.count(r.a, "ipsec_tx_refused_path", 3)
    seen.count(r.a, "XfrmOutError", 3)


@tap.test(rig)
def a_redirected_packet_does_not_leave_in_clear(r):
    """What another port is redirected from has no tag here."""
    xfrm.Esp(r.a, r.b).up()
    r.a.check(f"""set -e
        ip link add near type veth peer name far
        ip link set near up; ip link set far up
        ip addr add {r.a.v4}/32 dev near
        ip route add 198.51.100.2/32 dev near
        ip neigh add 198.51.100.2 lladdr {r.b.mac} dev near
        tc qdisc add dev far clsact
        tc filter add dev far ingress matchall action pedit ex munge ip dst set {r.b.v4} \
            pipe csum ip pipe mirred egress redirect dev esv0""")
    with on_the_wire(r) as seen:
        ping(r.a, "198.51.100.2", ok=False)
    r.a.check("ip link delete near")
    seen.no_esp()
    seen.count(r.a, "tx_drop_notag", 3)


UPPERS = {
    "bridge": "ip link add up0 type bridge && ip link set esv0 master up0",
    "bond": "ip link add up0 type bond && ip link set esv0 down && ip link set esv0 master up0",
    "team": "ip link add up0 type team && ip link set esv0 down && ip link set esv0 master up0",
    "macvlan": "ip link add up0 link esv0 type macvlan",
    "ipvlan": "ip link add up0 link esv0 type ipvlan",
    "VLAN": "ip link add up0 link esv0 type vlan id 5",
}


@tap.test(rig, cases=[dict(kind=k) for k in ("bridge", "macvlan", "ipvlan", "VLAN")])
def no_upper_while_there_is_an_sa(r, kind):
    esp = xfrm.Esp(r.a, r.b).up()
    try:
        refused(r.a, UPPERS[kind], f"be part of a {kind}")
        works(r, esp)
    finally:
        r.a.run("ip link delete up0")


@tap.test(rig, cases=[dict(kind=k) for k in UPPERS])
def no_sa_while_there_is_an_upper(r, kind):
    esp = xfrm.Esp(r.a, r.b)
    r.a.check(UPPERS[kind])
    try:
        refused(r.a, esp.state_lines(r.a)[0], f"Interface is part of a {kind}")
    finally:
        r.a.check("ip link set esv0 nomaster; ip link delete up0; ip link set esv0 up")
        r.a.wait_until("ip link show esv0 | grep -q LOWER_UP")


@tap.test(rig)
def a_vrf_is_no_such_upper(r):
    r.a.check("ip link add vrf0 type vrf table 10 && ip link set vrf0 up && "
              "ip link set esv0 master vrf0")
    try:
        r.a.check(xfrm.Esp(r.a, r.b).state_lines(r.a)[0])
    finally:
        r.a.check("ip link delete vrf0")


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def the_next_hop_is_looked_up_in_the_vrf(r, family):
    """The device gets a tunnel's next hop from the driver; the way there is in the VRF's table alone."""
    esp = xfrm.Esp(r.a, r.b, family, mode="tunnel")
    r.a.check("ip link add vrf0 type vrf table 10 && ip link set vrf0 up && "
              "ip link set esv0 master vrf0 && ip neigh flush dev esv0 && ip -6 neigh flush dev esv0")
    try:
        # A port that joins loses its IPv6 addresses.
        r.a.check(f"ip addr replace {r.a.addr(family)}/{24 if family == 4 else 64} dev esv0 "
                  f"{'nodad' if family == 6 else ''}")
        assert "dev esv0 table 10" in r.a.check(f"ip route get {r.b.addr(family)} vrf vrf0")
        neighbour = f"ip neigh show {r.b.addr(family)} dev esv0"
        assert "lladdr" not in r.a.check(neighbour)
        r.a.check(esp.out.command(r.a))
        r.a.wait_until(f"{neighbour} | grep -q lladdr")    # the driver asked, nobody else does
    finally:
        r.a.run("ip xfrm state flush; ip link delete vrf0")


# Route 7: what the device can't express.

@tap.test(rig, cases=[dict(options=o) for o in ("-R", "-T tsonly")])
def header_options_are_dropped(r, options):
    xfrm.Esp(r.a, r.b).up()
    with on_the_wire(r) as seen:
        ping(r.a, r.b.v4, options=options, ok=False)
    seen.no_esp()
    seen.count(r.a, "ipsec_tx_refused_headers", 3)
    seen.count(r.a, "XfrmOutError", 3)


@tap.test(rig)
def extension_headers_are_dropped(r):
    """RFC 4303 3.1.1 lets ESP stand before or behind them; the device knows neither."""
    esp = xfrm.Esp(r.a, r.b, 6).up()
    ping(r.a, esp.addr(r.b), ok=True)
    with on_the_wire(r) as seen:
        for option in ("IPV6_HOPOPTS", "IPV6_DSTOPTS"):
            r.a.run(["python3", "-c", f"""
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.{option}, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
s.sendto(b"x", ("{esp.addr(r.b)}", {PORT}))
"""])
    seen.no_esp()
    seen.count(r.a, "ipsec_tx_refused_headers", 2)


@tap.test(rig, cases=[dict(family=f) for f in (4, 6)])
def a_packet_that_is_too_long_is_dropped(r, family):
    esp = xfrm.Esp(r.a, r.b, family).up()
    ping(r.a, esp.addr(r.b), ok=True)
    with on_the_wire(r) as seen:
        ping(r.a, esp.addr(r.b), count=1, options="-s 1470", ok=False)
    seen.no_esp()
    seen.count(r.a, "XfrmOutError")


@tap.test(rig)
def nested_transforms_are_refused(r):
    tmpl = "tmpl proto esp reqid 1 mode transport"
    refused(r.a, f"ip xfrm policy add src {r.a.v4}/32 dst {r.b.v4}/32 dir out "
            f"offload packet dev esv0 {tmpl} {tmpl}", "more than one template")


# Route 8 and 13: the state goes while its packets wait.

@tap.test(rig)
def a_packet_that_outlives_its_sa_is_dropped(r):
    esp = xfrm.Esp(r.a, r.b).up()
    works(r, esp)
    # The qdisc holds what it gets until it is told to let go.
    r.a.check("tc qdisc add dev esv0 root tbf rate 1kbit burst 2000 limit 1mb")
    with on_the_wire(r) as seen:
        r.a.run(f"ping -n -q -c 20 -i 0.01 -s 1000 -W 1 {r.b.v4}")
        waiting = r.a.check("tc -s qdisc show dev esv0")
        assert not re.search(r"backlog 0b 0p", waiting), waiting
        r.a.check(esp.out.delete(r.a))
        r.a.check("tc qdisc change dev esv0 root tbf rate 1gbit burst 100k limit 1mb")
        r.a.wait_until("tc -s qdisc show dev esv0 | grep -q 'backlog 0b 0p'")
    seen.count(r.a, "sw_tx_drop_stale_sa")


@tap.test(rig, timeout=240)
def sas_come_and_go_under_load(r):
    """The queue is full again and again, so that packets are put back and tried once more."""
    esp = xfrm.Esp(r.a, r.b).up()
    r.a.check("ethtool -G esv0 tx 64")
    with on_the_wire(r) as seen:
        jobs = [inguest.offer(r.a, PORT, r.b.v4) for _ in range(2)]
        for _ in range(20):
            r.a.check(esp.out.delete(r.a))
            r.a.check(esp.out.command(r.a))
        assert all(job.running for job in jobs)
        for job in jobs:
            job.stop()
        r.a.wait_until("tc -s qdisc show dev esv0 | grep -q 'backlog 0b 0p'")
    seen.count(r.a, "tx_esp", 500)
    stops = {name: n for name, n in seen.moved[r.a].items() if name.endswith("_tx_stops")}
    tap.diag(f"{seen.moved[r.a]['tx_esp']} frames, {stops}")
    again = wire.repeated_ivs(seen.path)
    assert not again, f"used twice: {again[0]}"
    if not sum(stops.values()):
        tap.skip("no queue was ever full: this kernel is slower than the device")


# Route 9: the kernel moves an SA to another address.

@tap.test(rig)
def a_migrated_sa_has_no_key(r):
    esp = xfrm.Esp(r.a, r.b).up()
    works(r, esp)
    before = r.a.check("ip xfrm state")
    inguest.migrate_refused(r, esp.out, "10.9.0.99")
    assert r.a.check("ip xfrm state") == before
    works(r, esp)


# Route 11: what is dumped is no SA any more.

@tap.test(rig, cases=[dict(keys=k) for k in ("host", "unit")])
def a_dump_shows_no_key_and_makes_no_sa(r, keys):
    esp = xfrm.Esp(r.a, r.b, keys=keys).up()
    works(r, esp)
    dump = r.a.check("ip -d xfrm state")
    assert re.search(r"aead rfc4106\(gcm\(aes\)\)\s+128$", dump, re.MULTILINE), dump
    assert esp.out.key_out not in dump
    for key in ("", "00" * 36):
        for offload in ("", "offload packet dev esv0 dir out"):
            line = software_state(r, AEADS[0], key, offload).replace(" 0x 128", " '' 128")
            assert r.a.run(line).rc, f"accepted: {line}"
    works(r, esp)


# Updates and doubles.

@tap.test(rig)
def an_sa_that_is_added_twice_goes_on(r):
    esp = xfrm.Esp(r.a, r.b).up()
    works(r, esp)
    for offload in (None, False):
        assert r.a.run(esp.out.command(r.a, offload=offload)).rc, "added twice"
    with on_the_wire(r) as seen:
        ping(r.a, r.b.v4, ok=True)
    assert [f.seq for f in seen.esp if f.spi == esp.out.spi] == [4, 5, 6]


@tap.test(rig, cases=[dict(offload=o) for o in ("kept", "omitted")])
def an_update_starts_nothing_anew(r, offload):
    """It is refused, or the SA goes on where it was; the host encrypts nothing either way."""
    esp = xfrm.Esp(r.a, r.b).up()
    works(r, esp)
    for _ in range(5):
        r.a.run(esp.out.command(r.a, "update", offload=None if offload == "kept" else False))
    with on_the_wire(r) as seen:
        ping(r.a, r.b.v4, ok=True)
    assert [f.seq for f in seen.esp if f.spi == esp.out.spi] == [4, 5, 6]


# Route 12: a bond.

@tap.test(rig)
def a_bond_on_top_is_refused_both_ways(r):
    r.a.check("ip link add bond0 type bond mode active-backup && ip link set esv0 down && "
              "ip link set esv0 master bond0 && ip link set bond0 up")
    try:
        for dev in ("esv0", "bond0"):
            line = software_state(r, AEADS[0], token(), f"offload packet dev {dev} dir out")
            assert r.a.run(line).rc, f"{dev}: accepted"
        assert not r.a.check("ip xfrm state")
    finally:
        r.a.check("ip link set esv0 nomaster; ip link delete bond0; ip link set esv0 up")
        r.a.wait_until("ip link show esv0 | grep -q LOWER_UP")


# Route 14: the interface goes. Who made the SAs is told.

GOING = {
    "down": "ip link set esv0 down; ip link set esv0 up",
    "moved": "ip netns add c; ip link set esv0 netns c; ip -n c link set esv0 netns a",
    "unbound": "echo {slot} > /sys/bus/pci/drivers/espvault/unbind; "
               "echo {slot} > /sys/bus/pci/drivers/espvault/bind",
}


@tap.test(rig, cases=[dict(how=h) for h in GOING])
def the_port_goes_and_every_sa_is_reported(r, how):
    esp = xfrm.Esp(r.a, r.b).up()
    works(r, esp)
    monitor = r.a.spawn("stdbuf -oL ip xfrm monitor expire", timeout=100)
    slot = xfrm.pci_slot(r.a)
    # The monitor listens once it has seen something.
    r.a.check(f"ip xfrm state add src {r.a.v4} dst {r.b.v4} proto esp spi 0x7777 mode transport "
              f"aead '{AEADS[0]}' 0x{secrets.token_hex(20)} 128 limit time-hard 1")
    monitor.wait_output("spi 0x00007777")
    job = inguest.offer(r.a, PORT, r.b.v4)
    with no_clear_frame(r):
        r.a.wait_until("[ $(ethtool -S esv0 | sed -n 's/^ *tx_esp: //p') -ge "
                       f"{xfrm.counters(r.a)['tx_esp'] + 100} ]")
        where = r.guest if how == "unbound" else r.a
        where.check(GOING[how].format(slot=slot))
        for sa in esp.sas:
            monitor.wait_output(rf"spi {sa.spi:#010x}(.|\n)*?hard 1")
        assert job.running, job.err
    sent = int(re.match(r"sent (\d+)", last_line(job.stop()))[1])
    assert sent >= 100, f"only {sent} datagrams were offered"
    monitor.stop()
    r.a.run("ip netns delete c")
    if how == "unbound":
        r.guest.wait_until(f"ip -br link | grep -q {r.a.mac}")
        dev = r.guest.netdev_of("esv0")
        r.guest.check(f"ip link set {dev} netns a name esv0")


def last_line(result):
    return result.out.splitlines()[-1]


@contextlib.contextmanager
def no_clear_frame(r):
    """ESP and nothing in clear while the port goes; its counters may go with it."""
    with r.capture() as capture:
        yield
    mac = bytes.fromhex(r.a.mac.replace(":", ""))
    mine = [f for f in wire.frames(capture.path) if f.raw[6:12] == mac]
    clear = [f for f in mine if f.spi is None and not wire.is_background(f)]
    assert not clear, f"in clear: {clear[0]}"
    esp = [f for f in mine if f.spi is not None]
    assert len(esp) >= 100, f"only {len(esp)} frames of ESP"


# Route 15: the kernel lacks the ESP half of offload.

@tap.test(rig)
def without_esp_offload_an_sa_is_refused(r):
    r.guest.check("cat /proc/sys/kernel/modprobe > /run/modprobe; modprobe esp4; "
                  "rmmod esp4_offload; echo /bin/false > /proc/sys/kernel/modprobe")
    try:
        if r.guest.run("lsmod | grep -q esp4_offload").rc == 0:
            tap.skip("esp4_offload can't be unloaded here")
        refused(r.a, xfrm.Esp(r.a, r.b).state_lines(r.a)[0], "doesn't support offload")
        assert not r.a.check("ip xfrm state")
    finally:
        r.guest.check("cat /run/modprobe > /proc/sys/kernel/modprobe; modprobe esp4_offload")


# G3: ESP that the host makes for an SA of the device.

@tap.test(rig)
def host_made_esp_in_the_name_of_an_sa_is_dropped(r):
    esp = xfrm.Esp(r.a, r.b, what="proto 17").up()
    body = esp.out.spi.to_bytes(4, "big") + bytes(60)
    packet = ipv4(50, r.a.v4, r.b.v4, body)
    other = ipv4(50, r.a.v4, r.b.v4, (0x9999).to_bytes(4, "big") + bytes(60))
    counted = xfrm.Counted(r.a)
    with r.capture() as capture:
        inguest.send_packets(r.a, [packet, other])
    moved = counted.moved()
    assert moved.get("ipsec_tx_guard_esp") == 1, moved
    assert [f.spi for f in wire.frames(capture.path) if f.spi] == [0x9999]


def ipv4(proto, src, dst, body):
    def raw(addr):
        return bytes(int(n) for n in addr.split("."))
    return (bytes([0x45, 0]) + (20 + len(body)).to_bytes(2, "big") + bytes([0, 1, 0, 0, 64, proto, 0, 0])
            + raw(src) + raw(dst) + body)


# There is a socket for the kernel's messages about acquires.
LISTENS = "awk '$2 == 6 && $4 % 2 { n++ } END { exit !n }' /proc/net/netlink"


# FLAG_ACQ: asking for an SA needs nothing of the device.

@tap.test(rig)
def asking_for_an_sa_takes_no_room(r):
    esp = xfrm.Esp(r.a, r.b)
    r.a.check("\n".join(esp.policy_lines(r.a)))
    monitor = r.a.spawn("stdbuf -oL ip xfrm monitor acquire", timeout=60)
    r.a.wait_until(LISTENS)
    with on_the_wire(r) as seen:
        for _ in range(5):
            ping(r.a, r.b.v4, count=1, ok=False)
    seen.no_esp()
    seen.count(r.a, "ipsec_sa_acquire")
    assert "sa_installed" not in seen.moved[r.a]
    monitor.wait_output(rf"^acquire proto esp(.|\n)*?src {r.a.v4}/32 dst {r.b.v4}/32")
    monitor.stop()
    r.a.check("ip -s xfrm state; ip xfrm state flush")


@tap.test(rig)
def probes_for_ike_are_accepted(r):
    """How IKE daemons find out whether packet offload works."""
    for port in (500, 4500):
        for direction in ("in", "out"):
            for net in ("0.0.0.0/0", "::/0"):
                for verb, more in (("add", "priority 1 offload packet dev esv0"), ("delete", "")):
                    r.a.check(f"ip xfrm policy {verb} src {net} dst {net} proto 17 "
                              f"dport {port} dir {direction} {more}")


# What is refused, in words, by the driver in the machine.

REFUSED_STATES = {
    "mark 1": "with a mark",
    "output-mark 1": "output mark",
    "if_id 5": "xfrm interface",
    "flag align4": "flag",
    "encap espinudp 4500 4500 0.0.0.0": "UDP",
    "limit packet-soft 5 limit packet-hard 4": "Soft packet limit",
}


@tap.test(rig, cases=[dict(option=o) for o in REFUSED_STATES])
def what_an_sa_can_not_be_is_said(r, option):
    esp = xfrm.Esp(r.a, r.b)
    refused(r.a, esp.out.command(r.a, extra=option), REFUSED_STATES[option])
    assert not r.a.check("ip xfrm state")


@tap.test(rig)
def an_overlap_in_the_wrong_order_is_refused(r):
    def line(src, priority, action="allow"):
        return (f"ip xfrm policy add src {src} dst 10.77.0.0/24 dir out priority {priority} "
                f"action {action} offload packet dev esv0")
    r.a.check(line("10.66.0.0/25", 100))
    refused(r.a, line("10.66.0.0/24", 200, "block"), "different order than by priority")
    r.a.check(line("10.66.0.0/24", 50, "block"))


if __name__ == "__main__":
    tap.main()
