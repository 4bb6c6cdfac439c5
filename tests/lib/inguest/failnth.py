# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: failnth.py [--undo COMMAND] [--check COMMAND] COMMAND

Runs in the virtual machine, on a kernel with fault injection: runs COMMAND (a
shell's) again and again, and lets the first, second, third... allocation fail
that the kernel does for it inside of the module espvault, until none is left to
fail. What worked is undone by --undo, and --check must work after each round.
Each round is a line of standard error. Prints one JSON object: how many rounds
were injected, and in how many of those COMMAND failed; or "broken": the first
round after which --check failed.

The allocation is picked by fail-nth of the task, so COMMAND is one that does
its work itself: a builtin of the shell, or "exec" and a program.
"""

import argparse
import json
import pathlib
import subprocess
import sys

DEBUG = pathlib.Path("/sys/kernel/debug")
TIMES = 1 << 30
ROUNDS_MAX = 2000


def module_text():
    """First and last address of the module's code."""
    found = []
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        for line in symbols:
            address, kind, rest = line.split(None, 2)
            if rest.rstrip().endswith("\t[espvault]") and kind in "tT":
                found.append(int(address, 16))
    start, end = min(found), max(found) + 0x1000
    if not start:
        sys.exit("kallsyms hides its addresses")
    return start, end


def arm():
    """Faults where fail-nth says, of any size and any caller below the module."""
    start, end = module_text()
    for kind in ("failslab", "fail_page_alloc"):
        values = {"probability": 0, "verbose": 1, "times": TIMES, "ignore-gfp-wait": "N",
                  "require-start": hex(start), "require-end": hex(end), "stacktrace-depth": 32}
        if kind == "fail_page_alloc":
            values.update({"ignore-gfp-highmem": "N", "min-order": 0})
        for name, value in values.items():
            (DEBUG / kind / name).write_text(f"{value}\n", encoding="ascii")


def injected():
    """Faults so far."""
    return sum(TIMES - int((DEBUG / kind / "times").read_text(encoding="ascii"))
               for kind in ("failslab", "fail_page_alloc"))


def run(command, **more):
    return subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, **more)


def must(command):
    result = run(command)
    if result.returncode:
        sys.exit(f"{command}: {result.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--undo", default="true")
    parser.add_argument("--check", default="true")
    parser.add_argument("command")
    options = parser.parse_args()
    arm()
    report = {"rounds": 0, "failed": 0, "words": []}
    for number in range(1, ROUNDS_MAX):
        before = injected()
        result = run(f"echo {number} > /proc/self/fail-nth; {options.command}")
        hit = injected() - before
        print(f"{number}: {hit} faults, status {result.returncode} {result.stderr.strip()}",
              file=sys.stderr, flush=True)
        if result.returncode == 0:
            must(options.undo)
        elif not hit:
            sys.exit(f"failed without a fault: {result.stderr}")
        if run(options.check).returncode:
            report["broken"] = number
            break
        if not hit:
            break
        report["rounds"] += 1
        report["failed"] += result.returncode != 0
        report["words"] = sorted(set(report["words"]) | {result.stderr.strip()[-200:]})
    else:
        sys.exit(f"{ROUNDS_MAX} faults and no end")
    print(json.dumps(report))


main()
