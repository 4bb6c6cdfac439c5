# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: migrate.py DIR SRC DST REQID NEW_SRC NEW_DST

Runs in the virtual machine: asks the kernel to move the IPv4 transport SA
between two hosts, and its policy, to other addresses (XFRM_MSG_MIGRATE, which
`ip xfrm` can't send). DIR: in or out. Prints the kernel's answer, an errno or 0.
"""

import socket
import struct
import sys

NETLINK_XFRM, MIGRATE = 6, 0x21
REQUEST_ACK = 0x5
ATTR_MIGRATE = 17
ESP, TRANSPORT = 50, 0


def address(text):
    return socket.inet_aton(text).ljust(16, b"\0")


def selector(src, dst):
    return address(dst) + address(src) + struct.pack("=8xHBBB3xiI", socket.AF_INET, 32, 32, 0, 0, 0)


def message(direction, src, dst, reqid, new_src, new_dst):
    policy = selector(src, dst) + struct.pack("=IB3x", 0, {"in": 0, "out": 1}[direction])
    move = (address(dst) + address(src) + address(new_dst) + address(new_src) +
            struct.pack("=BBHIHH", ESP, TRANSPORT, 0, reqid, socket.AF_INET, socket.AF_INET))
    body = policy + struct.pack("=HH", 4 + len(move), ATTR_MIGRATE) + move
    return struct.pack("=IHHII", 16 + len(body), MIGRATE, REQUEST_ACK, 1, 0) + body


with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM) as sock:
    way, old_src, old_dst, number, to_src, to_dst = sys.argv[1:]
    sock.send(message(way, old_src, old_dst, int(number), to_src, to_dst))
    print(-struct.unpack_from("=i", sock.recv(4096), 16)[0])
