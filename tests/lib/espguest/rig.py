# SPDX-License-Identifier: GPL-2.0-or-later
"""
The standard rig: one machine with two espvault NICs, each alone in a network
namespace, over one hub; on request a second machine with an ordinary NIC on
the same hub, for software ESP.

    a  esv0  10.9.0.1/24  fd09::1/64
    b  esv1  10.9.0.2/24  fd09::2/64
    p  eth0  10.9.0.3/24  fd09::3/64   (second machine)
"""

import re
import socket

from .errors import GuestError
from .guest import Guest, Nic

MODULE = "/usr/lib/modules/extra/espvault.ko"

_SETTINGS = """
set -e
sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 \
    net.ipv6.conf.default.router_solicitations=0 \
    net.ipv6.conf.default.addr_gen_mode=1
"""

# What a test may have left behind in a namespace.
_CLEAN = """
ip xfrm policy flush; ip xfrm state flush
ip link set {dev} up mtu 1500
ip addr flush dev {dev}; ip -6 addr flush dev {dev}
ip neigh flush dev {dev}; ip route flush table main; ip -6 route flush table main
tc qdisc del dev {dev} root 2>/dev/null; tc qdisc del dev {dev} clsact 2>/dev/null
nft flush ruleset
ip addr add 10.9.0.{n}/24 dev {dev}
ip addr add fd09::{n}/64 dev {dev} nodad
"""

# What a test may have changed of an espvault device, and how it is put back. Of the
# table of queues: a device that is new to the kernel has another key. What is as it
# was already ends ethtool with 80.
_SHOWN = """ethtool -k {dev} | grep tx-tcp; ethtool -l {dev}; ethtool -g {dev}
ethtool -x {dev} | sed '/^RSS hash key/,$d'"""
_RESTORE = """set -e
ethtool -K {dev} {features}; ethtool -X {dev} default
ethtool -L {dev} combined {channels} || test $? = 80
ethtool -G {dev} rx {rx} tx {tx} || test $? = 80"""


class Side:
    """One end of the wire: a namespace of a machine and the device in it."""

    def __init__(self, guest, nic, number, netns="", dev=None):
        self.guest = guest
        self.nic = nic
        self.netns = netns
        self.dev = dev or nic
        self.number = number
        self.v4 = f"10.9.0.{number}"
        self.v6 = f"fd09::{number}"
        self.mac = guest.nics[nic].mac
        self._shown = None      # of the device as it was at first

    def addr(self, family):
        """The address of family 4 or 6."""
        return self.v6 if family == 6 else self.v4

    def spawn(self, command, timeout=60, **more):
        return self.guest.spawn(command, timeout, netns=self.netns, **more)

    def run(self, command, timeout=60, **more):
        return self.guest.run(command, timeout, netns=self.netns, **more)

    def check(self, command, timeout=60, **more):
        return self.guest.check(command, timeout, netns=self.netns, **more)

    def wait_until(self, command, timeout=30, **more):
        return self.guest.wait_until(command, timeout, netns=self.netns, **more)

    def clean(self):
        """Removes SAs, policies, addresses and rules, puts the device's settings back, and sets the address."""
        self.run(_CLEAN.format(dev=self.dev, n=self.number))
        if self.guest.nics[self.nic].device == "espvault":
            self._restore()

    def _restore(self):
        if self.run(f"ip link show {self.dev}").rc:
            return      # a test took it away, and nothing of it is left to be put back
        shown = self.run(_SHOWN.format(dev=self.dev)).out
        self._shown = self._shown or shown
        if shown == self._shown:
            return
        current = self._shown.split("Current hardware settings:")
        channels = re.search(r"Combined:\s+(\d+)", current[1])[1]
        rx, tx = (re.search(rf"^{way}:\s+(\d+)", current[2], re.M)[1] for way in ("RX", "TX"))
        # Each for itself: "tso on" switches on more than there was.
        features = " ".join(" ".join(f) for f in re.findall(r"^\t(tx-tcp\S+): (\w+)$", self._shown, re.M))
        self.check(_RESTORE.format(dev=self.dev, features=features, channels=channels, rx=rx, tx=tx))
        now = self.check(_SHOWN.format(dev=self.dev))
        if now != self._shown:
            raise GuestError(f"{self.dev} can't be put back: {now}")
        self.wait_until(f"ip link show {self.dev} | grep -q LOWER_UP")


class Rig:
    """
    nic_props: properties of both espvault NICs; a_props, b_props: of one.
    peer: QEMU's name of the second machine's device, None for no second machine.
    iothread: gives each NIC a thread of its own in QEMU. objects: further objects of QEMU, (type, properties).
    load: loads the module, with module_params, and makes the namespaces.
    """

    def __init__(self, peer=None, nic_props=None, a_props=None, b_props=None,
                 iothread=False, smp=2, memory=512, kernel_args="", load=True,
                 module_params="", name="rig", objects=(), **more):
        self.peer_guest = None
        self._module_params = module_params
        near = far = None
        if peer:
            near, far = socket.socketpair()
        threads, nics = self._nics(iothread, nic_props, a_props, b_props)
        self.guest = Guest(f"{name}-1", nics=nics, objects=[*objects, *threads], memory=memory,
                           links=[(0, near)] if peer else [], smp=smp,
                           kernel_args=kernel_args, **more)
        try:
            if peer:
                self._start_peer(name, peer, far)
            if load:
                self.load()
        except BaseException:
            self.close()
            raise
        finally:
            for sock in (near, far):
                if sock:
                    sock.close()

    @staticmethod
    def _nics(iothread, both, a_props, b_props):
        objects, nics = [], []
        for i, own in enumerate((a_props, b_props)):
            props = dict(both or {}, **(own or {}))
            if iothread:
                objects.append(("iothread", {"id": f"io{i}"}))
                props["iothread"] = f"io{i}"
            nics.append(Nic(f"esv{i}", "espvault", f"02:e5:00:00:00:0{i + 1}",
                            **props))
        return objects, nics

    def _start_peer(self, name, device, sock):
        nic = Nic("peer", device, "02:e5:00:00:00:03")
        guest = Guest(f"{name}-2", nics=[nic], links=[(0, sock)], smp=1,
                      memory=384)
        self.peer_guest = guest
        guest.check(_SETTINGS)
        self.p = Side(guest, "peer", 3, dev=guest.netdev_of("peer"))
        self.p.clean()

    def load(self):
        """Loads the module, names its devices and puts them in place."""
        guest = self.guest
        guest.check(_SETTINGS)
        guest.insmod(MODULE, self._module_params)
        self.place()

    def place(self):
        """Puts the devices into their namespaces, once they are there."""
        guest = self.guest
        for nic, netns in (("esv0", "a"), ("esv1", "b")):
            dev = guest.netdev_of(nic)
            guest.check(f"""set -e
                [ {dev} = {nic} ] || ip link set {dev} name {nic}
                [ -e /run/netns/{netns} ] || {{
                    ip netns add {netns}; ip -n {netns} link set lo up; }}
                ip link set {nic} netns {netns}""")
        self.a = Side(guest, "esv0", 1, "a")
        self.b = Side(guest, "esv1", 2, "b")
        for side in (self.a, self.b):
            side.check(_SETTINGS)
            side.clean()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    @property
    def sides(self):
        return [self.a, self.b] + ([self.p] if self.peer_guest else [])

    @property
    def guests(self):
        return [g for g in (self.guest, self.peer_guest) if g]

    def alive(self):
        return all(g.alive() for g in self.guests)

    def reset(self):
        """Undoes what a test did to addresses, SAs, policies and rules."""
        for guest in self.guests:
            guest.stop_jobs()
        for side in self.sides:
            side.clean()

    def console_scan(self):
        return [line for g in self.guests for line in g.console_scan()]

    def capture(self, path=None, **more):
        """Records every frame on the wire; see Capture."""
        return self.guest.capture("esv0", path, **more)

    def close(self):
        for guest in self.guests:
            guest.close()
