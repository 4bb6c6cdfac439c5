#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The IKEv2 key schedule once more, from the RFCs and with Python's hmac.

  ike_ref.py init PRF NI NR SPIS SECRET             RFC 7296 2.14
  ike_ref.py update PRF SK_D NI NR SPIS SECRET      RFC 9370 2.2.2
  ike_ref.py rekey OLD NEW SK_D NI NR SPIS SECRET…  RFC 7296 2.18, RFC 9370 2.2.4
  ike_ref.py child PRF SK_D NI NR [SECRET…]         RFC 7296 2.17, RFC 9370 2.2.4
  ike_ref.py open KEY SALT IV ICV AAD TEXT          RFC 5282 3.1; '-' if it is not authentic

PRF is 1, 2 or 3 (HMAC-SHA2-256, 384, 512), the rest is hex. Prints what the
exchange derives as hex words: SK_d SK_ei SK_er SK_pi SK_pr for AES-256-GCM, or the
72 bytes of KEYMAT.
"""
import hmac
import sys

HASH = {"1": "sha256", "2": "sha384", "3": "sha512"}
SIZE = {"1": 32, "2": 48, "3": 64}
GCM = 36    # AES-256 key and salt, RFC 5282 7.1


def prf(which, key, *data):
    return hmac.new(key, b"".join(data), HASH[which]).digest()


def prf_plus(which, key, seed, length):
    block, stream, count = b"", b"", 0
    while len(stream) < length:
        count += 1
        block = prf(which, key, block, seed, bytes((count,)))
        stream += block
    return stream[:length]


def ike_keys(which, skeyseed, ni, nr, spis):
    size = SIZE[which]
    stream = prf_plus(which, skeyseed, ni + nr + spis, 3 * size + 2 * GCM)
    for length in (size, GCM, GCM, size, size):
        yield stream[:length]
        stream = stream[length:]


def open_message(key, salt, iv, icv, aad, text):
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    try:
        return AESGCM(key).decrypt(salt + iv, text + icv, aad)
    except InvalidTag:
        return b""


def main(argv):
    command, names = argv[0], argv[1:]
    if command == "init":
        ni, nr, spis, secret = map(bytes.fromhex, names[1:])
        out = ike_keys(names[0], prf(names[0], ni + nr, secret), ni, nr, spis)
    elif command == "update":
        sk_d, ni, nr, spis, secret = map(bytes.fromhex, names[1:])
        out = ike_keys(names[0], prf(names[0], sk_d, secret, ni, nr), ni, nr, spis)
    elif command == "rekey":
        sk_d, ni, nr, spis, first, *more = map(bytes.fromhex, names[2:])
        out = ike_keys(names[1], prf(names[0], sk_d, first, ni, nr, *more), ni, nr, spis)
    elif command == "child":
        sk_d, ni, nr, *secrets = map(bytes.fromhex, names[1:])
        seed = b"".join(secrets[:1]) + ni + nr + b"".join(secrets[1:])
        out = [prf_plus(names[0], sk_d, seed, 2 * GCM)]
    elif command == "open":
        out = [open_message(*map(bytes.fromhex, names))]
    else:
        sys.exit(__doc__)
    print(*(key.hex() or "-" for key in out))


main(sys.argv[1:])
