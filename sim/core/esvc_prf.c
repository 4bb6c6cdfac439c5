// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_prf.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static const struct {
	const char *digest;
	size_t len;
} algos[] = {
	[ESV_PRF_HMAC_SHA2_256] = { "SHA256", 32 },
	[ESV_PRF_HMAC_SHA2_384] = { "SHA384", 48 },
	[ESV_PRF_HMAC_SHA2_512] = { "SHA512", 64 },
	[ESV_PRF_HMAC_SHA1] = { "SHA1", 20 },
};

#define NR_ALGOS	(sizeof(algos) / sizeof(algos[0]))

size_t esvc_prf_len(unsigned int prf)
{
	return prf < NR_ALGOS ? algos[prf].len : 0;
}

static EVP_MAC_CTX *hmac_new(EVP_MAC *mac, const char *digest)
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_end(),
	};

	if (ctx && !EVP_MAC_CTX_set_params(ctx, params)) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int esvc_prfs_init(struct esvc_prfs *prfs)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	int err = mac ? 0 : -ENOTSUP;

	memset(prfs, 0, sizeof(*prfs));
	for (unsigned int i = 1; i < NR_ALGOS && !err; i++) {
		prfs->hmac[i] = hmac_new(mac, algos[i].digest);
		if (!prfs->hmac[i])
			err = -ENOMEM;
	}
	EVP_MAC_free(mac);
	if (err)
		esvc_prfs_free(prfs);
	return err;
}

void esvc_prfs_free(struct esvc_prfs *prfs)
{
	for (unsigned int i = 1; i < NR_ALGOS; i++)
		EVP_MAC_CTX_free(prfs->hmac[i]);
	memset(prfs, 0, sizeof(*prfs));
}

/* A keyed copy, which libcrypto cleanses when it is freed. */
static EVP_MAC_CTX *keyed(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key)
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(prfs->hmac[prf]);

	if (ctx && EVP_MAC_init(ctx, key.p, key.len, NULL))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

int esvc_prf(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key,
	     const struct esvc_bytes *parts, unsigned int n, uint8_t *out)
{
	EVP_MAC_CTX *ctx = keyed(prfs, prf, key);
	size_t len = 0;
	int ok = ctx != NULL;

	for (unsigned int i = 0; i < n && ok; i++)
		ok = EVP_MAC_update(ctx, parts[i].p, parts[i].len);
	ok = ok && EVP_MAC_final(ctx, out, &len, algos[prf].len) && len == algos[prf].len;
	EVP_MAC_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* T(i) = prf(K, T(i-1) | S | i), with T(0) empty. */
int esvc_prf_plus(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key,
		  const struct esvc_bytes *parts, unsigned int n, uint8_t *block,
		  uint8_t *out, size_t len)
{
	struct esvc_bytes in[2 + ESV_SECRETS_MAX + 4];
	size_t step = algos[prf].len, done = 0;
	uint8_t count = 0;
	int err = 0;

	if (n > sizeof(in) / sizeof(in[0]) - 2 || len > 255 * step)
		return -EINVAL;
	if (n)
		memcpy(&in[1], parts, n * sizeof(*parts));
	in[1 + n] = (struct esvc_bytes){ &count, 1 };
	while (done < len && !err) {
		size_t take = len - done < step ? len - done : step;

		in[0] = (struct esvc_bytes){ block, count ? step : 0 };
		count++;
		err = esvc_prf(prfs, prf, key, in, n + 2, block);
		if (!err)
			memcpy(out + done, block, take);
		done += take;
	}
	OPENSSL_cleanse(block, ESVC_PRF_MAX);
	return err;
}
