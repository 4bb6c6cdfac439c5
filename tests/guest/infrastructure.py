#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the test rig itself: what other tests rely on must be able to fail."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import CommandFailed, Guest, Nic, Rig, tap  # noqa: E402
from espguest import console  # noqa: E402


class Machine(Guest):
    """A machine with an ordinary NIC, for tests that need no espvault."""

    def reset(self):
        self.stop_jobs()


machine = tap.fixture(lambda: Machine(
    "plain", nics=[Nic("v0", "virtio-net-pci", "02:e5:00:00:00:11"),
                   Nic("v1", "virtio-net-pci", "02:e5:00:00:00:12")]))
rig = tap.fixture(lambda: Rig(name="settings"))


@tap.test(machine)
def commands_report_output_and_status(guest):
    result = guest.run("echo out; echo err >&2; exit 3")
    assert (result.rc, result.out, result.err) == (3, "out\n", "err\n")


@tap.test(machine)
def a_command_that_fails_raises(guest):
    try:
        guest.check("echo why >&2; false")
    except CommandFailed as e:
        assert "why" in str(e)
    else:
        raise AssertionError("check() let a failure pass")


@tap.test(machine)
def a_command_has_a_time_limit(guest):
    result = guest.run("sleep 1000 & exec sleep 1000", timeout=1)
    assert result.timed_out and result.rc == -9
    assert guest.run("pgrep -x sleep").rc == 1


@tap.test(machine)
def commands_run_side_by_side(guest):
    first = guest.spawn("cat", keep_stdin=True)
    assert guest.check("echo second") == "second\n"
    first.write(b"first\n")
    first.wait_output("^first$")
    first.close_stdin()
    assert first.check() == "first\n"


@tap.test(machine)
def files_travel_unchanged(guest):
    data = bytes(range(256)) * 5000
    guest.put("/tmp/file", data, mode=0o600)
    assert guest.get("/tmp/file") == data
    assert guest.check("stat -c %a /tmp/file").strip() == "600"


@tap.test(machine)
def an_unprivileged_command_is_unprivileged(guest):
    assert guest.check("id -u", uid=1000).strip() == "1000"
    assert guest.run("ip link set lo down", uid=1000).rc != 0


@tap.test(machine)
def link_state_follows_the_cable(guest):
    dev = guest.netdev_of("v0")
    guest.check(f"ip link set {dev} up")
    for up in (False, True):
        guest.set_link("v0", up)
        guest.wait_until(f"[ $(cat /sys/class/net/{dev}/carrier) = {up:d} ]")


@tap.test(machine)
def a_capture_holds_every_frame(guest):
    for nic, netns, addr in (("v0", "x", 1), ("v1", "y", 2)):
        dev = guest.netdev_of(nic)
        guest.check(f"ip netns add {netns}; ip link set {dev} netns {netns};"
                    f"ip -n {netns} link set {dev} up;"
                    f"ip -n {netns} addr add 192.0.2.{addr}/24 dev {dev}")
    with guest.capture("v0") as capture:
        guest.check("ping -c 3 -i 0.2 -p a55ae55e 192.0.2.2", netns="x")
    data = capture.path.read_bytes()
    assert data.count(bytes.fromhex("a55ae55e" * 8)) >= 6, "echo and reply"


@tap.test(machine)
def a_dump_holds_what_a_process_knows(guest):
    # The parts are joined in the machine only, so that neither the command
    # line nor the channel carries the whole.
    job = guest.spawn(["python3", "-c",
                       "import time; x = bytes(a ^ 85 for a in "
                       "bytes.fromhex('3d253c342727362734') * 4); "
                       "print('held', flush=True); time.sleep(1000)"])
    job.wait_output("held")
    wanted = bytes(a ^ 85 for a in bytes.fromhex("3d253c342727362734") * 4)
    path = guest.dump()
    try:
        assert wanted in path.read_bytes(), "not found in the dump"
    finally:
        path.unlink()


@tap.test(machine)
def trouble_on_the_console_is_seen(guest):
    assert guest.console_scan() == []
    guest.check("echo 'BUG: planted' >/dev/kmsg")
    guest.check("echo 'WARNING: planted too' >/dev/kmsg")
    assert len(guest.console_scan()) == 2


@tap.test(rig)
def settings_of_a_device_do_not_outlive_a_test(rig):
    def shown():
        return rig.a.check("ethtool -k esv0; ethtool -l esv0; ethtool -g esv0; ethtool -x esv0")

    before = shown()
    for change in ("-K esv0 tso off", "-X esv0 weight 0 1", "-X esv0 default; ethtool -L esv0 combined 3",
                   "-G esv0 rx 64 tx 128"):
        rig.a.check(f"ethtool {change}")
        assert shown() != before, change
        rig.reset()
        assert shown() == before, change
    rig.a.check(f"ping -n -q -c 1 -W 5 {rig.b.v4}")


@tap.test()
def known_reports_are_recognised():
    for line in ("BUG: KASAN: slab-use-after-free in x", "Oops: general protection",
                 "WARNING: possible circular locking dependency detected",
                 "BUG: sleeping function called from invalid context"):
        assert console.scan(f"[    1.0] {line}\n"), line
    assert not console.scan("[    1.0] espvault 0000:01:00.0: link up\n")


if __name__ == "__main__":
    tap.main()
