/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two units with an IKE SA between them, the IKE_SA_INIT messages that it came from, and the second implementation. */
#ifndef AUTH_RIG_H
#define AUTH_RIG_H

#include "provision_rig.h"
#include "vectors.h"

struct end {
	struct rig *r;
	uint8_t role;
	uint64_t ike;
	uint8_t nonce[NONCE_LEN];
	uint8_t ke[32];
	struct blob init;	/* its IKE_SA_INIT message */
	const char *id;		/* FQDN */
};

static inline void pair_prf(struct end *i, struct end *p, uint8_t prf, uint32_t mode)
{
	struct end *e[] = { i, p };
	uint64_t ke[2], nonce[2];

	for (int k = 0; k < 2; k++) {
		e[k]->r = rig_new(mode, 5 + (uint64_t)k);
		e[k]->role = k ? ESV_ROLE_RESPONDER : ESV_ROLE_INITIATOR;
		e[k]->id = k ? "responder.example" : "initiator.example";
		ke[k] = rig_ke(e[k]->r, e[k]->r->session, e[k]->ke);
		nonce[k] = rig_nonce(e[k]->r, e[k]->r->session, NONCE_LEN, e[k]->nonce);
	}
	for (int k = 0; k < 2; k++) {
		struct esv_ike_derive in;

		assert_int_equal(rig_finish_status(e[k]->r, e[k]->r->session, ke[k], e[!k]->ke), ESV_S_OK);
		in = rig_ike_in(rig_handle(e[k]->r), nonce[k]);
		in.role = e[k]->role;
		in.prf = prf;
		memcpy(in.peer_nonce, e[!k]->nonce, NONCE_LEN);
		init_message(&e[k]->init, e[k]->role, in.spi_i, in.spi_r, e[k]->ke, e[k]->nonce);
		assert_int_equal(rig_run(e[k]->r, ESV_OP_IKE_DERIVE, e[k]->r->session, &in, sizeof(in)), ESV_S_OK);
		e[k]->ike = rig_handle(e[k]->r);
	}
}

static inline void pair(struct end *i, struct end *p)
{
	pair_prf(i, p, ESV_PRF_HMAC_SHA2_256, ESV_MODE_TEST);
}

static inline void unpair(struct end *i, struct end *p)
{
	rig_free(i->r);
	rig_free(p->r);
}

static inline enum esv_status sign_as(struct end *e, const char *id, uint64_t key, uint8_t scheme, uint8_t flags,
				      const struct blob *message, struct blob *auth)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	const struct esv_auth_data *out = (const void *)e->r->out;
	struct esv_auth_sign *in = (void *)buf;
	enum esv_status status;

	memset(buf, 0, sizeof(buf));
	in->ike = htole64(e->ike);
	in->key = htole64(key);
	in->scheme = scheme;
	in->flags = flags;
	in->id_type = 2;
	in->id_len = htole16((uint16_t)strlen(id));
	in->msg_len = htole16((uint16_t)message->len);
	memcpy(in->data, id, strlen(id));
	memcpy(in->data + strlen(id), message->b, message->len);
	status = rig_run(e->r, ESV_OP_AUTH_SIGN, e->r->session, in,
			 offsetof(struct esv_auth_sign, data) + strlen(id) + message->len);
	if (status != ESV_S_OK)
		return status;
	assert_int_equal(out->method, scheme ? ESV_AUTH_METHOD_SIGNATURE : ESV_AUTH_METHOD_PSK);
	auth->len = le16toh(out->len);
	assert_int_equal(e->r->cmd.out_len, offsetof(struct esv_auth_data, data) + auth->len);
	memcpy(auth->b, out->data, auth->len);
	return status;
}

static inline enum esv_status sign(struct end *e, uint64_t key, uint8_t scheme, struct blob *auth)
{
	return sign_as(e, e->id, key, scheme, 0, &e->init, auth);
}

static inline enum esv_status verify_as(struct end *e, const char *id, uint64_t key, uint8_t method, uint8_t flags,
					const struct blob *message, const struct blob *auth)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	struct esv_auth_verify *in = (void *)buf;
	size_t n = strlen(id);

	memset(buf, 0, sizeof(buf));
	in->ike = htole64(e->ike);
	in->key = htole64(key);
	in->method = method;
	in->flags = flags;
	in->id_type = 2;
	in->id_len = htole16((uint16_t)n);
	in->msg_len = htole16((uint16_t)message->len);
	in->auth_len = htole16((uint16_t)auth->len);
	memcpy(in->data, id, n);
	memcpy(in->data + n, message->b, message->len);
	memcpy(in->data + n + message->len, auth->b, auth->len);
	return rig_run(e->r, ESV_OP_AUTH_VERIFY, e->r->session, in,
		       offsetof(struct esv_auth_verify, data) + n + message->len + auth->len);
}

static inline enum esv_status verify(struct end *e, const struct end *peer, uint64_t key, uint8_t method,
				     const struct blob *auth)
{
	return verify_as(e, peer->id, key, method, 0, &peer->init, auth);
}

static inline struct esvc_ike_sa *ike_of(struct end *e)
{
	struct esvc_unit *u = e->r->dev.unit;
	struct esvc_handle *h = esvc_handle_get(&u->handles, esvc_session_get(&u->sessions, 0, e->r->session), e->ike,
						ESV_H_IKE);

	assert_non_null(h);
	return &esvc_handle_object(&u->handles, h)->ike;
}

/* Words for the second implementation. */
struct call {
	char args[17000];
	char *at;
};

static inline void call(struct call *c, const char *command, unsigned int which)
{
	c->at = c->args + sprintf(c->args, "%s %u", command, which);
}

static inline void arg(struct call *c, const void *bytes, size_t len)
{
	*c->at++ = ' ';
	if (!len)
		*c->at++ = '-';
	for (size_t i = 0; i < len; i++)
		c->at += sprintf(c->at, "%02x", ((const uint8_t *)bytes)[i]);
	*c->at = 0;
}

static inline const struct words *answer(struct call *c)
{
	static struct words w;
	FILE *f = vectors("auth_ref.py", c->args);
	bool got = next(f, &w);

	assert_int_equal(finish(f, got, "python3-cryptography"), 1);
	return &w;
}

static inline void answer_blob(struct call *c, struct blob *b)
{
	const struct words *w = answer(c);

	b->len = w->len[0];
	memcpy(b->b, w->b[0], b->len);
}

/* What an AUTH of e is made over, from the RFC. keys: those in force. */
static inline void octets_of(struct end *e, const struct end *peer, const struct esvc_ike_keys *keys, struct blob *out)
{
	static struct call c;
	const struct esvc_ike_sa *ike = ike_of(e);
	size_t p = esvc_prf_len(ike->prf);

	call(&c, "octets", ike->prf);
	arg(&c, e->role == ESV_ROLE_INITIATOR ? keys->sk_pi : keys->sk_pr, p);
	arg(&c, e->init.b, e->init.len);
	arg(&c, peer->nonce, NONCE_LEN);
	c.at += sprintf(c.at, " 2");
	arg(&c, e->id, strlen(e->id));
	if (ike->intauths) {
		arg(&c, ike->intauth_i, p);
		arg(&c, ike->intauth_r, p);
		c.at += sprintf(c.at, " %u", ike->intauths + 1);
	}
	answer_blob(&c, out);
}

#endif
