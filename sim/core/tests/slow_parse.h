/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second parser for the SPD's fields, written for being obvious: it eats a
 * copy of the frame byte by byte and gives up where bytes run out.
 */
#ifndef SLOW_PARSE_H
#define SLOW_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct slow_pkt {
	const char *kind;	/* "ip", "arp", "other", "bad" */
	int family, proto, frag, hop_limit;
	bool ports;
	unsigned int sport, dport;
	size_t l3, l4, esp, l3_len;
	uint8_t saddr[16], daddr[16];
};

struct eater {
	const uint8_t *p;
	size_t at, end;
	bool failed;
};

static unsigned int eat(struct eater *e, unsigned int bytes)
{
	unsigned int v = 0;

	while (bytes--) {
		if (e->at >= e->end) {
			e->failed = true;
			return 0;
		}
		v = v << 8 | e->p[e->at++];
	}
	return v;
}

static void eat_to(struct eater *e, uint8_t *out, unsigned int bytes)
{
	while (bytes--)
		*out++ = (uint8_t)eat(e, 1);
}

static bool slow_has_ports(int proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136 || proto == 1 ||
	       proto == 58 || proto == 135;
}

static void slow_ports(struct slow_pkt *s, struct eater *e)
{
	if (s->frag == 2 || !slow_has_ports(s->proto))
		return;
	s->ports = true;
	if (s->proto == 1 || s->proto == 58) {
		s->sport = eat(e, 1);
		s->dport = eat(e, 1);
		eat(e, 2);
	} else if (s->proto == 135) {
		eat(e, 2);
		s->sport = eat(e, 1);
		s->dport = 0;
		eat(e, 1);
	} else {
		s->sport = eat(e, 2);
		s->dport = eat(e, 2);
	}
}

/* What may be eaten ends with the packet, however long the frame is. */
static void slow_limit(struct slow_pkt *s, struct eater *e, size_t frame_len)
{
	if (s->l3 + s->l3_len > frame_len)
		e->failed = true;
	else if (e->end > s->l3 + s->l3_len)
		e->end = s->l3 + s->l3_len;
}

static void slow_ip4(struct slow_pkt *s, struct eater *e, size_t frame_len)
{
	unsigned int first = eat(e, 1), words = first & 15, frag;

	s->family = 4;
	eat(e, 1);
	s->l3_len = eat(e, 2);
	eat(e, 2);
	frag = eat(e, 2);
	s->hop_limit = (int)eat(e, 1);
	s->proto = (int)eat(e, 1);
	eat(e, 2);
	eat_to(e, s->saddr, 4);
	eat_to(e, s->daddr, 4);
	if (e->failed || first / 16 != 4 || words < 5 || s->l3_len < words * 4) {
		e->failed = true;
		return;
	}
	for (unsigned int i = 5; i < words; i++)
		eat(e, 4);
	s->frag = frag % 8192 ? 2 : frag / 8192 % 2;
	slow_limit(s, e, frame_len);
	s->l4 = s->esp = e->at;
	slow_ports(s, e);
}

static bool slow_is_ext(int nh)
{
	return nh == 0 || nh == 43 || nh == 44 || nh == 60;
}

static void slow_ip6(struct slow_pkt *s, struct eater *e, size_t frame_len)
{
	unsigned int first = eat(e, 1), frags = 0, n;
	int nh, next;

	s->family = 6;
	eat(e, 3);
	s->l3_len = 40 + eat(e, 2);
	nh = (int)eat(e, 1);
	s->hop_limit = (int)eat(e, 1);
	eat_to(e, s->saddr, 16);
	eat_to(e, s->daddr, 16);
	if (first / 16 != 6)
		e->failed = true;
	slow_limit(s, e, frame_len);
	s->esp = e->at;
	for (n = 0; !e->failed && slow_is_ext(nh); n++) {
		next = (int)eat(e, 1);
		if (n == 8 || s->frag == 2 || (nh == 0 && n > 0) || (nh == 44 && frags++)) {
			e->failed = true;
			return;
		}
		if (nh == 44) {
			unsigned int field;

			eat(e, 1);
			field = eat(e, 2);
			eat(e, 4);
			s->frag = field / 8 ? 2 : (int)(field % 2);
			if (s->frag == 2 && slow_is_ext(next))
				e->failed = true;
		} else {
			unsigned int units = eat(e, 1);

			eat(e, 6);
			while (units--)
				eat(e, 8);
		}
		if (nh != 60)
			s->esp = e->at;
		nh = next;
	}
	s->proto = nh;
	s->l4 = e->at;
	if (!e->failed)
		slow_ports(s, e);
}

static void slow_parse(struct slow_pkt *s, const uint8_t *hdr, size_t hdr_len, size_t frame_len)
{
	struct eater e = { hdr, 12, hdr_len, false };
	unsigned int type, tags;

	memset(s, 0, sizeof(*s));
	type = eat(&e, 2);
	for (tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); tags++) {
		eat(&e, 2);
		type = eat(&e, 2);
	}
	s->l3 = e.at;
	s->kind = "other";
	if (!e.failed && type == 0x0800)
		slow_ip4(s, &e, frame_len);
	else if (!e.failed && type == 0x86dd)
		slow_ip6(s, &e, frame_len);
	else if (type == 0x0806)
		s->kind = "arp";
	if (type == 0x0800 || type == 0x86dd)
		s->kind = "ip";
	if (e.failed)
		s->kind = "bad";
}

#endif
