// SPDX-License-Identifier: LGPL-2.1-or-later
/* Encrypted payloads of IKE messages (RFC 7296 3.14, RFC 5282). */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* AAD and text, one behind the other. */
static int put_message(struct espvault *unit, uint8_t *to, size_t room, const void *aad, size_t aad_len,
		       const void *text, size_t len)
{
	if (!text || (aad_len && !aad))
		return -EINVAL;
	if (!len || len > ESV_IKE_TEXT_MAX || aad_len > room - len)
		return esp_refuse(unit, -EMSGSIZE, "an IKE message and its header do not fit one command");
	if (aad_len)
		memcpy(to, aad, aad_len);
	memcpy(to + aad_len, text, len);
	return 0;
}

ESPVAULT_API int espvault_ike_seal(struct espvault *unit, espvault_handle ike, const void *aad, size_t aad_len,
				   const void *text, size_t len, uint8_t iv[8], void *sealed, uint8_t icv[16])
{
	struct esv_ike_sealed answer;
	struct esv_ike_seal in;
	struct esp_cmd cmd = { .opcode = ESV_OP_IKE_SEAL, .in = &in, .out = &answer,
			       .in_len = offsetof(struct esv_ike_seal, data) + aad_len + len,
			       .out_len = offsetof(struct esv_ike_sealed, data) + len };
	int err;

	if (!unit || !iv || !sealed || !icv)
		return -EINVAL;
	in.ike = htole64(ike);
	in.aad_len = htole16((uint16_t)aad_len);
	in.len = htole16((uint16_t)len);
	in.rsvd = 0;
	err = put_message(unit, in.data, sizeof(in.data), aad, aad_len, text, len);
	if (!err)
		err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	memcpy(iv, answer.iv, sizeof(answer.iv));
	memcpy(icv, answer.icv, sizeof(answer.icv));
	memcpy(sealed, answer.data, len);
	return 0;
}

ESPVAULT_API int espvault_ike_open(struct espvault *unit, espvault_handle ike, const void *aad, size_t aad_len,
				   const uint8_t iv[8], const void *sealed, size_t len, const uint8_t icv[16],
				   void *text)
{
	struct esv_ike_open in;
	struct esp_cmd cmd = { .opcode = ESV_OP_IKE_OPEN, .in = &in, .out = text, .out_len = len,
			       .in_len = offsetof(struct esv_ike_open, data) + aad_len + len };
	int err;

	if (!unit || !iv || !icv || !text)
		return -EINVAL;
	in.ike = htole64(ike);
	in.aad_len = htole16((uint16_t)aad_len);
	in.len = htole16((uint16_t)len);
	in.rsvd = 0;
	memcpy(in.iv, iv, sizeof(in.iv));
	memcpy(in.icv, icv, sizeof(in.icv));
	err = put_message(unit, in.data, sizeof(in.data), aad, aad_len, sealed, len);
	return err ? err : esp_cmd(unit, &cmd);
}
