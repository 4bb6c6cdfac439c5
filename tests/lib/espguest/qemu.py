# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU process: its command line, its life and its end."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess

from .errors import GuestError, GuestGone
from .qmp import Qmp

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
BUILD = CHECKOUT / "build"
CACHE = pathlib.Path(os.environ.get("ESPVAULT_CACHE", "/cache"))
QEMU = BUILD / "sim/qemu/qemu-system-x86_64"
IMAGES = pathlib.Path(os.environ.get("ESPVAULT_IMAGES", BUILD / "sim/guest"))

KERNEL_ARGUMENTS = (
    "console=ttyS0 quiet loglevel=5 panic=-1 oops=panic nokaslr "
    "mitigations=off no_timer_check tsc=reliable random.trust_cpu=on "
    "watchdog_thresh=30 "
    "rcupdate.rcu_cpu_stall_timeout=60 net.ifnames=0"
)

# Audit that was switched off once stays off, whatever comes later on the line.
UNGUARDED = "apparmor=0 audit=0"

_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)


def _props(name, props):
    """NAME,key=value,... with booleans and commas the way QEMU wants them."""
    parts = [name]
    for key, value in props.items():
        if isinstance(value, bool):
            value = "on" if value else "off"
        parts.append(f"{key}={str(value).replace(',', ',,')}")
    return ",".join(parts)


class Qemu:
    """
    Starts QEMU, paused or not, with a socket to its monitor and one to the
    agent. The process is killed when the thread that made it ends.
    """

    def __init__(self, name, log_dir, memory=512, smp=2, devices=(),
                 netdevs=(), objects=(), fds=(), kernel_args="", kernel=None,
                 icount=None, extra=(), security=UNGUARDED):
        self.name = name
        self.console = pathlib.Path(log_dir) / f"{name}.console"
        self.console.write_bytes(b"")
        self._stderr = pathlib.Path(log_dir) / f"{name}.stderr"
        qmp_near, qmp_far = socket.socketpair()
        self.agent_socket, agent_far = socket.socketpair()
        far = [qmp_far, agent_far]
        self.argv = self._machine(memory, smp, icount)
        self.argv += self._boot(kernel, f"{security} {kernel_args}")
        self.argv += self._channels(qmp_far.fileno(), agent_far.fileno())
        for flag, items in (("-object", objects), ("-netdev", netdevs),
                            ("-device", devices)):
            for item in items:
                self.argv += [flag, _props(*item)]
        self.argv += list(extra)
        self._start([s.fileno() for s in far] + list(fds))
        for s in far:
            s.close()
        try:
            self.qmp = Qmp(qmp_near)
        except GuestGone as e:
            self.kill()
            raise GuestGone(f"QEMU did not start: {self.messages()}") from e

    @staticmethod
    def _machine(memory, smp, icount):
        accel = os.environ.get("ACCEL") or "tcg"
        if accel not in ("tcg", "kvm"):
            raise GuestError(f"ACCEL={accel}: only tcg and kvm are known")
        if accel == "tcg":
            accel = "tcg,thread=" + ("single" if icount else "multi")
        argv = [str(QEMU), "-nodefaults", "-no-user-config", "-no-reboot",
                "-display", "none", "-machine", "q35", "-accel", accel,
                "-cpu", "max", "-m", f"{memory}M", "-smp", str(smp),
                "-L", "/usr/share/seabios", "-L", "/usr/share/qemu"]
        if icount:
            argv += ["-icount", icount]
        return argv

    @staticmethod
    def _boot(kernel, kernel_args):
        root = CACHE / (IMAGES / "root.name").read_text().strip()
        argv = ["-kernel", str(kernel or IMAGES / "vmlinuz"),
                "-initrd", str(IMAGES / "initrd"),
                "-append", f"{KERNEL_ARGUMENTS} {kernel_args}".strip()]
        for serial, path in (("root", root),
                             ("parts", IMAGES / "parts.squashfs")):
            argv += ["-blockdev", _props("driver=raw", {
                         "node-name": serial, "read-only": True,
                         "file.driver": "file", "file.filename": path,
                         "file.locking": "off"}),
                     "-device", f"virtio-blk-pci,drive={serial},serial={serial}"]
        return argv

    def _channels(self, qmp_fd, agent_fd):
        return ["-chardev", f"socket,id=qmp,fd={qmp_fd}",
                "-mon", "chardev=qmp,mode=control",
                "-chardev", f"socket,id=agent,fd={agent_fd}",
                "-device", "virtio-serial-pci",
                "-device", "virtserialport,chardev=agent,name=espvault.agent",
                "-serial", f"file:{self.console}"]

    def _start(self, fds):
        if not QEMU.exists():
            raise GuestError(f"{QEMU} is missing; 'make all' builds it")
        with open(self._stderr, "wb") as err:
            self._process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                pass_fds=fds, preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def messages(self):
        """What QEMU itself has printed."""
        return self._stderr.read_text(errors="replace").strip()

    def wait(self, timeout=30):
        """Waits for the process to end by itself; its exit status."""
        return self._process.wait(timeout)

    def kill(self):
        if self.alive():
            self._process.kill()
        self._process.wait()
