// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers of a frame as the stateless offloads need them. */
#include "esvc_frame.h"

#define ETH_HLEN	14
#define VLAN_TAGS	2
#define EXT_MAX		6

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

size_t esvc_frame_l3(const uint8_t *frame, size_t len, uint16_t *ethertype)
{
	size_t off = ETH_HLEN;
	uint16_t type = be16(frame + 12);

	for (int i = 0; i < VLAN_TAGS && (type == 0x8100 || type == 0x88a8) && off + 4 <= len; i++) {
		type = be16(frame + off + 2);
		off += 4;
	}
	*ethertype = type;
	return off;
}

static void parse_v4(const uint8_t *frame, size_t len, size_t body, struct esvc_frame *f)
{
	const uint8_t *ip = frame + f->l3_off;
	size_t hlen, total;

	if (len < f->l3_off + 20u || ip[0] >> 4 != 4)
		return;
	hlen = (ip[0] & 15) * 4u;
	total = be16(ip + 2);
	if (hlen < 20 || total < hlen || len < f->l3_off + hlen || body < f->l3_off + total)
		return;
	f->family = 4;
	f->proto = ip[9];
	f->fragment = be16(ip + 6) & 0x3fff;
	f->l4_off = (uint16_t)(f->l3_off + hlen);
	f->l4_len = (uint32_t)(total - hlen);
}

/* True: next is an extension header that was stepped over. */
static bool step_v6(const uint8_t *frame, size_t len, size_t *off, struct esvc_frame *f)
{
	const uint8_t *h = frame + *off;

	if (f->proto != 0 && f->proto != 43 && f->proto != 60 && f->proto != 44)
		return false;
	if (*off + 8 > len)
		return false;
	if (f->proto == 44) {
		f->fragment = true;
		return false;
	}
	*off += 8u + h[1] * 8u;
	f->proto = h[0];
	f->ext = true;
	return true;
}

static void parse_v6(const uint8_t *frame, size_t len, size_t body, struct esvc_frame *f)
{
	const uint8_t *ip = frame + f->l3_off;
	size_t off = f->l3_off + 40u, end;

	if (len < off || ip[0] >> 4 != 6)
		return;
	end = off + be16(ip + 4);
	if (body < end)
		return;
	f->family = 6;
	f->proto = ip[6];
	for (int i = 0; i < EXT_MAX && step_v6(frame, len, &off, f); i++)
		;
	if (off > end || off > len)
		return;
	f->l4_off = (uint16_t)off;
	f->l4_len = (uint32_t)(end - off);
}

void esvc_frame_parse(const uint8_t *frame, size_t len, size_t body, struct esvc_frame *f)
{
	*f = (struct esvc_frame){ 0 };
	if (len < ETH_HLEN)
		return;
	f->l3_off = (uint16_t)esvc_frame_l3(frame, len, &f->ethertype);
	if (f->ethertype == 0x0800)
		parse_v4(frame, len, body, f);
	else if (f->ethertype == 0x86dd)
		parse_v6(frame, len, body, f);
}
