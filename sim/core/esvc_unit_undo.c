// SPDX-License-Identifier: GPL-2.0-or-later
/* What a command made and could not tell of is nobody's: it goes, and an AUTH counts as not made (ADM-9). */
#include "esvc_cmd.h"
#include "esvc_unit_priv.h"

#include <endian.h>
#include <string.h>

/* Answers that hold handles of new objects. */
static const struct {
	uint16_t opcode;
	uint16_t handle[2];	/* offset + 1, 0: none */
} made[] = {
	{ ESV_OP_NONCE_GEN, { offsetof(struct esv_nonce_out, handle) + 1 } },
	{ ESV_OP_KE_GEN, { offsetof(struct esv_ke_out, handle) + 1 } },
	{ ESV_OP_KE_FINISH, { offsetof(struct esv_handle_out, handle) + 1 } },
	{ ESV_OP_KE_ENCAP, { offsetof(struct esv_ke_out, handle) + 1 } },
	{ ESV_OP_IKE_DERIVE, { offsetof(struct esv_handle_out, handle) + 1 } },
	{ ESV_OP_IKE_REKEY, { offsetof(struct esv_handle_out, handle) + 1 } },
	{ ESV_OP_PROVISION, { offsetof(struct esv_provisioned, handle) + 1 } },
	{ ESV_OP_CHILD_DERIVE, { offsetof(struct esv_child_out, esp_in) + 1, offsetof(struct esv_child_out, esp_out) + 1 } },
};

static void drop(struct esvc_unit *unit, const struct esvc_session *s, const uint8_t *at)
{
	struct esvc_handle *h;
	struct esvc_keyslot *k;
	__le64 value;

	memcpy(&value, at, sizeof(value));
	h = esvc_handle_get(&unit->handles, s, le64toh(value), 0);
	k = esvc_key_get(unit, s, le64toh(value));
	if (h)
		esvc_handle_drop(&unit->handles, h);
	else if (k)
		esvc_key_drop(unit, k);
}

/* Nobody has the AUTH, so it may be made again (UNIT-95). */
static void unsign(struct esvc_unit *unit, const struct esvc_session *s, const struct esv_auth_sign *in)
{
	struct esvc_handle *h = esvc_handle_get(&unit->handles, s, le64toh(in->ike), ESV_H_IKE);

	if (h)
		esvc_handle_object(&unit->handles, h)->ike.auths &= (uint8_t)~(1 << in->flags);
}

void esvc_unit_undo(struct esvc_unit *unit, const struct esvc_cmd *cmd)
{
	const struct esvc_session *s = esvc_session_get(&unit->sessions, cmd->function, le32toh(cmd->sqe.object));

	if (s && le16toh(cmd->sqe.opcode) == ESV_OP_AUTH_SIGN)
		unsign(unit, s, (const void *)cmd->in);
	for (size_t i = 0; s && i < sizeof(made) / sizeof(made[0]); i++)
		for (size_t n = 0; n < 2 && made[i].opcode == le16toh(cmd->sqe.opcode); n++)
			if (made[i].handle[n])
				drop(unit, s, cmd->out + made[i].handle[n] - 1);
}
