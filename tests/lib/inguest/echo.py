# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: echo.py ADDRESS PORT: answers all that comes there, by TCP and UDP over IPv4, with the same."""

import select
import socket
import sys

here = (sys.argv[1], int(sys.argv[2]))
tcp = socket.create_server(here)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(here)
socks = [tcp, udp]
print("ready", flush=True)
while True:
    for s in select.select(socks, [], [])[0]:
        try:
            if s is tcp:
                socks.append(s.accept()[0])
            elif s is udp:
                s.sendto(*s.recvfrom(2000))
            else:
                data = s.recv(2000)
                if data:
                    s.sendall(data)
                else:
                    socks.remove(s)
        except OSError as e:
            print(e, flush=True)
