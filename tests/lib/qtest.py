# SPDX-License-Identifier: GPL-2.0-or-later
"""
Drives the device with no guest: QEMU's qtest protocol stands for the processor.

Machine starts QEMU with one espvault device. Device is the smallest driver
that can be written from the specification; its constants come from the
interface's own tables.
"""

import base64
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import time

from espguest.errors import GuestGone
from espguest.qemu import BUILD, QEMU, _die_with_parent, _props
from espguest.qmp import Qmp

TABLES = json.loads((BUILD / "fw-interface/esv.json").read_text())
REG = {i["name"]: i["number"] for i in TABLES["register"]}
OP = {i["name"]: i["number"] for i in TABLES["opcode"]}
STATUS = {i["number"]: i["name"] for i in TABLES["status"]}
RESET = {i["name"]: i["number"] for i in TABLES["reset"]}
EVENT = {i["number"]: i["name"] for i in TABLES["event"]}
COUNTER = {i["name"]: i["number"] for i in TABLES["counter"]}
C = {i["name"]: i["value"] for i in TABLES["const"]}
STRUCTS = {s["name"]: s for s in TABLES["struct"]}

SLOT = 4
PORT_SLOT = 5
BAR0 = 0xe0000000
BAR2 = 0xe0100000
ECAM = 0xb0000000
RAM = 0x100000          # where tests may put things
RAM_SIZE = 64 << 20

_LETTER = {1: "B", 2: "H", 4: "I", 8: "Q"}


def pack(name, **values):
    """Bytes of a struct; what is not named is zero."""
    out = bytearray(STRUCTS[name]["size"])
    for field in STRUCTS[name]["fields"]:
        if field["name"] not in values:
            continue
        value = values.pop(field["name"])
        if not isinstance(value, (bytes, bytearray)):
            order = ">" if field["type"].startswith("be") else "<"
            value = struct.pack(order + _LETTER[field["size"]], value)
        out[field["offset"]:field["offset"] + len(value)] = value
    assert not values, f"{name} has no {list(values)}"
    return bytes(out)


def unpack(name, data):
    """Fields of a struct: numbers, or bytes for arrays and inner structs."""
    out = {}
    for field in STRUCTS[name]["fields"]:
        raw = data[field["offset"]:field["offset"] + field["size"]]
        if field["count"] > 1 or field["type"].startswith("esv_"):
            out[field["name"]] = raw
        else:
            order = ">" if field["type"].startswith("be") else "<"
            out[field["name"]] = struct.unpack(
                order + _LETTER[field["size"]], raw)[0]
    return out


def _secret(secret):
    """A secret object "secret0" of these bytes; no arguments without any."""
    if secret is None:
        return []
    return ["-object", f"secret,id=secret0,format=base64,data={base64.b64encode(secret).decode()}"]


def start_error(secret=None, **props):
    """What QEMU says when it refuses a device with these properties."""
    argv = [str(QEMU), "-nodefaults", "-display", "none", "-machine", "q35",
            "-accel", "qtest", "-S", "-L", "/usr/share/seabios",
            "-L", "/usr/share/qemu", *_secret(secret), "-device", _props("espvault", props)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.returncode
    return done.stderr


class Machine:
    """
    QEMU with one device, its wire in our hands. A fixture of tap.
    port: the device is behind a root port, so that it can be pulled out.
    secret: bytes of the secret object "secret0".
    """

    def __init__(self, incoming=None, wire=True, port=False, secret=None, **props):
        self._dir = tempfile.TemporaryDirectory(prefix="qtest-")
        listener = socket.socket(socket.AF_UNIX)
        path = os.path.join(self._dir.name, "qtest")
        listener.bind(path)
        listener.listen(1)
        near, far = socket.socketpair()
        self.wire, wire_far = socket.socketpair(socket.AF_UNIX,
                                                socket.SOCK_DGRAM)
        self._port = port
        props = {"addr": 0 if port else SLOT, "id": "dev0",
                 "bus": "rp0" if port else "pcie.0",
                 "mac": "02:e5:00:00:00:01", **props}
        argv = [str(QEMU), "-nodefaults", "-no-user-config", "-display",
                "none", "-machine", "q35", "-accel", "qtest", "-m",
                str(RAM_SIZE >> 20), "-L", "/usr/share/seabios", "-L",
                "/usr/share/qemu", "-qtest", f"unix:{path}", "-qtest-log",
                "none", "-d", "guest_errors", "-D",
                os.path.join(self._dir.name, "log"), "-chardev",
                f"socket,id=qmp,fd={far.fileno()}", "-mon",
                "chardev=qmp,mode=control"]
        if wire:
            props["netdev"] = "wire"
            argv += ["-netdev", "dgram,id=wire,local.type=fd,"
                     f"local.str={wire_far.fileno()}"]
        if port:
            argv += ["-global",
                     "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                     "-device", f"pcie-root-port,id=rp0,addr={PORT_SLOT},"
                     "chassis=1,slot=1"]
        argv += [*_secret(secret), "-device", _props("espvault", props)]
        if incoming:
            argv += ["-incoming", incoming]
        self._stderr = open(os.path.join(self._dir.name, "stderr"), "w+b")
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self._stderr,
            stderr=self._stderr, pass_fds=[far.fileno(), wire_far.fileno()],
            preexec_fn=_die_with_parent)
        far.close()
        wire_far.close()
        self._buffer = b""
        try:
            listener.settimeout(30)
            self._socket, _ = listener.accept()
            self.qmp = Qmp(near)
        except (OSError, GuestGone) as e:
            self.process.kill()
            raise GuestGone(f"QEMU did not start: {self.messages()}") from e
        finally:
            listener.close()

    def close(self):
        self.process.kill()
        self.process.wait()
        self._socket.close()
        self.wire.close()
        self.qmp.close()
        self._dir.cleanup()

    def alive(self):
        return self.process.poll() is None

    def reset(self):
        """A bus reset after every test."""
        self.qmp.command("system_reset")
        self.qmp.wait_event("RESET")

    def console_scan(self):
        return []

    def messages(self):
        self._stderr.flush()
        return pathlib.Path(self._stderr.name).read_text()

    def guest_errors(self):
        path = pathlib.Path(self._dir.name) / "log"
        return path.read_text() if path.exists() else ""

    def do(self, *words):
        """One request; the words of its answer."""
        self._socket.sendall(" ".join(
            w if isinstance(w, str) else hex(w) for w in words).encode() +
            b"\n")
        while True:
            while b"\n" not in self._buffer:
                part = self._socket.recv(1 << 20)
                assert part, f"QEMU has ended: {self.messages()}"
                self._buffer += part
            line, self._buffer = self._buffer.split(b"\n", 1)
            words = line.decode().split()
            if words and words[0] != "IRQ":
                assert words[0] == "OK", line
                return words[1:]

    def read(self, addr, size):
        return bytes.fromhex(self.do("read", addr, size)[0][2:])

    def write(self, addr, data):
        self.do("write", addr, len(data), "0x" + bytes(data).hex())

    def load(self, letter, addr):
        return int(self.do("read" + letter, addr)[0], 0)

    def store(self, letter, addr, value):
        self.do("write" + letter, addr, value)

    def clock(self, ns):
        self.do("clock_step", str(ns))

    def _select(self, offset, function):
        if function is None:
            function = 1 << 16 if self._port else SLOT << 11
        self.do("outl", 0xcf8, 0x80000000 | function | offset & 0xfc)

    def config(self, offset, letter="l", function=None):
        """Configuration space, of the device or of another function."""
        self._select(offset, function)
        return int(self.do("in" + letter, 0xcfc + offset % 4)[0], 0)

    def set_config(self, offset, value, letter="l", function=None):
        self._select(offset, function)
        self.do("out" + letter, 0xcfc + offset % 4, value)

    def extended_config(self, offset):
        """Through the memory window, which is opened first."""
        self.do("outl", 0xcf8, 0x80000060)
        self.do("outl", 0xcfc, ECAM | 1)
        return self.load("l", ECAM + (SLOT << 15) + offset)

    def capability(self, wanted, function=None):
        """Offset of a PCI capability."""
        offset = self.config(0x34, "b", function)
        while offset:
            if self.config(offset, "b", function) == wanted:
                return offset
            offset = self.config(offset + 1, "b", function)
        raise AssertionError(f"no capability {wanted:#x}")

    def enable(self, master=True):
        """Places the BARs and switches them on."""
        if self._port:
            port = PORT_SLOT << 11
            self.set_config(0x18, 0x010100, function=port)
            self.set_config(0x20, BAR2 & 0xffff0000 | BAR0 >> 16,
                            function=port)
            self.set_config(0x04, 0x6, "w", function=port)
        self.set_config(0x10, BAR0)
        self.set_config(0x14, 0)
        self.set_config(0x18, BAR2)
        self.set_config(0x04, 0x6 if master else 0x2, "w")

    def pull(self):
        """Asks for the device, and lets the port's power go as a guest does."""
        port = PORT_SLOT << 11
        control = self.capability(0x10, port) + 0x18
        self.qmp.command("device_del", id="dev0")
        self.set_config(control, self.config(control, "w", port) | 0x0700,
                        "w", port)
        while self.qmp.wait_event("DEVICE_DELETED")["data"].get(
                "device") != "dev0":
            pass

    def drain(self):
        """Takes every frame that is on the wire now."""
        self.wire.setblocking(False)
        try:
            while self.wire.recv(65536):
                pass
        except BlockingIOError:
            pass

    def frame(self, timeout=10):
        self.wire.settimeout(timeout)
        return self.wire.recv(65536)


class Device:
    """The smallest driver: one admin queue, one queue pair, polled."""

    RINGS = RAM + 0x10000
    ASQ, ACQ, EQ = RINGS, RINGS + 0x1000, RINGS + 0x2000
    ASH, ESH = RINGS + 0x3000, RINGS + 0x3040
    TSH, RSH = RINGS + 0x3080, RINGS + 0x30c0
    PAYLOAD = RINGS + 0x4000
    TXR, RXR, RXC = RINGS + 0x5000, RINGS + 0x6000, RINGS + 0x7000
    BUFFERS = RAM + 0x100000
    LOG2 = 4
    RING = 64

    def __init__(self, machine):
        self.m = machine
        self.posted = self.done = self.rx_done = self.tx_posted = 0
        self.rx_posted = 0
        machine.enable()

    def reg(self, name):
        return self.m.load("l", BAR0 + REG[name])

    def set_reg(self, name, value):
        self.m.store("l", BAR0 + REG[name], value)

    def wait(self, what, condition):
        """Works in another event loop may take their turn first."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            self.m.clock(1000000)
        raise AssertionError(f"{what}: waited in vain")

    def msix(self, vector, addr, data, mask=0):
        self.m.write(BAR2 + 16 * vector,
                     struct.pack("<QII", addr, data, mask))
        cap = self.m.capability(0x11)
        self.m.set_config(cap + 2, 0x8000, "w")

    def start(self):
        """Rings of the admin queue, then ENABLE."""
        self.m.write(self.RINGS, bytes(0x8000))
        for name, addr in (("ASQ", self.ASQ), ("ACQ", self.ACQ),
                           ("EQ", self.EQ), ("ADMIN_SHADOW", self.ASH),
                           ("EQ_SHADOW", self.ESH)):
            self.set_reg(name + "_LO", addr & 0xffffffff)
            self.set_reg(name + "_HI", addr >> 32)
        self.set_reg("ADMIN_SIZE", self.LOG2 | self.LOG2 << 8)
        self.set_reg("ADMIN_VECTOR", 0)
        self.set_reg("CTRL", C["CTRL_ENABLE"])
        assert self.reg("STATUS") & C["STAT_ENABLED"], hex(self.reg("STATUS"))
        return self

    def post(self, opcode, payload=b"", out_cap=0, object=0, inl=b""):
        self.m.write(self.PAYLOAD, payload or b"\0")
        sqe = pack("esv_sqe", opcode=OP[opcode], version=1, tag=self.posted,
                   object=object, inl=inl, in_len=len(payload),
                   out_cap=out_cap,
                   dma=self.PAYLOAD if payload or out_cap else 0)
        size = 1 << self.LOG2
        self.m.write(self.ASQ + 64 * (self.posted % size), sqe)
        self.posted += 1
        self.m.store("l", self.ASH, self.posted)
        if self.m.load("l", self.ASH + 36):
            self.m.store("l", BAR0 + C["DB_ADMIN"], 0)

    def completion(self):
        size = 1 << self.LOG2
        cqe = unpack("esv_cqe", self.m.read(
            self.ACQ + 32 * (self.done % size), 32))
        if (cqe["flags"] & 1) != 1 - (self.done // size) % 2:
            return None
        self.done += 1
        self.m.store("l", self.ASH + 4, self.done)
        return cqe

    def command(self, opcode, payload=b"", out_cap=0, **more):
        """Runs a command; its completion and answer."""
        self.post(opcode, payload, out_cap, **more)
        cqe = self.wait(opcode, self.completion)
        return cqe, self.m.read(self.PAYLOAD, cqe["out_len"] or 1)

    def check(self, opcode, *args, **more):
        cqe, out = self.command(opcode, *args, **more)
        assert STATUS[cqe["status"]] == "OK", \
            (opcode, STATUS[cqe["status"]], hex(cqe["err_off"]))
        return out

    def port_up(self, mtu=1500):
        self.check("PORT_SET", pack(
            "esv_port_params", flags=C["PORT_UP"], mtu=mtu,
            mac=bytes.fromhex("02e500000001")))
        for kind, ring, cq, shadow in (
                ("QUEUE_TX", self.TXR, 0, self.TSH),
                ("QUEUE_RX", self.RXR, self.RXC, self.RSH)):
            rx = kind == "QUEUE_RX"
            self.check("QUEUE_CREATE", pack(
                "esv_queue_params", type=C[kind], ring_log2=6,
                cq_log2=6 if rx else 0, vector=1, buf_len=2048 if rx else 0,
                ring=ring, cq=cq, shadow=shadow))
        return self

    def counters(self):
        out = self.check("COUNTERS_READ", out_cap=8 * len(COUNTER))
        values = struct.unpack(f"<{len(COUNTER)}Q", out)
        return {name: values[n] for name, n in COUNTER.items()}

    def send(self, frame, ring=True, **more):
        buf = self.BUFFERS + 4096 * (self.tx_posted % self.RING)
        self.m.write(buf, frame)
        flags = C["TXD_SOP"] | C["TXD_EOP"] | more.pop("flags", 0)
        self.m.write(self.TXR + 32 * (self.tx_posted % self.RING), pack(
            "esv_tx_desc", addr=buf, len=len(frame), flags=flags, nr_desc=1,
            **more))
        self.tx_posted += 1
        self.m.store("l", self.TSH, self.tx_posted)
        if ring and self.m.load("l", self.TSH + 36):
            self.m.store("l", BAR0 + C["DB_QUEUE_BASE"], 0)

    def post_buffers(self, count):
        for _ in range(count):
            slot = self.rx_posted % self.RING
            self.m.write(self.RXR + 16 * slot, pack(
                "esv_rx_desc", addr=self.BUFFERS + 0x100000 + 4096 * slot,
                len=2048, tag=slot))
            self.rx_posted += 1
        self.m.store("l", self.RSH, self.rx_posted)
        if self.m.load("l", self.RSH + 36):
            self.m.store("l", BAR0 + C["DB_QUEUE_BASE"] +
                         C["DB_QUEUE_STRIDE"], 0)

    def received(self):
        """The next received frame, or None."""
        cqe = unpack("esv_rx_cqe", self.m.read(
            self.RXC + 32 * (self.rx_done % self.RING), 32))
        if (cqe["flags"] & 1) != 1 - (self.rx_done // self.RING) % 2:
            return None
        self.rx_done += 1
        return self.m.read(self.BUFFERS + 0x100000 + 4096 * cqe["tag"],
                           cqe["len"])
