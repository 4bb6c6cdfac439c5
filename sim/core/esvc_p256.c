// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_p256.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#define UNCOMPRESSED	0x04
#define SIGNATURE_MAX	80	/* two integers of 33 bytes, in DER */

/* What EVP_PKEY_fromdata() takes; the copy of the scalar in it is wiped by OSSL_PARAM_free(). */
static OSSL_PARAM *parameters(const BIGNUM *scalar, const uint8_t *pub)
{
	uint8_t point[1 + ESVC_P256_PUB] = { UNCOMPRESSED };
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;

	memcpy(point + 1, pub, ESVC_P256_PUB);
	if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) &&
	    (!scalar || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, scalar)))
		params = OSSL_PARAM_BLD_to_param(bld);
	OSSL_PARAM_BLD_free(bld);
	return params;
}

/* The builder keeps a private value of a secure BIGNUM apart from the rest, and wipes it. */
static BIGNUM *scalar_of(const uint8_t *priv)
{
	BIGNUM *scalar = BN_secure_new();

	if (scalar && !BN_bin2bn(priv, ESVC_P256_PRIV, scalar)) {
		BN_clear_free(scalar);
		return NULL;
	}
	if (scalar)
		BN_set_flags(scalar, BN_FLG_CONSTTIME);
	return scalar;
}

EVP_PKEY *esvc_p256_key(const uint8_t *priv, const uint8_t pub[ESVC_P256_PUB])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	BIGNUM *scalar = priv ? scalar_of(priv) : NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (ctx && (scalar || !priv))
		params = parameters(scalar, pub);
	if (params && EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &key, priv ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	BN_clear_free(scalar);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return key;
}

int esvc_ecdsa_deterministic(EVP_PKEY_CTX *ctx)
{
	unsigned int deterministic = 1;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_SIGNATURE_PARAM_NONCE_TYPE, &deterministic),
		OSSL_PARAM_construct_end(),
	};

	return EVP_PKEY_CTX_set_params(ctx, params) > 0 ? 0 : -EIO;
}

int esvc_p256_pairwise(const uint8_t priv[ESVC_P256_PRIV], const uint8_t pub[ESVC_P256_PUB])
{
	static const uint8_t text[] = "espvault pairwise test";
	EVP_PKEY *key = esvc_p256_key(priv, pub), *half = esvc_p256_key(NULL, pub);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	uint8_t signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	EVP_PKEY_CTX *ctx;
	int ok;

	ok = key && half && sign && verify && EVP_DigestSignInit_ex(sign, &ctx, "SHA256", NULL, NULL, key, NULL) > 0 &&
	     !esvc_ecdsa_deterministic(ctx) && EVP_DigestSign(sign, signature, &len, text, sizeof(text)) > 0 &&
	     EVP_DigestVerifyInit_ex(verify, NULL, "SHA256", NULL, NULL, half, NULL) > 0 &&
	     EVP_DigestVerify(verify, signature, len, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	EVP_PKEY_free(key);
	EVP_PKEY_free(half);
	ERR_clear_error();
	return ok ? 0 : -EBADMSG;
}
