#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints key exchange test vectors as lines of hex words for the C tests.

  ke_vectors.py reference SEED COUNT   P-256, P-384, MODP: method priv pub peer secret
  ke_vectors.py ecdh                   Wycheproof and CAVP: method priv peer secret valid|invalid
  ke_vectors.py mlkem                  Wycheproof and NIST's answers: seed pub peer|- secret|- entropy|-
  ke_vectors.py encaps                 Wycheproof: entropy pub answer|- secret|- valid|invalid

'reference' computes them itself, from RFC 3526 and the curves' equations. A
word '-' is empty. Without its source the program says what it missed and exits 77.
"""
import hashlib
import math
import random
import sys

from foreign import cavp, find, wycheproof

P256, P384, MODP2048, MODP3072 = 2, 3, 4, 5


class Curve:
    """y^2 = x^3 - 3x + b over the field of p, in affine coordinates."""

    def __init__(self, size, p, b, gx, gy, n):
        self.size, self.p, self.b, self.g, self.n = size, p, b, (gx, gy), n

    def add(self, u, v):
        if u is None or v is None:
            return u or v
        (x1, y1), (x2, y2), p = u, v, self.p
        if x1 == x2 and (y1 + y2) % p == 0:
            return None
        if u == v:
            slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, p) % p
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, p) % p
        x = (slope * slope - x1 - x2) % p
        return x, (slope * (x1 - x) - y1) % p

    def multiply(self, k, point):
        out = None
        while k:
            if k & 1:
                out = self.add(out, point)
            point, k = self.add(point, point), k >> 1
        return out

    def encode(self, point):
        return b"".join(c.to_bytes(self.size, "big") for c in point)


# SEC 2 version 2, 2.4.2 and 2.5.1.
CURVES = {
    P256: Curve(32, 2**256 - 2**224 + 2**192 + 2**96 - 1,
                0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
                0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
                0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5,
                0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551),
    P384: Curve(48, 2**384 - 2**128 - 2**96 + 2**32 - 1,
                0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef,
                0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
                0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f,
                0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973),
}


def pi_times(shift):
    """floor(pi * 2^shift), by Machin's formula."""
    def arctan(x):
        unit = 1 << (shift + 32)
        total = term = unit // x
        k, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // k)
            k, sign = k + 2, -sign
        return total
    return (4 * (4 * arctan(5) - arctan(239))) >> 32


def modulus(bits, extra):
    """RFC 3526 3 and 4: the prime is given by a formula over pi."""
    return 2**bits - 2**(bits - 64) - 1 + 2**64 * (pi_times(bits - 130) + extra)


GROUPS = {MODP2048: (256, modulus(2048, 124476)), MODP3072: (384, modulus(3072, 1690314))}


def pair(method, ours, theirs):
    """Both public values and the secret, as bytes."""
    if method in CURVES:
        c = CURVES[method]
        pub, peer = c.multiply(ours, c.g), c.multiply(theirs, c.g)
        secret = c.multiply(ours, peer)
        return c.encode(pub), c.encode(peer), secret[0].to_bytes(c.size, "big")
    size, p = GROUPS[method]
    pub, peer = pow(2, ours, p), pow(2, theirs, p)
    return tuple(v.to_bytes(size, "big") for v in (pub, peer, pow(peer, ours, p)))


def reference(seed, count):
    rnd = random.Random(seed)
    for method in (P256, P384, MODP2048, MODP3072):
        size = CURVES[method].size if method in CURVES else 64
        top = CURVES[method].n if method in CURVES else 2**512
        for _ in range(count):
            ours, theirs = rnd.randrange(2, top), rnd.randrange(2, top)
            print(method, ours.to_bytes(size, "big").hex(), *(v.hex() for v in pair(method, ours, theirs)))


def ecdh():
    for method, name in ((P256, "ecdh_secp256r1_ecpoint_test.json"), (P384, "ecdh_secp384r1_ecpoint_test.json")):
        size = CURVES[method].size
        for _, t in wycheproof(name):
            point = bytes.fromhex(t["public"])
            if len(point) != 1 + 2 * size or point[0] != 4:
                continue    # compressed: no KE payload has it
            priv = int(t["private"], 16).to_bytes(size + 1, "big")[1:]
            result = "invalid" if t["result"] == "invalid" else "valid"
            print(method, priv.hex(), point[1:].hex(), t["shared"] or "-", result)
    for section, t in cavp("KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax"):
        method = {"EC - SHA256": P256, "ED - SHA384": P384}.get(section)
        # Faults 5 to 8 are in what is not put in here: the own public value, the agreed one.
        if method and t.get("Result", "F (5")[:4] in ("P (0", "P (1", "F (1", "F (2"):
            print(method, t["dsIUT"], t["QsCAVSx"] + t["QsCAVSy"], t["Z"], "valid" if t["Result"][0] == "P" else "invalid")


def mlkem():
    for _, t in wycheproof("mlkem_768_keygen_seed_test.json"):
        print(t["seed"], t["ek"], "-", "-", "-")
    for _, t in wycheproof("mlkem_768_test.json"):
        if len(t["c"]) == 2 * 1088 and len(t["seed"]) == 128 and t["result"] == "valid":
            print(t["seed"], t["ek"], t["c"], t["K"], "-")
    case = {}
    with open(find("kat_MLKEM_768.rsp"), encoding="ascii") as f:
        for line in f:
            if " = " in line:
                key, case_value = line.split(" = ")
                case[key] = case_value.strip()
                if key == "ss_n" and int(case["count"]) < 100:
                    # Wrong ciphertexts (ct_n) are rejected without a word (FIPS 203 6.3).
                    print(case["d"] + case["z"], case["pk"], case["ct_n"], case["ss_n"], "-")
                if key == "ss" and int(case["count"]) < 100:
                    print(case["d"] + case["z"], case["pk"], case["ct"], case["ss"], case["msg"])


def encaps():
    for _, t in wycheproof("mlkem_768_encaps_test.json"):
        if len(t["ek"]) == 2 * 1184:
            print(t["m"], t["ek"], t["c"] or "-", t["K"] or "-", t["result"])


def self_test_digests():
    """What esvc_ke_kat.c expects; printed to be compared, not to be believed."""
    for method in (P256, P384, MODP2048, MODP3072):
        size = CURVES[method].size if method in CURVES else 64
        ours, theirs = (int.from_bytes(bytes([b]) * size, "big") for b in (0x35, 0x5a))
        pub, _, secret = pair(method, ours, theirs)
        print(method, hashlib.sha256(pub + secret).hexdigest())


def main(argv):
    assert math.gcd(GROUPS[MODP2048][1], 6) == 1
    if len(argv) == 3 and argv[0] == "reference":
        reference(int(argv[1]), int(argv[2]))
    elif argv == ["ecdh"]:
        ecdh()
    elif argv == ["mlkem"]:
        mlkem()
    elif argv == ["encaps"]:
        encaps()
    elif argv == ["digests"]:
        self_test_digests()
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
