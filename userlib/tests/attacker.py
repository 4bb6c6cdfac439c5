#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: attacker.py SEED STEPS ADDRESS...

An unprivileged program that tries to get something past the rules for its user: it does
with sockets what it can, in random order, towards the addresses and whoever calls it, and
prints how many calls succeeded. What it must not be able to do is for others to judge.
"""
import contextlib
import os
import random
import socket
import struct
import sys
import time

PORTS = (500, 4000, 4001, 4500, 5000, 5001, 5002, 5003)
KINDS = ((socket.SOCK_STREAM, 0), (socket.SOCK_DGRAM, 0), (socket.SOCK_DGRAM, 136), (socket.SOCK_STREAM, 262),
         (socket.SOCK_DGRAM, None), (socket.SOCK_RAW, 255))
MARKS = (0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x78000000, 0xffffffff, 1)
# level, name, values: those of the mark need privilege, as do some others.
OPTIONS = (
    (1, 36, tuple(struct.pack("I", m) for m in MARKS)), (1, 12, (0, 6)), (1, 6, (1,)), (1, 2, (1,)), (1, 15, (1,)), (1, 60, (1,)), (1, 5, (1,)),
    (1, 25, (b"lo", b"v0", b"")), (1, 13, (struct.pack("ii", 1, 0), struct.pack("ii", 0, 0))),
    (0, 1, (0x10, 0xfc)), (0, 2, (1, 2, 255)), (0, 4, (b"\x07\x07\x04" + bytes(5), b"")), (0, 10, (0, 1, 2, 3)),
    (0, 15, (1,)), (0, 19, (1,)), (0, 24, (1,)), (0, 17, (bytes(168), bytes(232), b"")), (0, 50, (bytes(4),)),
    (41, 26, (0, 1)), (41, 35, (bytes(168), b"")), (41, 67, (0, 0xfc)), (41, 16, (1, 255)), (41, 75, (1,)),
    (17, 1, (0, 1)), (17, 103, (100, 1000)), (17, 100, (1, 2)),
    (6, 30, (1,)), (6, 19, (1, 0)), (6, 1, (0, 1)), (6, 3, (0, 1)), (6, 31, (b"mptcp", b"tls")), (6, 23, (5,)),
)


class Attacker:
    def __init__(self, seed, addresses):
        self.pick = random.Random(seed)
        self.addresses = addresses
        self.sockets = []
        self.succeeded = 0

    def make(self):
        """A new socket, in the place of another when there are many."""
        kind, protocol = self.pick.choice(KINDS)
        family = self.pick.choice((socket.AF_INET, socket.AF_INET6))
        if protocol is None:
            protocol = 1 if family == socket.AF_INET else 58
        s = socket.socket(family, kind, protocol)
        s.setblocking(False)
        self.sockets.append(s)
        if len(self.sockets) > 12:
            self.drop()

    def drop(self):
        self.sockets.pop(self.pick.randrange(len(self.sockets))).close()

    def any(self):
        return self.pick.choice(self.sockets)

    def place(self, s, addresses=None):
        address = self.pick.choice(addresses or self.addresses)
        if s.family == socket.AF_INET6 and ":" not in address:
            address = "::ffff:" + address
        return (address, self.pick.choice(PORTS))

    def option(self):
        level, name, values = self.pick.choice(OPTIONS)
        self.any().setsockopt(level, name, self.pick.choice(values))

    def bind(self):
        s = self.any()
        s.bind(self.place(s, ("::", "::1") if s.family == socket.AF_INET6 else ("0.0.0.0", "127.0.0.1", "10.77.0.1")))

    def connect(self):
        s = self.any()
        s.connect_ex(self.place(s))

    def data(self):
        if self.pick.random() < 0.3:    # what looks like an echo request
            return bytes([self.pick.choice((8, 128)), 0]) + bytes(30)
        return b"SECRET" * self.pick.choice((1, 3, 100, 400, 900))

    def send(self):
        self.any().send(self.data(), self.pick.choice((0, 0x8000, 0x20000000, 0x4000000, 1)))

    def send_to(self):
        s = self.any()
        s.sendto(self.data(), self.pick.choice((0, 0x8000, 0x20000000)), self.place(s))

    def send_with(self):
        """Control messages say where from, how, and with what mark."""
        s = self.any()
        more = self.pick.choice((
            (0, 8, struct.pack("i4s4s", 0, socket.inet_aton("10.77.0.1"), bytes(4))),
            (0, 8, struct.pack("i4s4s", 1, socket.inet_aton("127.0.0.1"), bytes(4))),
            (1, 36, struct.pack("I", self.pick.choice(MARKS))), (0, 2, struct.pack("i", 1)),
            (17, 103, struct.pack("H", 100)), (1, 61, struct.pack("Q", 1))))
        s.sendmsg([self.data()], [more], 0, *([self.place(s)] if self.pick.random() < 0.7 else []))

    def listen(self):
        self.any().listen(4)

    def accept(self):
        s = self.any().accept()[0]
        s.setblocking(False)
        self.sockets.append(s)
        s.send(self.data())

    def receive(self):
        self.any().recv(65536)

    def shut(self):
        self.any().shutdown(self.pick.randrange(3))

    def hand_on(self):
        """To a process that goes on with it when we have closed ours."""
        s = self.any()
        if not os.fork():
            with contextlib.suppress(OSError):
                s.connect_ex(self.place(s))
                s.send(self.data())
                time.sleep(0.01)
                s.send(self.data())
            os._exit(0)

    def step(self):
        do = self.pick.choice((
            self.make, self.make, self.option, self.option, self.option, self.bind, self.connect, self.connect,
            self.send, self.send, self.send_to, self.send_to, self.send_with, self.send_with,
            self.listen, self.accept, self.receive, self.shut, self.drop, self.hand_on))
        with contextlib.suppress(OSError, IndexError, AttributeError, OverflowError, ValueError):
            do()
            self.succeeded += 1
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def main():
    attacker = Attacker(int(sys.argv[1]), sys.argv[3:])
    for _ in range(int(sys.argv[2])):
        attacker.step()
    for s in attacker.sockets:
        s.close()
    print(attacker.succeeded)


main()
