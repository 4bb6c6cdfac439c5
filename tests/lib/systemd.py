# SPDX-License-Identifier: GPL-2.0-or-later
"""A systemd that runs what is installed: process 1 of a namespace of its own, as in a container."""

import json
import shlex

# It has /run to itself, and the machine's cgroups. What is started is as by a package's scripts.
PREPARE = """set -e
systemd-machine-id-setup
systemd-sysusers
systemctl --root=/ enable ipsecapid.socket"""
BOOT = """mount -t tmpfs -o mode=755 tmpfs /run &&
exec env -i container=other PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=basic.target"""


class Booted:
    """In the network namespace of a side. Commands run beside systemd, in its world."""

    def __init__(self, side):
        self.side, self.guest = side, side.guest
        self.guest.check(PREPARE)
        self.job = side.spawn(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", BOOT], timeout=600)
        self.pid = self.guest.wait_until("pgrep -x systemd").split()[0]
        self.wait_until("systemctl is-active basic.target", timeout=60)

    def spawn(self, command, timeout=60, **more):
        argv = ["sh", "-c", command] if isinstance(command, str) else [str(a) for a in command]
        return self.side.spawn(["nsenter", "--target", self.pid, "--mount", "--pid", "--", *argv], timeout, **more)

    def run(self, command, timeout=60, **more):
        return self.spawn(command, timeout, **more).wait()

    def check(self, command, timeout=60, **more):
        return self.spawn(command, timeout, **more).check()

    def wait_until(self, command, timeout=30, **more):
        inside = f"nsenter --target {self.pid} --mount --pid -- sh -c {shlex.quote(command)}"
        return self.guest.wait_until(inside, timeout, netns=self.side.netns, **more)

    def wait_status(self, unit, text):
        """Until the unit says that of itself, which comes apart from all else."""
        self.wait_until(f"systemctl show --value --property StatusText {unit} | grep -qxF {shlex.quote(text)}")

    def show(self, unit, name):
        """A property of a unit."""
        return self.check(["systemctl", "show", "--value", "--property", name, unit]).strip()

    def journal(self, unit):
        """What was recorded of a unit: dictionaries, oldest first."""
        out = self.check(["journalctl", "--sync"]) + self.check(["journalctl", "--unit", unit, "--output", "json"])
        return [json.loads(line) for line in out.splitlines()]
