#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The NIC is pulled out and plugged in while frames arrive at it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import GuestError, Rig, tap  # noqa: E402
import inguest  # noqa: E402
import xfrm  # noqa: E402

rig = tap.fixture(lambda: Rig(nic_props={"x-test-mode": True}))


def pull(r, nic):
    r.guest.qmp("device_del", id=nic)
    while r.guest.qemu.qmp.wait_event("DEVICE_DELETED")["data"].get("device") != nic:
        pass


def plug(r, nic):
    """Puts a NIC where it was; its device name follows from its address."""
    name, props = r.guest.nics[nic].device_args()
    r.guest.qmp("device_add", driver=name, **props)


def place(r, side, name):
    """The device appears in the first namespace, under a new name."""
    r.guest.wait_until(f"ip -br link | grep -q {side.mac}", timeout=60)
    dev = r.guest.netdev_of(side.nic)
    r.guest.check(f"ip link set {dev} netns {side.netns} name {name}")
    side.clean()


def secrets(r, nic):
    return r.guest.qmp("qom-get", path=f"/machine/peripheral/{nic}",
                       property="x-secrets")


@tap.test(rig)
def bus_sees_the_device(r):
    out = r.guest.check("for d in /sys/bus/pci/drivers/espvault/0000:*; do "
                        "cat $d/vendor $d/device $d/class; done").split()
    assert out == ["0x1af4", "0x10f5", "0x020000"] * 2, out


@tap.test(rig, timeout=240)
def pulled_and_plugged_under_load(r):
    for _ in range(3):
        load = r.a.spawn(f"ping -q -f -s 1400 -w 30 {r.b.v4}", timeout=60)
        before = secrets(r, "esv1")
        pull(r, "esv1")
        r.guest.wait_until(f"! ip -n {r.b.netns} link show esv1 2>/dev/null")
        plug(r, "esv1")
        place(r, r.b, "esv1")
        load.stop()
        assert secrets(r, "esv1") != before
        r.a.wait_until(f"ping -q -c 1 -W 1 {r.b.v4}")


@tap.test(rig, timeout=180)
def pulled_with_live_associations(r):
    r.b.check("""set -e
        ip xfrm state add src 10.9.0.1 dst 10.9.0.2 proto esp spi 0x1000 reqid 1 \
            mode transport replay-window 64 aead 'rfc4106(gcm(aes))' \
            0x000102030405060708090a0b0c0d0e0f10111213 128 \
            offload packet dev esv1 dir in
        ip xfrm policy add src 10.9.0.1/32 dst 10.9.0.2/32 dir in \
            offload packet dev esv1 \
            tmpl proto esp reqid 1 mode transport""")
    pull(r, "esv1")
    r.guest.wait_until(f"! ip -n {r.b.netns} link show esv1 2>/dev/null")
    assert not r.b.check("ip xfrm state").strip()
    plug(r, "esv1")
    place(r, r.b, "esv1")
    r.a.wait_until(f"ping -q -c 1 -W 1 {r.b.v4}")


@tap.test(rig, timeout=180, cases=[dict(kind=k, family=f, mode=m) for k in ("udp", "tcp")
                                  for f in (4, 6) for m in ("transport", "tunnel")])
def sockets_do_not_hold_the_device(r, kind, family, mode):
    """An idle connected socket keeps its route, SA and policy; the driver goes all the same."""
    esp = xfrm.Esp(r.a, r.b, family, mode).up().meet()
    far = esp.addr(r.b)
    server = inguest.listen(r.b, far, 5006)
    before = xfrm.counters(r.a)["tx_esp"]
    client = inguest.idle_socket(r.a, kind, far, 5006)
    r.a.wait_until(f"[ $(ethtool -S esv0 | sed -n 's/^ *tx_esp: *//p') -gt {before} ]")
    slot = xfrm.pci_slot(r.a)
    r.guest.check(f"echo {slot} > /sys/bus/pci/drivers/espvault/unbind")
    assert client.running, "the socket is gone"
    r.guest.check(f"echo {slot} > /sys/bus/pci/drivers/espvault/bind")
    place(r, r.a, "esv0")
    client.stop()
    server.stop()
    r.b.clean()
    r.a.wait_until(f"ping -q -c 1 -W 1 {r.b.v4}")


@tap.test(rig)
def bad_device_is_refused_while_running(r):
    pull(r, "esv1")
    try:
        r.guest.qmp("device_add", driver="espvault", id="bad", bus="port-esv1",
                    queues=65)
    except GuestError as e:
        assert "1..64" in str(e), e
    else:
        raise AssertionError("queues=65 was taken")
    plug(r, "esv1")
    place(r, r.b, "esv1")
    r.a.wait_until(f"ping -q -c 1 -W 1 {r.b.v4}")


tap.main()
