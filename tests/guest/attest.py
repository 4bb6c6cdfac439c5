#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a unit signs about itself and its SAs, judged outside of the machine by
`espvault verify` and by OpenSSL (UNIT-97 to UNIT-99).
"""

import json
import pathlib
import secrets
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
from espguest.guest import log_dir  # noqa: E402
import outside  # noqa: E402
import xfrm  # noqa: E402

NONCE_AT, NONCE_LEN = 32, 32    # of struct esv_statement
REFUSED = 5                     # espvault(8)


def secret_file(name):
    """A device secret, as whoever makes a device keeps it."""
    path = log_dir() / f"{name}.secret"
    path.write_bytes(secrets.token_bytes(32))
    path.chmod(0o600)
    return path


def machine(name, files, **more):
    """A rig whose devices are those of the secrets."""
    return Rig(name=name, objects=[("secret", {"id": f"id{i}", "file": path}) for i, path in enumerate(files)],
               a_props={"identity": "id0"}, b_props={"identity": "id1"}, **more)


FILES = [secret_file(f"device{i}") for i in range(2)]
rig = tap.fixture(lambda: machine("attest", FILES))


class Auditor:
    """Somebody outside, who keeps the certificate of a device and trusts nothing else."""

    def __init__(self, side):
        self.side, self.node = side, xfrm.unit_node(side)
        self.dir = log_dir()
        self.anchor = self.dir / f"{side.dev}.pem"
        self.anchor.write_text(side.guest.check(f"espvault certificate {self.node}"))
        self.statement = self.dir / f"{side.dev}.statement"

    def ask(self, about=""):
        """A fresh statement; the nonce that it was asked for with."""
        nonce = secrets.token_hex(NONCE_LEN)
        self.side.guest.check(f"espvault attest {self.node} {about} --nonce {nonce} -o /run/statement")
        self.statement.write_bytes(self.side.guest.get("/run/statement"))
        return nonce

    def verify(self, nonce, *options, anchor=None):
        """What `espvault verify` says, which needs no device and is run outside of the machine."""
        return outside.espvault("--json", "verify", "--anchor", anchor or self.anchor, "--nonce", nonce, *options,
                                self.statement)

    def told(self, nonce, *options):
        done = self.verify(nonce, *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, nonce, words, **more):
        done = self.verify(nonce, **more)
        assert done.returncode == REFUSED and words in done.stderr and not done.stdout, (done, words)


def status(side):
    return json.loads(side.guest.check(f"espvault --json status {xfrm.unit_node(side)}"))


@tap.test(rig, timeout=120)
def an_auditor_learns_who_holds_the_key_of_an_sa(rig):
    esp = xfrm.Esp(rig.a, rig.b, keys="unit").up()
    esp.meet()
    auditor = Auditor(rig.a)
    nonce = auditor.ask(f"--daddr {esp.out.daddr} --spi {esp.out.spi:#x}")
    told = auditor.told(nonce)
    now = status(rig.a)
    assert (told["device-id"], told["epoch"]) == (now["device-id"], now["epoch"]), (told, now)
    assert (told["type"], told["custody"], told["vouched-by"], told["dir"]) == ("esp-key", "L3", "host", "out"), told
    assert told["spi"] == f"{esp.out.spi:#010x}" and told["dst"] == esp.out.daddr and told["packets"] >= 1, told
    assert told["peer"] == "responder" and "test" not in told["mode"], told
    nonce = auditor.ask(f"--daddr {esp.back.daddr} --spi {esp.back.spi:#x}")
    assert auditor.told(nonce)["dir"] == "in"


@tap.test(rig)
def a_hosts_key_is_called_that(rig):
    """Custody L1 in a signed statement, whatever the host would rather say."""
    esp = xfrm.Esp(rig.a, rig.b).up()
    auditor = Auditor(rig.a)
    told = auditor.told(auditor.ask(f"--daddr {esp.out.daddr} --spi {esp.out.spi:#x}"))
    assert told["custody"] == "L1", told


@tap.test(rig)
def what_is_not_genuine_is_refused(rig):
    """An old statement, another device's, one that was changed."""
    auditor, other = Auditor(rig.a), Auditor(rig.b)
    nonce = auditor.ask()
    auditor.told(nonce)
    auditor.refused(secrets.token_hex(NONCE_LEN), "nonce")
    auditor.refused(nonce, "anchor", anchor=other.anchor)
    good = auditor.statement.read_bytes()
    at = good.index(bytes.fromhex(nonce)) + NONCE_LEN + 3      # in the device id
    auditor.statement.write_bytes(good[:at] + bytes((good[at] ^ 1,)) + good[at + 1:])
    auditor.refused(nonce, "")


@tap.test(rig)
def openssl_reads_the_same(rig):
    """RFC 5652 and RFC 5280, by a program that knows nothing of espvault."""
    auditor = Auditor(rig.a)
    nonce = auditor.ask()
    content = auditor.dir / "content"
    argv = ["openssl", "cms", "-verify", "-inform", "DER", "-in", auditor.statement, "-purpose", "any", "-out", content]
    done = subprocess.run([*argv, "-CAfile", auditor.anchor], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert content.read_bytes()[NONCE_AT:NONCE_AT + NONCE_LEN].hex() == nonce
    done = subprocess.run([*argv, "-CAfile", Auditor(rig.b).anchor], capture_output=True, text=True)
    assert done.returncode, "another device's certificate was enough"


@tap.test(rig)
def a_reset_shows(rig):
    """The epoch is another one, the resets are one more, the device and its certificate are the same."""
    auditor = Auditor(rig.a)
    before = auditor.told(auditor.ask())
    xfrm.function_reset(rig.a)
    after = auditor.told(auditor.ask())
    assert after["epoch"] != before["epoch"] and after["resets"] == before["resets"] + 1, (before, after)
    assert after["device-id"] == before["device-id"] and after["provision-key"] != before["provision-key"]
    assert Auditor(rig.a).anchor.read_text() == auditor.anchor.read_text()


@tap.test(rig, timeout=180)
def a_device_is_the_same_at_its_next_start(rig):
    """UNIT-97: who keeps the certificate knows it again; with another secret it is another device."""
    auditor = Auditor(rig.a)
    before = auditor.told(auditor.ask())
    with machine("attest_again", [FILES[0], secret_file("device2")]) as again:
        auditor.side, auditor.node = again.a, xfrm.unit_node(again.a)
        after = auditor.told(auditor.ask())
        assert after["device-id"] == before["device-id"] and after["epoch"] != before["epoch"], (before, after)
        auditor.side, auditor.node = again.b, xfrm.unit_node(again.b)
        auditor.refused(auditor.ask(), "anchor")


@tap.test(timeout=180)
def test_mode_can_not_pass_for_production():
    """UNIT-97, UNIT-99: another certificate, refused by default, and it says so where it is accepted."""
    with machine("attest_test", FILES, nic_props={"x-test-mode": True}) as r:
        auditor = Auditor(r.a)
        nonce = auditor.ask()
        auditor.refused(nonce, "test mode")
        assert "test" in auditor.told(nonce, "--test-mode")["mode"]
        testing = auditor.anchor.read_text()
    with machine("attest_production", FILES) as r:
        auditor = Auditor(r.a)
        assert auditor.anchor.read_text() != testing
        auditor.told(auditor.ask())


if __name__ == "__main__":
    tap.main()
