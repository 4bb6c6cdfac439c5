// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reference backend: OpenSSL EVP.
 *
 * An EVP object is not flat memory, so a context holds the raw key, and the
 * backend has one cipher object for each key length and direction, keyed for
 * one packet at a time. libcrypto's heap is not the arena: no key stays there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "esvc_aead_priv.h"

struct evp_ctx {
	uint64_t key_len;	/* 0: not keyed */
	uint8_t key[32];
};

struct evp_priv {
	EVP_CIPHER *cipher[2];		/* [256 bit] */
	EVP_CIPHER_CTX *c[2][2];	/* [256 bit][decrypt] */
};

static void evp_destroy(void *priv)
{
	struct evp_priv *p = priv;
	int i;

	for (i = 0; i < 4; i++)
		EVP_CIPHER_CTX_free(p->c[i / 2][i % 2]);
	EVP_CIPHER_free(p->cipher[0]);
	EVP_CIPHER_free(p->cipher[1]);
	free(p);
}

static void *evp_create(void)
{
	struct evp_priv *p = calloc(1, sizeof(*p));
	bool ok = p;
	int i;

	for (i = 0; ok && i < 2; i++) {
		p->cipher[i] = EVP_CIPHER_fetch(NULL, i ? "AES-256-GCM" : "AES-128-GCM", NULL);
		p->c[i][0] = EVP_CIPHER_CTX_new();
		p->c[i][1] = EVP_CIPHER_CTX_new();
		ok = p->cipher[i] && p->c[i][0] && p->c[i][1];
	}
	if (ok)
		return p;
	if (p)
		evp_destroy(p);
	errno = ENOMEM;
	return NULL;
}

static int evp_setkey(void *priv, void *ctx, const uint8_t *key, size_t key_len)
{
	struct evp_ctx *c = ctx;

	memset(c, 0, sizeof(*c));
	memcpy(c->key, key, key_len);
	c->key_len = key_len;
	return 0;
}

static size_t evp_key(const void *ctx, const uint8_t **key)
{
	const struct evp_ctx *c = ctx;

	*key = c->key;
	return c->key_len;
}

static EVP_CIPHER_CTX *cipher_of(struct evp_priv *p, const struct evp_ctx *c, int dec)
{
	return p->c[c->key_len == 32][dec];
}

/* Key and nonce, the AAD, the text. */
static bool evp_run(struct evp_priv *p, const struct evp_ctx *c, const struct esvc_aead_job *job, int dec)
{
	EVP_CIPHER_CTX *e = cipher_of(p, c, dec);
	int n;

	if (!c->key_len || !EVP_CipherInit_ex2(e, p->cipher[c->key_len == 32], c->key, job->nonce, !dec, NULL))
		return false;
	if (job->aad_len && !EVP_CipherUpdate(e, NULL, &n, job->aad, (int)job->aad_len))
		return false;
	return !job->len || EVP_CipherUpdate(e, job->dst, &n, job->src, (int)job->len);
}

static int evp_seal(void *priv, const void *ctx, const struct esvc_aead_job *job, uint8_t *icv)
{
	EVP_CIPHER_CTX *e = cipher_of(priv, ctx, 0);
	uint8_t none[16];
	int n;
	bool ok;

	ok = evp_run(priv, ctx, job, 0) && EVP_EncryptFinal_ex(e, none, &n) &&
	     EVP_CIPHER_CTX_ctrl(e, EVP_CTRL_AEAD_GET_TAG, ESVC_ICV_LEN, icv);
	EVP_CIPHER_CTX_reset(e);	/* libcrypto cleanses what it frees */
	return ok ? 0 : -EIO;
}

static int evp_open(void *priv, const void *ctx, const struct esvc_aead_job *job, const uint8_t *icv)
{
	EVP_CIPHER_CTX *e = cipher_of(priv, ctx, 1);
	uint8_t none[16], tag[ESVC_ICV_LEN];
	int n, err = -EIO;

	memcpy(tag, icv, sizeof(tag));
	if (evp_run(priv, ctx, job, 1) && EVP_CIPHER_CTX_ctrl(e, EVP_CTRL_AEAD_SET_TAG, ESVC_ICV_LEN, tag))
		err = EVP_DecryptFinal_ex(e, none, &n) > 0 ? 0 : -EBADMSG;
	EVP_CIPHER_CTX_reset(e);
	return err;
}

const struct esvc_aead_ops esvc_aead_evp = {
	.name = "openssl-evp",
	.ctx_size = sizeof(struct evp_ctx),
	.create = evp_create,
	.destroy = evp_destroy,
	.setkey = evp_setkey,
	.key = evp_key,
	.seal = evp_seal,
	.open = evp_open,
};

_Static_assert(sizeof(struct evp_ctx) <= ESVC_AEAD_CTX_SIZE, "context too big");
