/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of 64 bits, which structures begin with, in their order: for trees and sorted arrays. */
#ifndef IPSECAPID_COOKIE_H
#define IPSECAPID_COOKIE_H

#include <stdint.h>

static inline int by_cookie(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

#endif
