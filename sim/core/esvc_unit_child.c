// SPDX-License-Identifier: GPL-2.0-or-later
/* CHILD_DERIVE: a pair of ESP keys, as tokens (RFC 7296 2.17, RFC 9370 2.2.4). */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <string.h>

#define INSTALL_MS_MAX	600000u

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

/* Everything that one CHILD_DERIVE uses. */
struct child {
	struct esvc_handle *h;
	struct esvc_ike_sa *ike;
	struct esvc_inputs inputs;		/* no nonce with FIRST */
	uint32_t flags;
	bool first;
};

static const struct esvc_input_places places = {
	.nonce = offsetof(struct esv_child_derive, nonce),
	.secrets = offsetof(struct esv_child_derive, secret),
	.secret_max = ESV_SECRETS_MAX,
	.peer_nonce_len = offsetof(struct esv_child_derive, peer_nonce_len),
	.peer_nonce = offsetof(struct esv_child_derive, peer_nonce),
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
	if (c->first)
		status = child_first(cmd, c);
	else
		status = esvc_inputs_nonce(unit, cmd, s, &places, &c->inputs);
	if (status == ESV_S_OK)
		status = esvc_inputs_secrets(unit, cmd, s, &places, &c->inputs);
	if (status == ESV_S_OK)
		status = esvc_unit_zeros(cmd, places.peer_nonce + le16toh(in->peer_nonce_len), sizeof(*in));
	if (status == ESV_S_OK)
		status = esvc_unit_tokens(unit, s, 2);
	if (status != ESV_S_OK)
		return status;
	return esvc_key_room(unit) < 2 ? ESV_S_NO_RESOURCE : ESV_S_OK;
}

/* KEYMAT into the arena; the inputs are gone afterwards. */
static int child_calculate(struct esvc_unit *unit, const struct esv_child_derive *in, struct child *c)
{
	struct esvc_bytes secret[ESV_SECRETS_MAX];
	struct esvc_nonces n = { { c->ike->ni, c->ike->ni_len }, { c->ike->nr, c->ike->nr_len } };
	const struct esvc_bytes sk_d = { c->ike->keys.sk_d, esvc_prf_len(c->ike->prf) };
	int err;

	if (!c->first)
		n = esvc_inputs_nonces(unit, &c->inputs, in->role, in->peer_nonce, le16toh(in->peer_nonce_len));
	esvc_inputs_bytes(unit, &c->inputs, secret);
	err = esvc_child_keymat(&unit->prfs, c->ike->prf, sk_d, &n, secret, c->inputs.nr_secrets,
				unit->sec->ike.block, unit->sec->keymat, ESVC_KEYMAT_MAX);
	c->ike->first_closed = true;
	esvc_inputs_consume(unit, &c->inputs);
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
	if (esvc_key_set_peer(k, c->ike->id_type, c->ike->id, c->ike->id_len)) {
		esvc_key_drop(unit, k);
		return NULL;
	}
	k->key.max_packets = lower(k->key.max_packets, in->hard_packets);
	k->key.max_bytes = lower(k->key.max_bytes, in->hard_bytes);
	k->key.vouch = c->ike->vouch;
	k->key.custody = esvc_derived_custody(c->ike->vouch);
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
