# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes frames by hand: Ethernet, IP, TCP, UDP, ICMP, and ESP under a key of the host."""

import ipaddress
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import wire

ACK = 0x10
ICV_BITS = 128


def checksum(data):
    """The internet checksum."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(src, dst, proto, body, ident=0):
    """An IP packet; the family is that of the addresses. Don't fragment is set in IPv4."""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    if src.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(body), proto, 64) + src.packed + dst.packed + body
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident, 1 << 14, 64, proto, 0,
                       src.packed, dst.packed)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def _summed(src, dst, proto, body, at):
    """body with its checksum, which is at an offset of it, over the pseudo header too."""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    pseudo = src.packed + dst.packed + struct.pack(">II", len(body), proto)
    return body[:at] + struct.pack(">H", checksum(pseudo + body)) + body[at + 2:]


def tcp(src, dst, sport, dport, seq, payload):
    """A TCP segment of an established connection."""
    head = struct.pack(">HHIIBBHHH", sport, dport, seq, 1, 5 << 4, ACK, 1024, 0, 0)
    return _summed(src, dst, wire.TCP, head + payload, 16)


def too_big(src, dst, mtu, quoted):
    """An ICMP packet that says what the quoted packet was too long for."""
    if ":" in src:
        body = struct.pack(">BBHI", 2, 0, 0, mtu) + quoted[:1000]
        return ip(src, dst, wire.ICMPV6, _summed(src, dst, wire.ICMPV6, body, 2))
    body = struct.pack(">BBHHH", 3, 4, 0, 0, mtu) + quoted[:500]
    return ip(src, dst, wire.ICMP, body[:2] + struct.pack(">H", checksum(body)) + body[4:])


def esp(sa, seq, next_header, body):
    """What stands behind the IP header of an ESP packet (RFC 4106), under the host's key of an SA."""
    keymat = bytes.fromhex(sa.key_out)
    pad = -(len(body) + 2) % 4
    text = body + bytes(range(1, pad + 1)) + bytes([pad, next_header])
    head, iv = struct.pack(">II", sa.spi, seq), struct.pack(">Q", seq)
    return head + iv + AESGCM(keymat[:-4]).encrypt(keymat[-4:] + iv, text, head)


def ethernet(dst, src, packet):
    """A frame that carries an IP packet between two MAC addresses."""
    kind = wire.ETH_IPV6 if packet[0] >> 4 == 6 else wire.ETH_IPV4
    return bytes.fromhex(dst.replace(":", "") + src.replace(":", "")) + struct.pack(">H", kind) + packet
