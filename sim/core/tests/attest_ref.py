#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements and certificates of a unit, read by openssl(1) and Python's cryptography.

  attest_ref.py certs CMS              the certificates in it: device, boot
  attest_ref.py open CMS ANCHOR        the content, or nothing if openssl does not accept it
  attest_ref.py flips CMS ANCHOR STEP  01 when no change of a byte, every STEP of them, is accepted with another content
  attest_ref.py chain BOOT ANCHOR      01 if openssl accepts the chain, else 00
  attest_ref.py facts BOOT             device id (text), measurement, flags (unused bits, then octets), CN of the issuer
  attest_ref.py validity CERT          its first and its last second, as text
  attest_ref.py attributes CMS         how many signed attributes there are, and whether a time is one of them

All but STEP is hex, '-' is nothing.
"""
import pathlib
import subprocess
import sys
import tempfile

TCB_INFO = "2.23.133.5.4.1"
SHA256 = bytes.fromhex("608648016503040201")     # the OID's octets
SIGNED_ATTRIBUTES = 0xa0


def openssl(*words):
    return subprocess.run(("openssl", *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def in_files(**contents):
    """A directory with these files; certificates as PEM, since old programs take no other."""
    directory = tempfile.TemporaryDirectory()
    for name, data in contents.items():
        path = pathlib.Path(directory.name, name)
        if name.startswith("cert"):
            data = pem(data)
        path.write_bytes(data)
    return directory


def pem(der):
    from cryptography.hazmat.primitives.serialization import Encoding
    return read(der).public_bytes(Encoding.PEM)


def read(der):
    from cryptography import x509
    return x509.load_der_x509_certificate(der)


def certs(cms):
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
    found = pkcs7.load_der_pkcs7_certificates(cms)
    device = [c for c in found if c.issuer == c.subject]
    boot = [c for c in found if c.issuer != c.subject]
    assert len(device) == 1 and len(boot) == 1
    return [c.public_bytes(Encoding.DER) for c in device + boot]


def open_cms(cms, anchor):
    with in_files(cms=cms, cert=anchor) as d:
        done = openssl("cms", "-verify", "-inform", "DER", "-binary", "-in", f"{d}/cms", "-CAfile", f"{d}/cert",
                       "-out", f"{d}/content")
        return pathlib.Path(d, "content").read_bytes() if done.returncode == 0 else b""


def flips(cms, anchor, step):
    content = open_cms(cms, anchor)
    assert content
    for at in range(0, len(cms), step):
        changed = bytearray(cms)
        changed[at] ^= 1 << at % 8
        if open_cms(bytes(changed), anchor) not in (content, b""):
            return b"\0"
    return b"\1"


def chain(boot, anchor):
    with in_files(cert_boot=boot, cert=anchor) as d:
        done = openssl("verify", "-x509_strict", "-CAfile", f"{d}/cert", f"{d}/cert_boot")
        return bytes((done.returncode == 0,))


def elements(der):
    """Tag and contents of each element, lengths of one to three octets."""
    while der:
        tag, length, head = der[0], der[1], 2
        if length & 0x80:
            head += length & 0x7f
            length = int.from_bytes(der[2:head], "big")
        yield tag, der[head:head + length]
        der = der[head + length:]


def inner(der):
    (_, contents), = elements(der)
    return list(elements(contents))


def facts(boot):
    from cryptography import x509
    cert = read(boot)
    serial, = cert.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)
    name, = cert.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    value = cert.extensions.get_extension_for_oid(x509.ObjectIdentifier(TCB_INFO)).value.value
    info = dict(inner(value))
    (_, fwid), = elements(info[0xa6])
    (_, algorithm), (_, digest) = elements(fwid)
    assert algorithm == SHA256
    return [serial.value.encode(), digest, info[0x87], name.value.encode()]


def validity(der):
    cert = read(der)
    return [t.strftime("%Y%m%d%H%M%S").encode() for t in (cert.not_valid_before_utc, cert.not_valid_after_utc)]


def attributes(cms):
    from cryptography.hazmat.primitives.serialization import pkcs7    # reads no attributes: by hand
    assert pkcs7.load_der_pkcs7_certificates(cms)
    _, (_, wrapped) = inner(cms)
    signer = inner(wrapped)[-1][1]
    signed = dict(inner(signer))[SIGNED_ATTRIBUTES]
    times = signed.count(bytes.fromhex("06092a864886f70d010905"))
    return [bytes((len(list(elements(signed))), times))]


def main(command, *words):
    if command == "flips":
        out = [flips(*map(bytes.fromhex, words[:2]), int(words[2]))]
    else:
        data = map(bytes.fromhex, words)
        out = {"certs": certs, "open": lambda *a: [open_cms(*a)], "chain": lambda *a: [chain(*a)], "facts": facts,
               "validity": validity, "attributes": attributes}[command](*data)
    print(*(o.hex() or "-" for o in out))


main(*sys.argv[1:])
