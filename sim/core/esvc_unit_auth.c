// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AUTH_SIGN and AUTH_VERIFY. The octets are built here, from what the unit itself
 * used, so no host gets a MAC or a signature over something else (UNIT-95), and
 * what AUTH the peer should have sent is never told (UNIT-96).
 */
#include "esvc_cert.h"
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

/* One of both commands, read. */
struct request {
	struct esvc_handle *h;
	struct esvc_ike_sa *ike;
	const struct esvc_held *held;
	struct esvc_auth auth;
	struct esvc_bytes octets;
	struct esvc_cert_chain chain;	/* of AUTH_VERIFY with an anchor, else no certificates */
};

/* Where the fields of the two commands lie. */
struct places {
	size_t ike, key, flags, id_type, id_len, data;
};

static const struct places sign_at = {
	offsetof(struct esv_auth_sign, ike), offsetof(struct esv_auth_sign, key), offsetof(struct esv_auth_sign, flags),
	offsetof(struct esv_auth_sign, id_type), offsetof(struct esv_auth_sign, id_len),
	offsetof(struct esv_auth_sign, data),
};

static const struct places verify_at = {
	offsetof(struct esv_auth_verify, ike), offsetof(struct esv_auth_verify, key),
	offsetof(struct esv_auth_verify, flags), offsetof(struct esv_auth_verify, id_type),
	offsetof(struct esv_auth_verify, id_len), offsetof(struct esv_auth_verify, data),
};

/* The IKE SA, and whether an AUTH is due in it at all. */
static enum esv_status find_ike(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				const struct places *at, struct request *r)
{
	uint8_t flags = cmd->in[at->flags];

	if (flags & ~ESV_AUTH_F_NO_PPK)
		return esvc_refuse(cmd, ESV_S_UNSUPPORTED_VALUE, at->flags);
	r->h = esvc_handle_get(&unit->handles, s, esvc_in64(cmd, at->ike), ESV_H_IKE);
	if (!r->h)
		return esvc_refuse(cmd, ESV_S_BAD_HANDLE, at->ike);
	r->ike = &esvc_handle_object(&unit->handles, r->h)->ike;
	if (r->ike->rekeyed || r->ike->intauth_next != ESV_ROLE_INITIATOR)
		return esvc_refuse(cmd, ESV_S_BAD_STATE, at->ike);
	/* What the unit says to itself proves no peer, and the other end of this one may not be marked (UNIT-96). */
	if (r->ike->own_peer)
		return esvc_refuse(cmd, ESV_S_DENIED, at->ike);
	/* Once somebody vouched it is decided, and the keys from before are gone. */
	if (flags && (!r->ike->ppk || r->ike->vouch))
		return esvc_refuse(cmd, ESV_S_BAD_STATE, at->flags);
	r->auth.ike = r->ike;
	r->auth.no_ppk = flags;
	return ESV_S_OK;
}

static enum esv_status find_key(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				const struct places *at, uint8_t type, struct request *r)
{
	const struct esvc_handle *h = esvc_handle_get(&unit->handles, s, esvc_in64(cmd, at->key), type);

	if (!h)
		return esvc_refuse(cmd, ESV_S_BAD_HANDLE, at->key);
	r->held = &esvc_handle_object(&unit->handles, h)->held;
	return ESV_S_OK;
}

/* Identity and message, one behind the other; more bytes may follow. */
static enum esv_status find_data(struct esvc_cmd *cmd, const struct places *at, uint16_t id_len, uint16_t msg_len,
				 uint16_t more, struct request *r)
{
	const uint8_t *data = cmd->in + at->data;

	if (!esvc_unit_id_ok(cmd->in[at->id_type], id_len))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, at->id_type);
	if (cmd->in_len != at->data + id_len + msg_len + more)
		return esvc_refuse(cmd, ESV_S_BAD_LENGTH, at->id_len);
	r->auth.id_type = cmd->in[at->id_type];
	r->auth.id = (struct esvc_bytes){ data, id_len };
	r->auth.message = (struct esvc_bytes){ data + id_len, msg_len };
	return ESV_S_OK;
}

/* A key that is bound to an identity speaks for no other. */
static bool id_allowed(const struct request *r)
{
	const struct esvc_held *k = r->held;

	return !k->id_type || (k->id_type == r->auth.id_type && k->id_len == r->auth.id.len &&
			       !memcmp(k->id, r->auth.id.p, k->id_len));
}

/* A PSK that is bound to the peer makes no AUTH in the peer's name (UNIT-95). */
static bool sign_allowed(const struct request *r, uint8_t scheme)
{
	return scheme ? id_allowed(r) : !r->held->id_type || !id_allowed(r);
}

static int make_octets(struct esvc_unit *unit, struct request *r)
{
	size_t len;
	int err = esvc_auth_octets(&unit->prfs, &r->auth, unit->sec->octets, &len);

	r->octets = (struct esvc_bytes){ unit->sec->octets, err ? 0 : len };
	return err;
}

static struct esvc_bytes held_bytes(const struct request *r)
{
	return (struct esvc_bytes){ r->held->bytes, r->held->len };
}

/* The MAC that this PSK gives, in the scratch space. */
static int make_mac(struct esvc_unit *unit, const struct request *r)
{
	return esvc_auth_psk(&unit->prfs, r->ike->prf, held_bytes(r), r->octets, unit->sec->ike.block, unit->sec->auth);
}

static void wipe(struct esvc_unit *unit)
{
	OPENSSL_cleanse(unit->sec->octets, sizeof(unit->sec->octets));
	OPENSSL_cleanse(unit->sec->auth, sizeof(unit->sec->auth));
}

static enum esv_status sign_check(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				  struct request *r)
{
	const struct esv_auth_sign *in = (const void *)cmd->in;
	enum esv_status status;

	if (in->rsvd0)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_auth_sign, rsvd0);
	status = find_ike(unit, cmd, s, &sign_at, r);
	if (status == ESV_S_OK)
		status = find_key(unit, cmd, s, &sign_at, in->scheme ? ESV_H_PRIV : ESV_H_PSK, r);
	if (status == ESV_S_OK)
		status = find_data(cmd, &sign_at, le16toh(in->id_len), le16toh(in->msg_len), 0, r);
	if (status != ESV_S_OK)
		return status;
	r->auth.role = r->ike->role;
	/* One AUTH of each kind: nobody gets a choice of them (UNIT-95). */
	if (r->ike->auths >> in->flags & 1)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_auth_sign, flags);
	if (!sign_allowed(r, in->scheme))
		return REFUSE(cmd, ESV_S_DENIED, struct esv_auth_sign, id_type);
	if (!esvc_auth_message_fits(&r->auth))
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_auth_sign, msg_len);
	return ESV_S_OK;
}

static int make_auth(struct esvc_unit *unit, const struct request *r, uint8_t scheme, size_t *len)
{
	int err;

	if (scheme)
		return esvc_sig_sign(scheme, held_bytes(r), r->octets, unit->sec->auth, len);
	err = make_mac(unit, r);
	*len = esvc_prf_len(r->ike->prf);
	return err;
}

enum esv_status esvc_unit_auth_sign(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_auth_sign *in = (const void *)cmd->in;
	struct esv_auth_data *out = (void *)cmd->out;
	struct esvc_unit *unit = dev->unit;
	struct request r = { .h = NULL };
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	size_t len = 0;
	int err;

	if (status == ESV_S_OK)
		status = sign_check(unit, cmd, s, &r);
	if (status != ESV_S_OK)
		return status;
	err = make_octets(unit, &r);
	if (!err)
		err = make_auth(unit, &r, in->scheme, &len);
	if (!err) {
		out->method = in->scheme ? ESV_AUTH_METHOD_SIGNATURE : ESV_AUTH_METHOD_PSK;
		out->len = htole16((uint16_t)len);
		memcpy(out->data, unit->sec->auth, len);
		cmd->out_len = offsetof(struct esv_auth_data, data) + len;
		r.ike->auths |= (uint8_t)(1 << in->flags);
	}
	wipe(unit);
	if (err == -EINVAL)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_auth_sign, scheme);
	return err ? ESV_S_INTERNAL : ESV_S_OK;
}

static enum esv_status verify_fields(struct esvc_cmd *cmd)
{
	const struct esv_auth_verify *in = (const void *)cmd->in;

	if (in->rsvd0)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_auth_verify, rsvd0);
	if (in->rsvd1)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_auth_verify, rsvd1);
	if (in->rsvd2)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_auth_verify, rsvd2);
	if (in->method != ESV_AUTH_METHOD_PSK && in->method != ESV_AUTH_METHOD_SIGNATURE)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_auth_verify, method);
	return ESV_S_OK;
}

/* A list without gaps; the first certificate is the peer's own. */
static enum esv_status find_certs(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				  struct request *r)
{
	const struct esv_auth_verify *in = (const void *)cmd->in;
	unsigned int i = 0;

	for (; i < ESV_CERTS_MAX && in->cert[i]; i++) {
		const struct esvc_handle *h = esvc_handle_get(&unit->handles, s, le64toh(in->cert[i]), ESV_H_CERT);
		const struct esvc_held *c;

		if (!h)
			return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_auth_verify, cert[i]);
		c = &esvc_handle_object(&unit->handles, h)->held;
		r->chain.cert[i] = (struct esvc_bytes){ c->bytes, c->len };
	}
	r->chain.nr_certs = i;
	for (; i < ESV_CERTS_MAX; i++)
		if (in->cert[i])
			return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_auth_verify, cert[i]);
	if (r->chain.nr_certs && in->method != ESV_AUTH_METHOD_SIGNATURE)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_auth_verify, cert);
	return ESV_S_OK;
}

static uint8_t verify_key(const struct esv_auth_verify *in, const struct request *r)
{
	if (in->method == ESV_AUTH_METHOD_PSK)
		return ESV_H_PSK;
	return r->chain.nr_certs ? ESV_H_ANCHOR : ESV_H_PUB;
}

static enum esv_status verify_check(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				    struct request *r)
{
	const struct esv_auth_verify *in = (const void *)cmd->in;
	enum esv_status status = verify_fields(cmd);

	if (status == ESV_S_OK)
		status = find_ike(unit, cmd, s, &verify_at, r);
	if (status == ESV_S_OK && r->h->state != ESV_HS_NEW)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_auth_verify, ike);
	if (status == ESV_S_OK)
		status = find_certs(unit, cmd, s, r);
	if (status == ESV_S_OK)
		status = find_key(unit, cmd, s, &verify_at, verify_key(in, r), r);
	if (status == ESV_S_OK)
		status = find_data(cmd, &verify_at, le16toh(in->id_len), le16toh(in->msg_len), le16toh(in->auth_len), r);
	if (status != ESV_S_OK)
		return status;
	r->auth.role = r->ike->role == ESV_ROLE_INITIATOR ? ESV_ROLE_RESPONDER : ESV_ROLE_INITIATOR;
	if (!id_allowed(r))
		return REFUSE(cmd, ESV_S_DENIED, struct esv_auth_verify, id_type);
	return ESV_S_OK;
}

/* What the chain says is public, so the byte of the refusal may tell which part of it failed. */
static int verify_chain(struct esvc_dev *dev, struct esvc_cmd *cmd, struct request *r, struct esvc_bytes auth)
{
	uint8_t spki[ESVC_SPKI_MAX];
	size_t len;
	int err;

	r->chain.anchor = held_bytes(r);
	r->chain.now_s = dev->ops->wall_s ? dev->ops->wall_s(dev->opaque) : (int64_t)time(NULL);
	err = esvc_cert_verify(&r->chain, spki, &len);
	if (err) {
		cmd->err_off = offsetof(struct esv_auth_verify, cert);
		return err;
	}
	if (!esvc_cert_names(r->chain.cert[0], r->auth.id_type, r->auth.id)) {
		cmd->err_off = offsetof(struct esv_auth_verify, id_type);
		return -EBADMSG;
	}
	return esvc_sig_verify((struct esvc_bytes){ spki, len }, r->octets, auth);
}

/* 0, -EBADMSG, -EIO. */
static int verify(struct esvc_dev *dev, struct esvc_cmd *cmd, struct request *r, struct esvc_bytes auth)
{
	const struct esv_auth_verify *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	int err;

	if (!esvc_auth_message_fits(&r->auth))
		return -EBADMSG;
	err = make_octets(unit, r);
	if (err)
		return err;
	if (r->chain.nr_certs)
		return verify_chain(dev, cmd, r, auth);
	if (in->method == ESV_AUTH_METHOD_SIGNATURE)
		return esvc_sig_verify(held_bytes(r), r->octets, auth);
	err = make_mac(unit, r);
	if (err)
		return err;
	if (auth.len != esvc_prf_len(r->ike->prf))
		return -EBADMSG;
	return CRYPTO_memcmp(auth.p, unit->sec->auth, auth.len) ? -EBADMSG : 0;
}

enum esv_status esvc_unit_auth_verify(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_auth_verify *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	struct request r = { .h = NULL };
	struct esvc_bytes auth;
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK)
		status = verify_check(unit, cmd, s, &r);
	if (status != ESV_S_OK)
		return status;
	auth = (struct esvc_bytes){ (const uint8_t *)r.auth.message.p + r.auth.message.len, le16toh(in->auth_len) };
	err = verify(dev, cmd, &r, auth);
	wipe(unit);
	if (err)
		return err == -EBADMSG ? ESV_S_AUTH_FAILED : ESV_S_INTERNAL;
	esvc_unit_vouch(r.h, r.ike, ESV_VOUCH_UNIT, r.auth.id_type, r.auth.id, r.auth.no_ppk);
	return ESV_S_OK;
}
