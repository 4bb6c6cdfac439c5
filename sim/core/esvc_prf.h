/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prf and prf+ of IKEv2 (RFC 7296 2.13) over HMAC. */
#ifndef ESVC_PRF_H
#define ESVC_PRF_H

#include <espvault/esv_unit.h>
#include <stddef.h>
#include <stdint.h>

#define ESVC_PRF_MAX	64	/* bytes of the longest prf output */

/* HMAC with each hash, fetched once. */
struct esvc_prfs {
	void *hmac[ESV_PRF_HMAC_SHA1 + 1];	/* EVP_MAC_CTX without a key */
};

struct esvc_bytes {
	const void *p;
	size_t len;
};

/* 0 or -ENOMEM (libcrypto has no HMAC: -ENOTSUP). */
int esvc_prfs_init(struct esvc_prfs *prfs);
void esvc_prfs_free(struct esvc_prfs *prfs);

/* Output and preferred key length in bytes; 0: prf is not known. */
size_t esvc_prf_len(unsigned int prf);

/* out = prf(key, parts[0] | parts[1] | ...); out has esvc_prf_len(prf) bytes. 0 or -EIO. */
int esvc_prf(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key,
	     const struct esvc_bytes *parts, unsigned int n, uint8_t *out);

/*
 * The first len bytes of prf+(key, parts[0] | ...). block: ESVC_PRF_MAX bytes
 * of scratch in the arena, wiped. 0, -EIO, -EINVAL when len needs more than 255 blocks.
 */
int esvc_prf_plus(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key,
		  const struct esvc_bytes *parts, unsigned int n, uint8_t *block,
		  uint8_t *out, size_t len);

#endif
