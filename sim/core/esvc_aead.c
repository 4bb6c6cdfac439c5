// SPDX-License-Identifier: GPL-2.0-or-later
/* AES-GCM for the ESP engine: choice of backend, ICV check, key schedule for the memory scan. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "esvc_aead_priv.h"

#define AES_BLOCK	16
#define AES_ROUNDS_MAX	14

struct esvc_aead {
	const struct esvc_aead_ops *ops;
	void *priv;
};

static struct esvc_aead *aead_try(const struct esvc_aead_ops *ops)
{
	struct esvc_aead *aead = malloc(sizeof(*aead));

	if (!aead)
		return NULL;
	aead->ops = ops;
	aead->priv = ops->create();
	if (aead->priv)
		return aead;
	free(aead);
	return NULL;
}

struct esvc_aead *esvc_aead_new(enum esvc_backend backend)
{
	struct esvc_aead *aead = NULL;

	if (backend == ESVC_AEAD_EVP)
		return aead_try(&esvc_aead_evp);
	if (backend == ESVC_AEAD_AUTO || backend == ESVC_AEAD_IPSEC_MB)
		aead = aead_try(&esvc_aead_mb);
	else
		errno = EINVAL;
	if (!aead && backend == ESVC_AEAD_AUTO)
		aead = aead_try(&esvc_aead_evp);
	return aead;
}

void esvc_aead_free(struct esvc_aead *aead)
{
	if (!aead)
		return;
	aead->ops->destroy(aead->priv);
	free(aead);
}

const char *esvc_aead_name(const struct esvc_aead *aead)
{
	return aead->ops->name;
}

size_t esvc_aead_ctx_size(const struct esvc_aead *aead)
{
	return aead->ops->ctx_size;
}

int esvc_aead_setkey(struct esvc_aead *aead, void *ctx, const uint8_t *key, size_t key_len)
{
	if (key_len != 16 && key_len != 32)
		return -EINVAL;
	return aead->ops->setkey(aead->priv, ctx, key, key_len);
}

int esvc_aead_seal(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12],
		   const uint8_t *aad, size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
		   uint8_t icv[ESVC_ICV_LEN])
{
	const struct esvc_aead_job job = { nonce, aad, aad_len, src, dst, len };

	return aead->ops->seal(aead->priv, ctx, &job, icv);
}

int esvc_aead_open(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12],
		   const uint8_t *aad, size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
		   const uint8_t icv[ESVC_ICV_LEN])
{
	const struct esvc_aead_job job = { nonce, aad, aad_len, src, dst, len };
	int err = aead->ops->open(aead->priv, ctx, &job, icv);

	if (err && len)
		OPENSSL_cleanse(dst, len);
	return err;
}

/* One block under a raw key. */
static int aes_block(const uint8_t *key, size_t key_len, const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0, ok;

	ok = c && EVP_EncryptInit_ex(c, key_len == 16 ? EVP_aes_128_ecb() : EVP_aes_256_ecb(), NULL, key, NULL) &&
	     EVP_CIPHER_CTX_set_padding(c, 0) && EVP_EncryptUpdate(c, out, &n, in, AES_BLOCK);
	EVP_CIPHER_CTX_free(c);
	return ok && n == AES_BLOCK ? 0 : -EIO;
}

static uint8_t gf_mul(uint8_t a, uint8_t b)
{
	uint8_t r = 0;

	for (; b; b >>= 1, a = (uint8_t)(a << 1 ^ (a >> 7) * 0x1b))
		if (b & 1)
			r ^= a;
	return r;
}

/* FIPS 197 5.1.1: inverse (x^254), then the affine map. Slow, used for 40 bytes at a time. */
static uint8_t sub_byte(uint8_t x)
{
	uint8_t inv = 1, s;
	int i;

	for (i = 0; i < 254; i++)
		inv = gf_mul(inv, x);
	s = inv;
	for (i = 1; i <= 4; i++)
		s ^= (uint8_t)(inv << i | inv >> (8 - i));
	return s ^ 0x63;
}

/* FIPS 197 5.2. Returns the length of the schedule in bytes. */
static size_t key_expand(const uint8_t *key, size_t key_len, uint8_t w[(AES_ROUNDS_MAX + 1) * AES_BLOCK])
{
	size_t total = (key_len / 4 + 7) * AES_BLOCK, i, j;
	uint8_t rcon = 1, t[4], first;

	memcpy(w, key, key_len);
	for (i = key_len; i < total; i += 4) {
		memcpy(t, w + i - 4, 4);
		if (i % key_len == 0) {
			first = t[0];
			t[0] = sub_byte(t[1]) ^ rcon;
			t[1] = sub_byte(t[2]);
			t[2] = sub_byte(t[3]);
			t[3] = sub_byte(first);
			rcon = gf_mul(rcon, 2);
		} else if (key_len == 32 && i % key_len == 16) {
			for (j = 0; j < 4; j++)
				t[j] = sub_byte(t[j]);
		}
		for (j = 0; j < 4; j++)
			w[i + j] = w[i + j - key_len] ^ t[j];
	}
	OPENSSL_cleanse(t, sizeof(t));
	return total;
}

int esvc_aead_schedule(struct esvc_aead *aead, const void *ctx, esvc_secret_fn fn, void *arg)
{
	static const uint8_t zero[AES_BLOCK];
	uint8_t w[(AES_ROUNDS_MAX + 1) * AES_BLOCK], h[AES_BLOCK];
	const uint8_t *key;
	size_t key_len = aead->ops->key(ctx, &key), len;
	int err;

	if (!key_len)
		return -ENOKEY;
	err = aes_block(key, key_len, zero, h);
	if (err)
		return err;
	len = key_expand(key, key_len, w);
	fn(arg, "key", w, key_len);
	fn(arg, "round-keys", w + key_len, len - key_len);
	fn(arg, "ghash-key", h, sizeof(h));
	OPENSSL_cleanse(w, sizeof(w));
	OPENSSL_cleanse(h, sizeof(h));
	return 0;
}
