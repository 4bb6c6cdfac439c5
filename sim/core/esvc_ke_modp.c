// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Diffie-Hellman in the MODP groups of RFC 3526. The primes p are safe and 2
 * generates the subgroup of order q = (p - 1) / 2, so a value is in it when its
 * q-th power is 1 (SP 800-56A 5.6.2.3.1).
 */
#include "esvc_ke_priv.h"

#include <errno.h>
#include <openssl/bn.h>

struct modp {
	BN_CTX *ctx;
	BIGNUM *p;
	BIGNUM *base;
	BIGNUM *exponent;
	BIGNUM *result;
};

static void modp_close(struct modp *g)
{
	BN_clear_free(g->result);
	BN_clear_free(g->exponent);
	BN_free(g->base);
	BN_free(g->p);
	BN_CTX_free(g->ctx);
}

static int modp_open(struct modp *g, const struct esvc_ke_method *m, const uint8_t *priv)
{
	g->ctx = BN_CTX_secure_new();
	g->p = m->param == 2048 ? BN_get_rfc3526_prime_2048(NULL) : BN_get_rfc3526_prime_3072(NULL);
	g->base = BN_new();
	g->exponent = BN_secure_new();
	g->result = BN_secure_new();
	if (!g->ctx || !g->p || !g->base || !g->exponent || !g->result ||
	    !BN_bin2bn(priv, m->priv, g->exponent)) {
		modp_close(g);
		return -EIO;
	}
	BN_set_flags(g->exponent, BN_FLG_CONSTTIME);
	return 0;
}

/* result = base ^ exponent, as many bytes as the modulus has (RFC 7296 2.14). */
static int modp_power(struct modp *g, uint8_t *out, int len)
{
	if (!BN_mod_exp_mont_consttime(g->result, g->base, g->exponent, g->p, g->ctx, NULL))
		return -EIO;
	return BN_bn2binpad(g->result, out, len) == len ? 0 : -EIO;
}

/* Not 0 or 1; with 512 bits that is all that can be wrong with it. */
static bool modp_usable(const struct esvc_ke_method *m, const uint8_t *priv)
{
	unsigned int any = priv[m->priv - 1] & 0xfeu;

	for (size_t i = 0; i + 1 < m->priv; i++)
		any |= priv[i];
	return (any + 0xff) >> 8;
}

static int modp_public(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub)
{
	struct modp g;
	int err;

	if (modp_open(&g, m, priv))
		return -EIO;
	err = BN_set_word(g.base, 2) ? modp_power(&g, pub, m->pub) : -EIO;
	modp_close(&g);
	return err;
}

/* base is the peer's public value: 1 < base < p - 1, in the subgroup. */
static int modp_validate(struct modp *g)
{
	BIGNUM *q = BN_new();
	int err = -EIO;

	if (!q || !BN_sub(q, g->p, BN_value_one()))
		goto out;
	err = -EBADMSG;
	if (BN_cmp(g->base, BN_value_one()) <= 0 || BN_cmp(g->base, q) >= 0)
		goto out;
	err = -EIO;
	if (!BN_rshift1(q, q) || !BN_mod_exp(g->result, g->base, q, g->p, g->ctx))
		goto out;
	err = BN_is_one(g->result) ? 0 : -EBADMSG;
out:
	BN_free(q);
	return err;
}

static int modp_shared(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer, uint8_t *out)
{
	struct modp g;
	int err;

	if (modp_open(&g, m, priv))
		return -EIO;
	err = BN_bin2bn(peer, m->answer, g.base) ? modp_validate(&g) : -EIO;
	if (!err)
		err = modp_power(&g, out, m->secret);
	modp_close(&g);
	return err;
}

const struct esvc_ke_ops esvc_ke_modp = {
	.usable = modp_usable,
	.public = modp_public,
	.shared = modp_shared,
};
