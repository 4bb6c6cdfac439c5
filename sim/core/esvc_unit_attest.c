// SPDX-License-Identifier: GPL-2.0-or-later
/* ATTEST: what the unit says of itself and of one object, signed (UNIT-98, UNIT-99). */
#include "esvc_cms.h"
#include "esvc_ipsec.h"
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define REFUSE(cmd, status, field) esvc_refuse(cmd, status, offsetof(struct esv_attest, field))

static enum esv_status check(struct esvc_cmd *cmd)
{
	const struct esv_attest *in = (const void *)cmd->in;

	if (in->subject < ESV_SUBJECT_UNIT || in->subject > ESV_SUBJECT_SA)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, subject);
	if (in->subject != ESV_SUBJECT_SA && in->sa)
		return REFUSE(cmd, ESV_S_BAD_FIELD, sa);
	if (in->subject != ESV_SUBJECT_HANDLE && in->handle)
		return REFUSE(cmd, ESV_S_BAD_FIELD, handle);
	return esvc_unit_zeros(cmd, offsetof(struct esv_attest, rsvd0), offsetof(struct esv_attest, sa));
}

static void say_unit(struct esvc_dev *dev, const struct esv_attest *in, struct esv_statement *st)
{
	const struct esvc_unit *unit = dev->unit;

	_Static_assert(sizeof(ESV_STATEMENT_MAGIC) == sizeof(st->magic), "the magic fills its field");
	memcpy(st->magic, ESV_STATEMENT_MAGIC, sizeof(st->magic));
	st->version = htole16(ESV_STATEMENT_VERSION);
	st->subject = in->subject;
	st->mode = htole32(esvc_unit_mode(dev));
	st->if_version = htole32(ESV_IF_VERSION);
	st->fw_version = htole32(ESVC_FW_VERSION);
	memcpy(st->nonce, in->nonce, sizeof(st->nonce));
	st->device_id = htole64(unit->cfg.device_id);
	st->epoch = htole64(unit->epoch);
	st->resets = htole64(unit->resets);
	memcpy(st->measurement, unit->attestor.facts.measurement, sizeof(st->measurement));
	memcpy(st->provision_key, unit->provision_pub, sizeof(st->provision_key));
	st->sessions = htole32(unit->sessions.count);
	st->handles = htole32(unit->handles.count);
	st->keys_installed = htole32(unit->nr_live);
	st->keys_pending = htole32(unit->nr_pending);
}

static void say_id(struct esv_statement *st, uint8_t type, const uint8_t *id, uint16_t len)
{
	st->id_type = type;
	st->id_len = htole16(len);
	memcpy(st->id, id, len);
}

static void say_key(struct esv_statement *st, const struct esvc_key *key)
{
	const struct esvc_keyslot *slot = esvc_container(key, struct esvc_keyslot, key);
	const struct esvc_peer *peer = slot->peer;

	st->type = ESV_H_ESP;
	st->state = esvc_keyslot_shown(slot);
	st->vouch = key->vouch;
	st->dir = key->bind.dir;
	st->custody = key->custody;
	if (peer)
		say_id(st, peer->id_type, peer->id, peer->id_len);
}

/* Custody as its children would have it. */
static void say_ike(struct esv_statement *st, const struct esvc_ike_sa *ike)
{
	st->vouch = ike->vouch;
	st->custody = esvc_derived_custody(ike->vouch);
	say_id(st, ike->id_type, ike->id, ike->id_len);
}

static void say_object(struct esv_statement *st, const struct esvc_handle *h, const union esvc_object *o)
{
	st->type = h->type;
	st->state = h->state;
	if (h->type == ESV_H_IKE)
		say_ike(st, &o->ike);
	else if (h->type >= ESV_H_PSK)
		say_id(st, o->held.id_type, o->held.id, o->held.id_len);
}

static enum esv_status say_handle(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				  struct esv_statement *st)
{
	const struct esv_attest *in = (const void *)cmd->in;
	const struct esvc_handle *h = esvc_handle_get(&unit->handles, s, le64toh(in->handle), 0);
	const struct esvc_keyslot *k = esvc_key_get(unit, s, le64toh(in->handle));

	if (!h && !k)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, handle);
	st->handle = in->handle;
	if (h)
		say_object(st, h, esvc_handle_object(&unit->handles, h));
	else
		say_key(st, &k->key);
	return ESV_S_OK;
}

static enum esv_status say_sa(struct esvc_dev *dev, struct esvc_cmd *cmd, struct esv_statement *st)
{
	const struct esv_attest *in = (const void *)cmd->in;
	struct esv_sa_info info;
	const struct esvc_key *key;

	if (!dev->ipsec)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, subject);
	key = esvc_ipsec_sa(dev->ipsec, le32toh(in->sa), &info);
	if (!key)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, sa);
	memcpy(&st->sa, &info, sizeof(info));
	say_key(st, key);
	return ESV_S_OK;
}

static enum esv_status sign(const struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esv_statement *st)
{
	const struct esvc_attestor *a = &unit->attestor;
	struct esv_attested *out = (void *)cmd->out;
	size_t len = sizeof(out->data);

	if (esvc_cms_sign(&a->boot, &a->boot_cert, &a->device_cert, st, sizeof(*st), out->data, &len))
		return ESV_S_INTERNAL;
	out->len = htole16((uint16_t)len);
	cmd->out_len = offsetof(struct esv_attested, data) + len;
	return ESV_S_OK;
}

enum esv_status esvc_unit_attest(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_attest *in = (const void *)cmd->in;
	struct esv_statement st = { .version = 0 };
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status == ESV_S_OK)
		status = check(cmd);
	if (status != ESV_S_OK)
		return status;
	say_unit(dev, in, &st);
	if (in->subject == ESV_SUBJECT_HANDLE)
		status = say_handle(dev->unit, cmd, s, &st);
	else if (in->subject == ESV_SUBJECT_SA)
		status = say_sa(dev, cmd, &st);
	return status == ESV_S_OK ? sign(dev->unit, cmd, &st) : status;
}
