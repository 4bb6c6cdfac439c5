#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The NIC as a plain NIC: two of them in two namespaces. What the wire carries is
checked by tshark; whatever is done to a device is done while data flows.
"""

import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import flow  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

BULK = 2_000_000
PORT = 5001

rig = tap.fixture(lambda: flow.installed(Rig()))


def moved(side, before, name):
    return xfrm.counters(side).get(name, 0) - before.get(name, 0)


def reach(r, size=56, count=3, families=(4, 6)):
    for family in families:
        r.a.check(f"ping -n -q -c {count} -i 0.1 -W 5 -s {size} -M do {r.b.addr(family)}")


def bulk(r, size=BULK, families=(4, 6)):
    for family in families:
        flow.send(r.a, r.b.addr(family), PORT, bytes=size)
        flow.send(r.b, r.a.addr(family), PORT, bytes=size)


def served(r):
    for side in (r.a, r.b):
        flow.serve(side, PORT)


class Load:
    """
    TCP one way for as long as the context lasts; each transfer must get through
    that finds a route when it begins.
    """

    SCRIPT = """while [ ! -e /tmp/enough ]; do
        why=$(flow send --bytes 4000000 --timeout 60 {to} {port} 2>&1) && continue
        case $why in *"Network is unreachable"*) continue; esac
        echo "$why" >&2; exit 1; done"""

    def __init__(self, r):
        self.guest = r.guest
        self.guest.check("rm -f /tmp/enough")
        self.job = r.a.spawn(self.SCRIPT.format(to=r.b.v4, port=PORT), timeout=200)

    def __enter__(self):
        return self

    def __exit__(self, kind, *exc):
        self.guest.check("touch /tmp/enough")
        if kind is None:
            self.job.check(timeout=120)


def in_use(r, side):
    """Waits until data flows through a side's device, so that what follows hits it."""
    before = xfrm.counters(side)["tx_frames"]
    side.wait_until(f"[ $(ethtool -S {side.dev} | sed -n 's/^ *tx_frames: //p') -gt {before + 20} ]")


def back(side):
    """Waits until a device has carrier again."""
    side.wait_until(f"ip link show {side.dev} | grep -q LOWER_UP", timeout=60)


@tap.test(rig)
def it_says_what_it_is(r):
    info = r.a.check("ethtool -i esv0")
    assert "driver: espvault" in info and "if 1.1" in info, info
    link = r.a.check("ethtool esv0")
    assert "Speed: 10000Mb/s" in link and "Link detected: yes" in link, link
    features = r.a.check("ethtool -k esv0")
    for name in ("rx-checksumming", "tx-checksumming", "tcp-segmentation-offload",
                 "receive-hashing", "scatter-gather"):
        assert re.search(rf"^{name}: on", features, re.M), f"{name}: {features}"


@tap.test(rig)
def ping_and_tcp_both_families(r):
    served(r)
    before = xfrm.counters(r.a)
    reach(r)
    reach(r, size=1452)
    bulk(r)
    assert moved(r.a, before, "tx_tso") > 0
    drops = {k: v for k, v in xfrm.counters(r.a).items()
             if v != before.get(k) and ("drop" in k or "bad" in k) and k != "rx_drop_filter"}
    assert not drops, drops


def bad_checksums(path):
    """(frames with a wrong checksum, frames with a right one), by tshark."""
    options = []
    for name in ("ip", "tcp", "udp"):
        options += ["-o", f"{name}.check_checksum:TRUE"]

    def count(want):
        text = " or ".join(f"{p}.checksum.status == {want}"
                           for p in ("ip", "tcp", "udp", "icmpv6"))
        done = subprocess.run(["tshark", "-n", "-r", str(path), *options, "-Y", text],
                              capture_output=True, text=True, timeout=300, check=True)
        return done.stdout.splitlines()

    return count("Bad"), count("Good")


@tap.test(rig, cases=[{"tso": t} for t in ("on", "off")])
def what_is_on_the_wire_is_right(r, tso):
    served(r)
    for side in (r.a, r.b):
        side.check(f"ethtool -K {side.dev} tso {tso}")
    with r.capture() as capture:
        bulk(r, 300_000)
        for family in (4, 6):
            flow.send(r.a, r.b.addr(family), PORT, bytes=20_000, size=1400, udp=True)
    bad, good = bad_checksums(capture.path)
    assert not bad, bad[:5]
    assert len(good) > 500, len(good)
    long = wire.oversized(capture.path, 1500)
    assert not long, [str(f) for f in long[:5]]
    tcp = [f for f in wire.frames(capture.path) if f.proto == wire.TCP]
    assert any(len(f.raw) > 1400 for f in tcp), "no full segment seen"


@tap.test(rig)
def checksums_and_hashes_are_given_to_the_stack(r):
    served(r)
    before = xfrm.counters(r.b)
    bulk(r, 300_000)
    good = sum(moved(r.b, before, f"q{i}_rx_csum_ok") for i in range(4))
    assert good > 100, good


@tap.test(rig)
def two_queues_share_the_work(r):
    for side in (r.a, r.b):
        side.check(f"ethtool -L {side.dev} combined 2")
        flow.serve(side, PORT)
    before = xfrm.counters(r.b)
    for _ in range(12):
        flow.send(r.a, r.b.v4, PORT, bytes=50_000)
    share = [moved(r.b, before, f"q{i}_rx_packets") for i in range(2)]
    assert min(share) > 50, share
    r.b.check("ethtool -X esv1 weight 0 1")
    before = xfrm.counters(r.b)
    flow.send(r.a, r.b.v4, PORT, bytes=50_000)
    flow.send(r.a, r.b.v6, PORT, bytes=50_000)
    assert moved(r.b, before, "q0_rx_packets") == 0
    assert moved(r.b, before, "q1_rx_packets") > 50
    refused = r.b.run("ethtool -L esv1 combined 1")
    assert refused.rc != 0, "a queue that the table names can't go"


@tap.test(rig)
def queues_and_rings_change_under_load(r):
    served(r)
    with Load(r):
        for channels in (1, 4, 3, 2):
            in_use(r, r.a)
            r.a.check(f"ethtool -L esv0 combined {channels}")
            r.b.check(f"ethtool -L esv1 combined {channels}")
        for rx, tx in ((64, 64), (4096, 4096), (1024, 512)):
            in_use(r, r.a)
            r.a.check(f"ethtool -G esv0 rx {rx} tx {tx}")
            r.b.check(f"ethtool -G esv1 rx {rx} tx {tx}")
    for words in ("rx 100", "rx 32", "tx 8192", "rx-mini 4"):
        assert r.a.run(f"ethtool -G esv0 {words}").rc != 0, words
    rings = r.a.check("ethtool -g esv0").split("Current", 1)[1]
    assert re.search(r"RX:\s+1024", rings) and re.search(r"TX:\s+512", rings), rings


@tap.test(rig)
def jumbo_frames(r):
    served(r)
    for mtu in (9000, 3000, 9000):
        for side in (r.a, r.b):
            side.check(f"ip link set {side.dev} mtu {mtu}")
        with r.capture() as capture:
            reach(r, size=mtu - 48)
            bulk(r, 500_000)
        longest = max(f.l3_len for f in wire.frames(capture.path))
        assert longest == mtu, longest
    assert r.a.run("ip link set esv0 mtu 9001").rc != 0
    assert r.a.run("ip link set esv0 mtu 67").rc != 0


@tap.test(rig)
def mtu_changes_under_load(r):
    served(r)
    with Load(r):
        for mtu in (9000, 1500, 4000, 1500):
            in_use(r, r.a)
            for side in (r.b, r.a):
                side.check(f"ip link set {side.dev} mtu {mtu}")


@tap.test(rig)
def vlans(r):
    served(r)
    for side in (r.a, r.b):
        side.check(f"""ip link add link {side.dev} name v5 type vlan id 5
            ip link set v5 up; ip addr add 10.95.0.{side.number}/24 dev v5
            ip link add link v5 name v5.6 type vlan id 6
            ip link set v5.6 up; ip addr add 10.96.0.{side.number}/24 dev v5.6""")
    before = xfrm.counters(r.a)
    try:
        r.a.check("ping -n -q -c 3 -i 0.1 -W 5 -s 1472 -M do 10.95.0.2")
        flow.send(r.a, "10.95.0.2", PORT, bytes=BULK)
        assert moved(r.a, before, "tx_tso") > 0, "VLAN frames are segmented by the NIC"
        r.a.check("ping -n -q -c 3 -i 0.1 -W 5 10.96.0.2")
        flow.send(r.a, "10.96.0.2", PORT, bytes=200_000)
    finally:
        for side in (r.a, r.b):
            side.run("ip link del v5")


@tap.test(rig)
def address_filter(r):
    r.a.check("ping -n -q -c 1 10.9.0.2")
    before = xfrm.counters(r.b)
    r.a.check("ip neigh replace 10.9.0.77 lladdr 02:e5:00:00:00:77 dev esv0")
    r.a.run("ping -n -q -c 3 -i 0.1 -W 1 10.9.0.77")
    assert moved(r.b, before, "rx_drop_filter") >= 3
    # promiscuous: the stack sees it, and drops it as another host's
    r.b.check("ip link set esv1 promisc on")
    r.b.wait_until("ethtool -S esv1 >/dev/null")
    start = xfrm.counters(r.b)
    r.a.run("ping -n -q -c 3 -i 0.1 -W 1 10.9.0.77")
    seen = sum(moved(r.b, start, f"q{i}_rx_packets") for i in range(4))
    assert seen >= 3, seen
    r.b.check("ip link set esv1 promisc off")
    # multicast: only groups that were joined
    start = xfrm.counters(r.b)
    r.a.run("ping -n -q -c 3 -i 0.1 -W 1 -I esv0 239.1.2.3")
    assert moved(r.b, start, "rx_drop_filter") >= 3
    r.b.check("ip maddr add 01:00:5e:01:02:03 dev esv1")
    start = xfrm.counters(r.b)
    r.a.run("ping -n -q -c 3 -i 0.1 -W 1 -I esv0 239.1.2.3")
    assert moved(r.b, start, "rx_drop_filter") == 0
    r.b.check("ip maddr del 01:00:5e:01:02:03 dev esv1")
    # a new address of the port
    for mac in ("02:e5:00:00:00:99", r.b.mac):
        r.b.check(f"ip link set esv1 address {mac}")
        r.a.check("ip neigh flush dev esv0")
        reach(r, count=2)
    assert r.b.run("ip link set esv1 address 01:00:5e:00:00:01").rc != 0


@tap.test(rig)
def more_addresses_than_places(r):
    adds = "; ".join(f"ip maddr add 01:00:5e:05:{i // 256:02x}:{i % 256:02x} dev esv1"
                     for i in range(80))
    r.b.check(adds)
    start = xfrm.counters(r.b)
    r.a.run("ping -n -q -c 3 -i 0.1 -W 1 -I esv0 239.5.0.79")
    assert moved(r.b, start, "rx_drop_filter") == 0
    r.b.check(adds.replace("maddr add", "maddr del"))
    reach(r)


@tap.test(rig)
def link_state(r):
    for _ in range(2):
        r.guest.set_link("esv0", False)
        r.a.wait_until("ip link show esv0 | grep -q NO-CARRIER")
        assert "Link detected: no" in r.a.check("ethtool esv0")
        r.guest.set_link("esv0", True)
        back(r.a)
        reach(r)


@tap.test(rig)
def down_and_up_under_load(r):
    served(r)
    with Load(r):
        for _ in range(3):
            in_use(r, r.a)
            for side in (r.a, r.b):
                side.check(f"ip link set {side.dev} down; ip link set {side.dev} up")
                side.clean()
    assert r.a.run("ping -n -q -c 3 -i 0.1 -W 5 10.9.0.2").ok


@tap.test(rig)
def self_test(r):
    served(r)
    for mode in ("online", "offline"):
        report = r.a.check(f"ethtool -t esv0 {mode}")
        assert "PASS" in report, report
        lines = re.findall(r"^(.*\(.*line\))\s+(\d+)$", report, re.M)
        assert len(lines) == 5 and all(int(v) == 0 for _, v in lines), report
    with Load(r):
        in_use(r, r.a)
        r.a.check("ethtool -t esv0 offline")
    r.a.check("ip link set esv0 down")
    assert "PASS" in r.a.check("ethtool -t esv0 offline")
    r.a.check("ip link set esv0 up")


def function_reset(side):
    slot = f"/sys/bus/pci/devices/{xfrm.pci_slot(side)}"
    side.guest.check(f"echo flr >{slot}/reset_method; echo 1 >{slot}/reset")


@tap.test(rig)
def function_level_reset_under_load(r):
    served(r)
    before = xfrm.counters(r.a)["resets"]
    with Load(r):
        for _ in range(3):
            in_use(r, r.a)
            function_reset(r.a)
            back(r.a)
            in_use(r, r.a)
            function_reset(r.b)
            back(r.b)
    assert xfrm.counters(r.a)["resets"] == before + 3
    reach(r)
    r.a.check("ip link set esv0 down")
    function_reset(r.a)
    r.a.clean()
    back(r.a)
    reach(r)


def place_again(r):
    """A device that is new to the kernel goes where the old one was."""
    dev = r.guest.netdev_of("esv0")
    r.guest.check(f"[ {dev} = esv0 ] || ip link set {dev} name esv0; ip link set esv0 netns a")
    r.a.clean()
    back(r.a)


@tap.test(rig, timeout=240)
def unbind_and_bind_under_load(r):
    served(r)
    slot = xfrm.pci_slot(r.a)
    driver = "/sys/bus/pci/drivers/espvault"
    for _ in range(4):
        r.a.spawn(["flow", "send", "--bytes", "40000000", "--timeout", "5", r.b.v4, str(PORT)],
                  timeout=60)
        flood = r.a.spawn("ping -q -f -w 30 10.9.0.2", timeout=40)
        in_use(r, r.a)
        r.guest.check(f"echo {slot} >{driver}/unbind")
        assert r.guest.run(f"[ -e /sys/bus/pci/devices/{slot}/net ]").rc != 0
        r.guest.check(f"echo {slot} >{driver}/bind")
        flood.stop(9)
        place_again(r)
    reach(r)
    bulk(r, 300_000)


@tap.test(rig)
def a_function_disappears_and_is_found_again(r):
    served(r)
    slot = xfrm.pci_slot(r.a)
    r.a.spawn("ping -q -f -w 20 10.9.0.2", timeout=40)
    in_use(r, r.a)
    r.guest.check(f"echo 1 >/sys/bus/pci/devices/{slot}/remove")
    r.guest.check("echo 1 >/sys/bus/pci/rescan")
    r.guest.wait_until(f"ls /sys/bus/pci/devices/{slot}/net/")
    place_again(r)
    reach(r)


@tap.test(rig, timeout=240)
def the_module_comes_and_goes_under_load(r):
    for _ in range(2):
        flood = r.a.spawn("ping -q -f -w 30 10.9.0.2", timeout=40)
        in_use(r, r.a)
        r.guest.check("rmmod espvault")
        flood.stop(9)
        r.load()
        reach(r)


@tap.test(rig)
def counts_agree(r):
    served(r)
    reach(r)
    before = xfrm.counters(r.a)

    def link():
        return json.loads(r.a.check("ip -j -s link show esv0"))[0]["stats64"]

    start = link()
    r.a.check("ping -n -q -c 10 -i 0.05 10.9.0.2")
    end = link()
    sent = end["tx"]["packets"] - start["tx"]["packets"]
    assert sent >= 10
    assert sum(moved(r.a, before, f"q{i}_tx_packets") for i in range(4)) >= sent
    assert moved(r.a, before, "tx_frames") >= sent
    assert end["tx"]["dropped"] == start["tx"]["dropped"]
    assert end["rx"]["dropped"] == start["rx"]["dropped"]


def faulty(fault, n, **more):
    return flow.installed(Rig(a_props={"x-fault": fault, "x-fault-n": n}, name=fault, **more))


@tap.test()
def a_command_that_is_never_answered():
    """Whoever waits gets an error in time, RTNL is let go, the device is reset and works."""
    with faulty("admin-hang", 30) as r:
        for _ in range(20):
            r.a.run("ip link set esv0 down; ip link set esv0 up", timeout=30)
            if "ADMIN_TIMEOUT" in r.guest.check("dmesg") or \
                    "was not answered" in r.guest.check("dmesg"):
                break
        else:
            raise AssertionError("the fault was not met")
        r.guest.check("ip link show", timeout=20)
        assert "resetting" in r.guest.check("dmesg")
        r.a.wait_until("ip link set esv0 up", timeout=60)
        r.a.clean()
        back(r.a)
        reach(r)
        assert xfrm.counters(r.a)["admin_timeout"] >= 1


@tap.test()
def interrupts_that_are_lost():
    with faulty("irq-lost", 5) as r:
        served(r)
        flow.send(r.a, r.b.v4, PORT, bytes=500_000, timeout=60)
        r.a.check("ethtool -L esv0 combined 3")
        assert xfrm.counters(r.a)["irq_rescued"] > 0


@tap.test()
def buffers_that_come_back_unused():
    """The driver posts them again, whole rings of them, and resets nothing."""
    with faulty("rx-buffer", 4) as r:
        r.a.check("ethtool -G esv0 rx 64; ethtool -L esv0 combined 1")
        back(r.a)
        unused = "sw_rx_unused"
        while xfrm.counters(r.a)[unused] < 3 * 64:
            r.b.check(f"ping -n -q -f -c 200 -s 1400 {r.a.v4}")
        seen = xfrm.counters(r.a)
        assert seen["dev_bad_rx_len"] == seen["resets"] == seen["rx_drop_nobuf"] == 0, seen
        assert seen["rx_drop_dma"] >= seen[unused] > 0


# As in esv_health.c: resets that are tried within a minute, and seconds of a heart at rest.
RESETS_MAX = 8
HEARTBEAT_MAX = 5


def resets(r):
    return int(r.guest.check("dmesg | grep -c 'resetting: '"))


def uptime(r):
    return float(r.guest.check("cat /proc/uptime").split()[0])


@tap.test(timeout=300)
def a_heart_that_stands_still():
    """The device is reset; when that does not help it is put out of service, not retried for ever."""
    with faulty("heartbeat", 1) as r:
        r.guest.wait_until("dmesg | grep -q 'heartbeat stood still'", timeout=60)
        r.guest.wait_until("dmesg | grep -q 'out of service'", timeout=150)
        r.guest.check("ip link show", timeout=20)

        # The device answers ethtool no more; each reset is a line of the log.
        tried = resets(r)
        assert 2 <= tried <= RESETS_MAX + 1, tried
        # Past the moment at which the next one would have been due, by the machine's own clock.
        r.guest.wait_until(f"awk '{{ exit $1 < {uptime(r) + 2 * HEARTBEAT_MAX} }}' /proc/uptime", timeout=100)
        assert resets(r) == tried, "it goes on"
        assert r.guest.run("ip -n a link show esv0 | grep -q LOWER_UP").rc, "it says that it has carrier"
        assert xfrm.counters(r.b)["resets"] == 0


@tap.test()
def no_ipsec_no_unit():
    with flow.installed(Rig(nic_props={"ipsec": False, "unit": False}, name="bare")) as r:
        served(r)
        reach(r)
        bulk(r, 300_000)
        features = r.a.check("ethtool -k esv0")
        assert not re.search(r"^esp-hw-offload: on", features, re.M), features


tap.main()
