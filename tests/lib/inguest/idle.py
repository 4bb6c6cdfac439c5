# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: idle.py udp|tcp ADDRESS PORT
       idle.py listen ADDRESS PORT

Runs in the virtual machine: a socket is connected, sends something, prints
"idle" and does nothing any more, but keeps what the kernel cached in it. With
"listen": takes TCP connections, keeps them and prints "listening" first.
"""

import signal
import socket
import sys

kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET

if kind == "listen":
    server = socket.create_server((address, port), family=family)
    print("listening", flush=True)
    taken = []
    while True:
        taken.append(server.accept())

sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
sock.connect((address, port))
sock.send(b"\xc1" * 100)
print("idle", flush=True)
signal.pause()
