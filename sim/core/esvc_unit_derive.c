// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two derivations. Each consumes a nonce or a secret that this unit made,
 * so no replay of the host's inputs makes an old key again (UNIT-11).
 */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <string.h>

#define INSTALL_MS_MAX	600000u

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

static bool spi_zero(const uint8_t spi[8])
{
	static const uint8_t zero[8];

	return !memcmp(spi, zero, sizeof(zero));
}

static enum esv_status ike_fields(struct esvc_cmd *cmd)
{
	const struct esv_ike_derive *in = (const void *)cmd->in;
	uint16_t len = le16toh(in->peer_nonce_len);

	if (in->rsvd0)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_ike_derive, rsvd0);
	if (in->rsvd1)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_ike_derive, rsvd1);
	if (in->role != ESV_ROLE_INITIATOR && in->role != ESV_ROLE_RESPONDER)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_ike_derive, role);
	if (!esvc_prf_len(in->prf))
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_ike_derive, prf);
	if (!esvc_encr_len(in->encr))
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_ike_derive, encr);
	if (len < ESV_NONCE_MIN || len > ESV_NONCE_MAX)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_ike_derive, peer_nonce_len);
	if (spi_zero(in->spi_i))
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_ike_derive, spi_i);
	if (spi_zero(in->spi_r))
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_ike_derive, spi_r);
	return esvc_unit_zeros(cmd, offsetof(struct esv_ike_derive, peer_nonce) + len, sizeof(*in));
}

/* Copy what the IKE SA is made of; nonces in the order of the roles. */
static void ike_fill(struct esvc_ike_sa *ike, const struct esv_ike_derive *in,
		     const struct esvc_nonce *own)
{
	bool initiator = in->role == ESV_ROLE_INITIATOR;
	uint16_t peer_len = le16toh(in->peer_nonce_len);

	ike->prf = in->prf;
	ike->encr = in->encr;
	ike->role = in->role;
	ike->ni_len = initiator ? own->len : peer_len;
	ike->nr_len = initiator ? peer_len : own->len;
	memcpy(ike->ni, initiator ? own->bytes : in->peer_nonce, ike->ni_len);
	memcpy(ike->nr, initiator ? in->peer_nonce : own->bytes, ike->nr_len);
	memcpy(ike->spis, in->spi_i, sizeof(in->spi_i));
	memcpy(ike->spis + sizeof(in->spi_i), in->spi_r, sizeof(in->spi_r));
}

static int ike_calculate(struct esvc_unit *unit, struct esvc_ike_sa *ike,
			 const struct esvc_secret *secret)
{
	const struct esvc_nonces n = { { ike->ni, ike->ni_len }, { ike->nr, ike->nr_len } };
	int err;

	err = esvc_ike_keys(&unit->prfs, ike->prf, ike->encr, &n,
			    (struct esvc_bytes){ secret->bytes, secret->len }, ike->spis,
			    &unit->sec->ike, &ike->keys);
	OPENSSL_cleanse(&unit->sec->ike, sizeof(unit->sec->ike));
	return err;
}

enum esv_status esvc_unit_ike_derive(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ike_derive *in = (const void *)cmd->in;
	struct esvc_handle *secret, *nonce, *h;
	struct esvc_unit *unit = dev->unit;
	struct esvc_handles *t;
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK)
		status = ike_fields(cmd);
	if (status != ESV_S_OK)
		return status;
	t = &unit->handles;
	secret = esvc_handle_get(t, s, le64toh(in->secret), ESV_H_SECRET);
	if (!secret)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_derive, secret);
	nonce = esvc_handle_get(t, s, le64toh(in->nonce), ESV_H_NONCE);
	if (!nonce)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_derive, nonce);
	status = esvc_unit_make(unit, s, ESV_H_IKE, &h);
	if (status != ESV_S_OK)
		return status;
	ike_fill(&esvc_handle_object(t, h)->ike, in, &esvc_handle_object(t, nonce)->nonce);
	err = ike_calculate(unit, &esvc_handle_object(t, h)->ike,
			    &esvc_handle_object(t, secret)->secret);
	esvc_handle_drop(t, secret);
	esvc_handle_drop(t, nonce);
	if (err) {
		esvc_handle_drop(t, h);
		return ESV_S_INTERNAL;
	}
	((struct esv_handle_out *)(void *)cmd->out)->handle = htole64(esvc_handle_value(t, h));
	cmd->out_len = sizeof(struct esv_handle_out);
	return ESV_S_OK;
}

/* Everything that one CHILD_DERIVE uses. */
struct child {
	struct esvc_handle *h;
	struct esvc_ike_sa *ike;
	struct esvc_handle *nonce;		/* NULL with FIRST */
	struct esvc_handle *secret[ESV_SECRETS_MAX];
	unsigned int nr_secrets;
	uint32_t flags;
	bool first;
};

static enum esv_status child_fields(struct esvc_cmd *cmd, struct child *c)
{
	const struct esv_child_derive *in = (const void *)cmd->in;

	c->flags = le32toh(in->flags);
	c->first = c->flags & ESV_CHILD_F_FIRST;
	if (c->flags & ~(ESV_CHILD_F_FIRST | ESV_CHILD_F_DETACH))
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_child_derive, flags);
	if (in->rsvd)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_child_derive, rsvd);
	if (in->role != ESV_ROLE_INITIATOR && in->role != ESV_ROLE_RESPONDER)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, role);
	if (in->algo != ESV_ALGO_AES_GCM_16_256)	/* no other key is as long as a token */
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_child_derive, algo);
	if (le32toh(in->install_ms) > INSTALL_MS_MAX)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, install_ms);
	if (!in->hard_packets)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, hard_packets);
	if (!in->hard_bytes)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, hard_bytes);
	return ESV_S_OK;
}

/* FIRST takes the IKE SA's own nonces, so it brings none and happens once, before any other child. */
static enum esv_status child_first(struct esvc_cmd *cmd, const struct child *c)
{
	const struct esv_child_derive *in = (const void *)cmd->in;

	if (in->nonce)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, nonce);
	if (in->secret[0])
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, secret);
	if (in->peer_nonce_len)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, peer_nonce_len);
	if (in->role != c->ike->role)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, role);
	if (c->ike->first_closed)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_child_derive, flags);
	return ESV_S_OK;
}

static enum esv_status child_nonces(struct esvc_unit *unit, struct esvc_cmd *cmd,
				    struct esvc_session *s, struct child *c)
{
	const struct esv_child_derive *in = (const void *)cmd->in;
	uint16_t len = le16toh(in->peer_nonce_len);

	if (len < ESV_NONCE_MIN || len > ESV_NONCE_MAX)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_child_derive, peer_nonce_len);
	c->nonce = esvc_handle_get(&unit->handles, s, le64toh(in->nonce), ESV_H_NONCE);
	if (!c->nonce)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_child_derive, nonce);
	return ESV_S_OK;
}

/* A list without gaps and without doubles. */
static enum esv_status child_secrets(struct esvc_unit *unit, struct esvc_cmd *cmd,
				     struct esvc_session *s, struct child *c)
{
	const struct esv_child_derive *in = (const void *)cmd->in;
	size_t base = offsetof(struct esv_child_derive, secret);

	while (c->nr_secrets < ESV_SECRETS_MAX && in->secret[c->nr_secrets]) {
		unsigned int i = c->nr_secrets;

		c->secret[i] = esvc_handle_get(&unit->handles, s, le64toh(in->secret[i]), ESV_H_SECRET);
		if (!c->secret[i])
			return esvc_refuse(cmd, ESV_S_BAD_HANDLE, base + 8 * i);
		for (unsigned int j = 0; j < i; j++)
			if (c->secret[j] == c->secret[i])
				return esvc_refuse(cmd, ESV_S_BAD_HANDLE, base + 8 * i);
		c->nr_secrets++;
	}
	for (unsigned int i = c->nr_secrets; i < ESV_SECRETS_MAX; i++)
		if (in->secret[i])
			return esvc_refuse(cmd, ESV_S_BAD_FIELD, base + 8 * i);
	return ESV_S_OK;
}

static enum esv_status child_check(struct esvc_unit *unit, struct esvc_cmd *cmd,
				   struct esvc_session *s, struct child *c)
{
	const struct esv_child_derive *in = (const void *)cmd->in;
	enum esv_status status = child_fields(cmd, c);

	if (status != ESV_S_OK)
		return status;
	c->h = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!c->h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_child_derive, ike);
	if (c->h->state != ESV_HS_AUTHENTICATED)
		return REFUSE(cmd, ESV_S_DENIED, struct esv_child_derive, ike);
	c->ike = &esvc_handle_object(&unit->handles, c->h)->ike;
	status = c->first ? child_first(cmd, c) : child_nonces(unit, cmd, s, c);
	if (status == ESV_S_OK)
		status = child_secrets(unit, cmd, s, c);
	if (status == ESV_S_OK)
		status = esvc_unit_zeros(cmd, offsetof(struct esv_child_derive, peer_nonce) +
					 le16toh(in->peer_nonce_len), sizeof(*in));
	if (status != ESV_S_OK)
		return status;
	if (s->nr_pending + 2 > unit->session_pending)
		return ESV_S_LIMIT;
	return esvc_key_room(unit) < 2 ? ESV_S_NO_RESOURCE : ESV_S_OK;
}

/* KEYMAT into the arena; the inputs are gone afterwards. */
static int child_calculate(struct esvc_unit *unit, const struct esv_child_derive *in, struct child *c)
{
	struct esvc_bytes secret[ESV_SECRETS_MAX];
	struct esvc_nonces n = { { c->ike->ni, c->ike->ni_len }, { c->ike->nr, c->ike->nr_len } };
	struct esvc_handles *t = &unit->handles;
	int err;

	if (!c->first) {
		const struct esvc_nonce *own = &esvc_handle_object(t, c->nonce)->nonce;
		const struct esvc_bytes mine = { own->bytes, own->len };
		const struct esvc_bytes other = { in->peer_nonce, le16toh(in->peer_nonce_len) };
		bool initiator = in->role == ESV_ROLE_INITIATOR;

		n = (struct esvc_nonces){ initiator ? mine : other, initiator ? other : mine };
	}
	for (unsigned int i = 0; i < c->nr_secrets; i++) {
		const struct esvc_secret *ss = &esvc_handle_object(t, c->secret[i])->secret;

		secret[i] = (struct esvc_bytes){ ss->bytes, ss->len };
	}
	err = esvc_child_keymat(&unit->prfs, c->ike->prf,
				(struct esvc_bytes){ c->ike->keys.sk_d, esvc_prf_len(c->ike->prf) },
				&n, secret, c->nr_secrets, unit->sec->ike.block,
				unit->sec->keymat, ESVC_KEYMAT_MAX);
	c->ike->first_closed = true;
	if (c->nonce)
		esvc_handle_drop(t, c->nonce);
	for (unsigned int i = 0; i < c->nr_secrets; i++)
		esvc_handle_drop(t, c->secret[i]);
	return err;
}

static uint64_t lower(uint64_t max, __le64 wanted)
{
	uint64_t n = le64toh(wanted);

	return n < max ? n : max;
}

static struct esvc_keyslot *child_key(struct esvc_unit *unit, struct esvc_session *s, uint8_t dir,
				   const uint8_t *material, const struct esv_child_derive *in,
				   const struct child *c, uint64_t deadline)
{
	struct esvc_keyslot *k = esvc_key_make(unit, s, dir, material);

	if (!k)
		return NULL;
	k->key.max_packets = lower(k->key.max_packets, in->hard_packets);
	k->key.max_bytes = lower(k->key.max_bytes, in->hard_bytes);
	k->key.vouch = c->ike->vouch;
	k->detached = c->flags & ESV_CHILD_F_DETACH;
	esvc_key_deadline(unit, k, deadline);
	return k;
}

/* The first half of KEYMAT carries what the initiator sends (RFC 7296 2.17). */
static enum esv_status child_keys(struct esvc_dev *dev, struct esvc_cmd *cmd,
				  struct esvc_session *s, const struct child *c)
{
	const struct esv_child_derive *in = (const void *)cmd->in;
	struct esv_child_out *out = (void *)cmd->out;
	struct esvc_unit *unit = dev->unit;
	bool initiator = in->role == ESV_ROLE_INITIATOR;
	const uint8_t *i2r = unit->sec->keymat, *r2i = i2r + ESVC_ESP_MATERIAL;
	uint32_t ms = le32toh(in->install_ms) ? le32toh(in->install_ms) : ESV_TOKEN_INSTALL_MS;
	uint64_t deadline = esvc_now(dev) + ms * 1000000ull;
	struct esvc_keyslot *kin, *kout;

	kin = child_key(unit, s, ESV_DIR_IN, initiator ? r2i : i2r, in, c, deadline);
	kout = child_key(unit, s, ESV_DIR_OUT, initiator ? i2r : r2i, in, c, deadline);
	if (!kin || !kout || esvc_key_token(unit, kin, out->token_in) ||
	    esvc_key_token(unit, kout, out->token_out)) {
		if (kout)
			esvc_key_drop(unit, kout);
		if (kin)
			esvc_key_drop(unit, kin);
		memset(out, 0, sizeof(*out));
		return ESV_S_NO_RESOURCE;
	}
	out->esp_in = htole64(esvc_key_handle(unit, kin));
	out->esp_out = htole64(esvc_key_handle(unit, kout));
	cmd->out_len = sizeof(*out);
	return ESV_S_OK;
}

enum esv_status esvc_unit_child_derive(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_unit *unit = dev->unit;
	struct child c = { .h = NULL };
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status == ESV_S_OK)
		status = child_check(unit, cmd, s, &c);
	if (status != ESV_S_OK)
		return status;
	if (child_calculate(unit, (const void *)cmd->in, &c))
		status = ESV_S_INTERNAL;
	if (status == ESV_S_OK)
		status = child_keys(dev, cmd, s, &c);
	OPENSSL_cleanse(unit->sec->keymat, ESVC_KEYMAT_MAX);
	if (status != ESV_S_OK)
		return status;
	dev->counters[ESV_C_TOKENS_MADE] += 2;
	dev->unit_at = unit->next_expiry_ns;
	esvc_arm_timer(dev);
	return ESV_S_OK;
}
