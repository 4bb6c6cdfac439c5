// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reference backend: OpenSSL EVP.
 *
 * An EVP object is not flat memory, so a context holds the raw key and a
 * serial number, and the backend has one cipher object for each key length and
 * direction, keyed anew when a context with another serial comes along.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "esvc_aead_priv.h"

struct evp_ctx {
	uint64_t serial;	/* 0: not keyed */
	uint64_t key_len;
	uint8_t key[32];
};

struct evp_cipher {
	EVP_CIPHER_CTX *c;
	uint64_t serial;	/* of the context whose key is loaded */
	bool keyed;		/* it may hold a key, whosever */
};

struct evp_priv {
	uint64_t serial;
	struct evp_cipher cipher[2][2];	/* [256 bit][decrypt] */
};

static void evp_destroy(void *priv)
{
	struct evp_priv *p = priv;
	int i;

	for (i = 0; i < 4; i++)
		EVP_CIPHER_CTX_free(p->cipher[i / 2][i % 2].c);
	free(p);
}

/* Without a key. */
static bool evp_prepare(struct evp_priv *p, int i)
{
	return EVP_CipherInit_ex(p->cipher[i / 2][i % 2].c, i / 2 ? EVP_aes_256_gcm() : EVP_aes_128_gcm(), NULL,
				 NULL, NULL, !(i % 2));
}

static void *evp_create(void)
{
	struct evp_priv *p = calloc(1, sizeof(*p));
	bool ok = p;
	int i;

	for (i = 0; ok && i < 4; i++) {
		p->cipher[i / 2][i % 2].c = EVP_CIPHER_CTX_new();
		ok = p->cipher[i / 2][i % 2].c && evp_prepare(p, i);
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
	struct evp_priv *p = priv;
	struct evp_ctx *c = ctx;

	memset(c, 0, sizeof(*c));
	memcpy(c->key, key, key_len);
	c->key_len = key_len;
	c->serial = ++p->serial;
	return 0;
}

/* libcrypto cleanses what it frees. An object that can't be prepared again refuses all work. */
static void evp_forget(void *priv)
{
	struct evp_priv *p = priv;
	int i;

	for (i = 0; i < 4; i++) {
		struct evp_cipher *e = &p->cipher[i / 2][i % 2];

		if (!e->keyed)
			continue;
		e->keyed = false;
		e->serial = 0;
		EVP_CIPHER_CTX_reset(e->c);
		evp_prepare(p, i);
	}
}

static size_t evp_key(const void *ctx, const uint8_t **key)
{
	const struct evp_ctx *c = ctx;

	*key = c->key;
	return c->serial ? c->key_len : 0;
}

/* Key the right cipher object if it is not, set the nonce, feed the AAD. */
static EVP_CIPHER_CTX *evp_begin(struct evp_priv *p, const struct evp_ctx *c, const struct esvc_aead_job *job, int dec)
{
	struct evp_cipher *e = &p->cipher[c->key_len == 32][dec];
	const uint8_t *key = e->serial == c->serial ? NULL : c->key;
	int n;

	if (!c->serial)
		return NULL;
	e->serial = 0;
	e->keyed = true;
	if (!EVP_CipherInit_ex(e->c, NULL, NULL, key, job->nonce, !dec))
		return NULL;
	e->serial = c->serial;
	if (job->aad_len && !EVP_CipherUpdate(e->c, NULL, &n, job->aad, (int)job->aad_len))
		return NULL;
	if (job->len && !EVP_CipherUpdate(e->c, job->dst, &n, job->src, (int)job->len))
		return NULL;
	return e->c;
}

static int evp_seal(void *priv, const void *ctx, const struct esvc_aead_job *job, uint8_t *icv)
{
	EVP_CIPHER_CTX *c = evp_begin(priv, ctx, job, 0);
	uint8_t none[16];
	int n;

	if (!c || !EVP_EncryptFinal_ex(c, none, &n) ||
	    !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, ESVC_ICV_LEN, icv))
		return -EIO;
	return 0;
}

static int evp_open(void *priv, const void *ctx, const struct esvc_aead_job *job, const uint8_t *icv)
{
	EVP_CIPHER_CTX *c = evp_begin(priv, ctx, job, 1);
	uint8_t none[16], tag[ESVC_ICV_LEN];
	int n;

	if (!c)
		return -EIO;
	memcpy(tag, icv, sizeof(tag));
	if (!EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, ESVC_ICV_LEN, tag))
		return -EIO;
	return EVP_DecryptFinal_ex(c, none, &n) > 0 ? 0 : -EBADMSG;
}

const struct esvc_aead_ops esvc_aead_evp = {
	.name = "openssl-evp",
	.ctx_size = sizeof(struct evp_ctx),
	.create = evp_create,
	.destroy = evp_destroy,
	.setkey = evp_setkey,
	.forget = evp_forget,
	.key = evp_key,
	.seal = evp_seal,
	.open = evp_open,
};

_Static_assert(sizeof(struct evp_ctx) <= ESVC_AEAD_CTX_SIZE, "context too big");
