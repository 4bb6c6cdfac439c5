// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ALG_TEST: the unit's algorithms on the caller's own bytes, in test mode only
 * (UNIT-101). The functions are the ones that the other commands call, so vectors
 * that are answered here tell about those.
 */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <errno.h>

#define REFUSE(cmd, status, field) esvc_refuse(cmd, status, offsetof(struct esv_alg_test, field))

/* What goes into one run and what comes out of it. */
struct run {
	struct esvc_unit *unit;
	uint16_t param;
	struct esvc_bytes part[ESV_ALG_PARTS];
	uint8_t *out;		/* sizeof(struct esv_alg_tested.data) bytes */
	size_t out_len;
};

static enum esv_status prf(struct run *r)
{
	size_t len = esvc_unit_prf_len(r->unit, r->param);

	if (!len)
		return ESV_S_UNSUPPORTED_VALUE;
	if (esvc_prf(&r->unit->prfs, r->param, r->part[0], &r->part[1], 1, r->out))
		return ESV_S_INTERNAL;
	r->out_len = len;
	return ESV_S_OK;
}

/* The method, when the private value can be one of it. */
static enum esv_status ke_private(const struct run *r, const struct esvc_ke_method **m)
{
	*m = esvc_unit_ke_method(r->unit, r->param);
	if (!*m)
		return ESV_S_UNSUPPORTED_VALUE;
	if (r->part[0].len != (*m)->priv)
		return ESV_S_BAD_LENGTH;
	return esvc_ke_usable(*m, r->part[0].p) ? ESV_S_OK : ESV_S_KEY_WEAK;
}

static enum esv_status ke_status(int err)
{
	return !err ? ESV_S_OK : err == -EBADMSG ? ESV_S_BAD_PUBLIC_VALUE : ESV_S_INTERNAL;
}

static enum esv_status ke_public(struct run *r)
{
	const struct esvc_ke_method *m;
	enum esv_status status = ke_private(r, &m);

	if (status != ESV_S_OK)
		return status;
	r->out_len = m->pub;
	return ke_status(esvc_ke_public(m, r->part[0].p, r->out));
}

static enum esv_status ke_shared(struct run *r)
{
	const struct esvc_ke_method *m;
	enum esv_status status = ke_private(r, &m);

	if (status != ESV_S_OK)
		return status;
	if (r->part[1].len != m->answer)
		return ESV_S_BAD_PUBLIC_VALUE;
	r->out_len = m->secret;
	return ke_status(esvc_ke_shared(m, r->part[0].p, r->part[1].p, r->out));
}

static enum esv_status ke_encap(struct run *r)
{
	const struct esvc_ke_method *m = esvc_unit_ke_method(r->unit, r->param);

	if (!m || !m->kem)
		return ESV_S_UNSUPPORTED_VALUE;
	if (r->part[1].len != ESVC_KE_ENTROPY)
		return ESV_S_BAD_LENGTH;
	if (r->part[0].len != m->pub)
		return ESV_S_BAD_PUBLIC_VALUE;
	r->out_len = (size_t)m->answer + m->secret;
	return ke_status(esvc_ke_encap(m, r->part[0].p, r->part[1].p, r->out, r->out + m->answer));
}

/* What PROVISION would say of the key. */
static enum esv_status key_status(int err)
{
	return !err ? ESV_S_OK : err == -EKEYREJECTED ? ESV_S_KEY_WEAK : ESV_S_BAD_FIELD;
}

static enum esv_status sign(struct run *r)
{
	enum esv_status status = key_status(esvc_sig_private_check(r->part[0]));
	int err;

	if (status != ESV_S_OK)
		return status;
	err = esvc_sig_sign(r->param, r->part[0], r->part[1], r->out, &r->out_len);
	return !err ? ESV_S_OK : err == -EINVAL ? ESV_S_BAD_FIELD : ESV_S_INTERNAL;
}

static enum esv_status auth_status(int err)
{
	return !err ? ESV_S_OK : err == -EBADMSG ? ESV_S_AUTH_FAILED : ESV_S_INTERNAL;
}

static enum esv_status verify(struct run *r)
{
	enum esv_status status = key_status(esvc_sig_public_check(r->part[0]));

	return status != ESV_S_OK ? status : auth_status(esvc_sig_verify(r->part[0], r->part[1], r->part[2]));
}

static enum esv_status kwp_wrap(struct run *r)
{
	if (r->part[0].len != ESVC_KEK_LEN || !r->part[1].len)
		return ESV_S_BAD_LENGTH;
	r->out_len = ESVC_KWP_LEN(r->part[1].len);
	return auth_status(esvc_kwp_wrap(r->part[0].p, r->part[1].p, r->part[1].len, r->out));
}

static enum esv_status kwp_unwrap(struct run *r)
{
	if (r->part[0].len != ESVC_KEK_LEN)
		return ESV_S_BAD_LENGTH;
	return auth_status(esvc_kwp_unwrap(r->part[0].p, r->part[1].p, r->part[1].len, r->out, &r->out_len));
}

static enum esv_status hpke_open(struct run *r)
{
	if (r->part[0].len != ESVC_HPKE_PRIV)
		return ESV_S_BAD_LENGTH;
	return auth_status(esvc_hpke_open(r->part[0].p, r->part[1], r->part[2], r->part[3], r->out, &r->out_len));
}

static const struct alg {
	enum esv_status (*run)(struct run *r);
	uint8_t parts;
	bool param;
} algs[] = {
	[ESV_ALG_PRF] = { prf, 2, true },
	[ESV_ALG_KE_PUBLIC] = { ke_public, 1, true },
	[ESV_ALG_KE_SHARED] = { ke_shared, 2, true },
	[ESV_ALG_KE_ENCAP] = { ke_encap, 2, true },
	[ESV_ALG_SIGN] = { sign, 2, true },
	[ESV_ALG_VERIFY] = { verify, 3, false },
	[ESV_ALG_KWP_WRAP] = { kwp_wrap, 2, false },
	[ESV_ALG_KWP_UNWRAP] = { kwp_unwrap, 2, false },
	[ESV_ALG_HPKE_OPEN] = { hpke_open, 4, false },
};

/* Cut the payload into the parts that the algorithm takes. */
static enum esv_status check(struct esvc_cmd *cmd, const struct alg **alg, struct run *r)
{
	const struct esv_alg_test *in = (const void *)cmd->in;
	uint16_t number = le16toh(in->alg);
	size_t at = offsetof(struct esv_alg_test, data);

	if (number >= sizeof(algs) / sizeof(algs[0]) || !algs[number].run)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, alg);
	*alg = &algs[number];
	r->param = le16toh(in->param);
	if (!(*alg)->param && r->param)
		return REFUSE(cmd, ESV_S_BAD_FIELD, param);
	if (in->rsvd)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, rsvd);
	for (unsigned int i = 0; i < ESV_ALG_PARTS; i++) {
		size_t len = le16toh(in->len[i]);

		if (len > cmd->in_len - at || (len && i >= (*alg)->parts))
			return REFUSE(cmd, ESV_S_BAD_LENGTH, len);
		r->part[i] = (struct esvc_bytes){ cmd->in + at, len };
		at += len;
	}
	return at == cmd->in_len ? ESV_S_OK : REFUSE(cmd, ESV_S_BAD_LENGTH, len);
}

/* Which field a refusal is about. */
static enum esv_status say(struct esvc_cmd *cmd, enum esv_status status)
{
	switch (status) {
	case ESV_S_OK:
	case ESV_S_INTERNAL:
		return status;
	case ESV_S_UNSUPPORTED_VALUE:
		return REFUSE(cmd, status, param);
	case ESV_S_BAD_LENGTH:
		return REFUSE(cmd, status, len);
	default:
		return REFUSE(cmd, status, data);
	}
}

enum esv_status esvc_unit_alg_test(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esv_alg_tested *out = (void *)cmd->out;
	struct run r = { .unit = dev->unit, .out = out->data };
	const struct alg *alg;
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status == ESV_S_OK && !(dev->unit->cfg.mode & ESV_MODE_TEST))
		return ESV_S_DENIED;
	if (status == ESV_S_OK)
		status = check(cmd, &alg, &r);
	if (status != ESV_S_OK)
		return status;
	status = alg->run(&r);
	if (status != ESV_S_OK)
		return say(cmd, status);
	out->len = htole16((uint16_t)r.out_len);
	cmd->out_len = offsetof(struct esv_alg_tested, data) + r.out_len;
	return ESV_S_OK;
}
