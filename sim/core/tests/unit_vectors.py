#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints test vectors as lines of hex words for the C tests.

  unit_vectors.py x25519            Wycheproof: private public shared valid|acceptable
  unit_vectors.py hmac              Wycheproof, RFC 4231: prf key message tag valid|invalid
  unit_vectors.py cavp FILE         the IKEv2 KDF samples of a CAVP .fax file
  unit_vectors.py rekey FILE        the same and those with SHA-1, each with the keys of a rekeyed IKE SA
  unit_vectors.py kdf SEED COUNT    random cases, answered by Python's own hmac

A KDF line is: prf ni nr gir gir_new spis seed dkm child child_dh. A word '-'
is empty. 'rekey' adds 3 * prf + 72 bytes that follow from the file's SKEYSEED(Rekey)
with SPIs of 0x11 and 0x22. Without its source the program says which file it missed and exits 77.
"""
import hashlib
import hmac
import random
import re
import sys

from foreign import cavp, wycheproof

PRFS = {"SHA-256": 1, "SHA-384": 2, "SHA-512": 3, "SHA-1": 4}
HASHES = {1: "sha256", 2: "sha384", 3: "sha512"}
SHA1 = 4
REKEY_SPIS = b"\x11" * 8 + b"\x22" * 8


def x25519():
    for _, t in wycheproof("x25519_test.json"):
        print(t["private"], t["public"], t["shared"] or "-", t["result"])


def hmacs():
    for prf, name in HASHES.items():
        for group, t in wycheproof(f"hmac_{name}_test.json"):
            if group["tagSize"] == hashlib.new(name).digest_size * 8:
                print(prf, t["key"], t["msg"] or "-", t["tag"], t["result"])
        for _, t in cavp(f"rfc-4231-{name}.txt"):
            if "MD" in t and len(t["MD"]) == hashlib.new(name).digest_size * 2:
                print(prf, t["Key"], t["Msg"], t["MD"], "valid")


def rekeyed(prf, case):
    name = HASHES.get(prf, "sha1")
    seed = bytes.fromhex(case["Ni"] + case["Nr"]) + REKEY_SPIS
    key = bytes.fromhex(case["SKEYSEED(Rekey)"])
    return prf_plus(name, key, seed, 3 * hashlib.new(name).digest_size + 72).hex()


def kdf_samples(path, rekey=False):
    prf, case = 0, {}
    with open(path, encoding="ascii") as f:
        for line in f:
            line = line.strip()
            if re.match(r"\[SHA-\d+\]$", line):
                prf = PRFS.get(line[1:-1], 0)
            m = re.match(r"(.+?) = ([0-9a-f]+)$", line)
            if m:
                case[m[1]] = m[2]
            if line.startswith("SKEYSEED(Rekey)") and prf and (rekey or prf != SHA1):
                print(prf, case["Ni"], case["Nr"], case["g^ir"], case["g^ir (new)"],
                      case["SPIi"] + case["SPIr"], case["SKEYSEED"], case["DKM"],
                      case["DKM(Child SA)"], case["DKM(Child SA D-H)"],
                      *([rekeyed(prf, case)] if rekey else []))


def prf_plus(name, key, seed, length):
    out, t, i = b"", b"", 1
    while len(out) < length:
        t = hmac.new(key, t + seed + bytes([i]), name).digest()
        out, i = out + t, i + 1
    return out[:length]


def kdf(seed, count):
    rnd = random.Random(seed)
    for _ in range(count):
        prf = rnd.choice((1, 2, 3))
        name, size = HASHES[prf], hashlib.new(HASHES[prf]).digest_size
        ni, nr = (rnd.randbytes(rnd.randint(16, 256)) for _ in range(2))
        gir, new, spis = rnd.randbytes(32), rnd.randbytes(32), rnd.randbytes(16)
        skeyseed = hmac.new(ni + nr, gir, name).digest()
        dkm = prf_plus(name, skeyseed, ni + nr + spis, 3 * size + 72)
        child = prf_plus(name, dkm[:size], ni + nr, rnd.randint(40, 300))
        child_dh = prf_plus(name, dkm[:size], new + ni + nr, rnd.randint(40, 300))
        print(prf, *(b.hex() for b in (ni, nr, gir, new, spis, skeyseed, dkm, child, child_dh)))


def main(argv):
    if argv == ["x25519"]:
        x25519()
    elif argv == ["hmac"]:
        hmacs()
    elif len(argv) == 2 and argv[0] in ("cavp", "rekey"):
        kdf_samples(argv[1], argv[0] == "rekey")
    elif len(argv) == 3 and argv[0] == "kdf":
        kdf(int(argv[1]), int(argv[2]))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
