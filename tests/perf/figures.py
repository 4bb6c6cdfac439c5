# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures: {id, value, numerator, denominator, unit, spread}, a ratio and its two sides."""

import json
import subprocess

from espguest import BUILD

CORE_BENCH = BUILD / "sim/core/core-bench"

TEXTS = {
    "P1": "TCP goodput: packet-offload ESP / plaintext, same NIC",
    "P2": "TCP goodput in plaintext: espvault / best other NIC",
    "P3": "TCP goodput: packet-offload ESP / software ESP, same NIC",
    "P5": "core: ESP encapsulation at 1420 B / bare AES-256-GCM loop",
}


def figure(ident, numerators, denominators, unit="Mbit/s"):
    """
    numerators and denominators were measured in pairs, alternating. The figure is
    the pair whose ratio is the median: a machine whose speed changes during the run
    moves both sides of a pair, but not the medians of both sides alike. spread: the
    range of the pairs' ratios, as a part of the value.
    """
    pairs = sorted(zip(numerators, denominators), key=lambda pair: pair[0] / pair[1])
    numerator, denominator = pairs[(len(pairs) - 1) // 2]
    ratios = [n / d for n, d in pairs]
    value = numerator / denominator
    return {"id": ident, "value": round(value, 3), "numerator": round(numerator, 1),
            "denominator": round(denominator, 1), "unit": unit,
            "spread": round((max(ratios) - min(ratios)) / value, 3)}


def core_figures():
    """What the device core's own benchmark prints, in the same form."""
    done = subprocess.run([CORE_BENCH], capture_output=True, text=True, timeout=300, check=True)
    return [f for f in json.loads(done.stdout) if f["id"] in TEXTS]


def table(figures):
    """Lines to print."""
    for f in figures:
        yield (f"{f['id']}  {f['value']:6.3f}  = {f['numerator']:>10} / {f['denominator']:<10} "
               f"{f['unit']:9}  spread {f['spread']:.3f}  {TEXTS[f['id']]}")
