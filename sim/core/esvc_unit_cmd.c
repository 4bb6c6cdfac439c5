// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands of the trusted unit. Each one checks everything first and consumes
 * its inputs only when nothing but the calculation is left; from then on they
 * are gone, whatever comes of it (UNIT-12).
 */
#include "esvc_ipsec.h"
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <string.h>

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

/* Byte of the request itself. */
static enum esv_status refuse_sqe(struct esvc_cmd *cmd, enum esv_status status, size_t off)
{
	return esvc_refuse(cmd, status, ESV_ERR_OFF_SQE | off);
}

/* Bytes [from, to) of the payload must be zero: reserved, or behind the length that was given. */
enum esv_status esvc_unit_zeros(struct esvc_cmd *cmd, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < cmd->in_len; i++)
		if (cmd->in[i])
			return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, i);
	return ESV_S_OK;
}

/* Inline bytes of the request from a given one on. */
static enum esv_status inline_zeros(struct esvc_cmd *cmd, size_t from)
{
	for (size_t i = from; i < ESV_ADMIN_INLINE; i++)
		if (cmd->sqe.inl[i])
			return refuse_sqe(cmd, ESV_S_RESERVED_NONZERO, offsetof(struct esv_sqe, inl) + i);
	return ESV_S_OK;
}

static enum esv_status bad_handle(struct esvc_cmd *cmd)
{
	return refuse_sqe(cmd, ESV_S_BAD_HANDLE, offsetof(struct esv_sqe, object));
}

enum esv_status esvc_unit_enter(struct esvc_dev *dev, struct esvc_cmd *cmd, struct esvc_session **s)
{
	struct esvc_unit *unit = dev->unit;

	if (!unit)
		return ESV_S_UNSUPPORTED_OP;
	if (unit->selftest_failed)
		return ESV_S_SELFTEST_FAILED;
	*s = esvc_session_get(&unit->sessions, cmd->function, cmd->object);
	if (!*s)
		return bad_handle(cmd);
	esvc_unit_expire(unit, esvc_now(dev));
	return inline_zeros(cmd, 0);
}

size_t esvc_unit_prf_len(const struct esvc_unit *unit, unsigned int prf)
{
	return prf == ESV_PRF_HMAC_SHA1 && !(unit->cfg.mode & ESV_MODE_TEST) ? 0 : esvc_prf_len(prf);
}

/* The list holds detached tokens whose session is closed as well. It is short: what it may hold is bounded here. */
enum esv_status esvc_unit_tokens(const struct esvc_unit *unit, const struct esvc_session *s, uint32_t n)
{
	uint32_t of_function = 0;

	for (const struct esvc_list *l = unit->pending.next; l != &unit->pending; l = l->next)
		of_function += esvc_container(l, struct esvc_keyslot, link)->key.bind.function == s->function;
	if (s->nr_pending + n > unit->session_pending || of_function + n > unit->function_pending)
		return ESV_S_LIMIT;
	return ESV_S_OK;
}

enum esv_status esvc_unit_make(struct esvc_unit *unit, struct esvc_session *s, unsigned int type,
			       struct esvc_handle **h)
{
	if (s->nr_handles >= unit->session_handles ||
	    esvc_sessions_of(&unit->sessions, s->function).handles >= unit->function_handles)
		return ESV_S_LIMIT;
	*h = esvc_handle_new(&unit->handles, s, type);
	return *h ? ESV_S_OK : ESV_S_NO_RESOURCE;
}

/* SPD_LOCK makes an open device strict until power on (SPD-31). */
uint32_t esvc_unit_mode(const struct esvc_dev *dev)
{
	uint32_t mode = dev->unit->cfg.mode & ~(uint32_t)ESV_MODE_STRICT;

	return dev->ipsec && esvc_ipsec_strict(dev->ipsec) ? mode | ESV_MODE_STRICT : mode;
}

static enum esv_status unit_status(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esvc_unit *unit = dev->unit;
	struct esv_unit_status *st = (void *)cmd->out;

	if (!unit)
		return ESV_S_UNSUPPORTED_OP;
	if (inline_zeros(cmd, 0) != ESV_S_OK)
		return ESV_S_RESERVED_NONZERO;
	esvc_unit_expire(dev->unit, esvc_now(dev));
	st->device_id = htole64(unit->cfg.device_id);
	st->epoch = htole64(unit->epoch);
	st->resets = htole64(unit->resets);
	st->mode = htole32(esvc_unit_mode(dev));
	st->selftest = unit->selftest_failed ? ESV_SELFTEST_FAILED : ESV_SELFTEST_OK;
	st->selftest_failed = unit->selftest_failed;
	st->ke_methods = htole32(unit->ke_methods);
	st->prfs = htole32(1u << ESV_PRF_HMAC_SHA2_256 | 1u << ESV_PRF_HMAC_SHA2_384 |
			   1u << ESV_PRF_HMAC_SHA2_512 |
			   (unit->cfg.mode & ESV_MODE_TEST ? 1u << ESV_PRF_HMAC_SHA1 : 0));
	st->sessions = htole32(unit->sessions.count);
	st->session_max = htole32(ESVC_SESSION_SLOTS);
	st->handles = htole32(unit->handles.count);
	st->handle_max = htole32(unit->handles.max);
	st->keys_installed = htole32(unit->nr_live);
	st->keys_pending = htole32(unit->nr_pending);
	memcpy(st->provision_key, unit->provision_pub, sizeof(st->provision_key));
	cmd->out_len = sizeof(*st);
	return ESV_S_OK;
}

static enum esv_status session_open(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_unit *unit = dev->unit;
	struct esvc_session *s;

	if (!unit)
		return ESV_S_UNSUPPORTED_OP;
	if (unit->selftest_failed)
		return ESV_S_SELFTEST_FAILED;
	if (cmd->object)
		return refuse_sqe(cmd, ESV_S_RESERVED_NONZERO, offsetof(struct esv_sqe, object));
	if (inline_zeros(cmd, 0) != ESV_S_OK)
		return ESV_S_RESERVED_NONZERO;
	if (esvc_sessions_of(&unit->sessions, cmd->function).sessions >= unit->function_sessions)
		return ESV_S_LIMIT;
	s = esvc_session_open(&unit->sessions, cmd->function);
	if (!s)
		return ESV_S_NO_RESOURCE;
	cmd->object = esvc_session_id(&unit->sessions, s);
	return ESV_S_OK;
}

static enum esv_status session_close(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status == ESV_S_OK)
		esvc_unit_close(dev->unit, s);
	return status;
}

static enum esv_status nonce_gen(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_nonce_gen *in = (const void *)cmd->in;
	struct esv_nonce_out *out = (void *)cmd->out;
	struct esvc_nonce *n;
	struct esvc_session *s;
	struct esvc_handle *h;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	uint16_t len = le16toh(in->len);

	if (status == ESV_S_OK)
		status = esvc_unit_zeros(cmd, offsetof(struct esv_nonce_gen, rsvd), sizeof(*in));
	if (status != ESV_S_OK)
		return status;
	if (len < ESV_NONCE_MIN || len > ESV_NONCE_MAX)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_nonce_gen, len);
	status = esvc_unit_make(dev->unit, s, ESV_H_NONCE, &h);
	if (status != ESV_S_OK)
		return status;
	n = &esvc_handle_object(&dev->unit->handles, h)->nonce;
	status = esvc_unit_random(dev->unit, n->bytes, len);
	if (status == ESV_S_SELFTEST_FAILED)	/* the handle went with the rest */
		return status;
	if (status != ESV_S_OK) {
		esvc_handle_drop(&dev->unit->handles, h);
		return status;
	}
	n->len = len;
	out->handle = htole64(esvc_handle_value(&dev->unit->handles, h));
	out->len = htole16(len);
	memcpy(out->nonce, n->bytes, len);
	cmd->out_len = sizeof(*out);
	return ESV_S_OK;
}

bool esvc_unit_id_ok(uint8_t type, uint16_t len)
{
	switch (type) {
	case 1:		/* ID_IPV4_ADDR */
		return len == 4;
	case 5:		/* ID_IPV6_ADDR */
		return len == 16;
	case 2:		/* ID_FQDN */
	case 3:		/* ID_RFC822_ADDR */
	case 9:		/* ID_DER_ASN1_DN */
	case 10:	/* ID_DER_ASN1_GN */
	case 11:	/* ID_KEY_ID */
		return len >= 1 && len <= ESV_ID_MAX;
	default:
		return false;
	}
}

void esvc_unit_vouch(struct esvc_handle *h, struct esvc_ike_sa *ike, uint8_t vouch, uint8_t id_type,
		     struct esvc_bytes id, bool no_ppk)
{
	esvc_unit_ppk_settle(ike, no_ppk);
	ike->vouch = vouch;
	ike->id_type = id_type;
	ike->id_len = (uint16_t)id.len;
	memcpy(ike->id, id.p, id.len);
	h->state = ESV_HS_AUTHENTICATED;
}

/* The host says whom it believes to be on the other side; that is recorded for good (UNIT-20). */
static enum esv_status auth_assert(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_auth_assert *in = (const void *)cmd->in;
	struct esvc_ike_sa *ike;
	struct esvc_session *s;
	struct esvc_handle *h;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	uint16_t len = le16toh(in->id_len);

	if (status == ESV_S_OK && in->flags & ~ESV_AUTH_F_NO_PPK)
		return REFUSE(cmd, ESV_S_UNSUPPORTED_VALUE, struct esv_auth_assert, flags);
	if (status == ESV_S_OK)
		status = esvc_unit_zeros(cmd, offsetof(struct esv_auth_assert, rsvd1),
					 offsetof(struct esv_auth_assert, id));
	if (status != ESV_S_OK)
		return status;
	h = esvc_handle_get(&dev->unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_auth_assert, ike);
	if (h->state != ESV_HS_NEW)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_auth_assert, ike);
	if (!esvc_unit_id_ok(in->id_type, len))
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_auth_assert, id_type);
	status = esvc_unit_zeros(cmd, offsetof(struct esv_auth_assert, id) + len, sizeof(*in));
	if (status != ESV_S_OK)
		return status;
	ike = &esvc_handle_object(&dev->unit->handles, h)->ike;
	if (in->flags && !ike->ppk)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_auth_assert, flags);
	esvc_unit_vouch(h, ike, ESV_VOUCH_HOST, in->id_type, (struct esvc_bytes){ in->id, len }, in->flags);
	return ESV_S_OK;
}

static enum esv_status destroy(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	uint64_t value = le64toh(((const struct esv_handle_in *)(const void *)cmd->in)->handle);
	struct esvc_session *s;
	struct esvc_handle *h;
	struct esvc_keyslot *k;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status != ESV_S_OK)
		return status;
	h = esvc_handle_get(&dev->unit->handles, s, value, 0);
	k = esvc_key_get(dev->unit, s, value);
	if (!h && !k)
		return esvc_refuse(cmd, ESV_S_BAD_HANDLE, 0);
	if (h)
		esvc_handle_drop(&dev->unit->handles, h);
	else if (k->state == ESVC_SLOT_LIVE)	/* delete the SA first */
		return esvc_refuse(cmd, ESV_S_BAD_STATE, 0);
	else
		esvc_key_drop(dev->unit, k);
	return ESV_S_OK;
}

static enum esv_status handle_query(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	uint64_t value = le64toh(((const struct esv_handle_in *)(const void *)cmd->in)->handle);
	struct esv_handle_info *info = (void *)cmd->out;
	const struct esvc_handle *h;
	const struct esvc_keyslot *k;
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status != ESV_S_OK)
		return status;
	h = esvc_handle_get(&dev->unit->handles, s, value, 0);
	k = esvc_key_get(dev->unit, s, value);
	if (!h && !k)
		return esvc_refuse(cmd, ESV_S_BAD_HANDLE, 0);
	info->handle = htole64(value);
	if (h) {
		info->type = h->type;
		info->state = h->state;
		if (h->type == ESV_H_IKE)
			info->vouch = esvc_handle_object(&dev->unit->handles, h)->ike.vouch;
	} else {
		info->type = ESV_H_ESP;
		info->state = esvc_keyslot_shown(k);
		info->vouch = k->key.vouch;
		info->dir = k->key.bind.dir;
	}
	cmd->out_len = sizeof(*info);
	return ESV_S_OK;
}

/* SAs that lost their key hear it through the event; their entries stay and drop. */
static enum esv_status zeroize_more(struct esvc_dev *dev, struct esvc_cmd *cmd, uint8_t scope)
{
	if (cmd->object && !esvc_session_get(&dev->unit->sessions, cmd->function, cmd->object))
		return bad_handle(cmd);
	if (scope == ESV_ZEROIZE_UNIT && cmd->function)
		return ESV_S_DENIED;
	if (scope == ESV_ZEROIZE_UNIT)
		esvc_unit_zeroize(dev->unit);
	else
		esvc_unit_zeroize_function(dev->unit, cmd->function);
	dev->epoch_event = true;
	return ESV_S_OK;
}

static enum esv_status zeroize(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	uint8_t scope = cmd->sqe.inl[0];
	struct esvc_session *s;

	if (!dev->unit)
		return ESV_S_UNSUPPORTED_OP;
	if (inline_zeros(cmd, 1) != ESV_S_OK)
		return ESV_S_RESERVED_NONZERO;
	switch (scope) {
	case ESV_ZEROIZE_SESSION:
		s = esvc_session_get(&dev->unit->sessions, cmd->function, cmd->object);
		if (!s)
			return bad_handle(cmd);
		esvc_unit_wipe(dev->unit, s, true);
		return ESV_S_OK;
	case ESV_ZEROIZE_FUNCTION:
	case ESV_ZEROIZE_UNIT:
		return zeroize_more(dev, cmd, scope);
	default:
		return refuse_sqe(cmd, ESV_S_BAD_FIELD, offsetof(struct esv_sqe, inl));
	}
}

const struct esvc_cmd_row esvc_unit_rows[] = {
	{ ESV_OP_UNIT_STATUS, 0, 0, sizeof(struct esv_unit_status), unit_status },
	{ ESV_OP_SESSION_OPEN, 0, 0, 0, session_open },
	{ ESV_OP_SESSION_CLOSE, 0, 0, 0, session_close },
	{ ESV_OP_NONCE_GEN, sizeof(struct esv_nonce_gen), sizeof(struct esv_nonce_gen),
	  sizeof(struct esv_nonce_out), nonce_gen },
	{ ESV_OP_KE_GEN, sizeof(struct esv_ke_gen), sizeof(struct esv_ke_gen),
	  sizeof(struct esv_ke_out), esvc_unit_ke_gen },
	{ ESV_OP_KE_FINISH, offsetof(struct esv_ke_finish, value), sizeof(struct esv_ke_finish),
	  sizeof(struct esv_handle_out), esvc_unit_ke_finish },
	{ ESV_OP_KE_ENCAP, offsetof(struct esv_ke_encap, value), sizeof(struct esv_ke_encap),
	  sizeof(struct esv_ke_out), esvc_unit_ke_encap },
	{ ESV_OP_IKE_DERIVE, sizeof(struct esv_ike_derive), sizeof(struct esv_ike_derive),
	  sizeof(struct esv_handle_out), esvc_unit_ike_derive },
	{ ESV_OP_IKE_UPDATE, sizeof(struct esv_ike_update), sizeof(struct esv_ike_update), 0,
	  esvc_unit_ike_update },
	{ ESV_OP_IKE_REKEY, sizeof(struct esv_ike_rekey), sizeof(struct esv_ike_rekey),
	  sizeof(struct esv_handle_out), esvc_unit_ike_rekey },
	{ ESV_OP_IKE_SEAL, offsetof(struct esv_ike_seal, data), sizeof(struct esv_ike_seal),
	  offsetof(struct esv_ike_sealed, data), esvc_unit_ike_seal },
	{ ESV_OP_IKE_OPEN, offsetof(struct esv_ike_open, data), sizeof(struct esv_ike_open), 0,
	  esvc_unit_ike_open },
	{ ESV_OP_PPK_APPLY, sizeof(struct esv_ppk_apply), sizeof(struct esv_ppk_apply), 0, esvc_unit_ppk_apply },
	{ ESV_OP_INTAUTH, offsetof(struct esv_intauth, data), sizeof(struct esv_intauth), 0, esvc_unit_intauth },
	{ ESV_OP_AUTH_SIGN, offsetof(struct esv_auth_sign, data), sizeof(struct esv_auth_sign),
	  sizeof(struct esv_auth_data), esvc_unit_auth_sign },
	{ ESV_OP_AUTH_VERIFY, offsetof(struct esv_auth_verify, data), sizeof(struct esv_auth_verify), 0,
	  esvc_unit_auth_verify },
	{ ESV_OP_PROVISION, offsetof(struct esv_provision, data), sizeof(struct esv_provision),
	  offsetof(struct esv_provisioned, stored), esvc_unit_provision },
	{ ESV_OP_ATTEST, sizeof(struct esv_attest), sizeof(struct esv_attest), sizeof(struct esv_attested),
	  esvc_unit_attest },
	{ ESV_OP_ALG_TEST, offsetof(struct esv_alg_test, data), sizeof(struct esv_alg_test),
	  sizeof(struct esv_alg_tested), esvc_unit_alg_test },
	{ ESV_OP_AUTH_ASSERT, sizeof(struct esv_auth_assert), sizeof(struct esv_auth_assert), 0,
	  auth_assert },
	{ ESV_OP_CHILD_DERIVE, sizeof(struct esv_child_derive), sizeof(struct esv_child_derive),
	  sizeof(struct esv_child_out), esvc_unit_child_derive },
	{ ESV_OP_DESTROY, sizeof(struct esv_handle_in), sizeof(struct esv_handle_in), 0, destroy },
	{ ESV_OP_ZEROIZE, 0, 0, 0, zeroize },
	{ ESV_OP_HANDLE_QUERY, sizeof(struct esv_handle_in), sizeof(struct esv_handle_in),
	  sizeof(struct esv_handle_info), handle_query },
	{ 0 },
};
