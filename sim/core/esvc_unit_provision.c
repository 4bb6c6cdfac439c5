// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PROVISION: secrets that somebody else made, wrapped so that the host does not
 * see them (UNIT-90 to UNIT-92).
 */
#include "esvc_cert.h"
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

static const struct kind {
	uint16_t min;		/* bytes */
	uint16_t max;
	bool bare;		/* no wrap and no header */
	bool open;		/* public: in clear outside of test mode too */
	bool once;		/* is not stored: it would come back with counters that nobody knows */
	bool bound;		/* may belong to an identity */
	bool bound_always;
	int (*check)(struct esvc_bytes key);	/* as in esvc_sig.h */
} kinds[] = {
	[ESV_H_NONCE] = { 1, ESV_NONCE_MAX, .bare = true },
	[ESV_H_SECRET] = { 1, ESVC_SECRET_BYTES, .bare = true },
	[ESV_H_ESP] = { sizeof(struct esv_wrapped_esp), sizeof(struct esv_wrapped_esp), .once = true },
	[ESV_H_PSK] = { 1, 512, .bound = true },
	[ESV_H_PPK] = { .min = 32, .max = 512 },
	[ESV_H_KEK] = { .min = ESVC_KEK_LEN, .max = ESVC_KEK_LEN },
	[ESV_H_PRIV] = { 1, ESV_SECRET_MAX, .bound = true, .check = esvc_sig_private_check },
	[ESV_H_ANCHOR] = { 1, ESV_SECRET_MAX, .bound = true, .check = esvc_cert_anchor_check },
	[ESV_H_CERT] = { 1, ESV_SECRET_MAX, .bare = true, .open = true, .check = esvc_cert_check },
	[ESV_H_PUB] = { 1, ESV_SECRET_MAX, .bound = true, .bound_always = true, .check = esvc_sig_public_check },
};

/* A secret as it stands in the arena, for as long as the command runs. */
struct brought {
	const struct kind *kind;
	struct esvc_bytes plain;	/* header and all */
	const uint8_t *id;
	const uint8_t *secret;
	uint16_t id_len;
	uint16_t len;
	uint8_t id_type;
};

static enum esv_status check_kind(struct esvc_unit *unit, struct esvc_cmd *cmd, struct brought *b)
{
	const struct esv_provision *in = (const void *)cmd->in;

	if (in->type >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[in->type].max)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_provision, type);
	b->kind = &kinds[in->type];
	if (in->wrap < ESV_WRAP_NONE || in->wrap > ESV_WRAP_STORED)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_provision, wrap);
	if (in->wrap == ESV_WRAP_NONE && !b->kind->open && !(unit->cfg.mode & ESV_MODE_TEST))
		return REFUSE(cmd, ESV_S_DENIED, struct esv_provision, wrap);
	if ((b->kind->bare && in->wrap != ESV_WRAP_NONE) || (b->kind->once && in->wrap == ESV_WRAP_STORED))
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_provision, wrap);
	return ESV_S_OK;
}

static enum esv_status check(struct esvc_unit *unit, struct esvc_cmd *cmd, struct brought *b)
{
	const struct esv_provision *in = (const void *)cmd->in;
	enum esv_status status = check_kind(unit, cmd, b);
	uint16_t flags = le16toh(in->flags);

	if (status != ESV_S_OK)
		return status;
	if (flags & ~ESV_PROVISION_F_STORE)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_provision, flags);
	if (flags && (b->kind->bare || b->kind->once))
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_provision, flags);
	if (in->rsvd)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_provision, rsvd);
	if (in->kek && in->wrap != ESV_WRAP_KWP)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_provision, kek);
	if (cmd->in_len != offsetof(struct esv_provision, data) + le16toh(in->len))
		return REFUSE(cmd, ESV_S_BAD_LENGTH, struct esv_provision, len);
	return ESV_S_OK;
}

/* "espvault provision 1", device id, epoch, type: what was sealed for another unit, time or use does not open. */
static size_t hpke_info(const struct esvc_unit *unit, uint8_t type, uint8_t *info)
{
	const uint64_t ids[] = { htole64(unit->cfg.device_id), htole64(unit->epoch) };
	size_t len = sizeof(ESV_HPKE_INFO);

	memcpy(info, ESV_HPKE_INFO, len);
	memcpy(info + len, ids, sizeof(ids));
	len += sizeof(ids);
	info[len++] = type;
	return len;
}

static int open_hpke(struct esvc_unit *unit, const struct esv_provision *in, size_t *len)
{
	uint8_t info[sizeof(ESV_HPKE_INFO) + 2 * sizeof(uint64_t) + 1];
	const struct esvc_bytes i = { info, hpke_info(unit, in->type, info) };

	return esvc_hpke_open(unit->sec->provision_key, i, (struct esvc_bytes){ NULL, 0 },
			      (struct esvc_bytes){ in->data, le16toh(in->len) }, unit->sec->wrapped, len);
}

static enum esv_status unwrap(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
			      struct brought *b)
{
	const struct esv_provision *in = (const void *)cmd->in;
	uint8_t *to = unit->sec->wrapped;
	const struct esvc_handle *kek;
	size_t len = le16toh(in->len);
	int err = 0;

	switch (in->wrap) {
	case ESV_WRAP_HPKE:
		err = open_hpke(unit, in, &len);
		break;
	case ESV_WRAP_KWP:
		kek = esvc_handle_get(&unit->handles, s, le64toh(in->kek), ESV_H_KEK);
		if (!kek)
			return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_provision, kek);
		err = esvc_kwp_unwrap(esvc_handle_object(&unit->handles, kek)->held.bytes, in->data, len, to, &len);
		break;
	case ESV_WRAP_STORED:
		err = esvc_kwp_unwrap(unit->id->storage_key, in->data, len, to, &len);
		break;
	default:
		memcpy(to, in->data, len);
	}
	b->plain = (struct esvc_bytes){ to, len };
	if (err)
		return REFUSE(cmd, err == -EBADMSG ? ESV_S_AUTH_FAILED : ESV_S_INTERNAL, struct esv_provision, data);
	return ESV_S_OK;
}

/* What was wrapped is as little to be trusted as the rest: the sender may be wrong. */
static enum esv_status read_header(struct esvc_cmd *cmd, struct brought *b)
{
	const struct esv_provision *in = (const void *)cmd->in;
	struct esv_secret_hdr h;

	if (b->plain.len < sizeof(h))
		return REFUSE(cmd, ESV_S_BAD_LENGTH, struct esv_provision, data);
	memcpy(&h, b->plain.p, sizeof(h));
	if (h.version != ESV_SECRET_VERSION)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_provision, data);
	if (h.rsvd)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_provision, data);
	if (h.type != in->type)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_provision, type);
	b->id_type = h.id_type;
	b->id_len = le16toh(h.id_len);
	b->len = le16toh(h.len);
	if (b->plain.len != sizeof(h) + b->id_len + b->len)
		return REFUSE(cmd, ESV_S_BAD_LENGTH, struct esv_provision, data);
	if (b->id_type || b->id_len || b->kind->bound_always)
		if (!b->kind->bound || !esvc_unit_id_ok(b->id_type, b->id_len))
			return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_provision, data);
	b->id = (const uint8_t *)b->plain.p + sizeof(h);
	b->secret = b->id + b->id_len;
	return ESV_S_OK;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	static const uint8_t zero[ESV_SECRET_MAX];

	return !CRYPTO_memcmp(bytes, zero, len);
}

/* A pair of which the halves do not fit is no key, whoever sent it. */
static enum esv_status check_key(struct esvc_cmd *cmd, const struct brought *b)
{
	int err = b->kind->check ? b->kind->check((struct esvc_bytes){ b->secret, b->len }) : 0;

	switch (err) {
	case 0:
		return ESV_S_OK;
	case -EKEYREJECTED:
		return REFUSE(cmd, ESV_S_KEY_WEAK, struct esv_provision, data);
	default:
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_provision, data);
	}
}

static enum esv_status read_secret(struct esvc_cmd *cmd, struct brought *b)
{
	enum esv_status status = ESV_S_OK;

	if (b->kind->bare) {
		b->secret = b->plain.p;
		b->len = (uint16_t)b->plain.len;
	} else {
		status = read_header(cmd, b);
	}
	if (status != ESV_S_OK)
		return status;
	if (b->len > b->kind->max)
		return REFUSE(cmd, ESV_S_BAD_LENGTH, struct esv_provision, data);
	if (b->len < b->kind->min || (!b->kind->bare && all_zero(b->secret, b->len)))
		return REFUSE(cmd, ESV_S_KEY_WEAK, struct esv_provision, data);
	return check_key(cmd, b);
}

static void keep(union esvc_object *o, uint8_t type, const struct brought *b)
{
	switch (type) {
	case ESV_H_NONCE:
		o->nonce.len = b->len;
		memcpy(o->nonce.bytes, b->secret, b->len);
		break;
	case ESV_H_SECRET:
		o->secret.len = b->len;
		memcpy(o->secret.bytes, b->secret, b->len);
		break;
	default:
		o->held.id_type = b->id_type;
		o->held.id_len = b->id_len;
		o->held.len = b->len;
		if (b->id_len)
			memcpy(o->held.id, b->id, b->id_len);
		memcpy(o->held.bytes, b->secret, b->len);
	}
}

static enum esv_status provide(struct esvc_unit *unit, struct esvc_cmd *cmd, struct esvc_session *s,
			       const struct brought *b)
{
	const struct esv_provision *in = (const void *)cmd->in;
	struct esv_provisioned *out = (void *)cmd->out;
	size_t stored = in->flags ? ESVC_KWP_LEN(b->plain.len) : 0;
	struct esvc_handle *h;
	enum esv_status status;

	if (cmd->out_cap < offsetof(struct esv_provisioned, stored) + stored)
		return esvc_refuse(cmd, ESV_S_BAD_LENGTH, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, out_cap));
	status = esvc_unit_make(unit, s, in->type, &h);
	if (status != ESV_S_OK)
		return status;
	if (stored && esvc_kwp_wrap(unit->id->storage_key, b->plain.p, b->plain.len, out->stored)) {
		esvc_handle_drop(&unit->handles, h);
		return ESV_S_INTERNAL;
	}
	keep(esvc_handle_object(&unit->handles, h), in->type, b);
	out->handle = htole64(esvc_handle_value(&unit->handles, h));
	out->stored_len = htole16((uint16_t)stored);
	cmd->out_len = offsetof(struct esv_provisioned, stored) + stored;
	return ESV_S_OK;
}

/* SPIs below 256 are reserved (RFC 4303 2.1). */
static enum esv_status check_esp(struct esvc_cmd *cmd, const struct esv_wrapped_esp *e)
{
	if (e->rsvd)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_provision, data);
	if ((e->dir != ESV_DIR_IN && e->dir != ESV_DIR_OUT) || (e->family != 4 && e->family != 6) ||
	    (e->mode != ESV_SA_TRANSPORT && e->mode != ESV_SA_TUNNEL) || be32toh(e->spi) < 256)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_provision, data);
	return ESV_S_OK;
}

/* A child key of a controller's. It becomes a token, as derived ones do, but only for its own SA. */
static enum esv_status provide_esp(struct esvc_dev *dev, struct esvc_cmd *cmd, struct esvc_session *s,
				   const struct brought *b)
{
	const struct esv_wrapped_esp *e = (const void *)b->secret;
	struct esv_provisioned *out = (void *)cmd->out;
	struct esvc_unit *unit = dev->unit;
	struct esvc_binding bind = { .function = s->function, .spi = e->spi, .family = e->family, .mode = e->mode,
				     .dir = e->dir, .algo = ESV_ALGO_AES_GCM_16_256 };
	struct esvc_keyslot *k;
	enum esv_status status = check_esp(cmd, e);

	if (status == ESV_S_OK && cmd->out_cap < offsetof(struct esv_provisioned, stored) + ESV_TOKEN_LEN)
		return esvc_refuse(cmd, ESV_S_BAD_LENGTH, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, out_cap));
	if (status == ESV_S_OK)
		status = esvc_unit_tokens(unit, s, 1);
	memcpy(bind.saddr, e->saddr, sizeof(bind.saddr));
	memcpy(bind.daddr, e->daddr, sizeof(bind.daddr));
	if (status == ESV_S_OK)
		status = esvc_key_wrapped(unit, s, e->key, sizeof(e->key), &bind, &k);
	if (status != ESV_S_OK)
		return status;
	if (esvc_key_token(unit, k, out->stored)) {
		esvc_key_drop(unit, k);
		return ESV_S_INTERNAL;
	}
	esvc_key_deadline(unit, k, esvc_now(dev) + ESV_TOKEN_INSTALL_MS * 1000000ull);
	dev->counters[ESV_C_TOKENS_MADE]++;
	dev->unit_at = unit->next_expiry_ns;
	esvc_arm_timer(dev);
	out->handle = htole64(esvc_key_handle(unit, k));
	out->stored_len = htole16(ESV_TOKEN_LEN);
	cmd->out_len = offsetof(struct esv_provisioned, stored) + ESV_TOKEN_LEN;
	return ESV_S_OK;
}

enum esv_status esvc_unit_provision(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_unit *unit = dev->unit;
	struct brought b = { .kind = NULL };
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status == ESV_S_OK)
		status = check(unit, cmd, &b);
	if (status != ESV_S_OK)
		return status;
	status = unwrap(unit, cmd, s, &b);
	if (status == ESV_S_OK)
		status = read_secret(cmd, &b);
	if (status == ESV_S_OK)
		status = b.kind->once ? provide_esp(dev, cmd, s, &b) : provide(unit, cmd, s, &b);
	OPENSSL_cleanse(unit->sec->wrapped, sizeof(unit->sec->wrapped));
	return status;
}
