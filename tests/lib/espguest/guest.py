# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual machine, from boot to end, and what a test does with it."""

import itertools
import os
import pathlib
import shlex
import sys
import time

from .channel import Channel
from .console import ConsoleLog
from .errors import CommandFailed, GuestError, GuestTimeout
from .qemu import BUILD, Qemu
from .snapshot import Snapshot

_numbers = itertools.count(1)
BOOT_LIMIT = 120

# QEMU 10.0's emulator can trip over its own assertion when processors touch devices
# while the firmware and the kernel place them, and on a busy host it can lose a
# processor's timer before the first program starts; nothing of ours runs by then.
BOOT_TRIES = 3
BOOT_RACE = "iotlb_to_section"
BOOT_STALL = "kthread timer wakeup didn't happen"

# Drivers of devices other than ours; nothing in the machine loads them.
DRIVERS = {"virtio-net-pci": "virtio_net", "igb": "igb", "e1000e": "e1000e"}


def log_dir():
    """Where logs, captures and dumps of this test program go."""
    name = pathlib.Path(sys.argv[0]).stem or "interactive"
    path = BUILD / "tests/log" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


class Nic:
    """
    A network device of a machine and the netdev behind it.

    device: QEMU's name of the device ("espvault", "virtio-net-pci", "igb",
    "e1000e"); mac: its address; hub: number of the hub that it is plugged into;
    props: further properties of the device.
    """

    def __init__(self, name, device, mac, hub=0, **props):
        self.name = name
        self.device = device
        self.mac = mac
        self.hub = hub
        self.props = props

    @property
    def netdev(self):
        return f"net-{self.name}"

    def netdev_args(self):
        return ("hubport", {"id": self.netdev, "hubid": self.hub})

    def device_args(self):
        props = {"id": self.name, "netdev": self.netdev, "mac": self.mac,
                 "romfile": "", "bus": f"port-{self.name}"}
        props.update(self.props)
        return (self.device, props)

    def port_args(self, number):
        return ("pcie-root-port", {"id": f"port-{self.name}",
                                   "chassis": number, "slot": number})


class Guest:
    """
    A running machine. Close it, or use it as a context manager.

    nics: Nic objects. links: pairs (hub, socket) that join a hub of this
    machine to one of another by a connected stream socket. memory in MiB.
    """

    def __init__(self, name=None, nics=(), links=(), memory=512, smp=2,
                 objects=(), kernel_args="", boot_limit=BOOT_LIMIT, **more):
        self.name = name or f"guest{next(_numbers)}"
        self.nics = {nic.name: nic for nic in nics}
        self.log_dir = log_dir()
        netdevs, fds = self._netdevs(nics, links)
        ports = [nic.port_args(i) for i, nic in enumerate(nics, 1)]
        self._captures = itertools.count(1)
        self.qemu = None
        self._snapshot = None
        more.update(memory=memory, smp=smp, netdevs=netdevs, fds=fds, objects=objects,
                    devices=ports + [n.device_args() for n in nics], kernel_args=kernel_args)
        self._arguments = more
        for tries_left in reversed(range(BOOT_TRIES)):
            try:
                self._boot(boot_limit, more)
                break
            except GuestError as e:
                if not self.qemu:
                    raise GuestError(f"{self.name}: {e}") from e
                if not tries_left or not (BOOT_RACE in self.qemu.messages() or self._stalled()):
                    raise GuestError(f"{self.name}: {e}\n{self._last_words()}") from e
                print(f"# {self.name}: QEMU lost a race of its own while booting; once more", flush=True)

    def _boot(self, limit, arguments):
        self.qemu = Qemu(self.name, self.log_dir, **arguments)
        self.console = ConsoleLog(self.qemu.console)
        self.channel = Channel(self.qemu.agent_socket)
        try:
            self.release = self.channel.wait_hello(limit, lambda: self.qemu.alive() and not self._stalled())
            # What udev does at boot: the processor's drivers, ciphers among them.
            self.run("modprobe -ab $(cat /sys/devices/system/cpu/modalias)")
            for device in {nic.device for nic in self.nics.values()} & DRIVERS.keys():
                self.check(["modprobe", DRIVERS[device]])
        except GuestError:
            self.close()
            raise

    def _stalled(self):
        return any(BOOT_STALL in line for line in self.console.tail())

    @staticmethod
    def _netdevs(nics, links):
        netdevs = [nic.netdev_args() for nic in nics]
        fds = []
        for i, (hub, sock) in enumerate(links):
            fds.append(sock.fileno())
            netdevs.append(("stream", {"id": f"link{i}", "server": False,
                                       "addr.type": "fd",
                                       "addr.str": sock.fileno()}))
            netdevs.append(("hubport", {"id": f"linkport{i}", "hubid": hub,
                                        "netdev": f"link{i}"}))
        return netdevs, fds

    def _last_words(self):
        words = "\n".join(self.console.tail())
        return f"QEMU: {self.qemu.messages()}\nconsole:\n{words}"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Ends the machine at once."""
        self.qemu.kill()
        self.qemu.qmp.close()
        self.channel.close()
        if self._snapshot:
            self._snapshot.forget()

    def alive(self):
        return self.qemu.alive() and not self.channel.closed

    # Commands

    def spawn(self, command, timeout=60, netns="", uid=0, stdin=b"",
              keep_stdin=False):
        """
        Starts a command (a shell line or a list of arguments) in the machine,
        in a network namespace if one is named; returns a Job.
        """
        argv = ["sh", "-c", command] if isinstance(command, str) else \
            [str(a) for a in command]
        if isinstance(stdin, str):
            stdin = stdin.encode()
        return self.channel.spawn(argv, timeout, netns, uid, stdin, keep_stdin)

    def run(self, command, timeout=60, **more):
        """Runs a command to its end; a Result, whatever its exit status."""
        return self.spawn(command, timeout, **more).wait()

    def check(self, command, timeout=60, **more):
        """Runs a command that must succeed; its standard output."""
        result = self.run(command, timeout, **more)
        if not result.ok:
            raise CommandFailed(result)
        return result.out

    def wait_until(self, command, timeout=30, **more):
        """
        Repeats a command until it succeeds; its output. For states that
        announce themselves by no event that could be waited for.
        """
        deadline = time.monotonic() + timeout
        while True:
            result = self.run(command, timeout, **more)
            if result.ok:
                return result.out
            if time.monotonic() > deadline:
                raise GuestTimeout(f"not within {timeout} s: {result.describe()}")

    def stop_jobs(self):
        """Ends all background commands."""
        for job in self.channel.running():
            job.stop(9)

    def put(self, path, data, mode=0o644):
        """Writes a file in the machine."""
        self.channel.put(path, data.encode() if isinstance(data, str) else data,
                         mode)

    def get(self, path):
        """Reads a file of the machine, as bytes."""
        return self.channel.get(path)

    def insmod(self, path, params=""):
        """Loads a module file, after the modules that it depends on."""
        path = shlex.quote(path)
        self.check("for m in $(modinfo -F depends " + path + " | tr , ' '); do "
                   f"modprobe $m || exit 1; done; insmod {path} {params}")

    def netdev_of(self, nic_name):
        """The kernel's name of a network device, by its address."""
        mac = self.nics[nic_name].mac.lower()
        out = self.check("cd /sys/class/net && grep -il " + mac +
                         " */address | head -n 1")
        name = out.split("/")[0].strip()
        if not name:
            raise GuestError(f"{self.name}: no device with address {mac}")
        return name

    # The machine

    def qmp(self, command, timeout=120, /, **arguments):
        return self.qemu.qmp.command(command, timeout, **arguments)

    def set_link(self, nic_name, up):
        """Plugs the cable of a NIC in or out."""
        self.qmp("set_link", name=nic_name, up=up)

    def dump(self, path=None, timeout=300):
        """Writes the whole memory as an ELF core; returns the path."""
        path = pathlib.Path(path or self.log_dir / f"{self.name}.dump")
        path.unlink(missing_ok=True)
        self.qmp("dump-guest-memory", timeout, paging=False,
                 protocol=f"file:{path}")
        return path

    @property
    def snapshot(self):
        """Where the state of the machine can be saved; see Snapshot."""
        if not self._snapshot:
            self._snapshot = Snapshot(self.qemu.qmp, self.log_dir / f"{self.name}.state")
            self._snapshot.forget()
        return self._snapshot

    def move(self, timeout=300):
        """
        Goes on with the machine in a new process of QEMU, which takes the state in
        as -incoming does. Commands that run meanwhile are lost to the test. Not for a
        machine with a link: the other one's end stays with the old process.
        """
        if self._arguments["fds"]:
            raise GuestError(f"{self.name} has a link to another machine and can't be moved")
        path = self.log_dir / f"{self.name}.incoming"
        events = [{"capability": "events", "state": True}]
        self.qmp("migrate-set-capabilities", capabilities=events)
        self.qmp("migrate", uri=f"file:{path}")
        self._migrated(timeout)
        self.close()
        self._snapshot = None
        extra = [*self._arguments.get("extra", ()), "-incoming", "defer"]
        try:
            self.qemu = Qemu(self.name, self.log_dir, **dict(self._arguments, extra=extra))
            self.console, self.channel = ConsoleLog(self.qemu.console), Channel(self.qemu.agent_socket)
            self.qmp("migrate-set-capabilities", capabilities=events)
            self.qmp("migrate-incoming", uri=f"file:{path}")
            self._migrated(timeout)
        finally:
            path.unlink(missing_ok=True)

    def _migrated(self, timeout):
        while True:
            status = self.qemu.qmp.wait_event("MIGRATION", timeout)["data"]["status"]
            if status == "completed":
                return
            if status == "failed":
                raise GuestError(f"{self.name} can't be moved: {self.qemu.messages()}")

    def capture(self, nic_name, path=None, frame_bytes=65536):
        """Records every frame on the hub of a NIC, up to a length; see Capture."""
        number = next(self._captures)
        path = path or self.log_dir / f"{self.name}-{number}.pcap"
        return Capture(self, self.nics[nic_name].netdev, f"capture{number}",
                       pathlib.Path(path), frame_bytes)

    def console_scan(self):
        """Lines that report kernel trouble since the last scan."""
        return [f"{self.name}: {line}" for line in self.console.scan()]


class Capture:
    """A pcap of the wire, complete once the context has been left."""

    def __init__(self, guest, netdev, ident, path, frame_bytes):
        self._guest = guest
        self._ident = ident
        self.path = path
        path.unlink(missing_ok=True)
        guest.qmp("object-add", **{"qom-type": "filter-dump", "id": ident,
                                   "netdev": netdev, "file": os.fspath(path),
                                   "maxlen": frame_bytes})

    def stop(self):
        if self._ident:
            self._guest.qmp("object-del", id=self._ident)
            self._ident = None
        return self.path

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self._guest.alive():
            self.stop()
