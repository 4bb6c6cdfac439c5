# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures: {id, value, numerator, denominator, unit, spread}, the ratio of two medians."""

import json
import statistics
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
    numerators and denominators were measured in pairs, alternating. spread: the
    range of the pairs' ratios, as a part of the value.
    """
    numerator, denominator = statistics.median(numerators), statistics.median(denominators)
    ratios = [n / d for n, d in zip(numerators, denominators)]
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
