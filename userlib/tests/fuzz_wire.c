// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: the parser of everything that a client sends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../libipsecapi/wire/tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_header hdr;
	struct tlv_set set;
	uint32_t value;
	uint8_t *copy;
	unsigned int i;

	if (size > WIRE_MAX_MESSAGE)
		return 0;
	/* an exact copy, so that one byte too far is noticed */
	copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (size >= sizeof(hdr)) {	/* help it past what it could only guess */
		memcpy(&hdr, copy, sizeof(hdr));
		hdr.magic = WIRE_MAGIC;
		hdr.length = size - sizeof(hdr);
		memcpy(copy, &hdr, sizeof(hdr));
	}
	if (!tlv_parse(copy, size, &hdr, &set)) {
		for (i = 1; i <= WIRE_ATTR_MAX; i++) {
			const struct tlv_value *v = &set.at[i];

			if (v->data && ((const uint8_t *)v->data < copy ||
					(const uint8_t *)v->data + v->length > copy + size))
				abort();
			tlv_u32(&set, i, &value);
		}
	}
	free(copy);
	return 0;
}
