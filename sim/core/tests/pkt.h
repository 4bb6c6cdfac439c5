/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets for tests, built and judged by slow code that shares nothing with
 * the core: checksums are summed word by word as RFC 1071 writes it.
 */
#ifndef PKT_H
#define PKT_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PKT_MAX	70000

struct pkt_spec {
	const uint8_t *dst, *src;	/* MAC, NULL: zero */
	int vlans;
	int family;			/* 4 or 6 */
	uint8_t proto;			/* 6 or 17 */
	uint8_t saddr[16], daddr[16];
	uint16_t sport, dport;
	uint32_t seq;			/* TCP */
	uint8_t tcp_flags;
	uint8_t tcp_opts;		/* bytes, multiple of 4 */
	uint16_t id;
	size_t payload;
	uint8_t fill;			/* payload byte i is fill + i */
	bool bad_l4, bad_l3;
};

struct pkt {
	size_t len, l3, l4, data;
	uint8_t b[PKT_MAX];
};

/* RFC 1071: 16-bit big-endian words, end-around carry. */
static inline uint16_t slow_sum(uint32_t start, const uint8_t *p, size_t n)
{
	uint32_t sum = start;

	for (size_t i = 0; i < n; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		if (sum > 0xffff)
			sum = (sum & 0xffff) + 1;
	}
	return (uint16_t)sum;
}

static inline void pkt16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline uint32_t rd16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t rd32(const uint8_t *p)
{
	return rd16(p) << 16 | rd16(p + 2);
}

/* One's complement sum (not inverted) of the pseudo header. */
static inline uint16_t slow_pseudo(int family, const uint8_t *ip, uint8_t proto, size_t l4_len)
{
	uint8_t tail[8] = { 0, 0, (uint8_t)(l4_len >> 8), (uint8_t)l4_len, 0, 0, 0, proto };
	uint16_t sum = family == 4 ? slow_sum(0, ip + 12, 8) : slow_sum(0, ip + 8, 32);

	return slow_sum(sum, tail, 8);
}

/* True if the L4 checksum of a TCP or UDP packet is right. */
static inline bool slow_l4_ok(int family, const uint8_t *ip, uint8_t proto, const uint8_t *l4, size_t l4_len)
{
	return slow_sum(slow_pseudo(family, ip, proto, l4_len), l4, l4_len) == 0xffff;
}

static inline size_t pkt_l2(struct pkt *p, const struct pkt_spec *s)
{
	size_t at = 12;

	memset(p->b, 0, 12);
	if (s->dst)
		memcpy(p->b, s->dst, 6);
	if (s->src)
		memcpy(p->b + 6, s->src, 6);
	for (int i = 0; i < s->vlans; i++, at += 4) {
		pkt16(p->b + at, i == 0 && s->vlans == 2 ? 0x88a8 : 0x8100);
		pkt16(p->b + at + 2, 100 + (uint32_t)i);
	}
	pkt16(p->b + at, s->family == 4 ? 0x0800 : 0x86dd);
	return at + 2;
}

static inline size_t pkt_l3(struct pkt *p, const struct pkt_spec *s, size_t l4_len)
{
	uint8_t *ip = p->b + p->l3;

	if (s->family == 6) {
		memset(ip, 0, 40);
		ip[0] = 0x60;
		pkt16(ip + 4, (uint32_t)l4_len);
		ip[6] = s->proto;
		ip[7] = 64;
		memcpy(ip + 8, s->saddr, 16);
		memcpy(ip + 24, s->daddr, 16);
		return p->l3 + 40;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	pkt16(ip + 2, (uint32_t)l4_len + 20);
	pkt16(ip + 4, s->id);
	pkt16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = s->proto;
	memcpy(ip + 12, s->saddr, 4);
	memcpy(ip + 16, s->daddr, 4);
	pkt16(ip + 10, (uint16_t)~slow_sum(0, ip, 20) ^ (s->bad_l3 ? 0x0100 : 0));
	return p->l3 + 20;
}

/* Build; the L4 checksum is complete and right unless bad_l4. */
static inline void pkt_build(struct pkt *p, const struct pkt_spec *s)
{
	size_t l4_hdr = s->proto == 6 ? 20u + s->tcp_opts : 8, l4_len = l4_hdr + s->payload;
	size_t csum_at;
	uint8_t *l4;

	p->l3 = pkt_l2(p, s);
	p->l4 = pkt_l3(p, s, l4_len);
	p->data = p->l4 + l4_hdr;
	p->len = p->data + s->payload;
	l4 = p->b + p->l4;
	memset(l4, 0, l4_hdr);
	pkt16(l4, s->sport);
	pkt16(l4 + 2, s->dport);
	if (s->proto == 6) {
		pkt16(l4 + 4, s->seq >> 16);
		pkt16(l4 + 6, s->seq & 0xffff);
		l4[12] = (uint8_t)(l4_hdr / 4 << 4);
		l4[13] = s->tcp_flags;
		pkt16(l4 + 14, 0xffff);
		memset(l4 + 20, 1, s->tcp_opts);
		csum_at = 16;
	} else {
		pkt16(l4 + 4, (uint32_t)l4_len);
		csum_at = 6;
	}
	for (size_t i = 0; i < s->payload; i++)
		p->b[p->data + i] = (uint8_t)(s->fill + i);
	pkt16(l4 + csum_at, (uint16_t)~slow_sum(slow_pseudo(s->family, p->b + p->l3, s->proto, l4_len), l4, l4_len) ^
	      (s->bad_l4 ? 0x0100 : 0));
}

/* Checksum of an untagged frame's IPv4 header. */
static inline void pkt_fix_ip4(uint8_t *frame)
{
	pkt16(frame + 24, 0);
	pkt16(frame + 24, (uint16_t)~slow_sum(0, frame + 14, (frame[14] & 15) * 4u));
}

/* UDP payload of IKE on port 4500: marker, SPIs, next payload, version, exchange, flags, message id, length. */
static inline void pkt_ike(struct pkt *p, uint8_t version, uint8_t exchange, int extra)
{
	uint8_t *m = p->b + p->data;
	size_t len = p->len - p->data - 4;

	memset(m, 0, len + 4);
	memset(m + 4, 0x11, 8);
	m[4 + 16] = 33;
	m[4 + 17] = version;
	m[4 + 18] = exchange;
	m[4 + 19] = 8;
	pkt16(m + 4 + 26, (uint32_t)(len + (size_t)extra));
}

/* Leave only the pseudo header's sum in the checksum field, as a host does that offloads. */
static inline void pkt_partial(struct pkt *p, const struct pkt_spec *s)
{
	size_t at = p->l4 + (s->proto == 6 ? 16u : 6u);

	pkt16(p->b + at, slow_pseudo(s->family, p->b + p->l3, s->proto, p->len - p->l4));
}

#endif
