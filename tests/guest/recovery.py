#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the driver makes of a unit that lost its keys, and of a device that is full, silent or takes its entries back badly."""

import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5006
MUTE_AT = 60

rig = tap.fixture(lambda: Rig(name="plain"))
mute = tap.fixture(lambda: Rig(a_props={"x-fault": "admin-hang", "x-fault-n": MUTE_AT}, name="mute"))
locked = tap.fixture(lambda: Rig(a_props={"x-fault": "selftest", "x-fault-n": 5}, name="locked"))
small = tap.fixture(lambda: Rig(a_props={"sa-max": 4}, name="small"))
# Two policies go in; of the two that a reset must bring back, the second is refused once.
forgetful = tap.fixture(lambda: Rig(a_props={"x-fault": "policy-add-fail", "x-fault-n": 4},
                                    name="forgetful"))


def ping(esp, count=3):
    return esp.left.run(f"ping -n -q -c {count} -i 0.02 -W 1 {esp.addr(esp.right)}")


def sent_in_clear(path, side):
    mac = bytes.fromhex(side.mac.replace(":", ""))
    return [f for f in wire.frames(path)
            if f.raw[6:12] == mac and f.spi is None and not wire.is_background(f)]


@tap.test(rig, cases=[dict(keys="host"), dict(keys="unit")])
def zeroising_ends_every_sa(rig, keys):
    """UNIT-40: keys are gone, the states end hard, the policies go on and drop."""
    esp = xfrm.Esp(rig.a, rig.b, keys=keys).up()
    assert ping(esp).ok
    monitor = rig.a.spawn("stdbuf -oL ip xfrm monitor expire", timeout=100)
    # The monitor listens once it has seen something.
    rig.a.check(f"ip xfrm state add src {rig.a.v4} dst {rig.b.v4} proto esp spi 0x7777 mode transport "
                f"aead '{xfrm.AEAD.strip(chr(39))}' 0x{secrets.token_hex(20)} 128 limit time-hard 1")
    monitor.wait_output("spi 0x00007777")
    with rig.capture() as capture:
        rig.a.check(f"espvault zeroize {xfrm.unit_node(rig.a)} --all")
        for sa in esp.sas:
            monitor.wait_output(rf"spi {sa.spi:#010x}(.|\n)*?hard 1")
        rig.a.wait_until("! ip xfrm state | grep -q ^src")
        assert not ping(esp).ok
    monitor.stop()
    assert not sent_in_clear(capture.path, rig.a)
    # Another session than the one that went with the rest.
    rig.guest.check(f"espvault exchange {xfrm.unit_node(rig.a)} {xfrm.unit_node(rig.b)}")


@tap.test(locked)
def a_locked_unit_can_be_zeroised(rig):
    """UNIT-30: it opens no session, and needs none for this."""
    node = xfrm.unit_node(rig.a)
    refused = rig.guest.run(f"espvault exchange {node} {xfrm.unit_node(rig.b)}")
    assert refused.rc and "self-test" in refused.err, refused.describe()
    rig.guest.check(f"espvault zeroize {node} --all")


@tap.test(forgetful)
def an_entry_that_is_not_taken_back_keeps_the_port_closed(rig):
    """The device is reset again until it has all entries; nothing leaves in clear meanwhile."""
    esp = xfrm.Esp(rig.a, rig.b).up()
    job = inguest.offer(rig.a, PORT, rig.b.v4)
    with rig.capture() as capture:
        xfrm.function_reset(rig.a)
        rig.a.run("ip xfrm state flush")
        assert not ping(esp).ok
    job.stop()
    assert not sent_in_clear(capture.path, rig.a)
    resets = rig.a.check("ethtool -S esv0 | awk '$1 == \"resets:\" { print $2 }'")
    assert int(resets) >= 2, resets


@tap.test(mute, timeout=120)
def the_last_answer_is_not_waited_for_without_end(rig):
    """
    What the driver tells the device about a policy while it goes is never
    answered, and nobody watches any more: the driver goes all the same.
    """
    esp = xfrm.Esp(rig.a, rig.b)
    slot = xfrm.pci_slot(rig.a)
    rig.a.check("ip link set esv0 down")
    rig.a.check(esp.policy(rig.a, "add", "out"))
    while True:
        done = xfrm.counters(rig.a)["admin_cmds"] + 1
        assert done < MUTE_AT, "too late"
        if done == MUTE_AT - 1:
            break
    rig.guest.check(f"echo {slot} > /sys/bus/pci/drivers/espvault/unbind", timeout=60)
    assert rig.guest.run(f"test -e /sys/bus/pci/drivers/espvault/{slot}").rc


@tap.test(small)
def a_full_table_says_so_and_has_room_again(rig):
    """SA-4: the refused SA leaves nothing behind, and one that goes makes room."""
    first, second, third = (xfrm.Esp(rig.a, rig.b) for _ in range(3))
    for esp in (first, second):
        rig.a.check("\n".join(["set -e"] + esp.state_lines(rig.a)))
    for _ in range(3):
        refused = rig.a.run(third.out.command(rig.a))
        assert refused.rc and "Device:" in refused.err, refused.describe()
    assert rig.a.check("ip xfrm state").count("proto esp") == 4
    rig.a.check(first.out.delete(rig.a))
    rig.a.check(third.out.command(rig.a))


tap.main()
