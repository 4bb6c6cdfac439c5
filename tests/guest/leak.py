#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Nothing that a protect entry selects leaves the port in clear (invariant I3),
whatever goes wrong, in open and in strict mode: shown by captures of the wire
while programs offer traffic all the time.
"""

import contextlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

PORT = 5005

MODES = {
    "open": tap.fixture(lambda: Rig(peer="e1000e", name="open")),
    "strict": tap.fixture(lambda: Rig(peer="e1000e", nic_props={"strict": True}, name="strict")),
}

lockable = tap.fixture(lambda: Rig(peer="e1000e", name="lockable"))


def in_both_modes(timeout=180):
    """Registers a test once for each mode of the device."""
    def register(func):
        for mode, fixture in MODES.items():
            tap.test(fixture, timeout, cases=[dict(mode=mode)])(func)
        return func
    return register


class Protected:
    """
    Everything between a and b over IPv4 and all datagrams over IPv6 are
    protected, and offered without end.
    """

    def __init__(self, rig):
        self.rig, self.a, self.b = rig, rig.a, rig.b
        self.a.check("sysctl -qw net.ipv6.conf.esv0.keep_addr_on_down=1")
        self.esps = [xfrm.Esp(rig.a, rig.b, family, what=what).up()
                     for family, what in ((4, ""), (6, "proto 17"))]
        self.mac = bytes.fromhex(rig.a.mac.replace(":", ""))

    @contextlib.contextmanager
    def load(self, sequence=True):
        """
        Traffic from here to the end of the block, on the record; then the wire is judged.
        sequence: no SA's sequence numbers may begin again.
        """
        counted = xfrm.Counted(self.a)
        with self.rig.capture() as capture:
            try:
                job = inguest.offer(self.a, PORT, self.b.v4, self.b.v6)
                self.wait_for("tx_esp", 200)
                yield counted
                assert job.running, job.out + job.err
            finally:
                self.rig.guest.stop_jobs()
                self.check_wire(capture.stop(), sequence)

    def wait_for(self, counter, more):
        """Until a counter of the device has moved on."""
        start = xfrm.counters(self.a)[counter]
        self.a.wait_until(f"[ $(ethtool -S esv0 | sed -n 's/^ *{counter}: //p') -ge {start + more} ]")

    def protected(self):
        """ESP goes on."""
        self.wait_for("tx_esp", 100)

    def check_wire(self, path, sequence):
        frames = [f for f in wire.frames(path) if f.raw[6:12] == self.mac]
        esp = [f for f in frames if f.spi is not None]
        clear = [f for f in frames if f.spi is None and not wire.is_background(f)]
        assert not clear, f"{len(clear)} frames in clear: {', '.join(map(str, clear[:3]))}"
        assert len(esp) >= 200, f"only {len(esp)} frames of ESP"
        again = wire.repeated_ivs(path, sequence)
        assert not again, f"{len(again)} frames repeat an IV or a number: {again[0]}"

    def restore_states(self):
        self.script(line for esp in self.esps for line in esp.state_lines(self.a))

    def restore_policies(self):
        self.script(line for esp in self.esps for line in esp.policy_lines(self.a))

    def script(self, lines):
        self.a.check("\n".join(["set -e", *lines]))


@in_both_modes()
def entries_come_and_go(rig, mode):
    flows = Protected(rig)
    what = f"proto 17 dport {PORT}"
    narrow = [e.policy(rig.a, "add", "out", what=what) for e in flows.esps]
    gone = [e.policy(rig.a, "delete", "out", what=what) for e in flows.esps]
    renew = [e.policy(rig.a, "update", "out") for e in flows.esps]
    other = [f"ip xfrm policy add src 198.51.100.1/32 dst 198.51.100.{i}/32 dir out "
             "offload packet dev esv0" for i in range(2, 12)]
    rest = [line.replace(" add ", " delete ").split(" offload")[0] for line in other]
    with flows.load():
        for _ in range(5):
            flows.script(narrow + renew + other + gone + rest + renew)
        flows.protected()


@in_both_modes()
def a_protect_entry_is_deleted_and_comes_back(rig, mode):
    """In open mode the administrator may do that, and then traffic is free; in strict mode never."""
    flows = Protected(rig)
    if mode == "open":
        # What stands behind the entry then is a wider one that blocks.
        flows.script(f"ip xfrm policy add src {net} dst {net} dir out action block priority 1000 "
                     "offload packet dev esv0" for net in ("10.9.0.0/24", "fd09::/64"))
    gone = [e.policy(rig.a, "delete", "out") for e in flows.esps]
    back = [e.policy(rig.a, "add", "out") for e in flows.esps]
    with flows.load() as counted:
        for _ in range(5):
            flows.script(gone)
            flows.script(back)
        flows.protected()
        assert any(n.startswith("tx_drop") or n.startswith("XfrmOut") for n in counted.moved())


@in_both_modes()
def an_allow_that_is_refused_allows_nothing(rig, mode):
    flows = Protected(rig)
    attempts = [(e, priority) for e in flows.esps for priority in (100, 1, 1000)]
    with flows.load():
        for _ in range(5):
            for esp, priority in attempts:
                line = esp.policy(rig.a, "add", "out", priority=priority, sa=None)
                refused = rig.a.run(line)
                assert refused.rc, f"accepted: {line}"
        flows.protected()


@in_both_modes()
def an_update_to_an_sa_that_is_not_there_blocks(rig, mode):
    flows = Protected(rig)
    elsewhere = []
    for esp in flows.esps:
        sa = xfrm.Sa(rig.a, rig.b, "transport", "00", family=esp.family)
        elsewhere.append(esp.policy(rig.a, "update", "out", sa=sa))
    back = [e.policy(rig.a, "update", "out") for e in flows.esps]
    with flows.load() as counted:
        for _ in range(3):
            flows.script(elsewhere)
            flows.script(back)
        flows.protected()
        assert any(n.startswith("tx_drop") or n.startswith("XfrmOut") for n in counted.moved())


@in_both_modes()
def deleted_and_expired_sas_block(rig, mode):
    flows = Protected(rig)
    with flows.load():
        flows.script(e.out.delete(rig.a) for e in flows.esps)
        flows.script(e.out.command(rig.a, extra="limit packet-soft 400 limit packet-hard 500")
                     for e in flows.esps)
        for esp in flows.esps:
            rig.a.wait_until(f"! ip xfrm state get {esp.out.ident}")
        rig.a.run("ip xfrm state flush")
        flows.restore_states()
        flows.protected()


@in_both_modes()
def the_port_goes_down_and_up(rig, mode):
    flows = Protected(rig)
    with flows.load():
        for _ in range(3):
            xfrm.bounce(rig.a)
            assert not rig.a.check("ip xfrm policy"), "the kernel keeps policies of such a port"
            # Programs send without any policy in the kernel now; the device holds.
            flows.wait_for("tx_drop_policy", 20)
            flows.restore_states()
            flows.restore_policies()
            flows.protected()


@in_both_modes()
def the_function_is_reset(rig, mode):
    flows = Protected(rig)
    # The unit has forgotten the host's keys: numbers begin again, IVs never.
    with flows.load(sequence=False):
        for _ in range(3):
            xfrm.function_reset(rig.a)
            rig.a.run("ip xfrm state flush")
            flows.restore_states()
            flows.protected()


@in_both_modes()
def the_cable_is_pulled(rig, mode):
    flows = Protected(rig)
    with flows.load():
        for _ in range(3):
            for up in (False, True):
                rig.guest.set_link("esv0", up)
                xfrm.wait_carrier(rig.a, up)
            flows.protected()   # SAs and entries are still there


@in_both_modes()
def the_driver_is_unbound(rig, mode):
    flows = Protected(rig)
    slot = xfrm.pci_slot(rig.a)
    driver = "/sys/bus/pci/drivers/espvault"
    with flows.load():
        rig.guest.check(f"echo {slot} > {driver}/unbind")
        rig.guest.wait_until(f"[ ! -e {driver}/{slot} ]")
    rig.guest.check(f"echo {slot} > {driver}/bind")
    dev = rig.guest.netdev_of("esv0")
    rig.guest.check(f"[ {dev} = esv0 ] || ip link set {dev} name esv0; ip link set esv0 netns a")
    rig.reset()
    xfrm.wait_carrier(rig.a)
    again = Protected(rig)
    with again.load():
        again.protected()


@in_both_modes()
def clear_frames_from_outside_are_dropped(rig, mode):
    """The far end has neither SA nor policy, and sends what our entry protects."""
    esps = [xfrm.Esp(rig.a, rig.p, family) for family in (4, 6)]
    for family in (4, 6):
        rig.p.check(f"ping -c 1 -W 1 {rig.a.addr(family)} || true")     # neighbours get known
    rig.a.check("\n".join(["set -e"] + [line for e in esps
                                        for line in e.state_lines(rig.a) + e.policy_lines(rig.a)]))
    listeners = {family: inguest.receive_datagrams(rig.a, family, PORT) for family in (4, 6)}

    def offer(text):
        for esp in esps:
            inguest.send_datagrams(rig.p, rig.a.addr(esp.family), PORT, *[f"{text}{i}" for i in range(5)])

    def arrived():
        return {family: re.findall(r"^(\w+) \d", job.out, re.M) for family, job in listeners.items()}

    # They get through where an entry says so, before and after, to the same programs.
    allow = [e.policy(rig.a, "add", "in", what=f"proto 17 dport {PORT}", priority=10, sa=None) for e in esps]
    deny = [e.policy(rig.a, "delete", "in", what=f"proto 17 dport {PORT}") for e in esps]
    all_of = {text: [f"{text}{i}" for i in range(5)] for text in ("first", "last")}
    rig.a.check("\n".join(["set -e", *allow]))
    offer("first")
    for job in listeners.values():
        job.wait_output("^first4 ")
    rig.a.check("\n".join(["set -e", *deny]))

    counted = xfrm.Counted(rig.a)
    for family in (4, 6):
        assert rig.p.run(f"ping -c 5 -i 0.1 -W 1 {rig.a.addr(family)}").rc == 1
    offer("clear")
    rig.a.wait_until("[ $(ethtool -S esv0 | sed -n 's/^ *rx_drop_clear: //p') -ge "
                     f"{counted.before('rx_drop_clear') + 20} ]")
    moved = counted.moved()
    assert moved.get("rx_drop_clear") == 20, moved
    assert "rx_open" not in moved and "rx_allow" not in moved, moved

    rig.a.check("\n".join(["set -e", *allow]))
    offer("last")
    for job in listeners.values():
        job.wait_output("^last4 ")
    for family, texts in arrived().items():
        assert texts == all_of["first"] + all_of["last"], (family, texts)


@tap.test(lockable)
def a_port_that_is_locked_says_so(rig):
    """SPD-31: the device, its unit, the driver's word for it and the driver's own guard."""
    node = xfrm.unit_node(rig.a)

    def told():
        """Of capabilities, and of the unit's status."""
        return ('"strict":true' in rig.guest.check(f"espvault --json caps {node}"),
                '"strict"' in rig.guest.check(f"espvault --json status {node}"))

    assert rig.a.run(f"ping -c 1 -W 1 {rig.p.v4}").ok
    assert told() == (False, False)
    rig.guest.check(f"espvault lock {node}")
    assert not rig.a.run(f"ping -c 1 -W 1 {rig.p.v4}").ok
    assert told() == (True, True)
    # ESP of the host's own: the driver refuses it before the device does.
    guarded = xfrm.counters(rig.a)["ipsec_tx_guard_esp"]
    rig.a.check(f"""ip xfrm state add src {rig.a.v4} dst {rig.p.v4} proto esp spi 0x7001 reqid 77 mode transport \
            aead 'rfc4106(gcm(aes))' 0x{"11" * 20} 128
        ip xfrm policy add src {rig.a.v4}/32 dst {rig.p.v4}/32 dir out tmpl proto esp reqid 77 mode transport""")
    assert not rig.a.run(f"ping -c 2 -W 1 {rig.p.v4}").ok
    assert xfrm.counters(rig.a)["ipsec_tx_guard_esp"] == guarded + 2


if __name__ == "__main__":
    tap.main()
