# SPDX-License-Identifier: GPL-2.0-or-later
"""
strongSwan's IKE daemon on one side of a rig, as its package has it: no systemd,
its own configuration, its own control socket, its own log.
"""

import wire
import xfrm

FOLDER = "/run/charon-{}"
PLUGINS = "random nonce openssl kernel-netlink socket-default vici updown"
PORTS = (500, 4500)
CHILD = "net"
PROPOSAL = "aes256gcm16-prfsha256-x25519"
ESP_PROPOSAL = "aes256gcm16-x25519"
SECRET = "a secret of this test only"

STRONGSWAN_CONF = """
charon-systemd {{
    load = {plugins}
    install_routes = no
    filelog {{
        log {{
            path = {folder}/log
            default = 1
            knl = 2
            flush_line = yes
        }}
    }}
    plugins {{
        vici {{
            socket = unix://{folder}/vici
        }}
        kernel-netlink {{
            port_bypass = {port_bypass}
        }}
    }}
}}
swanctl {{
    load = random
}}
"""

SWANCTL_CONF = """
connections {{
    peer {{
        version = 2
        mobike = {mobike}
        proposals = {proposal}
        local_addrs = {local}
        remote_addrs = {remote}
        rekey_time = 0
        local {{
            auth = psk
            id = {me}
        }}
        remote {{
            auth = psk
            id = {peer}
        }}
        children {{
            {child} {{
                mode = {mode}
                local_ts = {local_ts}
                remote_ts = {remote_ts}
                esp_proposals = {esp}
                rekey_time = 0
                hw_offload = {offload}
                start_action = {start}
            }}
        }}
    }}
}}
secrets {{
    ike-1 {{
        secret = "{secret}"
    }}
}}
"""


class Daemon:
    """
    One daemon that knows one peer; offload is asked for where the side has our NIC.
    start: what the daemon does for the child by itself ("none", "trap").
    port_bypass: lets IKE pass by policies of the host, not of the daemon's sockets.
    """

    def __init__(self, side, peer, family=4, mode="transport", start="none", mobike=False,
                 port_bypass=False):
        self.side, self.peer = side, peer
        self.family, self.mode = family, mode
        self.folder = FOLDER.format(side.nic)
        guest = side.guest
        guest.check(f"rm -rf {self.folder}; mkdir {self.folder}")
        guest.put(f"{self.folder}/strongswan.conf",
                  STRONGSWAN_CONF.format(folder=self.folder, plugins=PLUGINS,
                                         port_bypass="yes" if port_bypass else "no"))
        guest.put(f"{self.folder}/swanctl.conf", self._swanctl_conf(start, mobike))
        self.settings = f"STRONGSWAN_CONF={self.folder}/strongswan.conf"
        self.job = side.spawn(f"{self.settings} exec charon-systemd", timeout=600)
        side.wait_until(f"[ -S {self.folder}/vici ]")
        self.swanctl("--load-all")

    def _swanctl_conf(self, start, mobike):
        side, peer = self.side, self.peer
        ends = {"local": side.addr(self.family), "remote": peer.addr(self.family)}
        if mobike:
            ends["local"] = "%any"
        return SWANCTL_CONF.format(
            me=side.nic, peer=peer.nic, **ends, mode=self.mode, start=start, secret=SECRET,
            mobike="yes" if mobike else "no", proposal=PROPOSAL, esp=ESP_PROPOSAL,
            child=CHILD, offload="packet" if xfrm.offloads(side) else "no",
            local_ts=self._selector(side), remote_ts=self._selector(peer))

    def _selector(self, side):
        if self.mode == "tunnel":
            return xfrm.whole(xfrm.inner_addr(side, self.family))
        return "dynamic"

    def swanctl(self, command, check=True):
        line = f"{self.settings} swanctl {command} --uri unix://{self.folder}/vici"
        if command == "--load-all":
            line += f" --file {self.folder}/swanctl.conf --noprompt"
        return (self.side.check if check else self.side.run)(line, timeout=80)

    def initiate(self):
        return self.swanctl(f"--initiate --child {CHILD} --timeout 60")

    def sas(self):
        return self.swanctl("--list-sas")

    @property
    def log(self):
        return self.side.guest.get(f"{self.folder}/log").decode(errors="replace")

    def wait_log(self, text, timeout=60, times=1):
        """Until this many lines of the log have this text."""
        self.side.wait_until(f"[ $(grep -cF '{text}' {self.folder}/log) -ge {times} ]", timeout)

    def stop(self):
        """Ends it as an administrator would; it deletes what it installed."""
        self.job.stop(15)


class Pair:
    """Two daemons, and what an administrator lays for tunnels. The left one initiates."""

    def __init__(self, left, right, family=4, mode="transport", start="none", **more):
        self.left, self.right = left, right
        self.family, self.mode = family, mode
        if mode == "tunnel":
            ways = xfrm.Esp(left, right, family=family, mode=mode)
            for side in (left, right):
                side.check("\n".join(["set -e"] + ways.addresses(side)))
        more.update(family=family, mode=mode)
        self.far = Daemon(right, left, **more)
        self.near = Daemon(left, right, start=start, **more)

    def addr(self, side):
        """The protected address of a side."""
        return xfrm.inner_addr(side, self.family) if self.mode == "tunnel" \
            else side.addr(self.family)

    def ping(self, count=3, wait=5):
        """Echoes; wait: seconds for the last answer, few where none is expected."""
        return self.left.run(f"ping -n -q -c {count} -i 0.05 -W {wait} {self.addr(self.right)}")

    def explain(self):
        """What both ends say, for a test that failed."""
        return "\n".join(f"{d.side.nic}:\n{d.log[-6000:]}" for d in (self.near, self.far))


def is_ike(frame):
    """UDP port 500, or port 4500 with the marker that ESP never has."""
    if frame.proto != wire.UDP or frame.is_fragment:
        return False
    ports, payload = frame.ports(), frame.raw[frame.l4 + 8:]
    if ports == (500, 500):
        return len(payload) >= 28
    return ports == (4500, 4500) and len(payload) >= 32 and payload[:4] == bytes(4)


def clear_frames(path):
    """Frames that are neither IKE, nor ESP, nor background."""
    return [str(f) for f in wire.clear_frames(path, allowed=is_ike)]
