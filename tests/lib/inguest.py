# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the Python programs of tests/lib/inguest in a virtual machine."""

import errno
import json
import pathlib
import re

from espguest import tap

FOLDER = pathlib.Path(__file__).resolve().parent / "inguest"


def program(guest, name):
    """Puts the program into the machine; returns the words that start it."""
    path = f"/run/{name}.py"
    guest.put(path, (FOLDER / f"{name}.py").read_bytes())
    return ["python3", path]


def send_packets(side, packets, marks=None):
    """Sends IP packets, headers and all, as a program of that side; marks: of the host's own."""
    lines = [f"{p.hex()} {m}\n" for p, m in zip(packets, marks or [0] * len(packets))]
    side.check(program(side.guest, "packets") + ["send"], stdin="".join(lines))


def migrate_refused(rig, sa, new_dst):
    """
    Asks the kernel to move an SA of side a and its policy (XFRM_MSG_MIGRATE). It can't: the
    copy would need the key, which the kernel does not have.
    """
    words = program(rig.guest, "migrate") + ["out", sa.saddr, sa.daddr, sa.reqid, sa.saddr, new_dst]
    answer = int(rig.a.check(words))
    # A state that can't be made is a bug's warning in this kernel, not ours.
    trouble = [t for t in rig.console_scan() if not re.search(r"__xfrm_state_destroy|Call Trace", t)]
    assert not trouble, trouble
    assert answer == errno.ENODATA, f"the kernel answered {answer}"


def send_datagrams(side, address, port, *texts):
    """Each text in a datagram, once, by an ordinary program."""
    side.check(program(side.guest, "packets") + ["datagrams", address, port, *texts])


def receive_datagrams(side, family, port):
    """A job that prints what arrives on a port over IP of that version, with TOS and TTL."""
    job = side.spawn(program(side.guest, "packets") + ["receive", family, port], timeout=600)
    job.wait_output("ready")
    return job


def offer(side, port, *addresses):
    """A job that offers datagrams without end; see offer.py."""
    job = side.spawn(program(side.guest, "offer") + [port, *addresses], timeout=600)
    job.wait_output("offered")
    return job


def listen(side, address, port):
    """A job that takes TCP connections and keeps them."""
    job = side.spawn(program(side.guest, "idle") + ["listen", address, port], timeout=600)
    job.wait_output("listening")
    return job


def echo(side, address, port):
    """A job that answers all that comes to a port, by TCP and UDP, with the same."""
    job = side.spawn(program(side.guest, "echo") + [address, port], timeout=600)
    job.wait_output("ready")
    return job


def idle_socket(side, kind, address, port):
    """A job with a connected socket, udp or tcp, that sent something and waits for nothing."""
    job = side.spawn(program(side.guest, "idle") + [kind, address, port], timeout=600)
    job.wait_output("idle")
    return job


def queue_counters(guest, dev, netns=""):
    """What the kernel tells an unprivileged program about a device's queues; see qstats.py."""
    return json.loads(guest.check(program(guest, "qstats") + [dev], netns=netns, uid=65534))


class Frames:
    """Sends frames made by hand through a side's device, past its host's IP and IPsec."""

    def __init__(self, side):
        self.count = 0
        self.job = side.spawn(program(side.guest, "frames") + ["send", side.dev], timeout=600,
                              keep_stdin=True)
        self.job.wait_output("ready")

    def send(self, *frames):
        """Returns once the device has been given all of them, in one go."""
        self.count += len(frames)
        self.job.write("".join(f"{f.hex()}\n" for f in frames).encode() + b"\n")
        self.job.wait_output(rf"^sent {self.count}$")


def received_segments(side, port):
    """A job that prints the TCP packets for a port as GRO hands them on; see frames.py."""
    job = side.spawn(program(side.guest, "frames") + ["receive", side.dev, port], timeout=600)
    job.wait_output("ready")
    return job


def script_passes(guest, command, timeout, skips=False):
    """Runs a script that prints TAP; all of its tests must pass, and none be skipped but with skips."""
    result = guest.run(command, timeout=timeout)
    tap.diag(result.out)
    assert result.ok and "1.." in result.out, result.describe()
    assert "not ok" not in result.out, result.out
    assert skips or "# SKIP" not in result.out, result.out
