// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ECDH over P-256 and P-384 (RFC 5903): values are x and y, the secret is x.
 * Both curves have cofactor 1, so a point on the curve is in the group and full
 * validation (SP 800-56A 5.6.2.3.3) ends with "on the curve and not infinity".
 */
#include "esvc_ke_priv.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <string.h>

#define COORD_MAX	48
#define UNCOMPRESSED	0x04

struct ec {
	EC_GROUP *group;
	BN_CTX *ctx;
	BIGNUM *scalar;
	EC_POINT *point;
};

static void ec_close(struct ec *e)
{
	EC_POINT_clear_free(e->point);
	BN_clear_free(e->scalar);
	BN_CTX_free(e->ctx);
	EC_GROUP_free(e->group);
}

/* priv may be NULL. */
static int ec_open(struct ec *e, const struct esvc_ke_method *m, const uint8_t *priv)
{
	e->group = EC_GROUP_new_by_curve_name(m->param);
	e->ctx = BN_CTX_secure_new();
	e->scalar = BN_secure_new();
	e->point = e->group ? EC_POINT_new(e->group) : NULL;
	if (!e->ctx || !e->scalar || !e->point || (priv && !BN_bin2bn(priv, m->priv, e->scalar))) {
		ec_close(e);
		return -EIO;
	}
	BN_set_flags(e->scalar, BN_FLG_CONSTTIME);
	return 0;
}

/* 0 < priv < order, from the last byte to the first, whatever they are. */
static bool ec_usable(const struct esvc_ke_method *m, const uint8_t *priv)
{
	uint8_t order[COORD_MAX];
	unsigned int borrow = 0, any = 0;
	struct ec e;
	int ok;

	if (ec_open(&e, m, NULL))
		return false;
	ok = BN_bn2binpad(EC_GROUP_get0_order(e.group), order, m->priv) == m->priv;
	ec_close(&e);
	for (size_t i = m->priv; i-- > 0;) {
		borrow = (priv[i] - order[i] - borrow) >> 8 & 1;
		any |= priv[i];
	}
	return ok && (borrow & (any + 0xff) >> 8);
}

static int ec_public(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub)
{
	uint8_t enc[1 + 2 * COORD_MAX];
	struct ec e;
	int err = -EIO;

	if (ec_open(&e, m, priv))
		return -EIO;
	if (EC_POINT_mul(e.group, e.point, e.scalar, NULL, NULL, e.ctx) &&
	    EC_POINT_point2oct(e.group, e.point, POINT_CONVERSION_UNCOMPRESSED, enc, sizeof(enc),
			       e.ctx) == 1u + m->pub) {
		memcpy(pub, enc + 1, m->pub);
		err = 0;
	}
	ec_close(&e);
	return err;
}

static int ec_x(struct ec *e, const struct esvc_ke_method *m, uint8_t *out)
{
	BIGNUM *x = BN_secure_new();
	int ok = x && EC_POINT_get_affine_coordinates(e->group, e->point, x, NULL, e->ctx) &&
		 BN_bn2binpad(x, out, m->secret) == m->secret;

	BN_clear_free(x);
	return ok ? 0 : -EIO;
}

static int ec_shared(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer, uint8_t *out)
{
	uint8_t enc[1 + 2 * COORD_MAX] = { UNCOMPRESSED };
	struct ec e;
	int err = -EIO;

	if (ec_open(&e, m, priv))
		return -EIO;
	memcpy(enc + 1, peer, m->answer);
	if (!EC_POINT_oct2point(e.group, e.point, enc, 1u + m->answer, e.ctx) ||
	    EC_POINT_is_at_infinity(e.group, e.point))
		err = -EBADMSG;
	else if (EC_POINT_mul(e.group, e.point, NULL, e.point, e.scalar, e.ctx))
		err = ec_x(&e, m, out);
	ec_close(&e);
	return err;
}

/* A point and its negative give the same secret, so x decides. */
static bool ec_same(const struct esvc_ke_method *m, const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, m->pub / 2);
}

const struct esvc_ke_ops esvc_ke_ec = {
	.same = ec_same,
	.usable = ec_usable,
	.public = ec_public,
	.shared = ec_shared,
};
