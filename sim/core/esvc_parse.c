// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parser of the SPD (clauses SPD-20 to SPD-25). Whatever it does not
 * understand it calls bad; what happens to bad frames is the caller's rule.
 */
#include <string.h>

#include "esvc_parse.h"

#define IP6_HOPOPTS	0
#define IP6_ROUTING	43
#define IP6_FRAGMENT	44
#define IP6_DSTOPTS	60
#define PROTO_DCCP	33
#define PROTO_SCTP	132
#define PROTO_MH	135
#define PROTO_UDPLITE	136

/* The visible part of a frame. */
struct view {
	const uint8_t *hdr;
	size_t end;		/* of what may be looked at: the bytes given, at most to the packet's end */
};

bool esvc_proto_has_ports(uint8_t proto)
{
	switch (proto) {
	case ESVC_PROTO_TCP:
	case ESVC_PROTO_UDP:
	case ESVC_PROTO_ICMP:
	case ESVC_PROTO_ICMPV6:
	case PROTO_DCCP:
	case PROTO_SCTP:
	case PROTO_MH:
	case PROTO_UDPLITE:
		return true;
	default:
		return false;
	}
}

static bool fits(const struct view *v, size_t off, size_t len)
{
	return off <= v->end && len <= v->end - off;
}

/* Type and code stand where the kernel's flow has the ports, as 16-bit numbers. */
static void put_type(struct esvc_pkt *p, uint8_t type, uint8_t code)
{
	esvc_put16((uint8_t *)&p->sport, type);
	esvc_put16((uint8_t *)&p->dport, code);
}

static bool parse_upper(struct esvc_pkt *p, const struct view *v)
{
	const uint8_t *l4 = v->hdr + p->l4_off;

	if (p->frag == ESVC_FRAG_LATER || !esvc_proto_has_ports(p->proto))
		return true;
	if (!fits(v, p->l4_off, 4))
		return false;
	if (p->proto == ESVC_PROTO_ICMP || p->proto == ESVC_PROTO_ICMPV6) {
		put_type(p, l4[0], l4[1]);
	} else if (p->proto == PROTO_MH) {
		put_type(p, l4[2], 0);
	} else {
		memcpy(&p->sport, l4, 2);
		memcpy(&p->dport, l4 + 2, 2);
	}
	p->has_ports = true;
	return true;
}

static bool parse_ip4(struct esvc_pkt *p, struct view *v, size_t frame_len)
{
	const uint8_t *ip = v->hdr + p->l3_off;
	size_t ihl;
	uint16_t frag;

	p->family = 4;
	if (!fits(v, p->l3_off, 20) || ip[0] >> 4 != 4)
		return false;
	ihl = (ip[0] & 15) * 4u;
	p->l3_len = esvc_get16(ip + 2);
	if (ihl < 20 || !fits(v, p->l3_off, ihl) || p->l3_len < ihl || p->l3_len > frame_len - p->l3_off)
		return false;
	if (v->end > p->l3_off + p->l3_len)
		v->end = p->l3_off + p->l3_len;
	frag = esvc_get16(ip + 6);
	if (frag & 0x1fff)
		p->frag = ESVC_FRAG_LATER;
	else if (frag & 0x2000)
		p->frag = ESVC_FRAG_FIRST;
	p->hop_limit = ip[8];
	p->proto = ip[9];
	p->saddr = ip + 12;
	p->daddr = ip + 16;
	p->l4_off = p->esp_off = (uint16_t)(p->l3_off + ihl);
	p->nh_off = p->l4_nh_off = p->l3_off + 9;
	return parse_upper(p, v);
}

static bool is_ext(uint8_t nh)
{
	return nh == IP6_HOPOPTS || nh == IP6_ROUTING || nh == IP6_FRAGMENT || nh == IP6_DSTOPTS;
}

/* One fragment header at off. A later fragment must not hide its upper layer. */
static bool parse_frag6(struct esvc_pkt *p, const uint8_t *fh)
{
	uint16_t off = esvc_get16(fh + 2);

	if (p->frag != ESVC_FRAG_NONE)
		return false;
	if (off & 0xfff8) {
		p->frag = ESVC_FRAG_LATER;
		return !is_ext(fh[0]);
	}
	if (off & 1)
		p->frag = ESVC_FRAG_FIRST;
	return true;
}

static bool walk_ext(struct esvc_pkt *p, const struct view *v)
{
	size_t off = p->esp_off, len, nh_off = p->nh_off;
	bool frag_seen = false;
	int n;

	for (n = 0; is_ext(v->hdr[nh_off]); n++) {
		uint8_t type = v->hdr[nh_off];

		if (n == ESVC_EXT_MAX || p->frag == ESVC_FRAG_LATER || !fits(v, off, 8))
			return false;
		len = type == IP6_FRAGMENT ? 8 : (v->hdr[off + 1] + 1u) * 8;
		if (!fits(v, off, len) || (type == IP6_HOPOPTS && n) || (type == IP6_FRAGMENT && frag_seen))
			return false;
		if (type == IP6_FRAGMENT) {
			frag_seen = true;
			if (!parse_frag6(p, v->hdr + off))
				return false;
		}
		nh_off = off;
		off += len;
		if (type != IP6_DSTOPTS) {
			p->nh_off = (uint16_t)nh_off;
			p->esp_off = (uint16_t)off;
		}
	}
	p->proto = v->hdr[nh_off];
	p->l4_nh_off = (uint16_t)nh_off;
	p->l4_off = (uint16_t)off;
	return true;
}

static bool parse_ip6(struct esvc_pkt *p, struct view *v, size_t frame_len)
{
	const uint8_t *ip = v->hdr + p->l3_off;

	p->family = 6;
	if (!fits(v, p->l3_off, 40) || ip[0] >> 4 != 6)
		return false;
	p->l3_len = 40u + esvc_get16(ip + 4);
	if (p->l3_len > frame_len - p->l3_off)
		return false;
	if (v->end > p->l3_off + p->l3_len)
		v->end = p->l3_off + p->l3_len;
	p->hop_limit = ip[7];
	p->saddr = ip + 8;
	p->daddr = ip + 24;
	p->nh_off = p->l3_off + 6;
	p->esp_off = p->l3_off + 40;
	return walk_ext(p, v) && parse_upper(p, v);
}

static bool is_vlan(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8;
}

void esvc_parse(struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, size_t frame_len)
{
	struct view v = { .hdr = hdr, .end = hdr_len };
	size_t off = ESVC_ETH_LEN;
	bool ok;

	memset(p, 0, sizeof(*p));
	p->kind = ESVC_PKT_BAD;
	if (hdr_len < ESVC_ETH_LEN || frame_len < hdr_len)
		return;
	p->ethertype = esvc_get16(hdr + 12);
	while (is_vlan(p->ethertype) && p->vlans < ESVC_VLAN_MAX) {
		if (!fits(&v, off, 4))
			return;
		p->ethertype = esvc_get16(hdr + off + 2);
		p->vlans++;
		off += 4;
	}
	p->l3_off = (uint16_t)off;
	if (p->ethertype == ESVC_ETH_IPV4) {
		ok = parse_ip4(p, &v, frame_len);
	} else if (p->ethertype == ESVC_ETH_IPV6) {
		ok = parse_ip6(p, &v, frame_len);
	} else {
		p->kind = p->ethertype == ESVC_ETH_ARP ? ESVC_PKT_ARP : ESVC_PKT_OTHER;
		return;
	}
	if (ok)
		p->kind = ESVC_PKT_IP;
}
