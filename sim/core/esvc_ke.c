// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_ke.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define X25519_LEN	32

size_t esvc_ke_len(unsigned int method)
{
	return method == ESV_KE_X25519 ? X25519_LEN : 0;
}

int esvc_ke_public(unsigned int method, const uint8_t *priv, uint8_t *pub)
{
	size_t len = X25519_LEN;
	EVP_PKEY *key;
	int ok;

	if (method != ESV_KE_X25519)
		return -EIO;
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, priv, X25519_LEN);
	ok = key && EVP_PKEY_get_raw_public_key(key, pub, &len) && len == X25519_LEN;
	EVP_PKEY_free(key);
	return ok ? 0 : -EIO;
}

/* libcrypto refuses an all-zero result by itself; the caller must not depend on that. */
static int x25519_derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t out[X25519_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t len = X25519_LEN;
	int err = -EIO;

	if (!ctx || EVP_PKEY_derive_init(ctx) <= 0 || EVP_PKEY_derive_set_peer(ctx, peer) <= 0)
		goto out;
	err = EVP_PKEY_derive(ctx, out, &len) > 0 && len == X25519_LEN ? 0 : -EBADMSG;
out:
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return err;
}

int esvc_ke_shared(unsigned int method, const uint8_t *priv, const uint8_t *peer, uint8_t *out)
{
	static const uint8_t zero[X25519_LEN];
	EVP_PKEY *own, *other;
	int err = -EIO;

	if (method != ESV_KE_X25519)
		return -EIO;
	own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, priv, X25519_LEN);
	other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, X25519_LEN);
	if (own && other)
		err = x25519_derive(own, other, out);
	if (!err && !CRYPTO_memcmp(out, zero, X25519_LEN))
		err = -EBADMSG;
	if (err)
		OPENSSL_cleanse(out, X25519_LEN);
	EVP_PKEY_free(other);
	EVP_PKEY_free(own);
	return err;
}
