# SPDX-License-Identifier: GPL-2.0-or-later
"""The flows of the demo: what each is, how it is set up, what must be said of it, and what must be counted."""

import copy
import json

import xfrm

PORT = 7000
PINGS = 5
HARDWARE = {"kernel-readback", "device-counters"}


class Expect:
    """What the report must say for both directions."""

    def __init__(self, protection, enforced, custody, basis=()):
        self.protection = protection
        self.enforced = enforced
        self.custody = custody
        self.basis = set(basis)

    def fits(self, direction):
        return (direction["protection"] == self.protection
                and direction["enforced"] == self.enforced
                and direction["custody"] == self.custody
                and self.basis <= set(direction["basis"]))


class Kind:
    """One way to carry a flow. net: its part of the addresses; far: the other end's number."""

    def __init__(self, name, net, expect, far=2, keys=None, offload=True):
        self.name, self.net, self.expect, self.far = name, net, expect, far
        self.keys, self.offload = keys, offload

    @property
    def in_nic(self):
        """The near NIC makes and takes the ESP."""
        return bool(self.keys) and self.offload


KINDS = [
    Kind("unprotected", 1, Expect("none", "none", "no-key", {"kernel-readback"})),
    Kind("kernel software", 2, Expect("encrypted", "software", "L0", {"kernel-readback"}),
         keys="host", offload=False),
    Kind("NIC, host's keys", 3, Expect("encrypted", "hw-packet", "L1", HARDWARE), far=3, keys="host"),
    Kind("NIC, unit's keys", 4, Expect("encrypted", "hw-packet", "L3", HARDWARE | {"unit-statement"}),
         keys="unit"),
]


def side_of(kind, side):
    """The side with the addresses of one kind of flow."""
    own = copy.copy(side)
    own.v4, own.v6 = f"10.9.{kind.net}.{side.number}", f"fd09:{kind.net}::{side.number}"
    own.offload = kind.offload and xfrm.offloads(side)
    return own


class Pair:
    """Both ends of all flows of one kind over one IP version."""

    def __init__(self, rig, kind, family):
        self.kind, self.family = kind, family
        self.near = side_of(kind, rig.a)
        self.far = side_of(kind, rig.b if kind.far == 2 else rig.p)

    def up(self):
        """Addresses, SAs and policies of this pair."""
        for side in (self.near, self.far):
            length, nodad = (64, "nodad") if self.family == 6 else (24, "")
            side.check(f"ip addr add {side.addr(self.family)}/{length} dev {side.dev} {nodad}")
        if self.kind.keys:
            self.esp = xfrm.Esp(self.near, self.far, family=self.family, keys=self.kind.keys).up()
        else:
            for side in (self.near, self.far):
                self._allow(side)
        return self

    def _allow(self, side):
        """The unprotected flow passes because an entry of the device says so."""
        ends = (self.near, self.far) if side is self.near else (self.far, self.near)
        own, other = (end.addr(self.family) for end in ends)
        side.check("\n".join(["set -e", xfrm.policy(side, "add", "out", own, other),
                              xfrm.policy(side, "add", "in", other, own)]))


def settled(side):
    """The device's counts of ESP, once it has done what it was given."""
    before = None
    while before != (now := {k: xfrm.counters(side)[k] for k in ("tx_esp", "rx_esp")}):
        before = now
    return now


class Flow:
    """One row of the table."""

    def __init__(self, pair, proto):
        self.pair, self.proto = pair, proto
        self.report = None
        self.mbit = None
        self.output = ""
        self.error = ""

    @property
    def kind(self):
        return self.pair.kind

    @property
    def name(self):
        return f"{self.proto} over IPv{self.pair.family}"

    def _run(self, command):
        """As an unprivileged user; standard output, or None."""
        result = self.pair.near.run(command, timeout=120, uid=1000)
        self.output += result.out
        if not result.ok:
            self.error = result.describe()
        return result.out if result.ok else None

    def run(self):
        """Carries the flow and keeps what was said of it."""
        to = self.pair.far.addr(self.pair.family)
        if self.proto == "ping":
            self._ping(to)
            return
        more = ["--udp", "--bytes", "200000", "--size", "1000"] if self.proto == "udp" else ["--bytes", str(8 << 20)]
        out = self._run(["flow", "send", "--report", *more, to, str(PORT)])
        if out:
            self.report = json.loads(out)
            self.mbit = self.report["mbit"]

    def _ping(self, to):
        """
        An echo has no connected socket to ask about: what is told is how a UDP socket between the
        same addresses is protected. That the echoes were, the NIC's own counters show.
        """
        before = settled(self.pair.near)
        self._run(["ping", "-n", "-q", "-c", str(PINGS), "-i", "0.05", "-W", "5", to])
        now = settled(self.pair.near)
        moved = {k: now[k] - before[k] for k in now}
        wanted = dict.fromkeys(moved, PINGS if self.kind.in_nic else 0)
        if not self.error and " 0% packet loss" not in self.output:
            self.error = "echoes were lost"
        if not self.error and moved != wanted:
            self.error = f"the NIC's counters moved by {moved}, not {wanted}"
        out = self._run(["ipsecapi", "--json", "probe", "udp", to, str(PORT)])
        if out:
            self.report = {way: self._in_words_of_flow(json.loads(out)[way]) for way in ("out", "in")}

    @staticmethod
    def _in_words_of_flow(said):
        return {**said, "enforced": said["enforced_by"], "class": said["strength"]}

    def as_expected(self):
        """Everything arrived, and the report says what was set up."""
        if self.error or not self.report:
            return False
        return all(self.kind.expect.fits(self.report[d]) for d in ("out", "in"))
