// SPDX-License-Identifier: GPL-2.0-or-later
/* X25519 (RFC 7748 5, RFC 8031). */
#include "esvc_ke_priv.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define LEN	32

static int x25519_public(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, priv, LEN);
	size_t len = LEN;
	int ok = key && EVP_PKEY_get_raw_public_key(key, pub, &len) && len == LEN;

	EVP_PKEY_free(key);
	return ok ? 0 : -EIO;
}

static int derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t out[LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t len = LEN;
	int err = -EIO;

	if (ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, peer) > 0)
		err = EVP_PKEY_derive(ctx, out, &len) > 0 && len == LEN ? 0 : -EBADMSG;
	EVP_PKEY_CTX_free(ctx);
	return err;
}

/* libcrypto refuses an all-zero result by itself; nobody here depends on that. */
static int x25519_shared(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer,
			 uint8_t *out)
{
	static const uint8_t zero[LEN];
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, priv, LEN);
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, LEN);
	int err = own && other ? derive(own, other, out) : -EIO;

	if (!err && !CRYPTO_memcmp(out, zero, LEN))
		err = -EBADMSG;
	EVP_PKEY_free(other);
	EVP_PKEY_free(own);
	return err;
}

/*
 * The top bit is ignored and values from p = 2^255 - 19 on stand for themselves
 * less p (RFC 7748 5); a public value of one's own is below p.
 */
static bool x25519_same(const struct esvc_ke_method *m, const uint8_t *a, const uint8_t *b)
{
	unsigned int carry = 19;
	uint8_t less[LEN];

	/* less = b - p = b + 19 - 2^255, when that is not negative. */
	for (size_t i = 0; i < LEN; i++) {
		carry += i == LEN - 1 ? b[i] & 0x7fu : b[i];
		less[i] = (uint8_t)carry;
		carry >>= 8;
	}
	if (less[LEN - 1] & 0x80) {
		less[LEN - 1] &= 0x7f;
		return !memcmp(a, less, LEN);
	}
	return !memcmp(a, b, LEN - 1) && a[LEN - 1] == (b[LEN - 1] & 0x7f);
}

const struct esvc_ke_ops esvc_ke_x25519 = {
	.same = x25519_same,
	.public = x25519_public,
	.shared = x25519_shared,
};
