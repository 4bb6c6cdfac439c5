#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's counters per queue, which any program may read at any time."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import xfrm  # noqa: E402

rig = tap.fixture(lambda: Rig(name="qstats"))


@tap.test(rig)
def a_device_that_was_never_opened_has_its_own_queues_only(rig):
    """Not as many as the netdev was made for, behind whose counters lies other memory."""
    slot, driver = xfrm.pci_slot(rig.a), "/sys/bus/pci/drivers/espvault"
    rig.guest.check(f"echo {slot} > {driver}/unbind; echo {slot} > {driver}/bind")
    dev = rig.guest.netdev_of("esv0")
    most = int(rig.guest.check(f"ethtool -l {dev} | awk '$1 == \"Combined:\" {{ print $2 }}' | tail -n 1"))
    queues = rig.guest.check(f"ls /sys/class/net/{dev}/queues").split()
    assert sorted(queues) == sorted(f"{d}-{i}" for d in ("rx", "tx") for i in range(most)), queues
    counted = {k: v for k, v in inguest.queue_counters(rig.guest, dev)["sum"].items()
               if k.endswith(("-packets", "-bytes"))}
    assert len(counted) == 4 and not any(counted.values()), counted
    rig.guest.check(f"ip link set {dev} up")
    ids = [q["id"] for q in inguest.queue_counters(rig.guest, dev)["queues"]]
    assert ids == list(range(most)) * 2, ids
    rig.guest.check(f"ip link set {dev} netns {rig.a.netns} name esv0")


@tap.test(rig)
def the_sum_is_that_of_the_device(rig):
    """What queues counted that exist no more is not lost."""
    rig.a.check(f"ethtool -L esv0 combined 2; ping -n -q -c 40 -i 0.01 {rig.b.v4}")
    rig.a.check("ethtool -L esv0 combined 1")
    rig.a.check(f"ping -n -q -c 5 -i 0.01 {rig.b.v4}")
    found = inguest.queue_counters(rig.guest, "esv0", rig.a.netns)
    assert [q["id"] for q in found["queues"]] == [0, 0], found
    assert found["sum"]["tx-packets"] >= 45, found


if __name__ == "__main__":
    tap.main()
