// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fast backend: libipsec-mb. Its key data is flat memory, round keys first,
 * and one call does a whole packet.
 */
#include <errno.h>
#include <string.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "esvc_aead_priv.h"

struct mb_ctx {
	struct gcm_key_data data;
	uint64_t key_len;	/* 0: not keyed */
};

#define MB_NEEDS (IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ)

static void *mb_create(void)
{
	IMB_MGR *m = alloc_mb_mgr(0);
	IMB_ARCH arch;

	if (!m) {
		errno = ENOMEM;
		return NULL;
	}
	if ((m->features & MB_NEEDS) == MB_NEEDS) {
		init_mb_mgr_auto(m, &arch);
		if (!imb_get_errno(m))
			return m;
	}
	free_mb_mgr(m);
	errno = ENOTSUP;
	return NULL;
}

static void mb_destroy(void *priv)
{
	free_mb_mgr(priv);
}

static int mb_setkey(void *priv, void *ctx, const uint8_t *key, size_t key_len)
{
	IMB_MGR *m = priv;
	struct mb_ctx *c = ctx;

	memset(c, 0, sizeof(*c));
	if (key_len == 16)
		IMB_AES128_GCM_PRE(m, key, &c->data);
	else
		IMB_AES256_GCM_PRE(m, key, &c->data);
	c->key_len = key_len;
	return 0;
}

static size_t mb_key(const void *ctx, const uint8_t **key)
{
	const struct mb_ctx *c = ctx;

	*key = c->data.expanded_keys;
	return c->key_len;
}

static int mb_seal(void *priv, const void *ctx, const struct esvc_aead_job *job, uint8_t *icv)
{
	struct gcm_context_data state;
	const struct mb_ctx *c = ctx;
	IMB_MGR *m = priv;

	if (c->key_len == 16)
		IMB_AES128_GCM_ENC(m, &c->data, &state, job->dst, job->src, job->len, job->nonce, job->aad,
				   job->aad_len, icv, ESVC_ICV_LEN);
	else if (c->key_len == 32)
		IMB_AES256_GCM_ENC(m, &c->data, &state, job->dst, job->src, job->len, job->nonce, job->aad,
				   job->aad_len, icv, ESVC_ICV_LEN);
	else
		return -EIO;
	explicit_bzero(&state, sizeof(state));	/* GHASH state and key stream */
	return 0;
}

static int mb_open(void *priv, const void *ctx, const struct esvc_aead_job *job, const uint8_t *icv)
{
	struct gcm_context_data state;
	const struct mb_ctx *c = ctx;
	uint8_t got[ESVC_ICV_LEN];
	IMB_MGR *m = priv;
	int err;

	if (c->key_len == 16)
		IMB_AES128_GCM_DEC(m, &c->data, &state, job->dst, job->src, job->len, job->nonce, job->aad,
				   job->aad_len, got, ESVC_ICV_LEN);
	else if (c->key_len == 32)
		IMB_AES256_GCM_DEC(m, &c->data, &state, job->dst, job->src, job->len, job->nonce, job->aad,
				   job->aad_len, got, ESVC_ICV_LEN);
	else
		return -EIO;
	err = CRYPTO_memcmp(got, icv, ESVC_ICV_LEN) ? -EBADMSG : 0;
	explicit_bzero(&state, sizeof(state));
	OPENSSL_cleanse(got, sizeof(got));	/* the right ICV of a forged packet is nobody's business */
	return err;
}

const struct esvc_aead_ops esvc_aead_mb = {
	.name = "libipsec-mb",
	.ctx_size = sizeof(struct mb_ctx),
	.create = mb_create,
	.destroy = mb_destroy,
	.setkey = mb_setkey,
	.key = mb_key,
	.seal = mb_seal,
	.open = mb_open,
};

_Static_assert(sizeof(struct mb_ctx) <= ESVC_AEAD_CTX_SIZE, "context too big");
