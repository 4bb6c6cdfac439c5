#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
No key outside the unit (invariant I1): after a complete run, with the SAs
alive, no secret that a unit made is in the machine's memory, in a log or on
the wire. A key that the host imported and keeps in a file shows that the scan
finds what is there.
"""

import json
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from espguest import Rig, tap  # noqa: E402
import flow  # noqa: E402
import ike  # noqa: E402
import memscan  # noqa: E402
import xfrm  # noqa: E402

PORT = 5006
NICS = ("esv0", "esv1")
CANARY = "/run/canary"

rig = tap.fixture(lambda: flow.installed(Rig(nic_props={"x-test-mode": True})))
clean = tap.fixture(lambda: Rig(nic_props={"x-test-mode": True}))   # nobody planted anything in its memory


def use(esp):
    """All that keys are used for: both directions, segmentation, status, SAs added again."""
    esp.meet()
    for side in (esp.left, esp.right):
        flow.send(side, esp.addr(esp.other(side)), PORT, bytes=400_000)
        side.check("ip -s xfrm state; ip xfrm policy; ethtool -S " + side.dev)
    guest, node = esp.left.guest, xfrm.unit_node(esp.left)
    for command in ("status", "caps", "sa list", "policy list", "counters"):
        guest.check(f"espvault {command} {node}; espvault --json {command} {node}")
    esp.left.check(esp.out.delete(esp.left))
    esp.left.check(esp.out.command(esp.left))
    flow.send(esp.left, esp.addr(esp.right), PORT, bytes=100_000)


class Run:
    """One complete run; images: whatever may hold a secret afterwards."""

    def __init__(self, rig):
        self.rig = rig
        for side in (rig.a, rig.b):
            flow.serve(side, PORT)
        with rig.capture() as capture:
            self.tokens = [xfrm.Esp(rig.a, rig.b, family, mode, keys="unit").up()
                           for family, mode in ((4, "transport"), (6, "tunnel"))]
            self.imported = xfrm.Esp(rig.a, rig.b, 4, "tunnel").up()
            for esp in self.tokens + [self.imported]:
                use(esp)
        self.logs = [capture.path]

    def keep_canary(self):
        self.rig.guest.put(CANARY, bytes.fromhex(self.imported.out.key_out))

    def secrets(self):
        return memscan.unit_secrets(self.rig.guest, NICS)

    def scan(self, secrets):
        return scan(self.rig.guest, secrets, self.logs)


def scan(guest, secrets, logs=()):
    """{secret: bytes seen}, as they are and as hexadecimal text, in memory and in all logs."""
    as_text = [memscan.Secret(f"{s.name} as text", s.value.hex().encode(), s.imported)
               for s in secrets]
    dump = guest.dump()
    messages = guest.log_dir / "messages.txt"
    messages.write_text(guest.check("dmesg"))
    qemu = [p for p in guest.log_dir.glob(f"{guest.name}.*") if p != dump and p.is_file()]
    try:
        return memscan.scan([dump, messages, *qemu, *logs], secrets + as_text)
    finally:
        dump.unlink()


def imported_key(secrets, key):
    return [s for s in secrets if s.imported and s.value.hex() == key[:-8]]


@tap.test(rig, timeout=240)
def a_complete_run_leaves_no_key_outside(rig):
    run = Run(rig)
    run.keep_canary()
    secrets = run.secrets()
    made = [s for s in secrets if not s.imported]
    kinds = {s.name.split(".", 1)[1].split("[")[0] for s in made}
    assert {"unit.token_key", "esp"} <= kinds, kinds
    assert sum(s.name.endswith(".key") for s in made) >= 8, "four token SAs have eight ends"
    found = run.scan(secrets)
    out = {s.name: n for s, n in found.items() if not s.imported}
    tap.diag(f"{len(made)} secrets of the units, {len(secrets) - len(made)} imported; "
             f"{sum(out.values())} bytes found outside")
    assert not out, f"found outside the units: {out}"
    canary = imported_key(secrets, run.imported.out.key_out)
    assert canary, "the unit does not list the imported key"
    assert found.get(canary[0]) == len(canary[0].value), "the scan did not find the canary"


@tap.test(rig, timeout=240)
def a_secret_in_memory_is_found(rig):
    """The scan itself: a part of a secret, of those that nobody imported, is planted."""
    run = Run(rig)
    secrets = run.secrets()
    planted = next(s for s in secrets if s.name.endswith("ghash_key") and not s.imported)
    rig.guest.put("/run/planted", planted.value[:12])
    found = run.scan([planted])
    assert found == {planted: 12}, {s.name: n for s, n in found.items()}
    rig.guest.check("rm /run/planted")


# What lives in a unit at each stage of the exchange, by the ends of the names.
LIVE = {
    "prepared": ("ke[", "held[", "provision_key", "device_secret", "storage_key"),
    "agreed": (".shared", "held["),
    "asked": ("ke[", ".intauth_i", ".sk_d"),
    "intermediate": (".intauth_i", ".intauth_r", ".sk_d", ".sk_pi", ".sk_pr", ".sk_ei.key", ".sk_er.round_keys", ".sk_ei.ghash_key", ".shared"),
    "ppk": (".no_ppk.sk_d", ".no_ppk.sk_pi", ".no_ppk.sk_pr", ".sk_d"),
    "rekeyed": ("esp[", ".sk_d", ".sk_er.ghash_key"),
    "closed": ("esp[",),
}


def look(guest, stage, seen):
    """Adds what lives now to seen, {value: secret}, and looks for all of it."""
    live = memscan.unit_secrets(guest, NICS)
    for part in LIVE[stage]:
        assert any(part in s.name for s in live), f"{stage}: no secret is called {part}"
    seen.update({s.value: s for s in live})
    found = scan(guest, list(seen.values()))
    tap.diag(f"{stage}: {len(live)} secrets live, {len(seen)} so far, {sum(found.values())} bytes found outside")
    assert not found, {s.name: n for s, n in found.items()}


def child_of(run, rig, number):
    """One of the pairs of SAs of an IKE, by the order in which they were derived."""
    tokens = run.tokens()
    ours, theirs = ({way: tokens[who, way][number] for way in ("out", "in")} for who in ("initiator", "responder"))
    return xfrm.Esp(rig.a, rig.b, 4, "transport", keys=(ours["out"], theirs["in"], theirs["out"], ours["in"]))


@tap.test(clean, timeout=400)
def an_ike_on_handles_leaves_no_secret_outside(rig):
    """
    UNIT-1 through a whole IKE, during it and after: private KE values, KE secrets, SK_d,
    SK_e, SK_p, IntAuth, key schedules, GHASH keys, and the PSK, PPK and private key that
    came sealed. Those that are gone from the units by then are looked for as well; the
    wire carries what the second child protects.
    """
    run = ike.Ike(rig.guest, *(xfrm.unit_node(side) for side in (rig.a, rig.b)))
    seen = {name: memscan.Secret(f"sealed {name}", value, False) for name, value in run.values.items()}
    with rig.capture() as capture:
        for stage in ike.STAGES[1:]:
            run.go_on(stage)
            if stage == "rekeyed":
                child_of(run, rig, 1).up().meet()
            look(rig.guest, stage, seen)
    header = memscan.Secret("addresses", b"".join(socket.inet_aton(side.addr(4)) for side in (rig.a, rig.b)), False)
    found = memscan.scan([capture.path], [header, *seen.values()])
    assert set(found) == {header}, f"on the wire: { {s.name: n for s, n in found.items()} }"
    made = run.tokens()
    assert all(len(made[who, way]) == 2 for who in ("initiator", "responder") for way in ("in", "out")), made
    run.go_on(None)


@tap.test(clean, timeout=120)
def tokens_of_an_ike_on_handles_carry_traffic(rig):
    """The end of it: the children's tokens are SAs whose peer the unit authenticated (custody L4)."""
    run = ike.Ike(rig.guest, *(xfrm.unit_node(side) for side in (rig.a, rig.b)))
    for stage in ike.STAGES[1:]:
        run.go_on(stage)
    child_of(run, rig, 0).up().meet()
    listed = rig.guest.check(f"espvault --json sa list {xfrm.unit_node(rig.a)}")
    assert {sa["custody"] for sa in json.loads(listed)} == {"L4"}, listed
    run.go_on(None)


if __name__ == "__main__":
    tap.main()
