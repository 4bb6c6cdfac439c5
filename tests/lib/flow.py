# SPDX-License-Identifier: GPL-2.0-or-later
"""Transfers whose every byte is verified, by the `flow` program in the guest."""

import json

from espguest import BUILD

PROGRAM = BUILD / "tests/flow/flow"


def installed(rig):
    """Puts the program into the machines of a rig; returns the rig."""
    for guest in rig.guests:
        guest.put("/usr/bin/flow", PROGRAM.read_bytes(), 0o755)
    return rig


def pinned(cpu):
    """The words before a command that runs on one CPU only; none without one."""
    return [] if cpu is None else ["taskset", "-c", str(cpu)]


def serve(side, port, cpu=None):
    """Starts a server for TCP and UDP, both families; it ends with the test."""
    job = side.spawn(" ".join(pinned(cpu) + ["flow", "serve", str(port)]), timeout=3600)
    job.wait_output("ready")
    return job


def send(side, addr, port, bytes, size=None, udp=False, timeout=20, check=True, cpu=None):
    """Transfers `bytes`; a Result, or with check the JSON that the sender prints."""
    words = pinned(cpu) + ["flow", "send", "--bytes", str(bytes), "--timeout", str(timeout)]
    words += ["--udp"] if udp else []
    words += ["--size", str(size)] if size else []
    result = side.run(words + [addr, str(port)], timeout=timeout + 40)
    if not check:
        return result
    assert result.ok, result.describe()
    return json.loads(result.out)
