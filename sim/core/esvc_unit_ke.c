// SPDX-License-Identifier: GPL-2.0-or-later
/* Key exchanges: KE_GEN and KE_FINISH, and KE_ENCAP where the peer's value is a KEM's. */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "esvc_unit_kat.h"

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

/* The odds that even one draw is no scalar of P-256 are 2^-32. */
#define DRAWS	8

const struct esvc_ke_method *esvc_unit_ke_method(const struct esvc_unit *unit, uint16_t number)
{
	return number < 32 && unit->ke_methods >> number & 1 ? esvc_ke_method(number) : NULL;
}

static enum esv_status draw(struct esvc_unit *unit, struct esvc_ke *ke)
{
	enum esv_status status;

	for (unsigned int i = 0; i < DRAWS; i++) {
		status = esvc_unit_random(unit, ke->priv, ke->method->priv);
		if (status != ESV_S_OK || esvc_ke_usable(ke->method, ke->priv))
			return status;
	}
	return ESV_S_INTERNAL;
}

/* UNIT-33. What fails here is the unit's arithmetic, so the unit is locked. */
static enum esv_status make_pair(struct esvc_unit *unit, struct esvc_ke *ke)
{
	enum esv_status status = draw(unit, ke);
	int err;

	if (status != ESV_S_OK)
		return status;
	if (esvc_ke_public(ke->method, ke->priv, ke->pub))
		return ESV_S_INTERNAL;
	if (unit->cfg.fail_selftest)	/* a fault of the test rig: the pair does not fit */
		ke->pub[0] ^= 1;
	err = esvc_ke_pairwise(ke->method, ke->priv, ke->pub, unit->sec->pairwise);
	if (!err)
		return ESV_S_OK;
	esvc_unit_fail(unit, ESVC_KAT_PAIRWISE);
	return ESV_S_SELFTEST_FAILED;
}

/* What the KE payloads of IKE_SA_INIT must hold if an AUTH is to be about this key exchange. */
static void see(struct esvc_secret *secret, const struct esvc_ke_method *m, struct esvc_bytes own,
		struct esvc_bytes peer)
{
	esvc_ke_digest(m->group, own, secret->seen.own);
	esvc_ke_digest(m->group, peer, secret->seen.peer);
	secret->seen.known = true;
}

static void answer(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_handle *h, uint16_t len)
{
	struct esv_ke_out *out = (void *)cmd->out;

	out->handle = htole64(esvc_handle_value(&unit->handles, h));
	out->len = htole16(len);
	cmd->out_len = sizeof(*out);
}

enum esv_status esvc_unit_ke_gen(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ke_gen *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	const struct esvc_ke_method *m;
	struct esvc_session *s;
	struct esvc_handle *h;
	struct esvc_ke *ke;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status == ESV_S_OK)
		status = esvc_unit_zeros(cmd, offsetof(struct esv_ke_gen, rsvd), sizeof(*in));
	if (status != ESV_S_OK)
		return status;
	m = esvc_unit_ke_method(unit, le16toh(in->method));
	if (!m)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_ke_gen, method);
	status = esvc_unit_make(unit, s, ESV_H_KE, &h);
	if (status != ESV_S_OK)
		return status;
	ke = &esvc_handle_object(&unit->handles, h)->ke;
	ke->method = m;
	status = make_pair(unit, ke);
	if (status == ESV_S_SELFTEST_FAILED)	/* the handle went with the rest */
		return status;
	if (status != ESV_S_OK) {
		esvc_handle_drop(&unit->handles, h);
		return status;
	}
	memcpy(((struct esv_ke_out *)(void *)cmd->out)->value, ke->pub, m->pub);
	answer(unit, cmd, h, m->pub);
	return ESV_S_OK;
}

static enum esv_status finish_check(struct esvc_unit *unit, struct esvc_cmd *cmd, struct esvc_session *s,
				    struct esvc_handle **h)
{
	const struct esv_ke_finish *in = (const void *)cmd->in;
	const struct esvc_ke *ke;
	enum esv_status status;
	size_t len = le16toh(in->len), value = offsetof(struct esv_ke_finish, value);

	status = esvc_unit_zeros(cmd, offsetof(struct esv_ke_finish, rsvd), value);
	if (status != ESV_S_OK)
		return status;
	*h = esvc_handle_get(&unit->handles, s, le64toh(in->handle), ESV_H_KE);
	if (!*h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ke_finish, handle);
	ke = &esvc_handle_object(&unit->handles, *h)->ke;
	if (len != ke->method->answer)
		return REFUSE(cmd, ESV_S_BAD_PUBLIC_VALUE, struct esv_ke_finish, len);
	if (cmd->in_len < value + len)
		return REFUSE(cmd, ESV_S_BAD_LENGTH, struct esv_ke_finish, len);
	if (esvc_ke_reflected(ke->method, ke->pub, in->value))
		return REFUSE(cmd, ESV_S_BAD_PUBLIC_VALUE, struct esv_ke_finish, value);
	return esvc_unit_zeros(cmd, value + len, cmd->in_len);
}

enum esv_status esvc_unit_ke_finish(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ke_finish *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	struct esvc_handle *h, *ss;
	struct esvc_session *s;
	struct esvc_secret *secret;
	struct esvc_ke *ke;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK)
		status = finish_check(unit, cmd, s, &h);
	if (status == ESV_S_OK)
		status = esvc_unit_make(unit, s, ESV_H_SECRET, &ss);
	if (status != ESV_S_OK)
		return status;
	ke = &esvc_handle_object(&unit->handles, h)->ke;
	secret = &esvc_handle_object(&unit->handles, ss)->secret;
	secret->len = ke->method->secret;
	err = esvc_ke_shared(ke->method, ke->priv, in->value, secret->bytes);
	see(secret, ke->method, (struct esvc_bytes){ ke->pub, ke->method->pub },
	    (struct esvc_bytes){ in->value, ke->method->answer });
	esvc_handle_drop(&unit->handles, h);
	if (err) {
		esvc_handle_drop(&unit->handles, ss);
		return REFUSE(cmd, err == -EBADMSG ? ESV_S_BAD_PUBLIC_VALUE : ESV_S_INTERNAL,
			      struct esv_ke_finish, value);
	}
	((struct esv_handle_out *)(void *)cmd->out)->handle = htole64(esvc_handle_value(&unit->handles, ss));
	cmd->out_len = sizeof(struct esv_handle_out);
	return ESV_S_OK;
}

static enum esv_status encap_check(struct esvc_unit *unit, struct esvc_cmd *cmd,
				   const struct esvc_ke_method **m)
{
	const struct esv_ke_encap *in = (const void *)cmd->in;
	size_t len = le16toh(in->len), value = offsetof(struct esv_ke_encap, value);
	enum esv_status status = esvc_unit_zeros(cmd, offsetof(struct esv_ke_encap, rsvd), value);

	if (status != ESV_S_OK)
		return status;
	*m = esvc_unit_ke_method(unit, le16toh(in->method));
	if (!*m)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_ke_encap, method);
	if (!(*m)->kem)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_ke_encap, method);
	if (len != (*m)->pub)
		return REFUSE(cmd, ESV_S_BAD_PUBLIC_VALUE, struct esv_ke_encap, len);
	if (cmd->in_len < value + len)
		return REFUSE(cmd, ESV_S_BAD_LENGTH, struct esv_ke_encap, len);
	return esvc_unit_zeros(cmd, value + len, cmd->in_len);
}

enum esv_status esvc_unit_ke_encap(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ke_encap *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	const struct esvc_ke_method *m;
	struct esvc_secret *secret;
	struct esvc_session *s;
	struct esvc_handle *h;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK)
		status = encap_check(unit, cmd, &m);
	if (status == ESV_S_OK)
		status = esvc_unit_make(unit, s, ESV_H_SECRET, &h);
	if (status != ESV_S_OK)
		return status;
	status = esvc_unit_random(unit, unit->sec->entropy, ESVC_KE_ENTROPY);
	if (status == ESV_S_SELFTEST_FAILED)
		return status;
	secret = &esvc_handle_object(&unit->handles, h)->secret;
	secret->len = m->secret;
	err = status != ESV_S_OK ? -EIO :
	      esvc_ke_encap(m, in->value, unit->sec->entropy, ((struct esv_ke_out *)(void *)cmd->out)->value,
			    secret->bytes);
	OPENSSL_cleanse(unit->sec->entropy, ESVC_KE_ENTROPY);
	if (!err) {
		see(secret, m, (struct esvc_bytes){ ((struct esv_ke_out *)(void *)cmd->out)->value, m->answer },
		    (struct esvc_bytes){ in->value, m->pub });
		answer(unit, cmd, h, m->answer);
		return ESV_S_OK;
	}
	esvc_handle_drop(&unit->handles, h);
	if (status != ESV_S_OK)
		return status;
	return REFUSE(cmd, err == -EBADMSG ? ESV_S_BAD_PUBLIC_VALUE : ESV_S_INTERNAL, struct esv_ke_encap,
		      value);
}
