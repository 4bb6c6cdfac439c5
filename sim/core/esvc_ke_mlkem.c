// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ML-KEM-768 (FIPS 203). The private value is the seed d | z, which is shorter
 * than the decapsulation key that it stands for. libcrypto has it from 3.5 on.
 */
#include "esvc_ke_priv.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#define ALGORITHM	"ML-KEM-768"

/* Names of parameters that older headers lack. */
#define PARAM_SEED	"seed"
#define PARAM_IKME	"ikme"

static bool mlkem_present(const struct esvc_ke_method *m)
{
	EVP_KEM *kem = EVP_KEM_fetch(NULL, ALGORITHM, NULL);

	EVP_KEM_free(kem);
	return kem;
}

/* selection: EVP_PKEY_KEYPAIR with a seed, EVP_PKEY_PUBLIC_KEY with an encapsulation key. */
static EVP_PKEY *mlkem_key(int selection, const char *param, const uint8_t *bytes, size_t len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(param, (void *)bytes, len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, ALGORITHM, NULL);
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0 && EVP_PKEY_fromdata(ctx, &key, selection, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static int mlkem_public(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub)
{
	EVP_PKEY *key = mlkem_key(EVP_PKEY_KEYPAIR, PARAM_SEED, priv, m->priv);
	size_t len = 0;
	int ok = key && EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, pub, m->pub, &len) > 0 &&
		 len == m->pub;

	EVP_PKEY_free(key);
	return ok ? 0 : -EIO;
}

/* A ciphertext that does not belong to the key gives a secret that nobody else has. */
static int mlkem_shared(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer,
			uint8_t *out)
{
	EVP_PKEY *key = mlkem_key(EVP_PKEY_KEYPAIR, PARAM_SEED, priv, m->priv);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	size_t len = m->secret;
	int ok = ctx && EVP_PKEY_decapsulate_init(ctx, NULL) > 0 &&
		 EVP_PKEY_decapsulate(ctx, out, &len, peer, m->answer) > 0 && len == m->secret;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : -EIO;
}

static int mlkem_encap(const struct esvc_ke_method *m, const uint8_t *peer, const uint8_t *entropy,
		       uint8_t *answer, uint8_t *out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(PARAM_IKME, (void *)entropy, ESVC_KE_ENTROPY),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = mlkem_key(EVP_PKEY_PUBLIC_KEY, OSSL_PKEY_PARAM_PUB_KEY, peer, m->pub);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	size_t answer_len = m->answer, len = m->secret;
	int ok = ctx && EVP_PKEY_encapsulate_init(ctx, params) > 0 &&
		 EVP_PKEY_encapsulate(ctx, answer, &answer_len, out, &len) > 0 &&
		 answer_len == m->answer && len == m->secret;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (!key)
		return -EBADMSG;
	return ok ? 0 : -EIO;
}

const struct esvc_ke_ops esvc_ke_mlkem = {
	.present = mlkem_present,
	.public = mlkem_public,
	.shared = mlkem_shared,
	.encap = mlkem_encap,
};
