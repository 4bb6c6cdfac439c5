#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""AUTH, PPK and IntAuth once more, from the RFCs and with Python's libraries.

  auth_ref.py octets PRF SK_P MESSAGE NONCE ID_TYPE ID [INTAUTH_I INTAUTH_R MID]   RFC 7296 2.15, RFC 9242 3.3.2
  auth_ref.py psk PRF PSK OCTETS                                       RFC 7296 2.15
  auth_ref.py ppk PRF PPK KEY…                                         RFC 8784 3
  auth_ref.py intauth PRF SK_P BEFORE A_P                              RFC 9242 3.3.2
  auth_ref.py key SCHEME                                               a new pair: PKCS#8, SubjectPublicKeyInfo
  auth_ref.py sign SCHEME PKCS8 OCTETS                                 RFC 7427 3
  auth_ref.py verify SCHEME SPKI OCTETS AUTH                           01 or 00
  auth_ref.py rsa BITS                                                 a new RSA pair
  auth_ref.py p521                                                     a pair that no scheme takes

PRF and SCHEME are numbers of the interface, ID_TYPE and MID decimal, the rest is hex, '-' is empty.
"""
import hmac
import sys

HASH = {"1": "sha256", "2": "sha384", "3": "sha512"}

# RFC 7427 A.3.2, A.3.3 and A.4.3, RFC 8420 A.1, as they stand there; the longer hashes by analogy.
PSS = ("304106092a864886f70d01010a3034a00f300d06096086480165030402{0:02x}0500"
       "a11c301a06092a864886f70d010108300d06096086480165030402{0:02x}0500a2030201{1:02x}")


def pss(digest, salt):
    return bytes.fromhex(PSS.format(digest, salt))


ALGORITHM = {
    "1": bytes.fromhex("300a06082a8648ce3d040302"), "2": bytes.fromhex("300a06082a8648ce3d040303"),
    "3": bytes.fromhex("300506032b6570"), "4": pss(1, 32), "5": pss(2, 48), "6": pss(3, 64),
}


def prf(which, key, *data):
    return hmac.new(key, b"".join(data), HASH[which]).digest()


def octets(which, sk_p, message, nonce, id_type, ident, *intauth):
    out = message + nonce + prf(which, sk_p, bytes((int(id_type), 0, 0, 0)) + ident)
    if intauth:
        out += intauth[0] + intauth[1] + int(intauth[2]).to_bytes(4, "big")
    return out


def asymmetric():
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    return hashes, ec, ed25519, padding, rsa


def show(key):
    from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                              PublicFormat)
    return [key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]


def new_key(scheme):
    _, ec, ed25519, _, rsa = asymmetric()
    if scheme in ("1", "2"):
        return ec.generate_private_key(ec.SECP256R1() if scheme == "1" else ec.SECP384R1())
    if scheme == "3":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def parameters(scheme):
    hashes, ec, _, padding, _ = asymmetric()
    digest = {"1": hashes.SHA256, "2": hashes.SHA384, "4": hashes.SHA256, "5": hashes.SHA384,
              "6": hashes.SHA512}.get(scheme)
    if scheme in ("1", "2"):
        return (ec.ECDSA(digest()),)
    if scheme == "3":
        return ()
    return padding.PSS(padding.MGF1(digest()), digest().digest_size), digest()


def sign(scheme, pkcs8, message):
    from cryptography.hazmat.primitives.serialization import load_der_private_key
    signature = load_der_private_key(pkcs8, None).sign(message, *parameters(scheme))
    return bytes((len(ALGORITHM[scheme]),)) + ALGORITHM[scheme] + signature


def verify(scheme, spki, message, auth):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    head = bytes((len(ALGORITHM[scheme]),)) + ALGORITHM[scheme]
    if not auth.startswith(head):
        return b"\0"
    try:
        load_der_public_key(spki).verify(auth[len(head):], message, *parameters(scheme))
    except InvalidSignature:
        return b"\0"
    return b"\1"


def hexed(word):
    return bytes.fromhex(word.replace("-", ""))


def main(argv):
    command, which, *words = argv + [""]
    words = words[:-1]
    if command == "octets":
        sk_p, message, nonce, id_type, ident, *chain = words
        chain = [*map(hexed, chain[:2]), *chain[2:]]
        out = [octets(which, hexed(sk_p), hexed(message), hexed(nonce), id_type, hexed(ident), *chain)]
    elif command == "psk":
        psk, message = map(hexed, words)
        out = [prf(which, prf(which, psk, b"Key Pad for IKEv2"), message)]
    elif command == "ppk":
        ppk, *keys = map(hexed, words)
        out = [prf(which, ppk, key, b"\1") for key in keys]
    elif command == "intauth":
        sk_p, before, data = map(hexed, words)
        out = [prf(which, sk_p, before, data)]
    elif command == "key":
        out = show(new_key(which))
    elif command == "rsa":
        out = show(asymmetric()[4].generate_private_key(65537, int(which)))
    elif command == "p521":
        ec = asymmetric()[1]
        out = show(ec.generate_private_key(ec.SECP521R1()))
    elif command == "sign":
        out = [sign(which, *map(hexed, words))]
    elif command == "verify":
        out = [verify(which, *map(hexed, words))]
    else:
        sys.exit(__doc__)
    print(*(o.hex() for o in out))


if __name__ == "__main__":
    main(sys.argv[1:])
