/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IKE_SA_INIT messages (RFC 7296 3.1) with an X25519 value and a nonce of 32 bytes. */
#ifndef IKE_INIT_H
#define IKE_INIT_H

#include <espvault/esv_if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NONCE_LEN	32

struct blob {
	size_t len;
	uint8_t b[ESV_ADMIN_BUF];
};

static inline void put(struct blob *b, const void *bytes, size_t len)
{
	memcpy(b->b + b->len, bytes, len);
	b->len += len;
}

static inline void put_payload(struct blob *b, uint8_t next, const void *body, size_t len)
{
	const uint8_t hdr[] = { next, 0, (uint8_t)((len + 4) >> 8), (uint8_t)(len + 4) };

	put(b, hdr, sizeof(hdr));
	put(b, body, len);
}

/* Header, a proposal that nobody reads, KE of group 31, nonce, a notify. */
static inline void init_message(struct blob *b, uint8_t role, const uint8_t spi_i[8], const uint8_t spi_r[8],
				const uint8_t ke_value[32], const uint8_t nonce[NONCE_LEN])
{
	static const uint8_t proposal[40] = { 0, 0, 0, 40, 1, 1, 0, 3 }, notify[4] = { 0, 0, 0x40, 0x2e };
	bool initiator = role == ESV_ROLE_INITIATOR;
	uint8_t ke[4 + 32] = { 0, 31 };
	uint8_t hdr[28] = { [16] = 33, [17] = 0x20, [18] = 34, [19] = initiator ? 0x08 : 0x20 };

	b->len = 0;
	memcpy(hdr, spi_i, 8);
	if (!initiator)
		memcpy(hdr + 8, spi_r, 8);
	put(b, hdr, sizeof(hdr));
	put_payload(b, 34, proposal, sizeof(proposal));
	memcpy(ke + 4, ke_value, 32);
	put_payload(b, 40, ke, sizeof(ke));
	put_payload(b, 41, nonce, NONCE_LEN);
	put_payload(b, 0, notify, sizeof(notify));
	b->b[26] = (uint8_t)(b->len >> 8);
	b->b[27] = (uint8_t)b->len;
}

#endif
