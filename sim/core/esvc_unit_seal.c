// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_SEAL and IKE_OPEN: the Encrypted payload of IKE messages (RFC 7296 3.14, RFC
 * 5282). Who sends under which key follows from the role that the IKE SA was
 * derived with, and the unit makes the IVs: nothing here can be asked to open
 * what it sealed, or to seal under the peer's key.
 */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

#define IV_LEN	8

/* RFC 5282 3.1: salt | IV. */
static void nonce_of(uint8_t nonce[12], const uint8_t *sk_e, size_t key_len, const uint8_t iv[IV_LEN])
{
	memcpy(nonce, sk_e + key_len, ESVC_SALT_LEN);
	memcpy(nonce + ESVC_SALT_LEN, iv, IV_LEN);
}

/* The cipher context of one direction, in the scratch space; key_down() afterwards. */
static int key_up(struct esvc_unit *unit, const uint8_t *sk_e, size_t key_len)
{
	return esvc_aead_setkey(unit->cfg.aead, unit->sec->cipher, sk_e, key_len);
}

static void key_down(struct esvc_unit *unit)
{
	OPENSSL_cleanse(unit->sec->cipher, sizeof(unit->sec->cipher));
	OPENSSL_cleanse(unit->sec->nonce, sizeof(unit->sec->nonce));
}

static const uint8_t *key_of(const struct esvc_ike_sa *ike, bool own)
{
	return (ike->role == ESV_ROLE_INITIATOR) == own ? ike->keys.sk_ei : ike->keys.sk_er;
}

/* aad_len and len describe data exactly. */
static enum esv_status lengths(struct esvc_cmd *cmd, size_t data, size_t aad_len, size_t len, size_t off)
{
	return cmd->in_len == data + aad_len + len ? ESV_S_OK : esvc_refuse(cmd, ESV_S_BAD_LENGTH, off);
}

enum esv_status esvc_unit_ike_seal(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ike_seal *in = (const void *)cmd->in;
	struct esv_ike_sealed *out = (void *)cmd->out;
	size_t aad_len = le16toh(in->aad_len), len = le16toh(in->len), key_len;
	struct esvc_unit *unit = dev->unit;
	struct esvc_ike_sa *ike;
	struct esvc_session *s;
	struct esvc_handle *h;
	uint64_t iv;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK && in->rsvd)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_ike_seal, rsvd);
	if (status == ESV_S_OK)
		status = lengths(cmd, offsetof(struct esv_ike_seal, data), aad_len, len,
				 offsetof(struct esv_ike_seal, len));
	if (status != ESV_S_OK)
		return status;
	h = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_seal, ike);
	if (!len || len > ESV_IKE_TEXT_MAX)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_ike_seal, len);
	if (cmd->out_cap < offsetof(struct esv_ike_sealed, data) + len)
		return esvc_refuse(cmd, ESV_S_BAD_LENGTH, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, out_cap));
	ike = &esvc_handle_object(&unit->handles, h)->ike;
	if (ike->sealed == ESVC_IKE_MESSAGES)
		return REFUSE(cmd, ESV_S_LIMIT, struct esv_ike_seal, ike);
	iv = htobe64(++ike->sealed);
	memcpy(out->iv, &iv, sizeof(out->iv));
	key_len = esvc_encr_len(ike->encr) - ESVC_SALT_LEN;
	nonce_of(unit->sec->nonce, key_of(ike, true), key_len, out->iv);
	err = key_up(unit, key_of(ike, true), key_len);
	if (!err)
		err = esvc_aead_seal(unit->cfg.aead, unit->sec->cipher, unit->sec->nonce, in->data, aad_len,
				     in->data + aad_len, out->data, len, out->icv);
	key_down(unit);
	cmd->out_len = offsetof(struct esv_ike_sealed, data) + len;
	return err ? ESV_S_INTERNAL : ESV_S_OK;
}

enum esv_status esvc_unit_ike_open(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ike_open *in = (const void *)cmd->in;
	size_t aad_len = le16toh(in->aad_len), len = le16toh(in->len), key_len;
	struct esvc_unit *unit = dev->unit;
	struct esvc_ike_sa *ike;
	struct esvc_session *s;
	struct esvc_handle *h;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	int err;

	if (status == ESV_S_OK && in->rsvd)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_ike_open, rsvd);
	if (status == ESV_S_OK)
		status = lengths(cmd, offsetof(struct esv_ike_open, data), aad_len, len,
				 offsetof(struct esv_ike_open, len));
	if (status != ESV_S_OK)
		return status;
	h = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ike_open, ike);
	if (!len || len > ESV_IKE_TEXT_MAX)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_ike_open, len);
	if (cmd->out_cap < len)
		return esvc_refuse(cmd, ESV_S_BAD_LENGTH, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, out_cap));
	ike = &esvc_handle_object(&unit->handles, h)->ike;
	key_len = esvc_encr_len(ike->encr) - ESVC_SALT_LEN;
	nonce_of(unit->sec->nonce, key_of(ike, false), key_len, in->iv);
	err = key_up(unit, key_of(ike, false), key_len);
	if (!err)
		err = esvc_aead_open(unit->cfg.aead, unit->sec->cipher, unit->sec->nonce, in->data, aad_len,
				     in->data + aad_len, cmd->out, len, in->icv);
	key_down(unit);
	if (err == -EBADMSG)
		return REFUSE(cmd, ESV_S_AUTH_FAILED, struct esv_ike_open, icv);
	cmd->out_len = len;
	return err ? ESV_S_INTERNAL : ESV_S_OK;
}
