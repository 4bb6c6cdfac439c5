# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's machine protocol over an inherited socket."""

import json
import socket
import time

from .errors import GuestError, GuestGone, GuestTimeout


class Qmp:
    def __init__(self, sock, timeout=60):
        self._sock = sock
        self._buffer = b""
        self.events = []
        self._message(timeout)
        self.command("qmp_capabilities")

    def close(self):
        self._sock.close()

    def _message(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise GuestTimeout(f"QEMU did not answer within {timeout} s")
            self._sock.settimeout(left)
            try:
                part = self._sock.recv(65536)
            except socket.timeout:
                continue
            except OSError as e:
                raise GuestGone(f"QEMU: {e}") from e
            if not part:
                raise GuestGone("QEMU has ended")
            self._buffer += part
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def command(self, command, timeout=120, /, **arguments):
        """Runs a command; its return value, or GuestError with its message."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        try:
            self._sock.sendall(json.dumps(request).encode() + b"\n")
        except OSError as e:
            raise GuestGone(f"QEMU: {e}") from e
        while True:
            message = self._message(timeout)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise GuestError(f"{command}: {message['error']['desc']}")
            self.events.append(message)

    def wait_event(self, name, timeout=60):
        """Takes the first event of that name, waiting for it if need be."""
        while True:
            for i, event in enumerate(self.events):
                if event.get("event") == name:
                    return self.events.pop(i)
            message = self._message(timeout)
            self.events.append(message)
