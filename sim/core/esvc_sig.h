/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures of AUTH payloads, method 14 (RFC 7427 3): the length of an
 * AlgorithmIdentifier, the AlgorithmIdentifier, the signature.
 */
#ifndef ESVC_SIG_H
#define ESVC_SIG_H

#include "esvc_prf.h"

#include <stdbool.h>

#define ESVC_SIG_AUTH_MAX	640	/* RSA of 4096 bits with its AlgorithmIdentifier */

/*
 * A private key in PKCS#8, or a public one as SubjectPublicKeyInfo, both DER and
 * nothing behind it. 0; -EINVAL: not one key of a type that some enum esv_sig takes;
 * -EKEYREJECTED: RSA under 2048 or over 4096 bits; -EBADMSG: the halves of the pair do not fit.
 */
int esvc_sig_private_check(struct esvc_bytes key);
int esvc_sig_public_check(struct esvc_bytes key);

/*
 * Sign with a private key that was checked. out: ESVC_SIG_AUTH_MAX bytes. 0 and *len;
 * -EINVAL: scheme is not for this key; -EIO.
 */
int esvc_sig_sign(unsigned int scheme, struct esvc_bytes key, struct esvc_bytes octets, uint8_t *out, size_t *len);
/* 0; -EBADMSG: whatever does not verify, malformed data and keys of another type among it; -EIO. */
int esvc_sig_verify(struct esvc_bytes key, struct esvc_bytes octets, struct esvc_bytes auth);

#endif
