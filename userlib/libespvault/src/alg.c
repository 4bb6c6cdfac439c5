// SPDX-License-Identifier: LGPL-2.1-or-later
/* The unit's algorithms on the caller's own bytes, in test mode (UNIT-101). */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* The parts, one behind the other. *len: what is used of the payload. */
static int put_parts(struct espvault *unit, const struct espvault_alg_params *p, struct esv_alg_test *in, size_t *len)
{
	size_t at = 0;

	for (unsigned int i = 0; i < ESV_ALG_PARTS; i++) {
		size_t n = p->part[i].len;

		if (n && !p->part[i].data)
			return esp_refuse(unit, -EINVAL, "a part has a length and no data");
		if (n > sizeof(in->data) - at)
			return esp_refuse(unit, -EMSGSIZE, "the parts have more than the 4080 bytes of one command");
		in->len[i] = htole16((uint16_t)n);
		if (n)
			memcpy(in->data + at, p->part[i].data, n);
		at += n;
	}
	*len = offsetof(struct esv_alg_test, data) + at;
	return 0;
}

ESPVAULT_API int espvault_alg_test(struct espvault *unit, const struct espvault_alg_params *params, void *out,
				   size_t *out_len)
{
	struct espvault_alg_params p;
	struct esv_alg_test in = { .alg = 0 };
	struct esv_alg_tested tested;
	struct esp_cmd cmd = { .opcode = ESV_OP_ALG_TEST, .in = &in, .out = &tested, .out_len = sizeof(tested),
			       .out_min = offsetof(struct esv_alg_tested, data) };
	size_t len;
	int err;

	if (!unit || !params || !out || !out_len)
		return -EINVAL;
	err = esp_struct_in(&p, sizeof(p), params);
	if (err)
		return esp_refuse(unit, err, "struct espvault_alg_params has a size or fields that are not known");
	in.alg = htole16(p.alg);
	in.param = htole16(p.param);
	err = put_parts(unit, &p, &in, &cmd.in_len);
	if (!err)
		err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	len = le16toh(tested.len);
	if (len > sizeof(tested.data))
		return esp_refuse(unit, -EPROTO, "the device's answer is longer than its field");
	if (len > *out_len)
		return esp_refuse(unit, -ENOBUFS, "no room for what the algorithm gives");
	memcpy(out, tested.data, len);
	*out_len = len;
	return 0;
}
