# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: frames.py send DEV       sends each line of standard input, hexadecimal, as a frame;
                                answers an empty line with "sent N"
       frames.py receive DEV PORT   prints "SEQ LENGTH TOTAL" of each TCP packet to PORT as the
                                    stack gets it, behind GRO; TOTAL: payload so far

Runs in the virtual machine.
"""

import socket
import sys

ETH_P_ALL = 3
ETH_P_IPV6 = 0x86DD
TCP = 6


def send(dev):
    sent, waiting = 0, []
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((dev, 0))
        print("ready", flush=True)
        for line in sys.stdin:
            if line.strip():
                waiting.append(bytes.fromhex(line))
                continue
            for frame in waiting:
                sock.send(frame)
            sent += len(waiting)
            waiting.clear()
            print(f"sent {sent}", flush=True)


def tcp_of(frame):
    """(destination port, sequence number, payload bytes), or None."""
    ip = frame[14:]
    if int.from_bytes(frame[12:14], "big") == ETH_P_IPV6:
        proto, start, end = ip[6], 40, 40 + int.from_bytes(ip[4:6], "big")
    else:
        proto, start, end = ip[9], (ip[0] & 15) * 4, int.from_bytes(ip[2:4], "big")
    if proto != TCP:
        return None
    tcp = ip[start:end]
    return (int.from_bytes(tcp[2:4], "big"), int.from_bytes(tcp[4:8], "big"),
            len(tcp) - (tcp[12] >> 4) * 4)


def receive(dev, port):
    total = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as sock:
        sock.bind((dev, ETH_P_ALL))
        print("ready", flush=True)
        while True:
            frame, where = sock.recvfrom(1 << 17)
            if where[2] == socket.PACKET_OUTGOING or len(frame) < 54:
                continue
            found = tcp_of(frame)
            if found and found[0] == port:
                total += found[2]
                print(found[1], found[2], total, flush=True)


if sys.argv[1] == "send":
    send(sys.argv[2])
else:
    receive(sys.argv[2], int(sys.argv[3]))
