# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures: {id, value, numerator, denominator, unit, spread}, a ratio and its two sides."""

import json
import pathlib
import subprocess

from espguest import BUILD, Guest

CORE_BENCH = BUILD / "sim/core/core-bench"
ASK_BENCH = BUILD / "userlib/perf/ask-bench"
HERE = pathlib.Path(__file__).resolve().parent
CROWD = HERE / "crowd"
ACCEPTS = {"accepts": HERE / "accepts", "accept-bench": BUILD / "userlib/perf/accept-bench"}
ACCEPTED = 200  # connections of each kind in a round
ACCEPT_ROUNDS = 15

TEXTS = {
    "P1": "TCP goodput: packet-offload ESP / plaintext, same NIC",
    "P2": "TCP goodput in plaintext: espvault / best other NIC",
    "P3": "TCP goodput: packet-offload ESP / software ESP, same NIC",
    "P5": "core: ESP encapsulation at 1420 B / bare AES-256-GCM loop",
    "P9a": "API: status from the shared page / getsockopt(TCP_INFO)",
    "P9b": "API: first query, flow_open and report / one RTM_GETLINK",
    "P9-open": "API: flow_open alone / one RTM_GETLINK",
    "P11a": "API: connections accepted, latched listener / none, accept() alone",
    "P11b": "API: connections accepted, ipsecapi_accept() / accept() without a latch",
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


def ask_figures():
    """What it costs to ask, on this machine itself; none where ask-bench says that it can't."""
    done = subprocess.run([ASK_BENCH], capture_output=True, text=True, timeout=300)
    if done.returncode == 2:
        print(f"bench: P9 left out: {done.stderr.strip()}", flush=True)
        return []
    if done.returncode:
        raise RuntimeError(f"ask-bench failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    return [figure(name, *zip(*pairs), unit="ns/call") for name, pairs in json.loads(done.stdout).items()]


def accept_figures():
    """How fast a latched listener accepts, in a machine of its own: any NIC, ESP by the kernel."""
    with Guest("accepts") as guest:
        for name, path in ACCEPTS.items():
            guest.put(f"/usr/lib/ipsecapi/{name}", path.read_bytes(), 0o755)
        pairs = json.loads(guest.check(f"/usr/lib/ipsecapi/accepts {ACCEPTED} {ACCEPT_ROUNDS}", timeout=600))
    return [figure("P11a", *zip(*pairs["class"]), unit="conn/s"),
            figure("P11b", *zip(*pairs["identity"]), unit="conn/s")]


def crowd_lines():
    """Lines to print of a program with a thousand latched sockets; what happens there has no other side."""
    done = subprocess.run([CROWD, BUILD / "userlib"], capture_output=True, text=True, timeout=900)
    if done.returncode == 2:
        return [f"latched sockets left out: {done.stderr.strip()}"]
    if done.returncode:
        raise RuntimeError(f"crowd failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    told = json.loads(done.stdout)
    sockets, measured = told["sockets"], told["measured"]
    status, report = measured["status_ns"], measured["report_us"]
    return [f"{sockets['waiting']} latched sockets, made {sockets['per_second']} a second, and "
            f"{told['changes_per_second']} policy changes a second:",
            f"  status  p50 {status['p50'] / 1e3:10.1f} us  p99 {status['p99'] / 1e3:10.1f} us  of {status['n']}, "
            f"{measured['unknown']} unknown",
            f"  report  p50 {report['p50']:10.1f} us  p99 {report['p99']:10.1f} us  of {report['n']}, "
            f"{measured['refused']} refused; {measured['broken']} latches broke"]


def table(figures):
    """Lines to print."""
    for f in figures:
        yield (f"{f['id']:7}  {f['value']:7.3f}  = {f['numerator']:>10} / {f['denominator']:<10} "
               f"{f['unit']:9}  spread {f['spread']:.3f}  {TEXTS[f['id']]}")
