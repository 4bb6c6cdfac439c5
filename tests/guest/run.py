#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Does what `ipsecapi run` runs leave in ESP or not at all? What it sends is captured,
with the kernel's own ESP and behind an espvault NIC.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Guest, Rig, tap  # noqa: E402
import inguest  # noqa: E402
import wire  # noqa: E402
import xfrm  # noqa: E402

SENDER = "/usr/lib/ipsecapi/sender"
PORT = 4000
STRANGER = "10.9.0.77"  # whom no policy protects

rig = tap.fixture(lambda: Rig(name="run"))


@tap.test(timeout=300)
def without_our_nic():
    """Any NIC, kernel software ESP: what is on the wire is captured by tcpdump at the other end."""
    with Guest("run-plain") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/run-test", 280)


class Runs:
    """A machine that can run commands, and what its port sends meanwhile."""

    def __init__(self, r, *options):
        self.side = r.a
        r.a.check(f"ip neigh replace {STRANGER} lladdr 02:00:00:00:00:77 dev {r.a.dev}")
        r.a.spawn(["ipsecapid", *options], timeout=120)
        r.a.wait_until("ipsecapi caps")

    def sends(self, how, host):
        return self.side.run(["ipsecapi", "run", "--", SENDER, how, host, str(PORT)]).out.strip()

    def frames(self, path):
        """In ESP, and in clear to the port that is sent to."""
        mac = bytes.fromhex(self.side.mac.replace(":", ""))
        sent = [f for f in wire.frames(path) if f.raw[6:12] == mac]
        return [f for f in sent if f.spi is not None], [f for f in sent if f.proto in (6, 17) and PORT in f.ports()]


@tap.test(rig, cases=[{"mode": m, "family": f} for m in ("transport", "tunnel") for f in (4, 6)])
def packet_offload(r, mode, family):
    """The device makes the ESP: what crosses the output hook again is as it was (api-rules 15 and 25)."""
    options, mark = ([], "mark") if family == 4 else (["--marks", "0x78"], "mark=0x18")
    esp = xfrm.Esp(r.a, r.b, family=family, mode=mode, keys="unit").up().meet()
    runs = Runs(r, *options)
    with r.capture() as capture:
        assert runs.sends("udp", esp.addr(r.b)) == "sent"
        assert runs.sends("uring", esp.addr(r.b)) == "sent"
        assert runs.sends("udp", STRANGER) == "EPERM"
        assert runs.sends("tcp", STRANGER) == "EHOSTUNREACH"
        assert runs.sends(mark, STRANGER) == "EPERM"
        assert runs.sends(mark, esp.addr(r.b)) == "EPERM"     # whoever sets the bit is not believed
    protected, clear = runs.frames(capture.stop())
    assert not clear, f"in clear: {', '.join(map(str, clear[:3]))}"
    assert len(protected) >= 2, f"{len(protected)} frames of ESP"


tap.main()
