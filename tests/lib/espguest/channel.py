# SPDX-License-Identifier: GPL-2.0-or-later
"""The test's end of the command channel; the frames are in sim/guest/init/wire.h."""

import re
import socket
import struct
import threading
import time

from .errors import CommandFailed, GuestError, GuestGone, GuestTimeout

RUN, PUT, GET, SIGNAL, STDIN = 1, 2, 3, 4, 5
HELLO, OUTPUT, EXIT, DATA, DONE, ERROR = 128, 129, 130, 131, 132, 133

# How much longer than a command's own limit its answer may take.
GRACE = 30


def _bytes(data):
    return struct.pack("<I", len(data)) + data


def _string(text):
    return _bytes(text.encode())


class Result:
    """How a command ended. `rc` is the exit status or the negative signal."""

    def __init__(self, argv, rc, out, err, timed_out):
        self.argv = argv
        self.rc = rc
        self.out = out
        self.err = err
        self.timed_out = timed_out

    @property
    def ok(self):
        return self.rc == 0 and not self.timed_out

    def describe(self):
        how = "ran out of time" if self.timed_out else f"ended with {self.rc}"
        text = f"command {how}: {self.argv}"
        for name, part in (("stdout", self.out), ("stderr", self.err)):
            if part.strip():
                text += f"\n{name}: {part.strip()[-4000:]}"
        return text


class Job:
    """A command that is running, or any other request that awaits its answer."""

    def __init__(self, channel, ident, argv, timeout):
        self._channel = channel
        self._cond = channel.cond
        self.ident = ident
        self.argv = argv
        self.timeout = timeout
        self.parts = {1: bytearray(), 2: bytearray()}
        self.answer = None

    @property
    def out(self):
        """Standard output so far."""
        return self.parts[1].decode(errors="replace")

    @property
    def err(self):
        """Standard error so far."""
        return self.parts[2].decode(errors="replace")

    @property
    def running(self):
        return self.answer is None and not self._channel.closed

    def _wait(self, done, timeout, what):
        deadline = time.monotonic() + timeout
        with self._cond:
            while not done():
                if self._channel.closed:
                    raise GuestGone(f"machine gone while waiting for {what}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise GuestTimeout(f"no {what} within {timeout} s")
                self._cond.wait(left)

    def wait(self, timeout=None):
        """Waits for the end; returns a Result."""
        limit = self.timeout + GRACE if timeout is None else timeout
        self._wait(lambda: self.answer, limit, f"end of {self.argv}")
        kind, body = self.answer
        if kind == ERROR:
            raise GuestError(f"{self.argv}: {body[4:].decode()}")
        rc, timed_out = struct.unpack("<iB", body)
        return Result(self.argv, rc, self.out, self.err, bool(timed_out))

    def check(self, timeout=None):
        """Like wait(), but raises unless the exit status is 0."""
        result = self.wait(timeout)
        if not result.ok:
            raise CommandFailed(result)
        return result.out

    def wait_output(self, pattern, timeout=30, stream=1):
        """Waits until the output matches the regular expression; the match."""
        compiled = re.compile(pattern, re.MULTILINE)

        def found():
            text = self.parts[stream].decode(errors="replace")
            return compiled.search(text) or self.answer

        self._wait(found, timeout, f"{pattern!r} from {self.argv}")
        match = compiled.search(self.parts[stream].decode(errors="replace"))
        if not match:
            raise GuestError(f"{self.argv} ended without {pattern!r}: "
                             f"{self.out[-2000:]}{self.err[-2000:]}")
        return match

    def signal(self, number=15):
        """Sends a signal to the command's process group."""
        self._channel.send(self.ident, SIGNAL, struct.pack("<I", number))

    def write(self, data):
        """Writes to standard input; the command must have keep_stdin."""
        self._channel.send(self.ident, STDIN, _bytes(data))

    def close_stdin(self):
        self._channel.send(self.ident, STDIN, _bytes(b""))

    def stop(self, number=15, timeout=30):
        """Ends a background command, by force if it must be; a Result."""
        if self.answer is None:
            self.signal(number)
        try:
            return self.wait(timeout)
        except GuestTimeout:
            self.signal(9)
            return self.wait(timeout)


class Channel:
    """Frames over one stream socket, many requests at once."""

    def __init__(self, sock):
        self.sock = sock
        self.cond = threading.Condition()
        self.closed = False
        self.release = None
        self._jobs = {}
        self._next = 1
        self._send_lock = threading.Lock()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(5)
        self.sock.close()

    def send(self, ident, kind, body):
        frame = struct.pack("<IIB", len(body) + 5, ident, kind) + body
        try:
            with self._send_lock:
                self.sock.sendall(frame)
        except OSError as e:
            raise GuestGone(f"command channel: {e}") from e

    def _read(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.sock.recv(min(count - len(data), 1 << 20))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def _receive(self):
        try:
            while True:
                length, ident, kind = struct.unpack("<IIB", self._read(9))
                self._dispatch(ident, kind, self._read(length - 5))
        except (OSError, EOFError):
            with self.cond:
                self.closed = True
                self.cond.notify_all()

    def _dispatch(self, ident, kind, body):
        with self.cond:
            job = self._jobs.get(ident)
            if kind == HELLO:
                self.release = body[4:].decode()
            elif job and kind == OUTPUT:
                job.parts[body[0]] += body[1:]
            elif job:
                job.answer = (kind, body)
                del self._jobs[ident]
            self.cond.notify_all()

    def wait_hello(self, timeout, alive):
        """Waits for the agent; alive() tells whether it can still come."""
        deadline = time.monotonic() + timeout
        with self.cond:
            while self.release is None:
                if self.closed or not alive():
                    raise GuestGone("the machine ended before its agent came up")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise GuestTimeout(f"no agent within {timeout} s")
                self.cond.wait(min(left, 1))
        return self.release

    def _request(self, kind, body, argv, timeout):
        with self.cond:
            job = Job(self, self._next, argv, timeout)
            self._next += 1
            self._jobs[job.ident] = job
        self.send(job.ident, kind, body)
        return job

    def spawn(self, argv, timeout, netns="", uid=0, stdin=b"", keep_stdin=False):
        body = struct.pack("<II", max(1, int(timeout * 1000)), uid)
        body += _string(netns) + _bytes(stdin) + bytes([keep_stdin])
        body += struct.pack("<I", len(argv))
        body += b"".join(_string(a) for a in argv)
        return self._request(RUN, body, argv, timeout)

    def running(self):
        """The commands that have not ended."""
        with self.cond:
            return [j for j in self._jobs.values() if isinstance(j.argv, list)]

    def _simple(self, kind, body, what, timeout):
        job = self._request(kind, body, what, timeout)
        job._wait(lambda: job.answer, timeout, what)
        got, data = job.answer
        if got == ERROR:
            raise GuestError(f"{what}: {data[4:].decode()}")
        return data

    def put(self, path, data, mode=0o644, timeout=60):
        body = _string(path) + struct.pack("<I", mode) + _bytes(data)
        self._simple(PUT, body, f"put {path}", timeout)

    def get(self, path, timeout=60):
        return self._simple(GET, _string(path), f"get {path}", timeout)
