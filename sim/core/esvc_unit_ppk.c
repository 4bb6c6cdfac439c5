// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PPK_APPLY: a post-quantum preshared key in an IKE SA (RFC 8784). Until somebody
 * vouched for the peer it is open whether the peer has it, so the keys from
 * before stay for that long.
 */
#include "esvc_unit_cmd.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <string.h>

#define REFUSE(cmd, status, type, field) esvc_refuse(cmd, status, offsetof(type, field))

/* key = prf+(PPK, old), as long as it was. */
static int mix(struct esvc_unit *unit, unsigned int prf, struct esvc_bytes ppk, const uint8_t *old, uint8_t *key)
{
	size_t len = esvc_prf_len(prf);
	const struct esvc_bytes part = { old, len };

	return esvc_prf_plus(&unit->prfs, prf, ppk, &part, 1, unit->sec->ike.block, key, len);
}

static int mix_all(struct esvc_unit *unit, struct esvc_ike_sa *ike, struct esvc_bytes ppk)
{
	const struct esvc_ike_keys *old = &ike->no_ppk;
	int err = mix(unit, ike->prf, ppk, old->sk_d, ike->keys.sk_d);

	if (!err)
		err = mix(unit, ike->prf, ppk, old->sk_pi, ike->keys.sk_pi);
	return err ? err : mix(unit, ike->prf, ppk, old->sk_pr, ike->keys.sk_pr);
}

void esvc_unit_ppk_settle(struct esvc_ike_sa *ike, bool no_ppk)
{
	if (ike->ppk && no_ppk) {
		memcpy(ike->keys.sk_d, ike->no_ppk.sk_d, sizeof(ike->keys.sk_d));
		memcpy(ike->keys.sk_pi, ike->no_ppk.sk_pi, sizeof(ike->keys.sk_pi));
		memcpy(ike->keys.sk_pr, ike->no_ppk.sk_pr, sizeof(ike->keys.sk_pr));
		ike->ppk = false;
	}
	OPENSSL_cleanse(&ike->no_ppk, sizeof(ike->no_ppk));
}

enum esv_status esvc_unit_ppk_apply(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_ppk_apply *in = (const void *)cmd->in;
	struct esvc_unit *unit = dev->unit;
	const struct esvc_handle *h, *p;
	const struct esvc_held *ppk;
	struct esvc_ike_sa *ike;
	struct esvc_session *s;
	enum esv_status status = esvc_unit_enter(dev, cmd, &s);

	if (status != ESV_S_OK)
		return status;
	h = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);
	if (!h)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ppk_apply, ike);
	ike = &esvc_handle_object(&unit->handles, h)->ike;
	if (h->state != ESV_HS_NEW || ike->ppk || ike->auths || ike->intauth_next != ESV_ROLE_INITIATOR)
		return REFUSE(cmd, ESV_S_BAD_STATE, struct esv_ppk_apply, ike);
	p = esvc_handle_get(&unit->handles, s, le64toh(in->ppk), ESV_H_PPK);
	if (!p)
		return REFUSE(cmd, ESV_S_BAD_HANDLE, struct esv_ppk_apply, ppk);
	ppk = &esvc_handle_object(&unit->handles, p)->held;
	ike->no_ppk = ike->keys;
	ike->ppk = !mix_all(unit, ike, (struct esvc_bytes){ ppk->bytes, ppk->len });
	if (ike->ppk)
		return ESV_S_OK;
	ike->ppk = true;	/* back to what was */
	esvc_unit_ppk_settle(ike, true);
	return ESV_S_INTERNAL;
}
