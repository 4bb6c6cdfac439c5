# SPDX-License-Identifier: GPL-2.0-or-later
"""What was on the wire: reads a capture frame by frame, and decrypts it with tshark."""

import ipaddress
import mmap
import struct
import subprocess

ETH_IPV4, ETH_IPV6, ETH_ARP, ETH_RARP, ETH_VLAN = 0x0800, 0x86DD, 0x0806, 0x8035, 0x8100
TCP, UDP, ESP, ICMP, ICMPV6, FRAGMENT = 6, 17, 50, 1, 58, 44


class Frame:
    """One frame; ip fields are None for what is not IP, ESP fields for what is not ESP."""

    __slots__ = ("raw", "ethertype", "l3", "src", "dst", "proto", "l4", "spi", "seq", "iv",
                 "is_fragment")

    def __init__(self, raw):
        self.raw = raw
        self.l3 = 14
        self.ethertype = struct.unpack_from(">H", raw, 12)[0]
        self.src = self.dst = self.proto = self.l4 = None
        self.spi = self.seq = self.iv = None
        self.is_fragment = False
        later = False   # a fragment without the header of its payload
        if self.ethertype == ETH_IPV4 and len(raw) >= 34:
            self.l4 = self.l3 + (raw[14] & 15) * 4
            self.proto, self.src, self.dst = raw[23], raw[26:30], raw[30:34]
            where = struct.unpack_from(">H", raw, 20)[0]
            self.is_fragment, later = bool(where & 0x3FFF), bool(where & 0x1FFF)
        elif self.ethertype == ETH_IPV6 and len(raw) >= 54:
            self.l4, self.proto, self.src, self.dst = 54, raw[20], raw[22:38], raw[38:54]
            if self.proto == FRAGMENT and len(raw) >= 62:
                where = struct.unpack_from(">H", raw, 56)[0]
                self.is_fragment, later = True, bool(where & 0xFFF8)
                self.proto, self.l4 = raw[54], 62
        if self.proto == ESP and not later and len(raw) >= self.l4 + 16:
            self.spi, self.seq = struct.unpack_from(">II", raw, self.l4)
            self.iv = raw[self.l4 + 8:self.l4 + 16]

    @property
    def l3_len(self):
        """Bytes from the IP header on, without Ethernet padding."""
        if self.ethertype == ETH_IPV4:
            return struct.unpack_from(">H", self.raw, 16)[0]
        if self.ethertype == ETH_IPV6:
            return 40 + struct.unpack_from(">H", self.raw, 18)[0]
        return len(self.raw) - 14

    def ports(self):
        """(source, destination) of TCP or UDP."""
        return struct.unpack_from(">HH", self.raw, self.l4)

    def __str__(self):
        if self.src is None:
            return f"ethertype {self.ethertype:#06x}, {len(self.raw)} bytes"
        ends = f"{ipaddress.ip_address(self.src)} > {ipaddress.ip_address(self.dst)}"
        what = f"ESP {self.spi:#x} seq {self.seq}" if self.spi is not None else f"proto {self.proto}"
        return f"{ends} {what}, {len(self.raw)} bytes"


def frames(path):
    """Each frame of a pcap file."""
    with open(path, "rb") as f:
        data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        at = 24
        while at + 16 <= len(data):
            size = struct.unpack_from(order + "I", data, at + 8)[0]
            yield Frame(data[at + 16:at + 16 + size])
            at += 16 + size


def is_background(frame):
    """ARP, neighbour discovery, MLD and IGMP: what an idle port sends by itself."""
    if frame.ethertype == ETH_ARP:
        return True
    if frame.proto == ICMPV6:
        return 130 <= frame.raw[frame.l4] <= 137 or frame.raw[frame.l4] == 143
    if frame.ethertype == ETH_IPV6 and frame.proto == 0 and frame.raw[54] == ICMPV6:
        return frame.raw[62] in (130, 131, 132, 143)
    return frame.proto == 2


def clear_frames(path, allowed=lambda frame: False):
    """Frames that are neither ESP, nor background, nor allowed."""
    return [f for f in frames(path)
            if f.spi is None and not is_background(f) and not allowed(f)]


def oversized(path, mtu):
    """Frames whose L3 part is longer than the MTU."""
    return [f for f in frames(path) if f.l3_len > mtu]


def repeated_ivs(path, sequence=True):
    """ESP frames that repeat an IV or, if that counts, a sequence number of their SA (destination, SPI)."""
    seen_iv, seen_seq, bad = set(), set(), []
    for f in frames(path):
        if f.spi is None:
            continue
        sa = (f.dst, f.spi)
        if (sa, f.iv) in seen_iv or sequence and (sa, f.seq) in seen_seq:
            bad.append(f)
        seen_iv.add((sa, f.iv))
        seen_seq.add((sa, f.seq))
    return bad


def decrypt(path, sas, fields, display_filter=""):
    """
    Lets tshark decrypt a capture. sas: (src, dst, spi, key and salt in hex).
    Returns a list of dicts with the fields; a field that occurs twice (outer
    and inner header) holds both, joined by a comma.
    """
    argv = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|",
            "-o", "esp.enable_encryption_decode:TRUE",
            "-o", "esp.enable_authentication_check:TRUE",
            "-o", "esp.enable_null_encryption_decode_heuristic:FALSE"]
    for src, dst, spi, key in sas:
        family = "IPv6" if ":" in src else "IPv4"
        argv += ["-o", f'uat:esp_sa:"{family}","{src}","{dst}","{spi:#010x}",'
                 f'"AES-GCM with 16 octet ICV [RFC4106]","0x{key}","NULL",""']
    for name in fields:
        argv += ["-e", name]
    if display_filter:
        argv += ["-Y", display_filter]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"tshark: {done.stderr.strip()}")
    return [dict(zip(fields, line.split("|"))) for line in done.stdout.splitlines()]
