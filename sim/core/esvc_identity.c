// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_identity.h"

#include <endian.h>
#include <errno.h>
#include <espvault/esv_regs.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "esvc_ke.h"

#define TEST_MODE	0x80000000u	/* in a context: nothing that is derived in test mode exists in production */
/* The odds that even one value is no scalar of P-256 are 2^-32. */
#define ATTEMPTS	8

int esvc_identity_derive(const uint8_t secret[ESVC_DEVICE_SECRET], const char *label, uint32_t context, uint8_t *out, size_t len)
{
	uint32_t ctx_bytes = htobe32(context);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)"counter", 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, (char *)"HMAC", 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, ESVC_DEVICE_SECRET),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)label, strlen(label)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, &ctx_bytes, sizeof(ctx_bytes)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int ok = ctx && EVP_KDF_derive(ctx, out, len, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : -EIO;
}

int esvc_identity_device(const uint8_t secret[ESVC_DEVICE_SECRET], uint64_t *device_id)
{
	uint8_t bytes[sizeof(*device_id)];
	int err = esvc_identity_derive(secret, "espvault device id", 1, bytes, sizeof(bytes));

	memcpy(device_id, bytes, sizeof(bytes));
	return err;
}

/* FIPS 186-5 A.2.2, with the KDF as its source. */
static int device_key(struct esvc_identity *id, uint32_t test)
{
	int err = 0;

	for (uint32_t i = 1; i <= ATTEMPTS && !err; i++) {
		err = esvc_identity_derive(id->secret, "espvault device key", test | i, id->device_key,
					   sizeof(id->device_key));
		if (!err && esvc_ke_usable(esvc_ke_method(ESV_KE_P256), id->device_key))
			return 0;
	}
	return err ? err : -EIO;
}

int esvc_identity_init(struct esvc_identity *id, const uint8_t secret[ESVC_DEVICE_SECRET], uint32_t mode)
{
	uint32_t test = mode & ESV_MODE_TEST ? TEST_MODE : 0;
	int err;

	memcpy(id->secret, secret, sizeof(id->secret));
	err = esvc_identity_derive(secret, "espvault storage", test | 1, id->storage_key, sizeof(id->storage_key));
	return err ? err : device_key(id, test);
}
