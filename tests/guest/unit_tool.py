#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
espvault(8) as an operator uses it with real nodes: a secret that is sealed somewhere
else (UNIT-90 to UNIT-92), and a whole IKEv2 that a script carries between two units.
"""

import json
import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
from espguest.guest import log_dir  # noqa: E402
import outside  # noqa: E402
import xfrm  # noqa: E402

INITIATOR, RESPONDER = "initiator.example", "responder.example"
KE, NONCE, NOTIFY = 34, 40, 41      # RFC 7296 3.2
X25519 = 31

rig = tap.fixture(lambda: Rig(name="unit_tool"))


def seal(side, kind, secret, ident, signer=None):
    """
    What whoever has the secret does, far from the machine: it knows the certificate of the
    unit, and draws a nonce. signer: the unit that makes the statement; the blob, or how it ended.
    """
    folder = log_dir()
    statement, anchor, key, blob = (folder / name for name in ("statement", "device.pem", "key", "blob"))
    nonce = secrets.token_hex(32)
    told = side.guest.check(f"espvault --json attest {xfrm.unit_node(signer or side)} --nonce {nonce}")
    statement.write_bytes(bytes.fromhex(json.loads(told)["statement"]))
    anchor.write_text(side.guest.check(f"espvault certificate {xfrm.unit_node(side)}"))
    key.write_bytes(secret)
    done = outside.espvault("seal", "--type", kind, "--secret", key, "--id", ident, "--to", statement, "--anchor", anchor,
                            "--nonce", nonce, "--out", blob)
    if signer:
        return done
    assert done.returncode == 0, done.stderr
    return blob.read_bytes()


@tap.test(rig)
def nothing_is_sealed_to_a_unit_that_another_speaks_for(r):
    done = seal(r.a, "psk", secrets.token_bytes(32), RESPONDER, signer=r.b)
    assert done.returncode == 5 and "do not lead to the anchor" in done.stderr, done


@tap.test(rig)
def a_sealed_secret_opens_in_its_unit_and_time_only(r):
    blob = seal(r.a, "psk", secrets.token_bytes(32), RESPONDER)
    r.guest.put("/run/blob", blob)
    mine, other = (xfrm.unit_node(side) for side in (r.a, r.b))
    provision = "espvault provision {} --type psk --wrap {} --blob {}"
    r.guest.check(provision.format(mine, "hpke", "/run/blob") + " --store /run/stored")
    refused = r.guest.run(provision.format(other, "hpke", "/run/blob"))
    assert refused.rc == 1 and "not authentic" in refused.err, refused.describe()
    xfrm.function_reset(r.a)
    refused = r.guest.run(provision.format(mine, "hpke", "/run/blob"))
    assert refused.rc == 1 and "not authentic" in refused.err, refused.describe()
    r.guest.check(provision.format(mine, "stored", "/run/stored"))
    refused = r.guest.run(provision.format(other, "stored", "/run/stored"))
    assert refused.rc == 1 and "not authentic" in refused.err, refused.describe()


class Script:
    """`espvault run`, one line at a time."""

    def __init__(self, guest):
        self.job = guest.spawn(["espvault", "--json", "run"], timeout=60, keep_stdin=True)
        self.lines = 0

    def __call__(self, line):
        """The answer to one step."""
        self.job.write(line.encode() + b"\n")
        self.lines += 1
        self.job.wait_output(r"(?:.*\n){%d}" % self.lines)
        return json.loads(self.job.out.splitlines()[self.lines - 1])

    def end(self):
        self.job.close_stdin()
        self.job.check()


def payload(following, body):
    return bytes((following, 0)) + (len(body) + 4).to_bytes(2, "big") + body


def init_message(spi_i, spi_r, response, value, nonce):
    """An IKE_SA_INIT message (RFC 7296 1.2); nobody reads the proposal."""
    body = payload(KE, bytes(40)) + payload(NONCE, X25519.to_bytes(2, "big") + bytes(2) + value) + \
        payload(NOTIFY, nonce) + payload(0, bytes((0, 0, 0x40, 0x2e)))
    flags = 0x20 if response else 0x08
    return spi_i + (spi_r if response else bytes(8)) + bytes((33, 0x20, 34, flags)) + bytes(4) + \
        (28 + len(body)).to_bytes(4, "big") + body


def agree(step, units, spis):
    """An IKE SA between both ends of a script; their IKE_SA_INIT messages."""
    made = {u: (step(f"n-{u} = nonce {u}"), step(f"k-{u} = ke-gen {u} method=x25519")) for u in units}
    messages = {}
    for u, peer, role in (("i", "r", "initiator"), ("r", "i", "responder")):
        nonce, ke = (bytes.fromhex(m["value"]) for m in made[u])
        messages[u] = init_message(*spis, u == "r", ke, nonce)
        step(f"s-{u} = ke-finish {u} ke=$k-{u} value={made[peer][1]['value']}")
        step(f"ike-{u} = ike-derive {u} role={role} prf=sha256 secret=$s-{u} nonce=$n-{u} "
             f"peer-nonce={made[peer][0]['value']} spi-i={spis[0].hex()} spi-r={spis[1].hex()}")
    return messages


@tap.test(rig, timeout=120)
def a_script_lets_two_units_authenticate_each_other(r):
    """All of IKEv2 by the tool alone; the tokens carry traffic, and the units vouch (custody L4)."""
    psk = secrets.token_bytes(32)
    for side, peer in ((r.a, RESPONDER), (r.b, INITIATOR)):
        r.guest.put(f"/run/psk.{side.dev}", seal(side, "psk", psk, peer))
    step = Script(r.guest)
    units = {"i": r.a, "r": r.b}
    for u, side in units.items():
        step(f"{u} = open {xfrm.unit_node(side)}")
        step(f"psk-{u} = provision {u} type=psk wrap=hpke blob=@/run/psk.{side.dev}")
    messages = agree(step, units, (secrets.token_bytes(8), secrets.token_bytes(8)))
    names = {"i": INITIATOR, "r": RESPONDER}
    for u, peer in (("i", "r"), ("r", "i")):
        auth = step(f"auth-sign {u} ike=$ike-{u} key=$psk-{u} id={names[u]} message={messages[u].hex()}")
        step(f"auth-verify {peer} ike=$ike-{peer} key=$psk-{peer} id={names[u]} message={messages[u].hex()} "
             f"method={auth['method']} auth={auth['auth']}")
    child = {u: step(f"child-derive {u} ike=$ike-{u} role={role} first=yes detach=yes")
             for u, role in (("i", "initiator"), ("r", "responder"))}
    step.end()
    tokens = (child["i"]["out"], child["r"]["in"], child["r"]["out"], child["i"]["in"])
    xfrm.Esp(r.a, r.b, keys=tokens).up().meet()
    for side, peer in ((r.a, RESPONDER), (r.b, INITIATOR)):
        listed = json.loads(side.guest.check(f"espvault --json sa list {xfrm.unit_node(side)}"))
        assert {sa["custody"] for sa in listed} == {"L4"}, listed
        told = json.loads(side.guest.check(f"espvault --json attest {xfrm.unit_node(side)} --sa {listed[0]['handle']}"))
        assert (told["peer"], told["vouched-by"]) == (peer, "unit"), told


@tap.test(rig)
def a_wrong_step_ends_the_script_and_wipes_its_handles(r):
    before = json.loads(r.guest.check(f"espvault --json sessions {xfrm.unit_node(r.a)}"))
    lines = f"u = open {xfrm.unit_node(r.a)}\nn = nonce u\nke-finish u ke=$n value={'00' * 32}\nnonce u\n"
    done = r.guest.run(["espvault", "run"], stdin=lines)
    assert done.rc == 1 and "no such object, or not yours" in done.err, done.describe()
    assert len(done.out.splitlines()) <= 2, done.out
    assert json.loads(r.guest.check(f"espvault --json sessions {xfrm.unit_node(r.a)}")) == before


@tap.test(rig)
def the_self_tests_run_again(r):
    node = xfrm.unit_node(r.a)
    esp = xfrm.Esp(r.a, r.b, keys="unit").up()
    esp.meet()
    told = json.loads(r.guest.check(f"espvault --json selftest --run {node}"))
    assert told["self-test"] is True, told
    esp.meet()


if __name__ == "__main__":
    tap.main()
