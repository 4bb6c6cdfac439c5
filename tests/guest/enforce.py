#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Do enforcing rules of the system policy hold for programs that know nothing of them? I6;
what is on the wire is captured while rules, policies, SAs and the broker come and go.
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
RULES = """[class device]
encryption = ENCR_AES_GCM_16/256
hardware = require
[interface port]
use = device
mode = enforce
interface = {dev}
"""

rig = tap.fixture(lambda: Rig(name="enforce"))


@tap.test(timeout=400)
def without_our_nic():
    """Any NIC, kernel software ESP."""
    with Guest("enforce-plain") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/enforce-test", 380)


@tap.test(timeout=300)
def a_program_that_tries_to_get_past():
    """20000 steps without privilege."""
    with Guest("enforce-attack") as guest:
        inguest.script_passes(guest, "/usr/lib/ipsecapi/attack-test", 280)


def sends(side, how, host):
    return side.run([SENDER, how, host, str(PORT)]).out.strip()


@tap.test(rig, cases=[{"mode": m, "family": f} for m in ("transport", "tunnel") for f in (4, 6)])
def packet_offload(r, mode, family):
    """The device makes the ESP: what crosses the output hook again is as it was (api-rules 15 and 25)."""
    options, mark = ([], "mark") if family == 4 else (["--marks", "0x78"], "mark=0x18")
    esp = xfrm.Esp(r.a, r.b, family=family, mode=mode, keys="unit").up().meet()
    r.a.check(f"ip neigh replace {STRANGER} lladdr 02:00:00:00:00:77 dev {r.a.dev}")
    r.a.check("mkdir -p /etc/ipsecapi")
    r.a.guest.put("/etc/ipsecapi/policy.conf", RULES.format(dev=r.a.dev).encode())
    r.a.spawn(["ipsecapid", *options], timeout=120)
    r.a.wait_until("ipsecapi caps")
    r.a.wait_until("nft list table inet ipsecapi | grep -A2 'set enf-reqid-out' | grep -q elements")
    with r.capture() as capture:
        assert sends(r.a, "udp", esp.addr(r.b)) == "sent"
        assert sends(r.a, "udp", STRANGER) == "EPERM"
        assert sends(r.a, "tcp", STRANGER) == "EHOSTUNREACH"
        assert sends(r.a, mark, STRANGER) == "EPERM"
        assert sends(r.a, mark, esp.addr(r.b)) == "EPERM"     # whoever sets the bit is not believed
    mac = bytes.fromhex(r.a.mac.replace(":", ""))
    sent = [f for f in wire.frames(capture.stop()) if f.raw[6:12] == mac]
    clear = [f for f in sent if f.proto in (6, 17) and PORT in f.ports()]
    assert not clear, f"in clear: {', '.join(map(str, clear[:3]))}"
    assert [f for f in sent if f.spi is not None], "no ESP"


tap.main()
