#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Crypto offload, by the kernel's own simulated device: it takes SAs and does no cipher, so only
what is said of it is tested (scenario 16; nic-rules say what such a device proves).
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Guest, tap  # noqa: E402
from latcher import Program  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "build/tests/netdevsim"
PORT = 4000
OWN, PEER = "10.78.0.1", "10.78.0.2"
KEY = "0x" + "5a" * 36
DEVICE = "/sys/bus/netdevsim/devices/netdevsim1"


class Host:
    """One machine: simulated device, broker and program; nobody is at the other end."""

    def __init__(self, guest):
        self.guest = guest
        for name in ("ptp_mock", "netdevsim"):
            guest.put(f"/run/{name}.ko", (FOLDER / f"{name}.ko").read_bytes())
        guest.check("modprobe -a psample esp4 esp4_offload && insmod /run/ptp_mock.ko && insmod /run/netdevsim.ko && "
                    "echo 1 1 >/sys/bus/netdevsim/new_device")
        guest.wait_until(f"ls {DEVICE}/net/*/address")
        self.dev = guest.check(f"ls {DEVICE}/net").strip()
        self.up()
        for direction, src, dst in (("out", OWN, PEER), ("in", PEER, OWN)):
            guest.check(f"ip xfrm policy add src {src} dst {dst} dir {direction} "
                        f"tmpl proto esp reqid 1 mode transport")
        self.broker = guest.spawn(["ipsecapid"], timeout=300)
        guest.wait_until("ipsecapi caps")
        self.program = Program(guest)

    def up(self):
        self.guest.check(f"ip link set {self.dev} up; ip addr replace {OWN}/24 dev {self.dev}; "
                         f"ip neigh replace {PEER} lladdr 02:00:00:00:00:02 dev {self.dev}")

    def states(self, offload):
        for spi, (direction, src, dst) in enumerate((("out", OWN, PEER), ("in", PEER, OWN)), 0x1600):
            device = f"offload dev {self.dev} dir {direction}" if offload else ""
            self.guest.check(f"ip xfrm state add src {src} dst {dst} proto esp spi {spi} reqid 1 mode transport "
                             f"replay-window {32 if direction == 'in' else 0} "
                             f"aead 'rfc4106(gcm(aes))' {KEY} 128 {device}")

    def in_device(self):
        """SAs that the device has, by its own count."""
        return self.guest.check("cat /sys/kernel/debug/netdevsim/netdevsim1/ports/0/ipsec").count("key=")

    def latch(self, more=""):
        ask = self.program.ask
        ask("close")
        assert ask("socket 4 udp") == "ok"
        assert ask(f"connect {PEER} {PORT}") == "ok"
        assert ask("open") == "ok"
        return ask(f"require strong 3=2 {more}")


def status(word):
    """What a report says of both directions, by a latch."""
    return f"out={word}\\+latch in={word}\\+latch"


MIXED = status("encrypted/mixed/per-packet-fallback")


@tap.test(timeout=200)
def crypto_offload_is_told_as_it_is_configured():
    """
    Which packets the device did nobody can tell, since the kernel does others without saying so:
    the report says that it is mixed, and a program that requires hardware is refused.
    """
    with Guest("nsim") as guest:
        host = Host(guest)
        host.states(offload=True)
        assert host.in_device() == 2
        assert host.latch() == "ok"
        host.program.until("report", f"latch=established/none .*{MIXED}")
        said = json.loads(guest.check("ipsecapi --json status"))
        assert (said["sas"], said["sas_crypto"], said["sas_software"]) == (2, 2, 0), said
        assert host.latch("2=2") == "EOPNOTSUPP outside-class"


@tap.test(timeout=200)
def a_device_that_goes_down():
    """
    The kernel deletes its SAs and tells nobody: the program is told all the same, nothing leaves
    without them, and software goes on where the device did before.
    """
    with Guest("nsim-down") as guest:
        host = Host(guest)
        host.states(offload=True)
        assert host.latch() == "ok"
        host.program.until("status", MIXED)
        host.program.events.clear()
        guest.check(f"ip link set {host.dev} down")
        host.program.until("status", "latch=established out=unknown/unknown/no-route in=unknown/unknown/no-route")
        host.program.until_event("changed")
        assert not guest.check("ip xfrm state"), "the kernel keeps SAs of a device that is down"
        host.up()
        host.program.until("status", "latch=established .*no-sa.*no-sa")
        assert host.program.ask("send anything").startswith("E")
        host.states(offload=False)
        host.program.until("status", status("encrypted/software/none"))
        assert host.program.ask("send anything") == "sent"
        assert not [e for e in host.program.events if "broken" in e], host.program.events


tap.main()
