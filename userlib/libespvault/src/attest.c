// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asking a unit for a statement. */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

ESPVAULT_API int espvault_attest(struct espvault *unit, const struct espvault_attest_params *params, void *statement,
				 size_t *len)
{
	struct espvault_attest_params p;
	struct esv_attested out;
	struct esv_attest in;
	struct esp_cmd cmd = { .opcode = ESV_OP_ATTEST, .in = &in, .in_len = sizeof(in), .out = &out,
			       .out_len = sizeof(out), .out_min = offsetof(struct esv_attested, data) };
	size_t n;
	int err;

	if (!unit || !params || !statement || !len)
		return -EINVAL;
	err = esp_struct_in(&p, sizeof(p), params);
	if (err)
		return esp_refuse(unit, err, "struct espvault_attest_params has a size or fields that are not known");
	in = (struct esv_attest){ .subject = p.subject, .sa = htole32(p.sa), .handle = htole64(p.handle) };
	memcpy(in.nonce, p.nonce, sizeof(in.nonce));
	err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	n = le16toh(out.len);
	if (n > sizeof(out.data))
		return esp_refuse(unit, -EPROTO, "the device's statement is longer than its field");
	if (n > *len)
		return esp_refuse(unit, -ENOBUFS, "no room for the statement");
	memcpy(statement, out.data, n);
	*len = n;
	return 0;
}
