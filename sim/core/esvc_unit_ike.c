// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of IKE SAs: IKE_DERIVE makes the first, IKE_UPDATE adds a further key
 * exchange to one, IKE_REKEY makes a new one out of an old one (RFC 7296 2.14 and
 * 2.18, RFC 9370 2.2).
 */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <string.h>

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

static bool spi_zero(const uint8_t spi[8])
{
	static const uint8_t zero[8];

	return !memcmp(spi, zero, sizeof(zero));
}

static enum esv_status make_ike(struct esvc_unit *unit, struct esvc_session *s, struct esvc_handle **h,
				struct esvc_ike_sa **ike)
{
	enum esv_status status = esvc_unit_make(unit, s, ESV_H_IKE, h);

	if (status == ESV_S_OK)
		*ike = &esvc_handle_object(&unit->handles, *h)->ike;
	return status;
}

/* The suite and the SPIs; nonces and keys come later. */
static void describe(struct esvc_ike_sa *ike, uint8_t role, uint8_t prf, uint8_t encr, const uint8_t spi_i[8],
		     const uint8_t spi_r[8])
{
	ike->role = role;
	ike->prf = prf;
	ike->encr = encr;
	memcpy(ike->spis, spi_i, ESVC_SPI_PAIR / 2);
	memcpy(ike->spis + ESVC_SPI_PAIR / 2, spi_r, ESVC_SPI_PAIR / 2);
}

static void keep_nonces(struct esvc_ike_sa *ike, const struct esvc_nonces *n)
{
	ike->ni_len = (uint16_t)n->ni.len;
	ike->nr_len = (uint16_t)n->nr.len;
	memcpy(ike->ni, n->ni.p, n->ni.len);
	memcpy(ike->nr, n->nr.p, n->nr.len);
}

static struct esvc_nonces nonces_of(const struct esvc_ike_sa *ike)
{
	return (struct esvc_nonces){ { ike->ni, ike->ni_len }, { ike->nr, ike->nr_len } };
}

/* From the seed in the scratch space, of a prf with seed_len bytes. */
static int make_keys(struct esvc_unit *unit, struct esvc_ike_sa *ike, size_t seed_len)
{
	const struct esvc_nonces n = nonces_of(ike);

	return esvc_ike_keys(&unit->prfs, ike->prf, ike->encr, &n,
			     (struct esvc_bytes){ unit->sec->ike.seed, seed_len }, ike->spis, &unit->sec->ike,
			     &ike->keys);
}

/* The new handle, or nothing of it. */
static enum esv_status answer(struct esvc_unit *unit, struct esvc_cmd *cmd, struct esvc_handle *h, int err)
{
	OPENSSL_cleanse(&unit->sec->ike, sizeof(unit->sec->ike));
	if (err) {
		esvc_handle_drop(&unit->handles, h);
		return ESV_S_INTERNAL;
	}
	((struct esv_handle_out *)(void *)cmd->out)->handle = htole64(esvc_handle_value(&unit->handles, h));
	cmd->out_len = sizeof(struct esv_handle_out);
	return ESV_S_OK;
}

static const struct esvc_input_places derive_places = {
	.nonce = offsetof(struct esv_ike_derive, nonce),
	.secrets = offsetof(struct esv_ike_derive, secret),
	.secret_max = 1,
	.peer_nonce_len = offsetof(struct esv_ike_derive, peer_nonce_len),
	.peer_nonce = offsetof(struct esv_ike_derive, peer_nonce),
};

/* What both derivations of an IKE SA say in the same layout, each at its own place. */
struct suite {
	uint8_t role, prf, encr, rsvd0;
	__le16 peer_nonce_len, rsvd1;
	uint8_t spi_i[8], spi_r[8];
};

#define SAME_PLACE(type, field) \
	_Static_assert(offsetof(struct suite, field) == offsetof(type, field) - offsetof(type, role), #field)
#define SAME_LAYOUT(type) \
	SAME_PLACE(type, prf); SAME_PLACE(type, encr); SAME_PLACE(type, rsvd0); \
	SAME_PLACE(type, peer_nonce_len); SAME_PLACE(type, rsvd1); SAME_PLACE(type, spi_i); \
	SAME_PLACE(type, spi_r)
SAME_LAYOUT(struct esv_ike_derive);
SAME_LAYOUT(struct esv_ike_rekey);

/* base: offset of role in the payload. */
static enum esv_status suite_fields(const struct esvc_unit *unit, struct esvc_cmd *cmd, size_t base)
{
	const struct suite *in = (const void *)(cmd->in + base);

#define REFUSE_SUITE(status, field) esvc_refuse(cmd, status, base + offsetof(struct suite, field))
	if (in->rsvd0)
		return REFUSE_SUITE(ESV_S_RESERVED_NONZERO, rsvd0);
	if (in->rsvd1)
		return REFUSE_SUITE(ESV_S_RESERVED_NONZERO, rsvd1);
	if (in->role != ESV_ROLE_INITIATOR && in->role != ESV_ROLE_RESPONDER)
		return REFUSE_SUITE(ESV_S_BAD_FIELD, role);
	if (!esvc_unit_prf_len(unit, in->prf))
		return REFUSE_SUITE(ESV_S_UNSUPPORTED_VALUE, prf);
	if (!esvc_encr_len(in->encr))
		return REFUSE_SUITE(ESV_S_UNSUPPORTED_VALUE, encr);
	if (spi_zero(in->spi_i))
		return REFUSE_SUITE(ESV_S_BAD_FIELD, spi_i);
	if (spi_zero(in->spi_r))
		return REFUSE_SUITE(ESV_S_BAD_FIELD, spi_r);
#undef REFUSE_SUITE
	return ESV_S_OK;
}

static enum esv_status derive_check(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				    struct esvc_inputs *inputs)
{
	const struct esv_ike_derive *in = (const void *)cmd->in;
	enum esv_status status = suite_fields(unit, cmd, offsetof(struct esv_ike_derive, role));

	if (status == ESV_S_OK)
		status = esvc_inputs_secrets(unit, cmd, s, &derive_places, inputs);
	if (status == ESV_S_OK && !inputs->nr_secrets)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_derive, secret);
	if (status == ESV_S_OK)
		status = esvc_inputs_nonce(unit, cmd, s, &derive_places, inputs);
	if (status == ESV_S_OK)
		status = esvc_unit_zeros(cmd, derive_places.peer_nonce + le16toh(in->peer_nonce_len), sizeof(*in));
	return status;
}

enum esv_status esvc_unit_ike_derive(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ike_derive *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	struct esvc_bytes secret[ESV_SECRETS_MAX];
	struct esvc_inputs inputs = { .nonce = NULL };
	struct esvc_ike_sa *ike;
	struct esvc_session *s;
	struct esvc_handle *h;
	struct esvc_nonces n;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK)
		status = derive_check(unit, cmd, s, &inputs);
	if (status == ESV_S_OK)
		status = make_ike(unit, s, &h, &ike);
	if (status != ESV_S_OK)
		return status;
	describe(ike, in->role, in->prf, in->encr, in->spi_i, in->spi_r);
	n = esvc_inputs_nonces(unit, &inputs, in->role, in->peer_nonce, le16toh(in->peer_nonce_len));
	keep_nonces(ike, &n);
	ike->seen = esvc_handle_object(&unit->handles, inputs.secret[0])->secret.seen;
	ike->intauth_next = ESV_ROLE_INITIATOR;
	/* With both ends here, the nonce of whichever is derived later still waits when the first one is. */
	ike->own_peer = esvc_inputs_nonce_waits(unit, in->peer_nonce, le16toh(in->peer_nonce_len));
	esvc_inputs_bytes(unit, &inputs, secret);
	err = esvc_ike_seed(&unit->prfs, ike->prf, &n, secret[0], &unit->sec->ike, unit->sec->ike.seed);
	if (!err)
		err = make_keys(unit, ike, esvc_prf_len(ike->prf));
	esvc_inputs_consume(unit, &inputs);
	return answer(unit, cmd, h, err);
}

/* RFC 9370 2.2.2. A calculation that fails leaves no half of the new keys. */
enum esv_status esvc_unit_ike_update(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ike_update *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	struct esvc_handle *h, *secret;
	struct esvc_bytes bytes, sk_d;
	struct esvc_ike_sa *ike;
	struct esvc_session *s;
	struct esvc_nonces n;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status != ESV_S_OK)
		return status;
	h = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_update, ike);
	if (h->state != ESV_HS_NEW)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_ike_update, ike);
	ike = &esvc_handle_object(&unit->handles, h)->ike;
	/* Not behind a PPK or an AUTH, and not while a message of its exchange is missing in IntAuth. */
	if (ike->ppk || ike->auths || ike->intauth_next != ESV_ROLE_INITIATOR)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_ike_update, ike);
	secret = esvc_handle_get(&unit->handles, s, le64toh(in->secret), ESV_H_SECRET);
	if (!secret)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_update, secret);
	n = nonces_of(ike);
	bytes = (struct esvc_bytes){ esvc_handle_object(&unit->handles, secret)->secret.bytes,
				     esvc_handle_object(&unit->handles, secret)->secret.len };
	sk_d = (struct esvc_bytes){ ike->keys.sk_d, esvc_prf_len(ike->prf) };
	err = esvc_ike_reseed(&unit->prfs, ike->prf, sk_d, &n, &bytes, 1, unit->sec->ike.seed);
	if (!err)
		err = make_keys(unit, ike, sk_d.len);
	OPENSSL_cleanse(&unit->sec->ike, sizeof(unit->sec->ike));
	esvc_handle_drop(&unit->handles, secret);
	return err ? ESV_S_INTERNAL : ESV_S_OK;
}

static const struct esvc_input_places rekey_places = {
	.nonce = offsetof(struct esv_ike_rekey, nonce),
	.secrets = offsetof(struct esv_ike_rekey, secret),
	.secret_max = ESV_SECRETS_MAX,
	.peer_nonce_len = offsetof(struct esv_ike_rekey, peer_nonce_len),
	.peer_nonce = offsetof(struct esv_ike_rekey, peer_nonce),
};

/* RFC 7296 2.18: never without a new key exchange. */
static enum esv_status rekey_check(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				   struct esvc_handle **old, struct esvc_inputs *inputs)
{
	const struct esv_ike_rekey *in = (const void *)cmd->in;
	enum esv_status status = suite_fields(unit, cmd, offsetof(struct esv_ike_rekey, role));

	if (status != ESV_S_OK)
		return status;
	*old = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!*old)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_rekey, ike);
	if ((*old)->state != ESV_HS_AUTHENTICATED)
		return REFUSE(cmd, ESV_S_DENIED, struct esv_ike_rekey, ike);
	status = esvc_inputs_secrets(unit, cmd, s, &rekey_places, inputs);
	if (status == ESV_S_OK && !inputs->nr_secrets)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_rekey, secret);
	if (status == ESV_S_OK)
		status = esvc_inputs_nonce(unit, cmd, s, &rekey_places, inputs);
	if (status == ESV_S_OK)
		status = esvc_unit_zeros(cmd, rekey_places.peer_nonce + le16toh(in->peer_nonce_len), sizeof(*in));
	return status;
}

/* Whoever vouched for the peer of the old SA vouches for that of the new one. No IKE SA has FIRST any more. */
static void inherit(struct esvc_ike_sa *ike, struct esvc_ike_sa *old)
{
	ike->vouch = old->vouch;
	ike->id_type = old->id_type;
	ike->id_len = old->id_len;
	memcpy(ike->id, old->id, sizeof(ike->id));
	ike->first_closed = true;
	ike->rekeyed = true;
	old->first_closed = true;
}

enum esv_status esvc_unit_ike_rekey(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ike_rekey *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	struct esvc_bytes secret[ESV_SECRETS_MAX], sk_d;
	struct esvc_inputs inputs = { .nonce = NULL };
	struct esvc_ike_sa *ike, *old;
	struct esvc_handle *h, *from;
	struct esvc_session *s;
	struct esvc_nonces n;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK)
		status = rekey_check(unit, cmd, s, &from, &inputs);
	if (status == ESV_S_OK)
		status = make_ike(unit, s, &h, &ike);
	if (status != ESV_S_OK)
		return status;
	old = &esvc_handle_object(&unit->handles, from)->ike;
	describe(ike, in->role, in->prf, in->encr, in->spi_i, in->spi_r);
	inherit(ike, old);
	h->state = ESV_HS_AUTHENTICATED;
	n = esvc_inputs_nonces(unit, &inputs, in->role, in->peer_nonce, le16toh(in->peer_nonce_len));
	keep_nonces(ike, &n);
	esvc_inputs_bytes(unit, &inputs, secret);
	/* The exchange belongs to the old IKE SA and so does the prf of the seed; that of the keys is new. */
	sk_d = (struct esvc_bytes){ old->keys.sk_d, esvc_prf_len(old->prf) };
	err = esvc_ike_reseed(&unit->prfs, old->prf, sk_d, &n, secret, inputs.nr_secrets, unit->sec->ike.seed);
	if (!err)
		err = make_keys(unit, ike, sk_d.len);
	esvc_inputs_consume(unit, &inputs);
	return answer(unit, cmd, h, err);
}
