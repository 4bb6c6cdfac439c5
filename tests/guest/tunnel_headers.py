#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Headers of tunnels, field by field: what the NIC writes and what it carries over
to the inner header, against the kernel's own tunnel for the same packets.

Where the two differ on purpose, the kernel follows RFC 3168 and the NIC
RFC 6040; both sides of each difference are checked.
"""

import ipaddress
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, Side, tap  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5002
NOT_ECT, ECT1, ECT0, CE = range(4)

# RFC 6040 4.2, figure 4: {inner: what becomes of it by outer}; None: drop.
DECAPSULATED = {
    NOT_ECT: {NOT_ECT: NOT_ECT, ECT0: NOT_ECT, ECT1: NOT_ECT, CE: None},
    ECT0: {NOT_ECT: ECT0, ECT0: ECT0, ECT1: ECT1, CE: CE},
    ECT1: {NOT_ECT: ECT1, ECT0: ECT1, ECT1: ECT1, CE: CE},
    CE: {NOT_ECT: CE, ECT0: CE, ECT1: CE, CE: CE},
}


class Far(Side):
    """One end of a virtual wire in the second machine: kernel software at both ends."""

    def __init__(self, guest, number, netns):
        super().__init__(guest, "peer", number, netns, dev="veth0")


class HeaderRig(Rig):
    """The standard rig, and namespaces x and y in the second machine for the kernel's tunnels."""

    def __init__(self):
        super().__init__(peer="virtio-net-pci")
        guest = self.peer_guest
        guest.check("""set -e
            modprobe veth
            ip netns add x; ip netns add y
            ip link add veth0 netns x type veth peer name veth0 netns y""")
        self.x, self.y = Far(guest, 4, "x"), Far(guest, 5, "y")
        for side in (self.x, self.y):
            side.clean()

    @property
    def sides(self):
        return super().sides + [self.x, self.y]


rig = tap.fixture(HeaderRig)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def datagram(src, dst, text, tos=0, ttl=64, df=False, label=0):
    """An IP packet with a datagram in it."""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    body = text.encode()
    udp = struct.pack(">HHHH", 4000, PORT, 8 + len(body), 0) + body
    if src.version == 4:
        return struct.pack(">BBHHHBBH4s4s", 0x45, tos, 20 + len(udp), 0x1234, df << 14, ttl, 17, 0,
                           src.packed, dst.packed) + udp
    pseudo = src.packed + dst.packed + struct.pack(">II", len(udp), 17)
    whole = pseudo + udp + b"\0" * (len(udp) % 2)
    udp = udp[:6] + struct.pack(">H", checksum(whole) or 0xFFFF) + udp[8:]
    return struct.pack(">IHBB16s16s", 6 << 28 | tos << 20 | label, len(udp), 17, ttl,
                       src.packed, dst.packed) + udp


def variety(esp, side):
    """Numbered inner packets with every DSCP and ECN, and a choice of the other fields."""
    src, dst = esp.addr(side), esp.addr(esp.other(side))
    for number in range(512):
        tos, odd = divmod(number, 2)
        other = {"df": odd} if esp.family == 4 else {"label": 0xABCDE * odd}
        yield datagram(src, dst, str(number), tos, ttl=(1, 64, 255)[tos % 3], **other)


def outer_fields(frame):
    """The outer header, but for addresses, lengths and checksum."""
    ip = frame.raw[14:]
    if frame.ethertype == wire.ETH_IPV4:
        return {"version": ip[0], "tos": ip[1], "flags": struct.unpack_from(">H", ip, 6)[0],
                "ttl": ip[8], "protocol": ip[9]}
    first = struct.unpack_from(">I", ip)[0]
    return {"version": first >> 28, "tos": first >> 20 & 0xFF, "label": first & 0xFFFFF,
            "ttl": ip[7], "protocol": ip[6]}


def tunnel(left, right, family, flags=""):
    return xfrm.Esp(left, right, family, "tunnel", 128, flags=flags).up().meet()


def by_number(path, esp):
    """{number in the datagram: frame}, with tshark's help; queues of a NIC overtake each other."""
    frames = list(wire.frames(path))
    rows = wire.decrypt(path, esp.decryption(), ["frame.number", "udp.payload"],
                        f"esp.spi == {esp.out.spi} and udp.dstport == {PORT}")
    return {int(bytes.fromhex(r["udp.payload"])): frames[int(r["frame.number"]) - 1] for r in rows}


@tap.test(rig, timeout=120, cases=[
    dict(family=f, flags=x) for f in (4, 6)
    for x in ("", "noecn", "nopmtudisc", "dont-encap-dscp") if (f, x) != (6, "nopmtudisc")])
def outer_header_as_the_kernel_writes_it(rig, family, flags):
    ours = tunnel(rig.a, rig.b, family, flags)
    theirs = tunnel(rig.p, rig.b, family, flags)
    packets = {ours: list(variety(ours, rig.a)), theirs: list(variety(theirs, rig.p))}
    with rig.capture() as capture:
        inguest.send_packets(rig.a, packets[ours])
        inguest.send_packets(rig.p, packets[theirs])
        rig.a.check(f"ping -c 1 {ours.addr(rig.b)}")   # behind all others
    got, reference = by_number(capture.path, ours), by_number(capture.path, theirs)
    for i in range(len(packets[ours])):
        inner_ecn = i >> 1 & 3
        mine, kernel = outer_fields(got[i]), outer_fields(reference[i])
        if inner_ecn == CE and flags != "noecn":
            # RFC 6040 4.1 copies CE, RFC 3168 9.1.1 hides it.
            assert (mine["tos"] & 3, kernel["tos"] & 3) == (CE, ECT0), (mine, kernel)
            kernel["tos"] |= CE
        assert mine == kernel, f"packet {i}: NIC {mine}, kernel {kernel}"
    if family == 4:
        check_identification(got.values())


def check_identification(frames):
    """RFC 6864: what may be fragmented must not repeat its identification soon."""
    seen = [f.raw[18:20] for f in frames if not f.raw[20] & 0x40]
    assert len(set(seen)) == len(seen), "identification used twice"
    assert not any(checksum(f.raw[14:34]) for f in frames), "header checksum is wrong"


# Decapsulation

def rewrite_outer(side, family, values):
    """Sets DSCP and ECN of ESP that leaves a side, as routers might: the packet's mark says to what."""
    ip = "ip6" if family == 6 else "ip"
    rules = "\n".join(f"meta l4proto esp meta mark {tos + 1} {ip} dscp set {tos >> 2} "
                      f"{ip} ecn set {tos & 3}" for tos in values)
    side.check("nft -f -", stdin=f"""
table {ip} marks {{
	chain out {{
		type filter hook postrouting priority mangle;
		{rules}
	}}
}}
""")


def decapsulated(sender, receiver, esp, pairs):
    """{(inner TOS, outer TOS): TOS as received} of those that were delivered."""
    job = inguest.receive_datagrams(receiver, esp.family, PORT)
    src, dst = esp.addr(sender), esp.addr(receiver)
    rewrite_outer(sender, esp.family, {o for _i, o in pairs})
    packets = [datagram(src, dst, f"{i}/{o}", i) for i, o in pairs] + [datagram(src, dst, "end")]
    inguest.send_packets(sender, packets, [o + 1 for _i, o in pairs] + [0])
    job.wait_output(r"^end ")
    found = {}
    for line in job.out.splitlines()[1:]:
        name, tos, ttl = line.split()
        if name != "end":
            assert ttl == "64", f"TTL of a decapsulated packet is {ttl}"
            found[tuple(map(int, name.split("/")))] = int(tos)
    job.stop()
    return found


DSCPS = (0, 46)
PAIRS = [(d << 2 | i, e << 2 | o) for d in DSCPS for i in range(4) for e in DSCPS for o in range(4)]


def wanted(inner, outer, flags):
    """What RFC 6040 and the SA's flags make of an inner TOS; None: dropped."""
    dscp = (outer if "decap-dscp" in flags else inner) & ~3
    ecn = inner & 3 if "noecn" in flags else DECAPSULATED[inner & 3][outer & 3]
    return None if ecn is None else dscp | ecn


def as_rfc_3168(inner, outer, flags):
    """The kernel's way: CE is carried over if the inner packet can bear it, nothing else."""
    dscp = (outer if "decap-dscp" in flags else inner) & ~3
    marked = outer & 3 == CE and inner & 3 != NOT_ECT and "noecn" not in flags
    return dscp | (CE if marked else inner & 3)


@tap.test(rig, timeout=120, cases=[dict(family=f, flags=x) for f in (4, 6)
                                   for x in ("", "decap-dscp", "noecn", "decap-dscp noecn")])
def inner_header_after_decapsulation(rig, family, flags):
    ours = tunnel(rig.p, rig.a, family, flags)
    counted = xfrm.Counted(rig.a)
    got = decapsulated(rig.p, rig.a, ours, PAIRS)
    moved = counted.moved()
    reference = decapsulated(rig.x, rig.y, tunnel(rig.x, rig.y, family, flags), PAIRS)
    for inner, outer in PAIRS:
        want = wanted(inner, outer, flags)
        case = f"inner {inner:#x} outer {outer:#x}"
        assert got.get((inner, outer)) == want, f"{case}: {got.get((inner, outer))}, not {want}"
        kernel = reference.get((inner, outer))
        if as_rfc_3168(inner, outer, flags) == want:
            assert kernel == want, f"{case}: the kernel delivers {kernel}"
        else:
            assert kernel == as_rfc_3168(inner, outer, flags), f"{case}: the kernel delivers {kernel}"
    lost = sum(wanted(i, o, flags) is None for i, o in PAIRS)
    dropped = sum(v for k, v in moved.items() if k.startswith("rx_drop_") and k != "rx_drop_filter")
    assert dropped == lost, moved


if __name__ == "__main__":
    tap.main()
