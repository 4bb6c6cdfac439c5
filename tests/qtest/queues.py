#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Admin queue, transmit and receive through QEMU's net layer, saved state."""

import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
from espguest import GuestGone, tap
from qtest import BAR0, C, EVENT, RAM, RESET, STATUS, Device, Machine, unpack

machine = tap.fixture(lambda: Machine(queues=2))
notified = tap.fixture(lambda: Machine(queues=2, ioeventfd=True))
sync = tap.fixture(lambda: Machine(queues=2, **{"x-sync": True}))

MINE = bytes.fromhex("02e500000001")
PEER = bytes.fromhex("02e500000002")
PAGE = RAM + 0x8000


def frame(dst, src, number, size=200):
    """A frame of an experimental ethertype that can be told from others."""
    return dst + src + b"\x88\xb5" + struct.pack(">I", number) + \
        bytes(number + i & 0xff for i in range(size - 18))


@tap.test(machine)
def identify(m):
    out = Device(m).start().check("IDENTIFY", out_cap=256)
    ident = unpack("esv_identify", out.ljust(256, b"\0"))
    assert ident["if_version"] == C["IF_MAJOR"] << 16 | C["IF_MINOR"]
    assert ident["features"] & C["FEAT_IPSEC"]


@tap.test(sync)
def synchronous_mode_answers_inside_the_doorbell(m):
    dev = Device(m).start()
    dev.post("NOP", inl=b"espvault")
    cqe = dev.completion()
    assert cqe and cqe["result"][:8] == b"espvault"


@tap.test(machine)
def completion_raises_the_vector(m):
    dev = Device(m).start()
    m.write(PAGE, bytes(4))
    dev.msix(0, PAGE, 0x55)
    dev.command("NOP")
    assert m.load("l", PAGE) == 0x55


@tap.test(machine)
def frames_go_out_in_order(m):
    dev = Device(m).start().port_up()
    for number in range(200):
        want = frame(PEER, MINE, number)
        dev.send(want)
        assert m.frame() == want
    assert dev.counters()["TX_FRAMES"] == 200


@tap.test(notified)
def doorbells_can_be_notifiers(m):
    dev = Device(m).start().port_up()
    for number in range(100):
        want = frame(PEER, MINE, number)
        dev.send(want)
        assert m.frame() == want
        dev.post_buffers(1)
        want = frame(MINE, PEER, number)
        m.wire.send(want)
        assert dev.wait("frame", dev.received) == want


@tap.test(machine)
def a_burst_goes_out_with_one_doorbell(m):
    dev = Device(m).start().port_up()
    want = [frame(PEER, MINE, n, 60 + 20 * n) for n in range(60)]
    for one in want[:-1]:
        dev.send(one, ring=False)
    dev.send(want[-1])
    assert [m.frame() for _ in want] == want


def block(m, dev):
    """Fills the wire until a frame waits in QEMU; returns how many were sent."""
    for number in range(2000):
        dev.send(frame(PEER, MINE, number))
        if dev.tx_posted - m.load("l", dev.TSH + 32) > 8:
            return number + 1
    raise AssertionError("the wire never gets full")


@tap.test(machine)
def a_full_wire_loses_nothing(m):
    dev = Device(m).start().port_up()
    count = block(m, dev)
    for number in range(count):
        assert m.frame() == frame(PEER, MINE, number)
    assert dev.counters()["TX_FRAMES"] == count


@tap.test()
def pulled_out_with_a_full_wire():
    m = Machine(queues=2, port=True)
    try:
        block(m, Device(m).start().port_up())
        m.pull()
        # Room on the wire lets QEMU look at what it had queued.
        for _ in range(5):
            m.drain()
            assert m.qmp.command("query-status")["running"]
    finally:
        m.close()


@tap.test()
def backend_is_removed_with_a_full_wire():
    m = Machine(queues=2)
    try:
        dev = Device(m).start().port_up()
        block(m, dev)
        m.qmp.command("netdev_del", id="wire")
        assert not dev.reg("LINK") & 1
        dev.wait("frames", lambda: m.load("l", dev.TSH + 32) ==
                 dev.tx_posted)
    finally:
        m.close()


@tap.test(machine)
def frames_come_in(m):
    dev = Device(m).start().port_up()
    dev.post_buffers(8)
    for number in range(8):
        want = frame(MINE, PEER, number, 60 + 180 * number)
        m.wire.send(want)
        assert dev.wait("frame", dev.received) == want


@tap.test(machine)
def frames_wait_for_buffers_in_order(m):
    dev = Device(m).start().port_up()
    want = [frame(MINE, PEER, n) for n in range(20)]
    for one in want:
        m.wire.send(one)
    got = []
    for _ in range(5):
        dev.post_buffers(4)
        got += [dev.wait("frame", dev.received) for _ in range(4)]
    assert got == want


@tap.test(machine)
def foreign_frames_are_dropped(m):
    dev = Device(m).start().port_up()
    dev.post_buffers(2)
    m.wire.send(frame(PEER, MINE, 1))
    m.wire.send(frame(MINE, PEER, 2))
    assert dev.wait("frame", dev.received) == frame(MINE, PEER, 2)
    assert dev.counters()["RX_DROP_FILTER"] == 1


@tap.test(machine)
def descriptor_into_nowhere_is_counted(m):
    dev = Device(m).start().port_up()
    dev.send(frame(PEER, MINE, 1), ring=False)
    m.write(dev.TXR, struct.pack("<Q", BAR0))
    m.store("l", BAR0 + C["DB_QUEUE_BASE"], 0)
    dev.send(frame(PEER, MINE, 2))
    assert m.frame() == frame(PEER, MINE, 2)
    assert dev.counters()["TX_DROP_DMA"] == 1


@tap.test(machine)
def stopped_machine_stands_still(m):
    dev = Device(m).start().port_up()
    m.qmp.command("stop")
    dev.post("NOP")
    assert not dev.completion()
    m.qmp.command("cont")
    dev.wait("NOP", dev.completion)


def save(m, path):
    m.qmp.command("migrate", uri=f"file:{path}")
    while True:
        state = m.qmp.command("query-migrate")["status"]
        if state in ("completed", "failed"):
            assert state == "completed"
            return


@tap.test()
def saved_state_carries_rings_and_no_unit():
    with tempfile.TemporaryDirectory() as tmp:
        path = f"{tmp}/state"
        old = Machine(queues=2)
        try:
            dev = Device(old).start().port_up()
            dev.check("NOP")
            epoch = dev.reg("EPOCH_LO"), dev.reg("EPOCH_HI")
            numbers = dict(vars(dev))
            save(old, path)
        finally:
            old.close()
        new = Machine(queues=2, incoming="defer")
        try:
            new.qmp.command("migrate-incoming", uri=f"file:{path}")
            new.qmp.wait_event("RESUME")
            dev = Device.__new__(Device)
            vars(dev).update(numbers, m=new)
            dev.check("NOP")
            assert dev.reg("RESET_REASON") == RESET["STATE_LOAD"]
            assert (dev.reg("EPOCH_LO"), dev.reg("EPOCH_HI")) != epoch
            event = unpack("esv_eqe", new.read(dev.EQ, 32))
            events = [unpack("esv_eqe", new.read(dev.EQ + 32 * i, 32))
                      for i in range(16)]
            assert "EPOCH" in [EVENT.get(e["type"]) for e in events], event
            dev.send(frame(PEER, MINE, 1))
            assert dev.counters()["TX_DROP_NOMATCH"] == 1, \
                "everything is dropped until FEATURES_SET"
        finally:
            new.close()


@tap.test()
def hostile_state_is_refused():
    with tempfile.TemporaryDirectory() as tmp:
        path = pathlib.Path(tmp) / "state"
        old = Machine(queues=2)
        try:
            Device(old).start().port_up()
            save(old, path)
        finally:
            old.close()
        data = path.read_bytes()
        at = data.index(Device.ASH.to_bytes(4, "little"),
                        data.index(b"/espvault"))
        path.write_bytes(data[:at] + b"\xff" * 4 + data[at + 4:])
        new = Machine(queues=2, incoming="defer")
        try:
            try:
                new.qmp.command("migrate-incoming", uri=f"file:{path}")
                new.process.wait(30)
            except GuestGone:
                new.process.wait(30)
            assert new.process.returncode == 1
            assert "state is not valid" in new.messages(), new.messages()
        finally:
            new.close()


tap.main()
