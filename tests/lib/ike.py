# SPDX-License-Identifier: GPL-2.0-or-later
"""A complete IKE between two units, all on handles, by the `ike` program in the guest."""

import secrets
import subprocess
import sys

from espguest import BUILD

PROGRAM = BUILD / "tests/ike/ike"
CORE_TESTS = BUILD.parent / "sim/core/tests"
DIR = "/run/ike"
STAGES = ("opened", "prepared", "agreed", "asked", "intermediate", "ppk", "rekeyed", "closed")

INFO = b"espvault provision 1\0"    # UNIT-91
PSK, PPK, PRIV, PUB = 6, 7, 9, 10   # enum esv_handle_type
FQDN = 2                            # RFC 7296 3.5
INITIATOR, RESPONDER = b"initiator.example", b"responder.example"


def reference(program, *words):
    """Words that one of the second implementations beside the core's tests prints, as bytes."""
    out = subprocess.run([sys.executable, CORE_TESTS / program, *words], capture_output=True, text=True, check=True)
    return [bytes.fromhex(word) for word in out.stdout.split()]


def header(kind, ident, secret):
    """struct esv_secret_hdr, identity, secret."""
    id_type = FQDN if ident else 0
    return (bytes((1, kind, id_type, 0)) + len(ident).to_bytes(2, "little") + len(secret).to_bytes(2, "little") +
            ident + secret)


class Unit:
    """What a sender must know of a unit."""

    def __init__(self, device_id, epoch, key):
        self.device_id, self.epoch, self.key = int(device_id), int(epoch), key

    def seal(self, kind, ident, secret):
        info = INFO + self.device_id.to_bytes(8, "little") + self.epoch.to_bytes(8, "little") + bytes((kind,))
        sealed, = reference("wrap_ref.py", "hpke", secrets.token_hex(32), self.key, info.hex(), "-",
                            header(kind, ident, secret).hex())
        return sealed


class Ike:
    """
    The program under way. values: {name: secret} of what was provisioned; it was
    sealed outside of the machine.
    """

    def __init__(self, guest, initiator, responder):
        self.guest = guest
        guest.put("/usr/bin/ike", PROGRAM.read_bytes(), 0o755)
        guest.check(f"rm -rf {DIR}; mkdir {DIR}; mkfifo {DIR}/go")
        self.job = guest.spawn(f"ike {initiator} {responder} {DIR}", timeout=600)
        self.wait("opened")
        units = dict(line.split(" ", 2)[1:] for line in self.job.out.splitlines() if line.startswith("unit "))
        self.values = {}
        self._provision(*(Unit(*units[name.decode()].split()) for name in (INITIATOR, RESPONDER)))

    def _provision(self, initiator, responder):
        private, public = reference("auth_ref.py", "key", "3")
        psk, ppk = secrets.token_bytes(32), secrets.token_bytes(48)
        for name, kind, unit, ident, value in (
                ("psk.i", PSK, initiator, RESPONDER, psk), ("psk.r", PSK, responder, INITIATOR, psk),
                ("ppk.i", PPK, initiator, b"", ppk), ("ppk.r", PPK, responder, b"", ppk),
                ("priv.i", PRIV, initiator, INITIATOR, private), ("pub.r", PUB, responder, INITIATOR, public)):
            self.guest.put(f"{DIR}/{name}", unit.seal(kind, ident, value))
        self.values = {"psk": psk, "ppk": ppk, "priv": private}

    def wait(self, stage):
        self.job.wait_output(f"^{stage}$", timeout=60)

    def go_on(self, stage):
        """Lets it run to the next stage."""
        self.guest.check(f"echo > {DIR}/go")
        if stage:
            self.wait(stage)

    def tokens(self):
        """{(who, direction): [token, …]} in hexadecimal, of the children so far."""
        found = {}
        for line in self.job.out.splitlines():
            if line.startswith("token "):
                _, who, way, token = line.split()
                found.setdefault((who.split(".")[0], way), []).append(token)
        return found
