#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: secrets.py relay LISTEN TARGET RECORD
       secrets.py journal RECORD
       secrets.py hold HEX...
       secrets.py look WORDS WHERE...

For secrecy-test. relay passes messages and descriptors on between clients at one
socket and a broker at another, and writes down all bytes that pass, either way.
journal is one, for a machine that has none. hold keeps bytes in its memory.

look searches for what the file WORDS lists, a "key HEX" or "spi HEX" on each line,
in files and, where WHERE is pid:NUMBER, in what a process can write of its memory:
keys as they are and as text, a piece of 15 bytes at least; SPIs in either order of
bytes, as text and as a number. Of a process keys-of:NUMBER it looks for keys alone.
It prints what it finds, and where.
"""

import os
import re
import select
import signal
import sys

if sys.argv[1] in ("relay", "journal"):
    import socket   # the others begin sooner without

PIECE = 8
PAGE = 4096
MESSAGE = 65536
FDS = 4


def ready():
    print("ready", flush=True)


# --- relaying -----------------------------------------------------------------------------------

def pass_on(source, to, record):
    """One message; False at the end of the connection."""
    data, fds, _, _ = socket.recv_fds(source, MESSAGE, FDS)
    if not data:
        return False
    record.write(data)
    record.flush()
    socket.send_fds(to, [data], fds)
    for fd in fds:
        os.close(fd)
    return True


def relay(listen, target, path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(listen)
    listener.listen(16)
    others = {}     # of each end of a connection the other
    with open(path, "wb") as record:
        ready()
        while True:
            for s in select.select([listener, *others], [], [])[0]:
                if s is listener:
                    client, _ = listener.accept()
                    broker = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                    if broker.connect_ex(target):   # there is none at present
                        client.close()
                        continue
                    others.update({client: broker, broker: client})
                    continue
                try:
                    goes_on = s in others and pass_on(s, others[s], record)
                except OSError:
                    goes_on = False
                if not goes_on and s in others:
                    other = others.pop(s)
                    others.pop(other)
                    s.close()
                    other.close()


def journal(path):
    place = "/run/systemd/journal/socket"
    os.makedirs(os.path.dirname(place), exist_ok=True)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(place)
    os.chmod(place, 0o666)
    with open(path, "wb") as record:
        ready()
        while True:
            record.write(s.recv(MESSAGE) + b"\n")
            record.flush()


def hold(*words):
    held = [bytes.fromhex(word) for word in words]  # noqa: F841
    ready()
    signal.pause()


# --- looking ------------------------------------------------------------------------------------

def traces_of_key(key):
    """Aligned pieces: one of them is in whatever has 15 bytes of it."""
    for at in range(0, len(key) - PIECE + 1, PIECE):
        piece = key[at:at + PIECE]
        yield piece
        yield piece.hex().encode()
        yield piece.hex().upper().encode()


def traces_of_spi(spi):
    yield spi
    yield spi[::-1]
    yield spi.hex().encode()
    yield spi.hex().upper().encode()
    yield str(int.from_bytes(spi, "big")).encode()
    yield str(int.from_bytes(spi, "little")).encode()


def whole(path):
    with open(path, "rb") as f:
        return f.read()


def traces(path, kinds):
    """(name, bytes) of all that is looked for."""
    for line in whole(path).decode().splitlines():
        kind, word = line.split()
        if kind in kinds:
            for trace in (traces_of_key if kind == "key" else traces_of_spi)(bytes.fromhex(word)):
                yield f"{kind} {word}", trace


def used(data):
    """The pieces of it that are not zero, by pages."""
    begun = None
    for at in range(0, len(data) + PAGE, PAGE):
        if any_bit(data[at:at + PAGE]):
            begun = at if begun is None else begun
        elif begun is not None:
            yield data[begun:at]
            begun = None


def any_bit(page):
    return page.count(0) != len(page)


def memory(pid):
    """What the process can write, and has."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in whole(f"/proc/{pid}/maps").decode().splitlines():
            start, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if not rights.startswith("rw"):
                continue
            mem.seek(int(start, 16))
            try:
                yield from used(mem.read(int(end, 16) - int(start, 16)))
            except OSError:
                continue    # a guard page


def look(words, *places):
    for place in places:
        where = re.fullmatch(r"(pid|keys-of):(\d+)", place)
        keys_only = where and where[1] == "keys-of"
        names = {trace: name for name, trace in traces(words, ("key",) if keys_only else ("key", "spi"))}
        wanted = re.compile(b"|".join(map(re.escape, names)), re.DOTALL)
        name = whole(f"/proc/{where[2]}/comm").decode().strip() if where else place
        pieces = memory(where[2]) if where else [whole(place)]
        for found in sorted({names[m[0]] for data in pieces for m in wanted.finditer(data)}):
            print(f"{found} in {name}")


if __name__ == "__main__":
    {"relay": relay, "journal": journal, "hold": hold, "look": look}[sys.argv[1]](*sys.argv[2:])
