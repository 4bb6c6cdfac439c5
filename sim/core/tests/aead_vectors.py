#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints AES-GCM vectors, one a line: key nonce aad message ciphertext tag valid|invalid.

  aead_vectors.py wycheproof   AES-GCM of Wycheproof
  aead_vectors.py testmgr      rfc4106(gcm(aes)) of the kernel's crypto/testmgr.h
  aead_vectors.py cavp         NIST's GCM files as in python3-cryptography-vectors

Only what ESP uses: 96-bit nonces, 128-bit tags, keys of 128 and 256 bits. A
word '-' is empty. Without its source the program says what it missed and exits 77.
"""
import re
import sys

from foreign import cavp, find, wycheproof


def emit(key, nonce, aad, msg, ct, tag, valid):
    if len(key) in (16, 32) and len(nonce) == 12 and len(tag) == 16:
        print(*(w.hex() or "-" for w in (key, nonce, aad, msg, ct, tag)), "valid" if valid else "invalid")


def aes_gcm():
    for _, t in wycheproof("aes_gcm_test.json"):
        emit(*(bytes.fromhex(t[k]) for k in ("key", "iv", "aad", "msg", "ct", "tag")), t["result"] == "valid")


STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def c_bytes(expr, size):
    """The first size bytes of a C string expression; zeroed_string is zeros."""
    if "zeroed_string" in expr:
        return bytes(size)
    text = "".join(STRING.findall(expr))
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")[:size]


def testmgr():
    path = find("the kernel's crypto/testmgr.h", "/usr/src/linux-pieces/crypto/testmgr.h",
                "/usr/src/linux-*/crypto/testmgr.h")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    table = re.search(r"aes_gcm_rfc4106_tv_template\[\] = \{(.*?)\n\};", text, re.S).group(1)
    for entry in re.split(r"\}\s*,\s*\{", table):
        entry = re.sub(r"/\*.*?\*/", "", entry, flags=re.S)
        field = dict(re.findall(r"\.(\w+)\s*=\s*(.*?)(?=,\s*\.\w+\s*=|,?\s*\}?\s*$)", entry, re.S))
        num = {k: int(field.get(k, "0").strip(", \n\t}")) for k in ("klen", "plen", "alen", "clen")}
        key = c_bytes(field["key"], num["klen"])
        ct = c_bytes(field["ctext"], num["clen"])
        # seqiv's convention: the last 8 bytes of the associated data repeat the IV.
        iv = c_bytes(field["iv"], 8)
        emit(key[:-4], key[-4:] + iv, c_bytes(field["assoc"], num["alen"])[:-8],
             c_bytes(field["ptext"], num["plen"]), ct[:-16], ct[-16:], True)


def nist():
    for name in ("gcmEncryptExtIV128.rsp", "gcmEncryptExtIV256.rsp", "gcmDecrypt128.rsp", "gcmDecrypt256.rsp"):
        for _, t in cavp(name):
            if "Tag" in t:
                emit(*(bytes.fromhex(t.get(k, "")) for k in ("Key", "IV", "AAD", "PT", "CT", "Tag")), "FAIL" not in t)


if __name__ == "__main__":
    {"wycheproof": aes_gcm, "testmgr": testmgr, "cavp": nist}[sys.argv[1]]()
