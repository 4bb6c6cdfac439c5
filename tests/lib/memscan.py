# SPDX-License-Identifier: GPL-2.0-or-later
"""
Looks for the secrets of trusted units in memory images and logs (invariant I1).

The secrets come from the device model's own property, which exists in test
mode only, and never through the guest. What a host imported is a secret that
the guest must hold too: it is the canary that shows that the scan finds things.
"""

import json
import subprocess

from espguest import BUILD

MEMSCAN = BUILD / "tests/scan/memscan"
SHORTEST = 8


class Secret:
    """name as the device gives it; imported: the host knows it by design."""

    def __init__(self, name, value, imported):
        self.name, self.value, self.imported = name, value, imported


def unit_secrets(guest, nics):
    """All live secrets of the units behind the named NICs of a guest."""
    found = []
    for nic in nics:
        listing = guest.qmp("qom-get", path=f"/machine/peripheral/{nic}", property="x-secrets")
        for entry in json.loads(listing):
            value = bytes.fromhex(entry["hex"])
            if len(value) >= SHORTEST:
                found.append(Secret(f"{nic}.{entry['name']}", value, entry["name"].startswith("host[")))
    return found


def scan(images, secrets):
    """Returns {secret name: bytes of it that were seen}."""
    lines = "".join(f"{i} {s.value.hex()}\n" for i, s in enumerate(secrets))
    done = subprocess.run([MEMSCAN, *images], input=lines, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    found = {}
    for line in done.stdout.splitlines():
        word = line.split()
        if word[0] == "found":
            found[secrets[int(word[1])]] = int(word[2])
    return found
