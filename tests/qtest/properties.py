#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line may ask of the device, and what it may not."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
from espguest import GuestError, tap
from qtest import C, Device, Machine, start_error, unpack

BAD = [("queues", 0, "1..64"), ("queues", 65, "1..64"),
       ("sa-max", 0, "1..1048576"), ("sa-max", 1048577, "1..1048576"),
       ("policy-max", 0, "1..1048576"), ("handle-max", 0, "1..65536"),
       ("handle-max", 65537, "1..65536"),
       ("aead", "rot13", "auto, evp, ipsec-mb"),
       ("x-fault", "none-such", "admin-hang"), ("x-fault-n", 0, "1..")]


@tap.test(cases=[{"prop": p, "value": v, "says": s} for p, v, s in BAD])
def bad_value_is_named(prop, value, says):
    text = start_error(**{prop: value})
    assert f"property '{prop}'" in text and says in text, text


@tap.test()
def ipsec_needs_the_unit():
    text = start_error(unit=False)
    assert "property 'ipsec' needs 'unit'" in text, text


def device_id(**props):
    m = Machine(**props)
    try:
        d = Device(m)
        d.start()
        return unpack("esv_identify", d.check("IDENTIFY", out_cap=128))["device_id"]
    finally:
        m.close()


@tap.test()
def identity_makes_the_device():
    """UNIT-92: the same secret is the same device at each power-on, and no other one is."""
    one = device_id(identity="secret0", secret=b"\1" * 32)
    assert one == device_id(identity="secret0", secret=b"\1" * 32)
    others = [device_id(identity="secret0", secret=b"\2" * 32), device_id(), device_id()]
    assert len({one, *others}) == 4, others


@tap.test()
def bad_identity_is_named():
    text = start_error(identity="secret0")
    assert "secret0" in text, text
    for size in (31, 33):
        text = start_error(identity="secret0", secret=b"\1" * size)
        assert f"secret 'secret0' has {size} bytes, but a device secret has 32" in text, text


@tap.test()
def a_plain_nic_needs_no_unit():
    m = Machine(ipsec=False, unit=False)
    try:
        assert Device(m).reg("STATUS") & C["STAT_READY"]
    finally:
        m.close()


MODES = [({"strict": True}, "MODE_STRICT"), ({"x-test-mode": True}, "MODE_TEST"),
         ({"host-keys": True}, "MODE_HOST_KEYS"), ({"x-sync": True}, "MODE_SYNC")]


@tap.test(cases=[{"props": p, "bit": b} for p, b in MODES])
def mode_shows_the_property(props, bit):
    for value in (True, False):
        m = Machine(**{k: value for k in props})
        try:
            assert bool(Device(m).reg("MODE") & C[bit]) == value
        finally:
            m.close()


@tap.test(cases=[{"queues": q} for q in (1, 2, 64)])
def vectors_follow_queues(queues):
    m = Machine(queues=queues)
    try:
        table = m.config(m.capability(0x11) + 2, "w")
        assert table & 0x7ff == queues
    finally:
        m.close()


def secrets(m):
    return m.qmp.command("qom-get", path="/machine/peripheral/dev0",
                         property="x-secrets")


@tap.test()
def secrets_need_test_mode():
    m = Machine()
    try:
        secrets(m)
    except GuestError as e:
        assert "x-test-mode" in str(e)
    else:
        raise AssertionError("secrets were shown")
    finally:
        m.close()


@tap.test()
def secrets_are_listed_in_test_mode():
    m = Machine(**{"x-test-mode": True})
    try:
        found = json.loads(secrets(m))
        assert found, "a unit has at least the secret of its tokens"
        for entry in found:
            assert entry["name"] and bytes.fromhex(entry["hex"])
    finally:
        m.close()


@tap.test()
def device_can_be_listed():
    m = Machine()
    try:
        text = m.qmp.command("human-monitor-command",
                             **{"command-line": "info qtree"})
        assert "dev: espvault" in text and "sa-max = 4096" in text
    finally:
        m.close()


tap.main()
