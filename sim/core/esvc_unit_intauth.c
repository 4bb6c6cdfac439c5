// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INTAUTH: the messages of IKE_INTERMEDIATE, chained with the SK_p in force when
 * they were sent, so that AUTH covers them (RFC 9242 3.3.2).
 */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <string.h>

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

/* Each exchange is the initiator's message, then the responder's; one that is chained can't be taken back. */
static enum esv_status check(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
			     struct esvc_ike_sa **ike)
{
	const struct esv_intauth *in = (const void *)cmd->in;
	const struct esvc_handle *h;

	if (in->rsvd0)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_intauth, rsvd0);
	if (in->rsvd1)
		return REFUSE(cmd, ESV_S_RESERVED_NONZERO, struct esv_intauth, rsvd1);
	if (in->sender != ESV_ROLE_INITIATOR && in->sender != ESV_ROLE_RESPONDER)
		return REFUSE(cmd, ESV_S_BAD_FIELD, struct esv_intauth, sender);
	if (!in->len || cmd->in_len != offsetof(struct esv_intauth, data) + le16toh(in->len))
		return REFUSE(cmd, ESV_S_BAD_LENGTH, struct esv_intauth, len);
	h = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_intauth, ike);
	*ike = &esvc_handle_object(&unit->handles, h)->ike;
	if (h->state != ESV_HS_NEW || (*ike)->ppk || (*ike)->auths)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_intauth, ike);
	if (in->sender != (*ike)->intauth_next)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_intauth, sender);
	return ESV_S_OK;
}

enum esv_status esvc_unit_intauth(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_intauth *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	struct esvc_ike_sa *ike;
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);
	bool initiator = in->sender == ESV_ROLE_INITIATOR;
	struct esvc_bytes parts[2], sk_p;
	uint8_t *chain;
	int err;

	if (status == ESV_S_OK)
		status = check(unit, cmd, s, &ike);
	if (status != ESV_S_OK)
		return status;
	chain = initiator ? ike->intauth_i : ike->intauth_r;
	sk_p = (struct esvc_bytes){ initiator ? ike->keys.sk_pi : ike->keys.sk_pr, esvc_prf_len(ike->prf) };
	parts[0] = (struct esvc_bytes){ chain, ike->intauths ? sk_p.len : 0 };
	parts[1] = (struct esvc_bytes){ in->data, le16toh(in->len) };
	err = esvc_prf(&unit->prfs, ike->prf, sk_p, parts, 2, unit->sec->ike.block);
	if (!err) {
		memcpy(chain, unit->sec->ike.block, sk_p.len);
		ike->intauths += !initiator;
		ike->intauth_next = initiator ? ESV_ROLE_RESPONDER : ESV_ROLE_INITIATOR;
	}
	OPENSSL_cleanse(unit->sec->ike.block, sizeof(unit->sec->ike.block));
	return err ? ESV_S_INTERNAL : ESV_S_OK;
}
