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

    def echoes(self, text):
        assert self.ask(f"send {text}") == "sent"
        assert self.ask("receive") == text
