#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: socket-policy.py listen|send ADDRESS PORT [in=REQID] [out=REQID] [tunnel=FROM,TO]

A socket with policies of its own (IP_XFRM_POLICY), as root may set them: listens, accepts one
connection and says "welcome"; or sends a datagram and prints "sent" or the name of the error.
"""
import errno
import socket
import struct
import sys


def policy(direction, reqid, tunnel):
    selector = struct.pack("=40xHBBB3xiI", socket.AF_INET, 0, 0, 0, 0, 0)
    forever = struct.pack("=4Q4Q", *4 * [2**64 - 1], *4 * [0])
    info = selector + forever + bytes(32) + struct.pack("=IIBBBB4x", 0, 0, direction, 0, 0, 0)
    source, target = (socket.inet_aton(a) for a in tunnel)
    template = struct.pack("=4s12xIB3xH2x4s12xIBBBxIII", target, 0, 50, socket.AF_INET, source, reqid,
                           any(source), 0, 0, *3 * [2**32 - 1])
    return info + template


doing, address, port = sys.argv[1:4]
more = dict(a.split("=") for a in sys.argv[4:])
tunnel = more.get("tunnel", "0.0.0.0,0.0.0.0").split(",")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if doing == "send" else socket.SOCK_STREAM)
for direction, name in enumerate(("in", "out")):
    if name in more:
        s.setsockopt(socket.SOL_IP, 17, policy(direction, int(more[name]), tunnel))
if doing == "listen":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    s.listen()
    print("listening", flush=True)
    s.accept()[0].send(b"welcome\n")
elif doing == "send":
    try:
        s.sendto(b"text\n", (address, int(port)))
        print("sent")
    except OSError as e:
        print(errno.errorcode[e.errno])
