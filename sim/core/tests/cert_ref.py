#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for test_unit_cert.c, and signatures with the keys in them.

  cert_ref.py NAME             see CASES: anchor, peer's key (PKCS#8), chain (the peer's certificate first)
  cert_ref.py subject          the subject of the peer's certificates as DER

All times are around NOW, 2026-01-01; everything is hex.
"""
import datetime
import ipaddress
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime(2026, 1, 1)
DAY = datetime.timedelta(days=1)
SUBJECT = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "espvault tests"),
                     x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
IKE = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.17")
ALT = [x509.DNSName("initiator.example"), x509.RFC822Name("Peer@example.com"), x509.DNSName("*.wild.example"),
       x509.IPAddress(ipaddress.ip_address("192.0.2.1")), x509.IPAddress(ipaddress.ip_address("2001:db8::1"))]


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(**true):
    flags = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{flag: flag in true for flag in flags})


class Ca:
    def __init__(self, text, parent=None, key=None, path=None, ca=True, **times):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = name(text)
        self.cert = issue(parent or self, self.name, self.key.public_key(),
                          [(x509.BasicConstraints(ca, path if ca else None), True),
                           (usage(key_cert_sign=1), True)], **times)


def issue(ca, subject, public, extensions, before=-DAY, after=30 * DAY):
    b = (x509.CertificateBuilder().subject_name(subject).issuer_name(ca.name).public_key(public)
         .serial_number(x509.random_serial_number()).not_valid_before(NOW + before).not_valid_after(NOW + after))
    b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), False)
    for extension, critical in extensions:
        b = b.add_extension(extension, critical)
    return b.sign(ca.key, None if isinstance(ca.key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def leaf(ca, key, *extra, alt=True, **how):
    extensions = [(x509.SubjectAlternativeName(ALT), False)] if alt else []
    return issue(ca, SUBJECT, key.public_key(), extensions + [*extra], **how)


def direct(*extra, key=None, ca=None, **how):
    """A chain of one under a new root."""
    root, key = ca or Ca("root"), key or ec.generate_private_key(ec.SECP256R1())
    return root.cert, key, [leaf(root, key, *extra, **how)]


def deep(levels, **how):
    root = ca = Ca("root")
    chain = []
    for n in range(levels):
        ca = Ca(f"level {n}", ca, **how)
        chain.insert(0, ca.cert)
    key = ec.generate_private_key(ec.SECP256R1())
    return root.cert, key, [leaf(ca, key), *chain]


def other_root():
    _, key, chain = direct()
    return Ca("root").cert, key, chain      # the same name, another key


def anchor_below():
    """The anchor is an intermediate: what is above it does not matter."""
    middle = Ca("middle", Ca("root", after=-DAY / 2))
    key = ec.generate_private_key(ec.SECP256R1())
    return middle.cert, key, [leaf(middle, key)]


def swapped():
    anchor, key, chain = deep(2)
    return anchor, key, chain[:1] + chain[:0:-1]


def forged():
    """A peer that signs for another one with its own certificate."""
    root, fake = Ca("root"), Ca("fake")
    fake.cert = issue(root, fake.name, fake.key.public_key(), [])
    key = ec.generate_private_key(ec.SECP256R1())
    return root.cert, key, [leaf(fake, key), fake.cert]


def missing():
    anchor, key, chain = deep(2)
    return anchor, key, [chain[0], chain[2]]


def with_sha1(cert, key):
    """The same certificate signed over SHA-1, which no builder does any more: OIDs and signatures of RSA are as long."""
    sha256, sha1 = (bytes.fromhex("2a864886f70d0101" + last) for last in ("0b", "05"))
    tbs = cert.tbs_certificate_bytes.replace(sha256, sha1)
    der = cert.public_bytes(Encoding.DER).replace(sha256, sha1)
    signature = key.sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    return x509.load_der_x509_certificate(der.replace(cert.signature, signature))


def rsa_chain(weak=None):
    """Two certificates that RSA signed; weak: the one that is over SHA-1."""
    root, key = Ca("root", key=rsa.generate_private_key(65537, 2048)), ec.generate_private_key(ec.SECP256R1())
    middle = Ca("middle", root, key=rsa.generate_private_key(65537, 2048))
    chain = [leaf(middle, key), middle.cert]
    if weak is not None:
        chain[weak] = with_sha1(chain[weak], (middle, root)[weak].key)
    return root.cert, key, chain


def eku(*oids):
    return x509.ExtendedKeyUsage(oids), False


CASES = {
    "direct": direct,
    "deep": lambda: deep(3),
    "p384": lambda: direct(key=ec.generate_private_key(ec.SECP384R1())),
    "ed25519": lambda: direct(key=ed25519.Ed25519PrivateKey.generate(),
                              ca=Ca("root", key=ed25519.Ed25519PrivateKey.generate())),
    "rsa": lambda: direct(key=rsa.generate_private_key(65537, 2048)),
    "anchor_below": anchor_below,
    "signature_usage": lambda: direct((usage(digital_signature=1), True)),
    "ike_usage": lambda: direct(eku(IKE)),
    "any_usage": lambda: direct(eku(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)),
    "swapped": swapped,
    "other_root": other_root,
    "missing": missing,
    "forged": forged,
    "expired": lambda: direct(before=-10 * DAY, after=-DAY),
    "not_yet": lambda: direct(before=DAY),
    "ca_expired": lambda: deep(1, before=-10 * DAY, after=-DAY),
    "path_length": lambda: deep(2, path=0),
    "no_signature_usage": lambda: direct((usage(key_agreement=1), True)),
    "web_usage": lambda: direct(eku(ExtendedKeyUsageOID.SERVER_AUTH)),
    "rsa_chain": rsa_chain,
    "weak_hash": lambda: rsa_chain(0),
    "weak_ca_hash": lambda: rsa_chain(1),
    "weak_key": lambda: direct(key=rsa.generate_private_key(65537, 1024)),
    "unknown_critical": lambda: direct((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)),
    "no_name": lambda: direct(alt=False),
}


def main(argv):
    if argv == ["subject"]:
        print(SUBJECT.public_bytes().hex())
        return
    anchor, key, chain = CASES[argv[0]]()
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    print(anchor.public_bytes(Encoding.DER).hex(), pkcs8.hex(),
          *(c.public_bytes(Encoding.DER).hex() for c in chain))


main(sys.argv[1:])
