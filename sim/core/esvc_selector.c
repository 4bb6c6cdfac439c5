// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic selectors (RFC 4301 4.4.1.1; clauses SPD-3, SPD-24). */
#include <string.h>

#include "esvc_selector.h"

static const uint8_t zero[16];

bool esvc_addr_tail_ok(uint8_t family, const uint8_t addr[16])
{
	return family != 4 || !memcmp(addr + 4, zero, 12);
}

bool esvc_addr_is_zero(const uint8_t addr[16])
{
	return !memcmp(addr, zero, 16);
}

bool esvc_addr_is_multicast(uint8_t family, const uint8_t addr[16])
{
	if (family == 4)
		return addr[0] >= 224;	/* class E and broadcast are no unicast either */
	return addr[0] == 0xff;
}

bool esvc_addr_eq(uint8_t family, const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, esvc_addr_len(family));
}

size_t esvc_selector_check(const struct esv_selector *sel)
{
	uint8_t max = sel->family == 4 ? 32 : 128;

	if (sel->family != 4 && sel->family != 6)
		return offsetof(struct esv_selector, family) + 1;
	if (sel->plen_s > max)
		return offsetof(struct esv_selector, plen_s) + 1;
	if (sel->plen_d > max)
		return offsetof(struct esv_selector, plen_d) + 1;
	if (!esvc_addr_tail_ok(sel->family, sel->saddr))
		return offsetof(struct esv_selector, saddr) + 1;
	if (!esvc_addr_tail_ok(sel->family, sel->daddr))
		return offsetof(struct esv_selector, daddr) + 1;
	if (sel->sport_mask && !esvc_proto_has_ports(sel->proto))
		return offsetof(struct esv_selector, sport_mask) + 1;
	if (sel->dport_mask && !esvc_proto_has_ports(sel->proto))
		return offsetof(struct esv_selector, dport_mask) + 1;
	if (sel->rsvd)
		return offsetof(struct esv_selector, rsvd) + 1;
	return 0;
}

bool esvc_selector_ports(const struct esv_selector *sel)
{
	return sel->sport_mask || sel->dport_mask;
}

bool esvc_selector_same_ports(const struct esv_selector *a, const struct esv_selector *b)
{
	return a->sport_mask == b->sport_mask && a->dport_mask == b->dport_mask &&
	       !((a->sport ^ b->sport) & a->sport_mask) && !((a->dport ^ b->dport) & a->dport_mask);
}

bool esvc_selector_match_ports(const struct esv_selector *sel, const struct esvc_pkt *p)
{
	if (!esvc_selector_ports(sel))
		return true;
	if (!p->has_ports)
		return false;
	return !((sel->sport ^ p->sport) & sel->sport_mask) && !((sel->dport ^ p->dport) & sel->dport_mask);
}

static bool prefix_match(const uint8_t *a, const uint8_t *b, unsigned int plen)
{
	unsigned int bytes = plen / 8, bits = plen % 8;

	if (memcmp(a, b, bytes))
		return false;
	return !bits || !((a[bytes] ^ b[bytes]) >> (8 - bits));
}

bool esvc_selector_match(const struct esv_selector *sel, const struct esvc_pkt *p, bool ignore_ports)
{
	if (sel->family != p->family || (sel->proto && sel->proto != p->proto))
		return false;
	if (!prefix_match(sel->saddr, p->saddr, sel->plen_s) || !prefix_match(sel->daddr, p->daddr, sel->plen_d))
		return false;
	return ignore_ports || esvc_selector_match_ports(sel, p);
}
