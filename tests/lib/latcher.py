# SPDX-License-Identifier: GPL-2.0-or-later
"""An unprivileged program that latches sockets as it is told; see userlib/tests/latcher.c."""

import re
import time

APP = 1000
LATCHER = "/usr/lib/ipsecapi/latcher"


class Program:
    """Asks it a line, and hears a line; events are kept."""

    def __init__(self, side):
        self.job = side.spawn(["setpriv", "--reuid", str(APP), "--regid", str(APP), "--clear-groups", LATCHER],
                              timeout=600, keep_stdin=True)
        self.events = []
        self.heard = 0      # so much of what it printed

    def _answers(self):
        """What it printed since the last time but for events, which are kept."""
        for said in self.job.out[self.heard:].split("\n")[:-1]:
            self.heard += len(said) + 1
            if said.startswith("event"):
                self.events.append(said)
            else:
                yield said

    def ask(self, line):
        for stray in self._answers():
            raise AssertionError(f"nobody asked for this: {stray}")
        self.job.write((line + "\n").encode())
        while True:
            for answer in self._answers():
                return answer
            assert self.job.running, self.job.err
            self.job.wait_output(f"(?s).{{{self.heard}}}.*\n", timeout=30)

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

    def connects(self, address, port):
        """A new connection by TCP, latched before, to an echo."""
        for line in ("socket 4", "open"):
            assert self.ask(line) == "ok", line
        self.until(f"require strong {address} {port}", "^ok")
        assert self.ask(f"connect {address} {port}") in ("started", "ok")
        assert self.ask("finish") == "ok"
        self.echoes("hello")

    def echoes(self, text):
        assert self.ask(f"send {text}") == "sent"
        assert self.ask("receive") == text
