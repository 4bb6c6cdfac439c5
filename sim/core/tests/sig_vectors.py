#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints vectors of signatures, with the signature as Authentication Data (RFC 7427 3).

  sig_vectors.py verify    Wycheproof and CAVP: scheme SubjectPublicKeyInfo message data valid|invalid
  sig_vectors.py sign      RFC 6979 A.2 and the authors of Ed25519: scheme PKCS#8 message data

Everything is hex but the scheme, a number of the interface; '-' is empty. Without its source
the program says what it missed and exits 77.
"""
import base64
import re
import sys

from auth_ref import ALGORITHM
from foreign import cavp, find, wycheproof

FILES = (("1", "ecdsa_secp256r1_sha256"), ("2", "ecdsa_secp384r1_sha384"), ("3", "ed25519"),
         ("4", "rsa_pss_2048_sha256_mgf1_32"), ("4", "rsa_pss_3072_sha256_mgf1_32"),
         ("5", "rsa_pss_2048_sha384_mgf1_48"), ("6", "rsa_pss_4096_sha512_mgf1_64"))
PAYLOAD = 4080      # bytes that one command can carry; a few signatures with absurd lengths are longer
ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")     # RFC 8410 10.3, before the seed

# Digits of a coordinate, and what stands before the point in a SubjectPublicKeyInfo (RFC 5480).
CURVES = {"P-256,SHA-256": ("1", 64, "3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
          "P-384,SHA-384": ("2", 96, "3076301006072a8648ce3d020106052b8104002203620004")}


def auth(scheme, signature):
    algorithm = ALGORITHM[scheme]
    return (bytes((len(algorithm),)) + algorithm + signature).hex()


def verify():
    for scheme, name in FILES:
        for group, t in wycheproof(name + "_test.json"):
            data = auth(scheme, bytes.fromhex(t["sig"]))
            if len(group["publicKeyDer"] + t["msg"] + data) <= 2 * PAYLOAD:
                print(scheme, group["publicKeyDer"], t["msg"] or "-", data, t["result"])


def der_integer(number):
    body = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes((2, len(body))) + body


def cavp_ecdsa():
    for section, t in cavp("FIPS_186-3/SigVer.rsp"):
        if section not in CURVES or "Qx" not in t:
            continue
        scheme, size, spki = CURVES[section]
        point = "".join(t[c].rjust(size, "0") for c in ("Qx", "Qy"))
        body = der_integer(int(t["R"], 16)) + der_integer(int(t["S"], 16))
        print(scheme, spki + point, t["Msg"], auth(scheme, bytes((0x30, len(body))) + body),
              "valid" if t["Result"][0] == "P" else "invalid")


def rfc6979():
    with open(find("evppkey_ecdsa_rfc6979.txt"), encoding="ascii") as f:
        text = f.read()
    keys = {name: base64.b64decode(pem).hex() for name, pem in
            re.findall(r"PrivateKey=(\S+)\n-----BEGIN PRIVATE KEY-----\n(.*?)-----END", text, re.S)}
    for digest, key, message, signature in re.findall(
            r'DigestSign = (\S+)\nKey = (\S+)\nNonceType = deterministic\nInput = "(.*)"\nOutput = (\S+)', text):
        scheme = {("SHA256", "P-256_PRIV"): "1", ("SHA384", "P-384_PRIV"): "2"}.get((digest, key))
        if scheme:
            print(scheme, keys[key], message.encode().hex(), auth(scheme, bytes.fromhex(signature)))


def ed25519():
    with open(find("sign.input"), encoding="ascii") as f:
        for line in f:
            key, _, message, signed = line.split(":")[:4]
            print("3", ED25519_PKCS8.hex() + key[:64], message or "-", auth("3", bytes.fromhex(signed[:128])))


if sys.argv[1:] == ["verify"]:
    verify()
    cavp_ecdsa()
elif sys.argv[1:] == ["sign"]:
    rfc6979()
    ed25519()
else:
    sys.exit(__doc__)
