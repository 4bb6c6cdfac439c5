/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the AEAD: what a backend provides. */
#ifndef ESVC_AEAD_PRIV_H
#define ESVC_AEAD_PRIV_H

#include "esvc_aead.h"

/* One seal or open. src may be dst. */
struct esvc_aead_job {
	const uint8_t *nonce;
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *src;
	uint8_t *dst;
	size_t len;
};

struct esvc_aead_ops {
	const char *name;
	size_t ctx_size;
	/* NULL with errno. */
	void *(*create)(void);
	void (*destroy)(void *priv);
	int (*setkey)(void *priv, void *ctx, const uint8_t *key, size_t key_len);
	/* Raw key of a context; returns its length, 0: not keyed. */
	size_t (*key)(const void *ctx, const uint8_t **key);
	int (*seal)(void *priv, const void *ctx, const struct esvc_aead_job *job, uint8_t *icv);
	/* -EBADMSG: ICV is wrong, compared in constant time. The caller wipes dst on any error. */
	int (*open)(void *priv, const void *ctx, const struct esvc_aead_job *job, const uint8_t *icv);
};

extern const struct esvc_aead_ops esvc_aead_evp;
extern const struct esvc_aead_ops esvc_aead_mb;

#endif
