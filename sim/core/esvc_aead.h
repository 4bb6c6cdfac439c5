/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AES-GCM with a 16-byte ICV over flat, caller-owned key contexts.
 *
 * A context is plain memory: it lives in the secret arena and is wiped by
 * wiping its bytes; between two calls nothing of a key is anywhere else. Two
 * backends: libipsec-mb (fast, flat round keys) and OpenSSL EVP (reference: the
 * context holds the raw key, a cipher object is keyed for each packet).
 */
#ifndef ESVC_AEAD_H
#define ESVC_AEAD_H

#include "esvc.h"

#define ESVC_AEAD_CTX_SIZE	4096	/* upper bound of both backends, checked at build time */
#define ESVC_ICV_LEN		16

struct esvc_aead;	/* a backend instance, one per device */

/* NULL with errno: -ENOTSUP when the machine lacks what the backend needs. AUTO takes the fast one if it can. */
struct esvc_aead *esvc_aead_new(enum esvc_backend backend);
void esvc_aead_free(struct esvc_aead *aead);
const char *esvc_aead_name(const struct esvc_aead *aead);
size_t esvc_aead_ctx_size(const struct esvc_aead *aead);

/* ctx: esvc_aead_ctx_size() bytes, 64-byte aligned. key_len 16 or 32. 0 or -EINVAL. */
int esvc_aead_setkey(struct esvc_aead *aead, void *ctx, const uint8_t *key, size_t key_len);
/* In place is allowed (src == dst). nonce 12 bytes. dst gets len bytes, icv 16. */
int esvc_aead_seal(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12],
		   const uint8_t *aad, size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
		   uint8_t icv[ESVC_ICV_LEN]);
/* 0, or -EBADMSG with dst wiped when the ICV is wrong (compared in constant time). */
int esvc_aead_open(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12],
		   const uint8_t *aad, size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
		   const uint8_t icv[ESVC_ICV_LEN]);

/*
 * Give fn the raw key, the AES round keys behind it and the GHASH key of a
 * context, computed by FIPS 197 and SP 800-38D: what a memory scan looks for.
 * 0, -ENOKEY if the context is not keyed, -EIO.
 */
int esvc_aead_schedule(struct esvc_aead *aead, const void *ctx, esvc_secret_fn fn, void *arg);

#endif
