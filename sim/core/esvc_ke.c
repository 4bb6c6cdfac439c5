// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_ke_priv.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <string.h>

static const struct esvc_ke_method methods[] = {
	[ESV_KE_X25519] = { "X25519", 31, 32, 32, 32, 32, false, 0, &esvc_ke_x25519 },
	[ESV_KE_P256] = { "P-256", 19, 32, 64, 64, 32, false, NID_X9_62_prime256v1, &esvc_ke_ec },
	[ESV_KE_P384] = { "P-384", 20, 48, 96, 96, 48, false, NID_secp384r1, &esvc_ke_ec },
	/* SP 800-56A 5.6.1.1.1: 512 bits are more than twice the strength of either group. */
	[ESV_KE_MODP2048] = { "MODP-2048", 14, 64, 256, 256, 256, false, 2048, &esvc_ke_modp },
	[ESV_KE_MODP3072] = { "MODP-3072", 15, 64, 384, 384, 384, false, 3072, &esvc_ke_modp },
	[ESV_KE_ML_KEM_768] = { "ML-KEM-768", 36, 64, 1184, 1088, 32, true, 0, &esvc_ke_mlkem },
};

#define NR_METHODS	(sizeof(methods) / sizeof(methods[0]))

const struct esvc_ke_method *esvc_ke_method(unsigned int method)
{
	return method < NR_METHODS && methods[method].ops ? &methods[method] : NULL;
}

void esvc_ke_digest(uint16_t group, struct esvc_bytes value, uint8_t digest[32])
{
	const uint8_t id[] = { (uint8_t)(group >> 8), (uint8_t)group };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	/* Without memory nothing must look like a known value. */
	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) || !EVP_DigestUpdate(ctx, id, sizeof(id)) ||
	    !EVP_DigestUpdate(ctx, value.p, value.len) || !EVP_DigestFinal_ex(ctx, digest, NULL))
		abort();
	EVP_MD_CTX_free(ctx);
}

uint32_t esvc_ke_methods(uint32_t allowed)
{
	uint32_t mask = 0;

	for (unsigned int i = 0; i < NR_METHODS; i++) {
		const struct esvc_ke_method *m = esvc_ke_method(i);

		if (m && (!allowed || allowed >> i & 1) && (!m->ops->present || m->ops->present(m)))
			mask |= 1u << i;
	}
	ERR_clear_error();
	return mask;
}

bool esvc_ke_usable(const struct esvc_ke_method *m, const uint8_t *priv)
{
	return !m->ops->usable || m->ops->usable(m, priv);
}

int esvc_ke_public(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub)
{
	int err = m->ops->public(m, priv, pub);

	ERR_clear_error();
	return err;
}

bool esvc_ke_reflected(const struct esvc_ke_method *m, const uint8_t *pub, const uint8_t *peer)
{
	if (m->kem)
		return false;
	return m->ops->same ? m->ops->same(m, pub, peer) : !memcmp(pub, peer, m->pub);
}

int esvc_ke_shared(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer, uint8_t *out)
{
	int err = m->ops->shared(m, priv, peer, out);

	if (err)
		OPENSSL_cleanse(out, m->secret);
	ERR_clear_error();
	return err;
}

int esvc_ke_encap(const struct esvc_ke_method *m, const uint8_t *peer, const uint8_t entropy[ESVC_KE_ENTROPY],
		  uint8_t *answer, uint8_t *out)
{
	int err = m->kem ? m->ops->encap(m, peer, entropy, answer, out) : -EIO;

	if (err) {
		OPENSSL_cleanse(answer, m->answer);
		OPENSSL_cleanse(out, m->secret);
	}
	ERR_clear_error();
	return err;
}

/* The other side of the test: what it is does not matter. */
static int other_side(const struct esvc_ke_method *m, const uint8_t *pub, uint8_t *answer, uint8_t *secret)
{
	uint8_t known[ESVC_KE_PRIV_MAX];
	int err;

	memset(known, 0x35, sizeof(known));
	if (m->kem)
		return esvc_ke_encap(m, pub, known, answer, secret);
	err = esvc_ke_public(m, known, answer);
	return err ? err : esvc_ke_shared(m, known, pub, secret);
}

int esvc_ke_pairwise(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *pub,
		     uint8_t *scratch)
{
	uint8_t answer[ESVC_KE_PUB_MAX], *theirs = scratch, *ours = scratch + ESVC_KE_SECRET_MAX;
	int err = other_side(m, pub, answer, theirs);

	if (!err)
		err = esvc_ke_shared(m, priv, answer, ours);
	if (!err && CRYPTO_memcmp(ours, theirs, m->secret))
		err = -EBADMSG;
	OPENSSL_cleanse(scratch, 2 * ESVC_KE_SECRET_MAX);
	return err;
}
