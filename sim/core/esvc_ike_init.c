// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_ike_init.h"

#include <errno.h>
#include <string.h>

#define HDR_LEN		28
#define VERSION		0x20	/* major 2, minor 0 */
#define IKE_SA_INIT	34
#define FLAG_INITIATOR	0x08
#define FLAG_RESPONSE	0x20
#define PAYLOAD_HDR	4
#define KE_HDR		4	/* group, reserved */

enum { NO_NEXT = 0, PAYLOAD_KE = 34, PAYLOAD_NONCE = 40, PAYLOAD_SK = 46, PAYLOAD_SKF = 53 };

static uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* One payload without its generic header. */
static int take(struct esvc_ike_init *m, uint8_t type, const uint8_t *body, size_t len)
{
	switch (type) {
	case PAYLOAD_KE:
		if (m->ke.p || len <= KE_HDR)
			return -EBADMSG;
		m->group = be16_at(body);
		m->ke = (struct esvc_bytes){ body + KE_HDR, len - KE_HDR };
		return 0;
	case PAYLOAD_NONCE:
		if (m->nonce.p || !len)
			return -EBADMSG;
		m->nonce = (struct esvc_bytes){ body, len };
		return 0;
	case PAYLOAD_SK:
	case PAYLOAD_SKF:
		return -EBADMSG;
	default:
		return 0;
	}
}

static int payloads(struct esvc_ike_init *m, uint8_t next, const uint8_t *at, size_t left)
{
	while (next != NO_NEXT) {
		size_t len = left >= PAYLOAD_HDR ? be16_at(at + 2) : 0;

		if (len < PAYLOAD_HDR || len > left || take(m, next, at + PAYLOAD_HDR, len - PAYLOAD_HDR))
			return -EBADMSG;
		next = at[0];
		at += len;
		left -= len;
	}
	return left || !m->ke.p || !m->nonce.p ? -EBADMSG : 0;
}

int esvc_ike_init_read(const uint8_t *msg, size_t len, struct esvc_ike_init *out)
{
	memset(out, 0, sizeof(*out));
	if (len < HDR_LEN || be32_at(msg + 24) != len || msg[17] != VERSION || msg[18] != IKE_SA_INIT ||
	    be32_at(msg + 20))
		return -EBADMSG;
	out->spi_i = msg;
	out->spi_r = msg + 8;
	out->from_initiator = msg[19] & FLAG_INITIATOR;
	out->response = msg[19] & FLAG_RESPONSE;
	return payloads(out, msg[16], msg + HDR_LEN, len - HDR_LEN);
}
