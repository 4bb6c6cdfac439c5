/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ECDSA over P-256 with libcrypto, for the keys that attest: private values are scalars, public ones x and y. */
#ifndef ESVC_P256_H
#define ESVC_P256_H

#include <openssl/evp.h>
#include <stdint.h>

#define ESVC_P256_PRIV	32
#define ESVC_P256_PUB	64

/* priv: NULL for the public half alone. NULL: the bytes are no key, or no memory. The caller frees it. */
EVP_PKEY *esvc_p256_key(const uint8_t *priv, const uint8_t pub[ESVC_P256_PUB]);

/* RFC 6979: no signature depends on another random number. 0 or -EIO. */
int esvc_ecdsa_deterministic(EVP_PKEY_CTX *ctx);

/* Does pub verify what priv signs (FIPS 140-3 IG 10.3.A)? 0, or -EBADMSG. */
int esvc_p256_pairwise(const uint8_t priv[ESVC_P256_PRIV], const uint8_t pub[ESVC_P256_PUB]);

#endif
