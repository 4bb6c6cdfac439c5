# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: packets.py send < LINES      sends IP packets as they are, "HEX MARK" in each line
       packets.py datagrams ADDRESS PORT TEXT...   sends each text in a datagram
       packets.py receive FAMILY PORT   prints "PAYLOAD TOS TTL" of each datagram of that family

Runs in the virtual machine. send goes through routing and IPsec like any
program's packets; each packet's source is an address of the host.
"""

import socket
import sys

IPV6_HDRINCL = 36


def send():
    sockets = {}
    for line in sys.stdin:
        text, mark = line.split()
        packet = bytes.fromhex(text)
        if packet[0] >> 4 == 4:
            family, src, dst = socket.AF_INET, packet[12:16], packet[16:20]
        else:
            family, src, dst = socket.AF_INET6, packet[8:24], packet[24:40]
        if (family, src) not in sockets:
            raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
            if family == socket.AF_INET6:
                raw.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
            raw.bind((socket.inet_ntop(family, src), 0))
            sockets[family, src] = raw
        sockets[family, src].setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark))
        sockets[family, src].sendto(packet, (socket.inet_ntop(family, dst), 0))


def datagrams(address, port, texts):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        for text in texts:
            sock.sendto(text.encode(), (address, port))


def receive(family, port):
    if family == 4:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        sock.setsockopt(socket.IPPROTO_IP, 12, 1)   # IP_RECVTTL
        kinds = {1: "tos", 2: "ttl"}
    else:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        kinds = {socket.IPV6_TCLASS: "tos", socket.IPV6_HOPLIMIT: "ttl"}
    sock.bind(("", port))
    print("ready", flush=True)
    while True:
        data, ancillary, _flags, _from = sock.recvmsg(2048, 256)
        found = {kinds.get(kind): value[0] for _level, kind, value in ancillary}
        print(data.decode(), found["tos"], found["ttl"], flush=True)


if sys.argv[1] == "send":
    send()
elif sys.argv[1] == "datagrams":
    datagrams(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
else:
    receive(int(sys.argv[2]), int(sys.argv[3]))
