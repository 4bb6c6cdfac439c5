// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP segmentation: one large frame into frames of at most mss payload bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "esvc_csum.h"
#include "esvc_frame.h"
#include "esvc_tso.h"

#define TCP_PROTO	6
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80
#define TCP_SEQ_OFF	4
#define TCP_DOFF_OFF	12
#define TCP_FLAGS_OFF	13
#define TCP_CSUM_OFF	16

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* Bytes of the IP header, 0: not one that leads straight to TCP. */
static size_t ip_header(const uint8_t *ip, size_t len, uint8_t *family)
{
	size_t hlen;

	if (len >= 20 && ip[0] >> 4 == 4) {
		hlen = (ip[0] & 15) * 4u;
		*family = 4;
		return hlen >= 20 && ip[9] == TCP_PROTO && !(get16(ip + 6) & 0x3fff) ? hlen : 0;
	}
	if (len >= 40 && ip[0] >> 4 == 6) {
		*family = 6;
		return ip[6] == TCP_PROTO ? 40 : 0;
	}
	return 0;
}

int esvc_tso_init(struct esvc_tso *tso, const uint8_t *frame, size_t len, size_t hdr_len, uint16_t mss)
{
	size_t l3, l4, hlen, doff;
	uint16_t ethertype;
	uint8_t family = 0;

	if (!mss || hdr_len < 14 || hdr_len >= len)
		return -EINVAL;
	l3 = esvc_frame_l3(frame, hdr_len, &ethertype);
	if (l3 >= hdr_len)
		return -EINVAL;
	hlen = ip_header(frame + l3, hdr_len - l3, &family);
	if (!hlen || ethertype != (family == 4 ? 0x0800 : 0x86dd))
		return -EINVAL;
	l4 = l3 + hlen;
	if (l4 + 20 > hdr_len)
		return -EINVAL;
	doff = (frame[l4 + TCP_DOFF_OFF] >> 4) * 4u;
	if (doff < 20 || l4 + doff != hdr_len)
		return -EINVAL;
	*tso = (struct esvc_tso){
		.frame = frame, .len = len, .hdr_len = hdr_len, .l3_off = l3, .l4_off = l4,
		.mss = mss, .family = family,
	};
	return 0;
}

size_t esvc_tso_max_len(const struct esvc_tso *tso)
{
	size_t payload = tso->len - tso->hdr_len;

	return tso->hdr_len + (payload < tso->mss ? payload : tso->mss);
}

static void fix_ip(const struct esvc_tso *tso, uint8_t *ip, size_t seg_len)
{
	size_t l3_len = seg_len - tso->l3_off;
	uint16_t csum;

	if (tso->family == 6) {
		put16(ip + 4, l3_len - 40);
		return;
	}
	put16(ip + 2, l3_len);
	put16(ip + 4, (size_t)get16(ip + 4) + tso->index);
	put16(ip + 10, 0);
	csum = esvc_csum_fold(esvc_csum_add(0, ip, tso->l4_off - tso->l3_off));
	memcpy(ip + 10, &csum, sizeof(csum));
}

static void fix_tcp(const struct esvc_tso *tso, uint8_t *seg, size_t seg_len, bool last)
{
	uint8_t *tcp = seg + tso->l4_off;
	size_t l4_len = seg_len - tso->l4_off;
	uint16_t csum;
	uint64_t sum;

	put32(tcp + TCP_SEQ_OFF, get32(tcp + TCP_SEQ_OFF) + (uint32_t)tso->pos);
	if (!last)
		tcp[TCP_FLAGS_OFF] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (tso->index)
		tcp[TCP_FLAGS_OFF] &= (uint8_t)~TCP_CWR;
	put16(tcp + TCP_CSUM_OFF, 0);
	sum = esvc_csum_pseudo(tso->family, seg + tso->l3_off, TCP_PROTO, (uint32_t)l4_len);
	csum = esvc_csum_fold(esvc_csum_add(sum, tcp, l4_len));
	memcpy(tcp + TCP_CSUM_OFF, &csum, sizeof(csum));
}

size_t esvc_tso_next(struct esvc_tso *tso, uint8_t *dst)
{
	size_t left = tso->len - tso->hdr_len - tso->pos;
	size_t n = left < tso->mss ? left : tso->mss;

	if (!left)
		return 0;
	memcpy(dst, tso->frame, tso->hdr_len);
	memcpy(dst + tso->hdr_len, tso->frame + tso->hdr_len + tso->pos, n);
	fix_ip(tso, dst + tso->l3_off, tso->hdr_len + n);
	fix_tcp(tso, dst, tso->hdr_len + n, n == left);
	tso->pos += n;
	tso->index++;
	return tso->hdr_len + n;
}
