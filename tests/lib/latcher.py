# SPDX-License-Identifier: GPL-2.0-or-later
"""
An unprivileged program in the machine that latches sockets as it is told (latcher.c), and a
server at the other end that answers with what it was sent.
"""

import re
import time

PORT = 4000
APP = 1000
LATCHER = "/usr/lib/ipsecapi/latcher"
REQUIRE = "require strong {} 2=2 3=2"	# hardware: require; disposition: wait

ECHO = """
import select, socket, sys
here = (sys.argv[1], 4000)
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
"""


class Program:
    """An unprivileged program that does what it is told."""

    def __init__(self, side, broker):
        self.broker = broker
        self.job = side.spawn(["setpriv", "--reuid", str(APP), "--regid", str(APP), "--clear-groups", LATCHER],
                              timeout=600, keep_stdin=True)
        self.events = []

    def ask(self, line):
        seen = len(self.job.out)
        self.job.write((line + "\n").encode())
        while True:
            for answer in self.job.out[seen:].split("\n")[:-1]:
                seen += len(answer) + 1
                if not answer.startswith("event"):
                    return answer
                self.events.append(answer)
            assert self.job.running, self.job.err
            self.job.wait_output(r"\n", timeout=30)

    def until(self, line, pattern):
        """Asks until the answer fits, 10 s at most; the answer."""
        deadline = time.monotonic() + 10
        while True:
            answer = self.ask(line)
            if re.search(pattern, answer) or time.monotonic() > deadline:
                assert re.search(pattern, answer), answer
                return answer

    def until_event(self, word):
        """Asks until an event with the word has come, 10 s at most."""
        deadline = time.monotonic() + 10
        while not any(word in e for e in self.events):
            assert time.monotonic() < deadline, self.events
            self.ask("status")

    def socket(self, protocol, rig, address=None, require=REQUIRE):
        """One that is latched, by hardware alone, and connected."""
        peer = address or rig.p.v4
        self.ask("close")
        self.ask(f"socket 4 {protocol}")
        if protocol == "udp":
            assert self.ask(f"connect {peer} {PORT}") == "ok"
            self.ask("open")
            self.until(require.format(""), "^ok")
        else:
            self.ask("open")
            self.until(require.format(f"{peer} {PORT}"), "^ok")
            assert self.ask(f"connect {peer} {PORT}") in ("started", "ok")
            assert self.ask("finish") == "ok"

    def echoes(self, text):
        assert self.ask(f"send {text}") == "sent"
        assert self.ask("receive") == text
