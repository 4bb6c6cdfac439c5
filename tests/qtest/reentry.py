#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Interrupt messages that reach the device's own configuration: the core is
on the stack while the device is reset, or pulled out."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
from espguest import tap
from qtest import (BAR0, C, ECAM, PORT_SLOT, RESET, SLOT, Device, Machine)

FLR = 0x8000
POWER_OFF = 0x0700


def ecam(m, slot, offset):
    """Address of a word of configuration space, once the window is open."""
    m.do("outl", 0xcf8, 0x80000060)
    m.do("outl", 0xcfc, ECAM | 1)
    return ECAM + (slot << 15) + offset


def fatal(dev):
    """A tail that is too far: every vector is raised, in the core's loop."""
    dev.m.store("l", dev.ASH, 100)
    dev.m.store("l", BAR0 + C["DB_ADMIN"], 0)


def register(dev):
    dev.set_reg("TEST_IRQ", 0)


RAISE = {"fatal": fatal, "register": register}
WAYS = [{"way": "fatal", "sync": False}, {"way": "fatal", "sync": True},
        {"way": "register", "sync": False}]


@tap.test(cases=WAYS)
def a_reset_from_inside_is_done(way, sync):
    """REG-50, RST-5: a function level reset that the core's own interrupt
    caused resets the core too."""
    m = Machine(queues=4, **({"x-sync": "on"} if sync else {}))
    try:
        dev = Device(m).start()
        epoch = dev.reg("EPOCH_LO")
        before = dev.reg("STATUS") >> C["STAT_GEN_SHIFT"] & 0xff
        dev.msix(0, ecam(m, SLOT, m.capability(0x10) + 8), FLR)
        RAISE[way](dev)
        dev.wait("reset", lambda: m.config(0x04, "w") & 6 == 0)
        dev = Device(m)
        assert dev.reg("RESET_REASON") == RESET["FLR"]
        assert not dev.reg("STATUS") & C["STAT_ENABLED"]
        assert not dev.reg("STATUS") & C["STAT_FATAL"]
        assert dev.reg("STATUS") >> C["STAT_GEN_SHIFT"] & 0xff == \
            (before + 1) % 256
        assert dev.reg("EPOCH_LO") != epoch
        dev.start().port_up()
    finally:
        m.close()


@tap.test(cases=WAYS)
def a_pull_from_inside_is_survived(way, sync):
    """The device leaves while its core raises interrupts, and is freed once
    the core has come back."""
    m = Machine(queues=4, port=True, **({"x-sync": "on"} if sync else {}))
    try:
        dev = Device(m).start()
        port = PORT_SLOT << 11
        m.set_config(0x04, 0x6, "w")
        dev.msix(0, ecam(m, PORT_SLOT,
                         m.capability(0x10, port) + 0x18), POWER_OFF)
        dev.msix(1, 0xfee00000, 0)
        RAISE[way](dev)
        while m.qmp.wait_event("DEVICE_DELETED")["data"].get(
                "device") != "dev0":
            pass
        assert m.config(0) == 0xffffffff
        m.qmp.command("device_add", driver="espvault", id="dev1", bus="rp0")
        assert m.alive()
    finally:
        m.close()


tap.main()
