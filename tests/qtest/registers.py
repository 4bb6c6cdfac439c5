#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers, DMA, interrupts and resets of the device, seen from the bus."""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
from espguest import tap
from qtest import BAR0, BAR2, C, RAM, RAM_SIZE, REG, RESET, Device, Machine

machine = tap.fixture(lambda: Machine(queues=4))

PAGE = RAM + 0x8000


def generation(dev):
    return dev.reg("STATUS") >> C["STAT_GEN_SHIFT"] & 0xff


@tap.test(machine)
def pci_identity(m):
    assert m.config(0x00) == C["PCI_VENDOR"] | C["PCI_DEVICE"] << 16
    assert m.config(0x08) >> 8 == 0x020000
    assert m.config(0x08, "b") == C["IF_MAJOR"]
    for capability in (0x01, 0x10, 0x11):
        m.capability(capability)
    table = m.config(m.capability(0x11) + 2, "w")
    assert table & 0x7ff == 4, "one vector for each queue pair and one more"
    assert m.extended_config(0x100) & 0xffff == 1, "advanced error reporting"
    assert m.config(m.capability(0x10) + 4) & 1 << 28, "function level reset"


@tap.test(machine)
def identity_registers(m):
    dev = Device(m)
    assert dev.reg("MAGIC") == C["MAGIC"]
    assert dev.reg("IF_VERSION") == C["IF_MAJOR"] << 16 | C["IF_MINOR"]
    assert struct.pack("<II", dev.reg("MAC_LO"), dev.reg("MAC_HI")) == \
        bytes.fromhex("02e5000000010000")
    assert dev.reg("STATUS") & C["STAT_READY"]
    assert dev.reg("LINK") & 1


@tap.test(machine)
def scratch_register_inverts(m):
    dev = Device(m)
    for value in (0, 0xffffffff, 0x12345678):
        dev.set_reg("TEST_INVERT", value)
        assert dev.reg("TEST_INVERT") == value ^ 0xffffffff


@tap.test(machine)
def odd_accesses_are_ignored(m):
    dev = Device(m)
    scratch = BAR0 + REG["TEST_INVERT"]
    dev.set_reg("TEST_INVERT", 0x12345678)
    for letter, addr in (("b", scratch), ("b", scratch + 3), ("w", scratch),
                         ("w", scratch + 1), ("q", scratch),
                         ("l", scratch + 1), ("l", scratch + 2)):
        m.store(letter, addr, 0)
        assert m.load(letter, addr) == 0, (letter, addr)
    assert dev.reg("TEST_INVERT") == 0x12345678 ^ 0xffffffff
    assert "REG-2" in m.guest_errors()


@tap.test(machine)
def every_word_can_be_touched(m):
    dev = Device(m)
    for addr in range(BAR0, BAR0 + 0x3000, 4):
        m.load("l", addr)
    for value in (0xffffffff, 0):
        for addr in range(0, C["BAR0_SIZE"], 4):
            if addr not in (REG["CTRL"], REG["TEST_IRQ"]):
                m.store("l", BAR0 + addr, value)
    assert dev.reg("MAGIC") == C["MAGIC"]


@tap.test(machine)
def dma_test_fills_a_page(m):
    dev = Device(m)
    m.write(PAGE - 16, b"\xaa" * (4096 + 32))
    dev.set_reg("TEST_DMA_LO", PAGE)
    dev.set_reg("TEST_DMA_HI", 0)
    dev.set_reg("TEST_DMA_GO", 7)
    assert dev.reg("TEST_DMA_GO") == 1
    want = struct.pack("<1024I", *((7 * 0x9e3779b1 + i * 0x85ebca6b) &
                                   0xffffffff for i in range(1024)))
    assert m.read(PAGE, 4096) == want
    assert m.read(PAGE - 16, 16) == m.read(PAGE + 4096, 16) == b"\xaa" * 16


@tap.test(machine, cases=[{"addr": a} for a in
                          (BAR0, BAR2, RAM_SIZE, 0xfee00000, 0xffffffff000,
                           PAGE + 1)])
def dma_never_leaves_memory(m, addr):
    dev = Device(m)
    dev.set_reg("TEST_INVERT", 1)
    dev.set_reg("TEST_DMA_LO", addr & 0xffffffff)
    dev.set_reg("TEST_DMA_HI", addr >> 32)
    dev.set_reg("TEST_DMA_GO", 1)
    assert dev.reg("TEST_DMA_GO") == 2
    assert dev.reg("TEST_INVERT") == 0xfffffffe


@tap.test(machine)
def dma_needs_bus_mastering(m):
    dev = Device(m)
    m.write(PAGE, bytes(4096))
    for master, result in ((False, 2), (True, 1), (False, 2)):
        m.enable(master)
        dev.set_reg("TEST_DMA_LO", PAGE)
        dev.set_reg("TEST_DMA_HI", 0)
        dev.set_reg("TEST_DMA_GO", 3)
        assert dev.reg("TEST_DMA_GO") == result


@tap.test(machine)
def interrupt_test_sends_the_message(m):
    dev = Device(m)
    m.write(PAGE, bytes(64))
    for vector in range(5):
        dev.msix(vector, PAGE + 4 * vector, 0x100 + vector)
    for vector in range(5):
        dev.set_reg("TEST_IRQ", vector)
    dev.set_reg("TEST_IRQ", 5)
    dev.set_reg("TEST_IRQ", 0xffffffff)
    assert m.read(PAGE, 32) == struct.pack(
        "<8I", 0x100, 0x101, 0x102, 0x103, 0x104, 0, 0, 0)


@tap.test(machine)
def masked_interrupt_is_kept(m):
    dev = Device(m)
    m.write(PAGE, bytes(4))
    dev.msix(1, PAGE, 0x77, mask=1)
    dev.set_reg("TEST_IRQ", 1)
    assert m.load("l", PAGE) == 0
    m.store("l", BAR2 + 16 + 12, 0)
    assert m.load("l", PAGE) == 0x77


@tap.test(machine)
def interrupt_into_own_registers_is_harmless(m):
    dev = Device(m)
    dev.set_reg("TEST_INVERT", 0x11111111)
    dev.msix(0, BAR0 + REG["TEST_INVERT"], 0x22222222)
    dev.msix(1, BAR0 + REG["TEST_IRQ"], 1)
    dev.msix(2, BAR0 + REG["CTRL"], C["CTRL_RESET"])
    before = generation(dev)
    for vector in range(3):
        dev.set_reg("TEST_IRQ", vector)
    assert dev.reg("TEST_INVERT") == 0xeeeeeeee
    assert generation(dev) == before


@tap.test(machine)
def register_reset_tells_its_reason(m):
    dev = Device(m)
    before = generation(dev)
    dev.set_reg("CTRL", C["CTRL_RESET"] |
                RESET["DRIVER_LOAD"] << C["CTRL_REASON_SHIFT"])
    dev.wait("reset", lambda: dev.reg("STATUS") & C["STAT_READY"])
    assert dev.reg("RESET_REASON") == RESET["DRIVER_LOAD"]
    assert generation(dev) == (before + 1) % 256
    assert not dev.reg("CTRL") & C["CTRL_RESET"]


@tap.test(machine)
def function_level_reset(m):
    dev = Device(m).start()
    epoch = dev.reg("EPOCH_LO"), dev.reg("EPOCH_HI")
    control = m.capability(0x10) + 8
    m.set_config(control, m.config(control, "w") | 0x8000, "w")
    assert m.config(0x04, "w") & 6 == 0, "commands are off again"
    dev = Device(m)
    assert dev.reg("RESET_REASON") == RESET["FLR"]
    assert not dev.reg("STATUS") & C["STAT_ENABLED"]
    assert (dev.reg("EPOCH_LO"), dev.reg("EPOCH_HI")) != epoch


@tap.test(machine)
def bus_reset(m):
    Device(m).start()
    m.qmp.command("system_reset")
    m.qmp.wait_event("RESET")
    dev = Device(m)
    assert dev.reg("RESET_REASON") == RESET["BUS"]
    assert not dev.reg("STATUS") & C["STAT_ENABLED"]


@tap.test()
def power_on_is_the_first_reason():
    m = Machine()
    try:
        assert Device(m).reg("RESET_REASON") == RESET["POWER_ON"]
    finally:
        m.close()


@tap.test(machine)
def link_follows_the_backend(m):
    dev = Device(m)
    m.qmp.command("set_link", name="dev0", up=False)
    assert not dev.reg("LINK") & 1
    m.qmp.command("set_link", name="dev0", up=True)
    assert dev.reg("LINK") & 1


tap.main()
