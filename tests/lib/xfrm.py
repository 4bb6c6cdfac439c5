# SPDX-License-Identifier: GPL-2.0-or-later
"""
ESP between two sides of a rig, set up through `ip xfrm` as an administrator
would: SAs, policies, inner addresses of tunnels, keys and counters.

Sides a and b offload to their espvault NIC; side p is kernel software.
"""

import itertools
import json
import re
import secrets

AEAD = "'rfc4106(gcm(aes))'"
ESP_HEADER, IV, ICV, TRAILER = 8, 8, 16, 2

# Flags that the kernel takes for one direction only, and how each is spelled.
FLAGS = {"noecn": "flag noecn", "nopmtudisc": "flag nopmtudisc", "decap-dscp": "flag decap-dscp",
         "dont-encap-dscp": "extra-flag dont-encap-dscp"}
OUT_ONLY = {"nopmtudisc", "dont-encap-dscp"}
IN_ONLY = {"decap-dscp"}

_spis = itertools.count(0x10001)
_reqids = itertools.count(1)


def host_key(bits):
    """A fresh key and salt in hex, as RFC 4106 8.1 strings them together."""
    return secrets.token_hex(bits // 8 + 4)


def offloads(side):
    return getattr(side, "offload", side.dev.startswith("esv"))


def ip_header(family):
    return 40 if family == 6 else 20


def inner_addr(side, family):
    """Address of a side inside of tunnels."""
    return f"fd20:{side.number}::1" if family == 6 else f"10.20.{side.number}.1"


def whole(addr):
    return f"{addr}/{128 if ':' in addr else 32}"


class Sa:
    """
    One direction. src and dst: Side objects; key_out and key_in: hex, equal
    for a key of the host, two tokens for a key of the units. flags: of FLAGS.
    """

    def __init__(self, src, dst, mode, key_out, key_in=None, family=4, reqid=None,
                 spi=None, window=128, flags="", selector=""):
        self.src, self.dst, self.mode = src, dst, mode
        self.key_out, self.key_in = key_out, key_in or key_out
        self.saddr, self.daddr = src.addr(family), dst.addr(family)
        self.spi = spi or next(_spis)
        self.reqid = reqid or next(_reqids)
        self.window = window
        self.flags = flags.split()
        self.selector = selector

    @property
    def ident(self):
        return f"src {self.saddr} dst {self.daddr} proto esp spi {self.spi:#x}"

    def command(self, side, verb="add", key=None, extra="", offload=None):
        """The line that installs the SA on one of its ends."""
        out = side is self.src
        key = key if key is not None else self.key_out if out else self.key_in
        line = f"ip xfrm state {verb} {self.ident} reqid {self.reqid} mode {self.mode} "
        if not out:
            line += f"replay-window {self.window} "
        for flag in self.flags:
            if flag not in (IN_ONLY if out else OUT_ONLY):
                line += FLAGS[flag] + " "
        line += f"{extra} aead {AEAD} 0x{key} 128 "
        if self.selector:
            line += f"sel {self.selector} "
        if offload if offload is not None else offloads(side):
            line += f"offload packet dev {side.dev} dir {'out' if out else 'in'}"
        return line

    def delete(self, side):
        return f"ip xfrm state delete {self.ident}"


def policy(side, verb, direction, src, dst, what="", priority=100, action="allow", sa=None,
           offload=None):
    """
    The line for one policy. what: protocol and ports; sa: the SA whose reqid,
    mode and ends the template asks for, None for a plain allow or block.
    """
    line = f"ip xfrm policy {verb} src {whole(src)} dst {whole(dst)} {what} dir {direction} "
    if verb != "delete":
        line += f"priority {priority} action {action} "
        if offload if offload is not None else offloads(side):
            line += f"offload packet dev {side.dev} "
        if sa:
            line += "tmpl "
            if sa.mode == "tunnel":
                line += f"src {sa.saddr} dst {sa.daddr} "
            line += f"proto esp reqid {sa.reqid} mode {sa.mode}"
    return line


def exchange(left, right):
    """
    Lets the units of two sides agree on keys; returns the tokens
    (left's out, right's in, right's out, left's in).
    """
    guest = left.guest
    out = guest.check(f"espvault exchange --json {unit_node(left)} {unit_node(right)}")
    found = json.loads(out)
    first, second = found["a"], found["b"]
    return first["out"], second["in"], second["out"], first["in"]


def unit_key(side, token):
    """Key and salt that a token stands for: only a device in test mode tells, and not the guest."""
    listing = side.guest.qmp("qom-get", path=f"/machine/peripheral/{side.nic}", property="x-secrets")
    found = {entry["name"]: entry["hex"] for entry in json.loads(listing)}
    slot = int.from_bytes(bytes.fromhex(token)[8:12], "little")
    return found[f"esp[{slot}].key"] + found[f"esp[{slot}].salt"]


def unit_node(side):
    """Device node of the unit behind a side's NIC."""
    for line in side.guest.check("espvault list").splitlines():
        if re.search(rf"\b{side.dev}\b", line):
            return line.split()[0]
    raise LookupError(f"no unit serves {side.dev}")


class Esp:
    """
    ESP both ways between two sides, protecting everything between their
    addresses, or only `what` (protocol and ports).

    family: of the protected packets and of the tunnel. keys: "host", "unit"
    for tokens that both units make, or such tokens as exchange() returns them.
    """

    def __init__(self, left, right, family=4, mode="transport", bits=256, keys="host",
                 what="", flags="", window=128, priority=100, same_key=False):
        self.left, self.right = left, right
        self.family, self.mode, self.bits = family, mode, bits
        self.what, self.priority = what, priority
        self.keys = keys
        if keys == "unit":
            keys = exchange(left, right)
        if isinstance(keys, tuple):
            ours, theirs_in, theirs, ours_in = keys
        else:
            ours = theirs_in = host_key(bits)
            theirs = ours_in = ours if same_key else host_key(bits)
        more = {"family": family, "flags": flags, "window": window}
        self.out = Sa(left, right, mode, ours, theirs_in, **more)
        self.back = Sa(right, left, mode, theirs, ours_in, **more)

    @property
    def sas(self):
        return (self.out, self.back)

    def sa_from(self, side):
        return self.out if side is self.left else self.back

    def other(self, side):
        return self.right if side is self.left else self.left

    def addr(self, side):
        """The protected address of a side."""
        return inner_addr(side, self.family) if self.mode == "tunnel" else side.addr(self.family)

    @property
    def mtu(self):
        """Longest inner packet (transport: packet before ESP), as the kernel reckons it."""
        room = 1500 - ESP_HEADER - IV - ICV - ip_header(self.family)
        tail = 0 if self.mode == "tunnel" else ip_header(self.family)
        return (room & ~3) + tail - TRAILER

    @property
    def udp_room(self):
        """Longest UDP payload."""
        return self.mtu - ip_header(self.family) - 8

    def addresses(self, side):
        """Lines that give a side its inner address and the way to the other one."""
        if self.mode != "tunnel":
            return []
        far, dev = self.other(side), side.dev
        ip = f"ip -{self.family}"
        nodad = "nodad" if self.family == 6 else ""
        outer = far.addr(self.family)
        return [f"{ip} addr replace {whole(self.addr(side))} dev {dev} {nodad}",
                f"{ip} route replace {whole(self.addr(far))} via {outer} dev {dev} onlink "
                f"src {self.addr(side)}",
                f"{ip} route replace {whole(outer)} via {outer} dev {dev} onlink"]

    def policy(self, side, verb, direction, **more):
        """The line for one of this pair's policies."""
        far = self.other(side)
        ends = (side, far) if direction == "out" else (far, side)
        more = {"what": self.what, "priority": self.priority, "sa": self.sa_from(ends[0]), **more}
        return policy(side, verb, direction, self.addr(ends[0]), self.addr(ends[1]), **more)

    def neighbour_policies(self, side):
        """Neighbour discovery between two hosts goes through the policies of the kernel."""
        if self.family != 6 or self.mode != "transport" or self.what:
            return []
        return [self.policy(side, "add", direction, what=f"proto 58 type {kind}",
                            priority=10, sa=None)
                for direction in ("in", "out") for kind in (135, 136)]

    def state_lines(self, side):
        return [sa.command(side) for sa in self.sas]

    def policy_lines(self, side):
        return [self.policy(side, "add", d) for d in ("in", "out")] + self.neighbour_policies(side)

    def up(self):
        for side in (self.left, self.right):
            side.check("\n".join(["set -e"] + self.addresses(side) + self.state_lines(side) +
                                 self.policy_lines(side)))
        return self

    def meet(self):
        """
        Both ends find out each other's link-layer address; until then the
        first packets of a tunnel are dropped and counted.
        """
        for side in (self.left, self.right):
            side.wait_until(f"ping -n -q -c 1 -W 1 {self.addr(self.other(side))}")
        return self

    def decryption(self):
        """For wire.decrypt(). Keys of a unit are got from its test mode, past the guest."""
        return [(sa.saddr, sa.daddr, sa.spi,
                 sa.key_out if self.keys == "host" else unit_key(sa.src, sa.key_out))
                for sa in self.sas]


def counters(side):
    """ethtool's statistics of a side's device."""
    found = {}
    for line in side.check(f"ethtool -S {side.dev}").splitlines():
        name, _, value = line.rpartition(":")
        if value.strip().isdigit():
            found[name.strip()] = int(value)
    return found


def xfrm_stats(side):
    """/proc/net/xfrm_stat of a side's namespace."""
    return {name: int(value) for name, value in
            (line.split() for line in side.check("cat /proc/net/xfrm_stat").splitlines())}


class Counted:
    """What moved between two moments: device counters and xfrm's."""

    def __init__(self, side):
        self.side = side
        self._before = self._read()

    def _read(self):
        found = counters(self.side) if offloads(self.side) else {}
        found.update(xfrm_stats(self.side))
        return found

    def before(self, name):
        """What a counter was at the first moment."""
        return self._before.get(name, 0)

    def moved(self):
        """{name: difference} of those that changed."""
        now = self._read()
        return {k: v - self._before.get(k, 0) for k, v in now.items()
                if v != self._before.get(k, 0)}

    def drops(self, *expected):
        """Drops and errors other than the expected ones; other hosts' frames don't count."""
        fine = set(expected) | {"rx_drop_filter"}
        return {k: v for k, v in self.moved().items()
                if k not in fine and ("drop" in k or "refused" in k or k.startswith("Xfrm"))}


def pci_slot(side):
    """PCI address of a side's device."""
    out = side.check(f"ethtool -i {side.dev}")
    return re.search(r"^bus-info: (\S+)", out, re.MULTILINE)[1]


def wait_carrier(side, up=True):
    """Until the kernel sees the cable of a side's device."""
    side.wait_until(f"{'' if up else '! '}ip link show {side.dev} | grep -q LOWER_UP")


def bounce(side):
    """Takes a side's device down and up again."""
    side.check(f"ip link set {side.dev} down; ip link set {side.dev} up")
    wait_carrier(side)


def function_reset(side):
    """Function level reset of a side's device, waited for."""
    slot = f"/sys/bus/pci/devices/{pci_slot(side)}"
    side.guest.check(f"echo flr > {slot}/reset_method; echo 1 > {slot}/reset")
    wait_carrier(side)
