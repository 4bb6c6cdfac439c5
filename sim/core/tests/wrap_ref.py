#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The wraps of PROVISION from the sender's side, and other people's vectors for them.

  wrap_ref.py hpke EPHEMERAL PUB INFO AAD PLAIN   RFC 9180: enc | ciphertext
  wrap_ref.py kwp KEK PLAIN                       RFC 5649
  wrap_ref.py kwp-vectors                         Wycheproof and CAVP, 256-bit keys: key plain wrapped valid|invalid
  wrap_ref.py hpke-vectors                        RFC 9180's authors: priv info aad enc|ct plain

Everything is hex, '-' is empty. Vectors whose source is missing exit with 77.
"""
import hashlib
import hmac
import json
import sys

from foreign import cavp, find, wycheproof

KEM, KDF, AEAD = 0x0020, 0x0001, 0x0002     # RFC 9180 7
X25519_SUITE = b"KEM" + KEM.to_bytes(2, "big")
HPKE_SUITE = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (KEM, KDF, AEAD))


def labeled_extract(suite, salt, label, ikm):
    return hmac.new(salt, b"HPKE-v1" + suite + label + ikm, hashlib.sha256).digest()


def labeled_expand(suite, prk, label, info, length):
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    out, block, n = b"", b"", 0
    while len(out) < length:
        n += 1
        block = hmac.new(prk, block + info + bytes((n,)), hashlib.sha256).digest()
        out += block
    return out[:length]


def hpke(ephemeral, pub, info, aad, plain):
    """Base mode, one message (RFC 9180 4.1, 5.1 and 5.2)."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    own = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = own.public_key().public_bytes_raw()
    dh = own.exchange(X25519PublicKey.from_public_bytes(pub))
    shared = labeled_expand(X25519_SUITE, labeled_extract(X25519_SUITE, b"", b"eae_prk", dh), b"shared_secret",
                            enc + pub, 32)
    context = b"\0" + labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"") + \
        labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    secret = labeled_extract(HPKE_SUITE, shared, b"secret", b"")
    key = labeled_expand(HPKE_SUITE, secret, b"key", context, 32)
    nonce = labeled_expand(HPKE_SUITE, secret, b"base_nonce", context, 12)
    return enc + AESGCM(key).encrypt(nonce, plain, aad)


def kwp(kek, plain):
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
    return aes_key_wrap_with_padding(kek, plain)


def kwp_vectors():
    for group, t in wycheproof("aes_kwp_test.json"):
        if group["keySize"] == 256:
            # 'acceptable' are short keys with a correct wrap.
            good = "invalid" if t["result"] == "invalid" else "valid"
            print(t["key"], t["msg"] or "-", t["ct"] or "-", good)
    for name in ("KWP_AE_256.txt", "KWP_AD_256.txt"):
        for _, t in cavp(name):
            if "K" in t:
                print(t["K"], t.get("P", "-"), t["C"], "invalid" if "FAIL" in t else "valid")


def hpke_vectors():
    with open(find("test-vectors.json"), encoding="utf-8") as f:
        vectors = json.load(f)
    for v in vectors:
        if (v["mode"], v["kem_id"], v["kdf_id"], v["aead_id"]) == (0, KEM, KDF, AEAD):
            first = v["encryptions"][0]
            text = "pt" if "pt" in first else "plaintext"
            ct = "ct" if "ct" in first else "ciphertext"
            print(v["skRm"], v["info"], first["aad"], v["enc"] + first[ct], first[text])


def main(argv):
    words = [bytes.fromhex(w.replace("-", "")) for w in argv[1:]]
    if argv[0] == "hpke":
        print(hpke(*words).hex())
    elif argv[0] == "kwp":
        print(kwp(*words).hex())
    elif argv == ["kwp-vectors"]:
        kwp_vectors()
    elif argv == ["hpke-vectors"]:
        hpke_vectors()
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
