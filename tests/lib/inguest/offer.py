# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: offer.py PORT ADDRESS...

Runs in the virtual machine: offers datagrams to the kernel without end,
whatever becomes of them, from one new socket after the other. Prints "offered"
after the first round and, when it is terminated, "sent N refused M".
"""

import signal
import socket
import sys

SIZES = (18, 200, 1200)
ROUNDS = 50     # datagrams from one socket

sent = refused = 0


def stop(_number, _frame):
    print(f"sent {sent} refused {refused}", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
port, addresses = int(sys.argv[1]), sys.argv[2:]
first = True
while True:
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            for i in range(ROUNDS):
                try:
                    sock.sendto(b"\xc1" * SIZES[i % len(SIZES)], (address, port))
                    sent += 1
                except OSError:
                    refused += 1
    if first:
        print("offered", flush=True)
        first = False
