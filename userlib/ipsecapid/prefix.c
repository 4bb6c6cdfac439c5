// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes of addresses. */
#include <string.h>

#include "prefix.h"

bool prefix_match(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int bytes = bits / 8;
	uint8_t mask;

	if (bits > 128)
		return false;
	if (memcmp(a, b, bytes))
		return false;
	if (bits % 8 == 0)
		return true;
	mask = 0xff << (8 - bits % 8);
	return !((a[bytes] ^ b[bytes]) & mask);
}
