# SPDX-License-Identifier: GPL-2.0-or-later
"""The flows of the demo: what each is, how it is set up, and what must be said of it."""

PORT = 7000

# Addresses of each kind of flow: (IPv4, IPv6) of ends a and b, or a and the peer.
NETS = {
    "unit keys": "1",
    "clear": "2",
    "software ESP": "3",
    "peer software": "4",
}


def address(kind, family, end):
    """Address of end 1 (a), 2 (b) or 3 (second machine) for a kind of flow."""
    net = NETS[kind]
    return f"fd0{net}::{end}" if family == 6 else f"10.{net}.0.{end}"


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


HARDWARE = {"kernel-readback", "device-counters"}
EXPECT = {
    "unit keys": Expect("encrypted", "hw-packet", "L3", HARDWARE | {"unit-statement"}),
    "clear": Expect("none", "none", "no-key"),
    "software ESP": Expect("encrypted", "software", "L0"),
    "peer software": Expect("encrypted", "hw-packet", "L1", HARDWARE),
}


class Flow:
    """One row of the table."""

    def __init__(self, kind, proto, family):
        self.kind, self.proto, self.family = kind, proto, family
        self.far = 3 if kind == "peer software" else 2
        self.answer = None
        self.error = None

    @property
    def name(self):
        return f"{self.kind}, {self.proto} over IPv{self.family}"

    @property
    def destination(self):
        return address(self.kind, self.family, self.far)

    def command(self):
        if self.proto == "ping":
            return ["ping", "-n", "-q", "-c", "5", "-i", "0.05", "-W", "5", self.destination]
        how = ["--bytes", str(8 << 20)] if self.proto == "tcp" else \
            ["--udp", "--bytes", "200000", "--size", "1000"]
        return ["flow", "send", *how, "--report", "--timeout", "30", self.destination, str(PORT)]

    def expected(self):
        """Whether the flow did what it should, report included."""
        if self.error:
            return False
        if self.proto == "ping":
            return " 0% packet loss" in self.answer
        want = EXPECT[self.kind]
        return want.fits(self.answer["out"]) and want.fits(self.answer["in"])


def all_flows():
    return [Flow(kind, proto, family) for kind in NETS
            for proto in ("tcp", "udp", "ping") for family in (4, 6)]
