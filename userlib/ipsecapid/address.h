/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses in 16 bytes, of which IPv4 uses the first four. */
#ifndef IPSECAPID_ADDRESS_H
#define IPSECAPID_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* An IPv6 address that stands for an IPv4 one begins so (RFC 4291 2.5.5.2). */
static const uint8_t mapped_prefix[12] = { [10] = 0xff, 0xff };

static inline bool address_is_mapped(const uint8_t a[16])
{
	return !memcmp(a, mapped_prefix, sizeof(mapped_prefix));
}

static inline bool address_is_any(const uint8_t a[16])
{
	static const uint8_t any[16];

	return !memcmp(a, any, sizeof(any));
}

#endif
