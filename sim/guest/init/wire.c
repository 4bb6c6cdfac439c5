// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "wire.h"

static const uint8_t *take(struct wire_in *in, size_t len)
{
	const uint8_t *p = in->p;

	if (in->bad || len > in->left) {
		in->bad = true;
		return NULL;
	}
	in->p += len;
	in->left -= len;
	return p;
}

uint8_t wire_u8(struct wire_in *in)
{
	const uint8_t *p = take(in, 1);

	return p ? p[0] : 0;
}

uint32_t wire_u32(struct wire_in *in)
{
	const uint8_t *p = take(in, 4);

	if (!p)
		return 0;
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

const uint8_t *wire_bytes(struct wire_in *in, size_t *len)
{
	*len = wire_u32(in);
	return take(in, *len);
}

char *wire_string(struct wire_in *in)
{
	size_t len;
	const uint8_t *p = wire_bytes(in, &len);

	return p ? strndup((const char *)p, len) : NULL;
}
