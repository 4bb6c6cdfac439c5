#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes ESP frames with code that shares nothing with the device.

Standard input has lines of: mode key+salt seq_hi|- frame packet (hex words), where packet is
the IP packet that the frame must carry. Says which lines are wrong; exit status 1 if any.
"""
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total


def decode(mode, material, seq_hi, frame):
    """The IP packet in the frame."""
    ethertype, ip = frame[12:14], frame[14:]
    if ethertype == b"\x08\x00":
        hlen, nh_at = (ip[0] & 15) * 4, 9
        assert checksum(ip[:hlen]) == 0xffff, "IPv4 checksum"
        assert struct.unpack(">H", ip[2:4])[0] == len(ip), "IPv4 length"
    else:
        hlen, nh_at = 40, 6
        assert struct.unpack(">H", ip[4:6])[0] == len(ip) - 40, "IPv6 length"
    assert ip[nh_at] == 50, "not ESP"
    esp = ip[hlen:]
    aad = esp[:8] if seq_hi is None else esp[:4] + seq_hi + esp[4:8]
    text = AESGCM(material[:-4]).decrypt(material[-4:] + esp[8:16], esp[16:], aad)
    pad, next_header = text[-2], text[-1]
    assert len(text) % 4 == 0, "alignment"
    assert text[-2 - pad:-2] == bytes(range(1, pad + 1)), "padding"
    payload = text[:-2 - pad]
    if mode == "tunnel":
        assert next_header == (4 if payload[0] >> 4 == 4 else 41), "next header"
        return payload
    head = bytearray(ip[:hlen])
    head[nh_at] = next_header
    if hlen == 40:
        head[4:6] = struct.pack(">H", len(payload))
    else:
        head[2:4] = struct.pack(">H", hlen + len(payload))
        head[10:12] = bytes(2)
        head[10:12] = struct.pack(">H", 0xffff - checksum(bytes(head)))
    return bytes(head) + payload


def main():
    wrong = lines = 0
    for line in sys.stdin:
        mode, material, seq_hi, frame, packet = line.split()
        lines += 1
        try:
            got = decode(mode, bytes.fromhex(material), None if seq_hi == "-" else bytes.fromhex(seq_hi),
                         bytes.fromhex(frame))
            assert got == bytes.fromhex(packet), "not the packet that was sent"
        except Exception as e:  # pylint: disable=broad-except
            print(f"# line {lines}: {type(e).__name__} {e}")
            wrong += 1
    print(f"# {lines} frames decoded, {wrong} wrong")
    return 1 if wrong or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
