// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_wrap.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hpke.h>

#define KWP_MIN	16	/* RFC 5649 4.2 */

/* A context for one run, keyed. */
static EVP_CIPHER_CTX *kwp_new(const uint8_t *kek, int wrap)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!ctx)
		return NULL;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex(ctx, EVP_aes_256_wrap_pad(), NULL, kek, NULL, wrap))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int esvc_kwp_wrap(const uint8_t kek[ESVC_KEK_LEN], const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = kwp_new(kek, 1);
	int n = 0, ok;

	ok = ctx && EVP_CipherUpdate(ctx, out, &n, in, (int)len) && (size_t)n == ESVC_KWP_LEN(len);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

int esvc_kwp_unwrap(const uint8_t kek[ESVC_KEK_LEN], const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	EVP_CIPHER_CTX *ctx;
	int n = 0, ok;

	if (len < KWP_MIN || len % 8)
		return -EBADMSG;
	ctx = kwp_new(kek, 0);
	if (!ctx)
		return -EIO;
	ok = EVP_CipherUpdate(ctx, out, &n, in, (int)len) && n > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		OPENSSL_cleanse(out, len);
	*out_len = ok ? (size_t)n : 0;
	return ok ? 0 : -EBADMSG;
}

static const OSSL_HPKE_SUITE suite = { OSSL_HPKE_KEM_ID_X25519, OSSL_HPKE_KDF_ID_HKDF_SHA256,
				       OSSL_HPKE_AEAD_ID_AES_GCM_256 };

int esvc_hpke_open(const uint8_t priv[ESVC_HPKE_PRIV], struct esvc_bytes info, struct esvc_bytes aad, struct esvc_bytes sealed,
		   uint8_t *out, size_t *out_len)
{
	const uint8_t *enc = sealed.p;
	OSSL_HPKE_CTX *ctx;
	EVP_PKEY *key;
	int err = -EIO;

	if (sealed.len < ESV_HPKE_ENC_LEN + ESVC_HPKE_TAG)
		return -EBADMSG;
	*out_len = sealed.len - ESV_HPKE_ENC_LEN;
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, priv, ESVC_HPKE_PRIV);
	ctx = OSSL_HPKE_CTX_new(OSSL_HPKE_MODE_BASE, suite, OSSL_HPKE_ROLE_RECEIVER, NULL, NULL);
	if (key && ctx)
		err = OSSL_HPKE_decap(ctx, enc, ESV_HPKE_ENC_LEN, key, info.p, info.len) == 1 &&
		      OSSL_HPKE_open(ctx, out, out_len, aad.p, aad.len, enc + ESV_HPKE_ENC_LEN,
				     sealed.len - ESV_HPKE_ENC_LEN) == 1 ? 0 : -EBADMSG;
	OSSL_HPKE_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (err)
		OPENSSL_cleanse(out, sealed.len - ESV_HPKE_ENC_LEN);
	return err;
}
