// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic selectors: from xfrm's form to the device's, and how two of them
 * relate.
 */
#include "esv_rules.h"

static unsigned int esv_addr_bits(__u16 family)
{
	return family == AF_INET ? 32 : 128;
}

/**
 * esv_addr_set() - address in the device's form
 * @to: gets the address; the rest is zero
 * @from: address
 * @family: AF_INET or AF_INET6
 */
void esv_addr_set(__u8 to[16], const xfrm_address_t *from, __u16 family)
{
	memset(to, 0, 16);
	memcpy(to, from, esv_addr_bits(family) / 8);
}

bool esv_addr_any(const xfrm_address_t *a, __u16 family)
{
	const __u8 *byte = (const __u8 *)a;
	unsigned int n = esv_addr_bits(family) / 8;

	while (n--) {
		if (*byte++)
			return false;
	}
	return true;
}

/* Clear what lies behind the prefix: xfrm ignores it, the device refuses it. */
static void esv_addr_trim(__u8 addr[16], unsigned int plen)
{
	unsigned int i = plen / 8;

	if (plen % 8)
		addr[i++] &= 0xff << (8 - plen % 8);
	for (; i < 16; i++)
		addr[i] = 0;
}

static bool esv_proto_has_ports(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		return true;
	default:
		return false;
	}
}

/* xfrm puts type and code of these where the ports are. */
static bool esv_proto_has_type(__u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 || proto == IPPROTO_MH;
}

#define REFUSE(errno, words) \
	((struct esv_refusal){ .err = -(errno), .text = (words) })
#define FINE	((struct esv_refusal){ })

/**
 * esv_selector_refusal() - can the device express this selector?
 * @sel: selector as user space gave it
 */
struct esv_refusal esv_selector_refusal(const struct xfrm_selector *sel)
{
	bool ports = sel->sport_mask || sel->dport_mask;

	if (sel->family != AF_INET && sel->family != AF_INET6)
		return REFUSE(EAFNOSUPPORT, "Selector must be IPv4 or IPv6");
	if (sel->prefixlen_s > esv_addr_bits(sel->family) ||
	    sel->prefixlen_d > esv_addr_bits(sel->family))
		return REFUSE(EINVAL, "Selector prefix is longer than an address");
	if (sel->ifindex)
		return REFUSE(EINVAL, "Selector with another interface can't be offloaded");
	if (sel->user)
		return REFUSE(EINVAL, "Selector with a user id can't be offloaded");
	if (sel->proto == IPPROTO_GRE && ports)
		return REFUSE(EINVAL, "Selector with a GRE key can't be offloaded");
	if (ports && !esv_proto_has_ports(sel->proto) && !esv_proto_has_type(sel->proto))
		return REFUSE(EINVAL, "Selector has ports for a protocol without ports");
	if (esv_proto_has_type(sel->proto) &&
	    ((be16_to_cpu(sel->sport & sel->sport_mask) > 0xff) ||
	     (be16_to_cpu(sel->dport & sel->dport_mask) > 0xff)))
		return REFUSE(EINVAL, "Selector has a message type or code above 255");
	return FINE;
}

/**
 * esv_selector_set() - selector in the device's form
 * @to: gets the selector
 * @sel: selector that esv_selector_refusal() lets pass
 * @family: of the selector
 */
void esv_selector_set(struct esv_selector *to, const struct xfrm_selector *sel, __u16 family)
{
	memset(to, 0, sizeof(*to));
	to->family = family == AF_INET ? 4 : 6;
	to->proto = sel->proto;
	to->plen_s = sel->prefixlen_s;
	to->plen_d = sel->prefixlen_d;
	to->sport = sel->sport & sel->sport_mask;
	to->sport_mask = sel->sport_mask;
	to->dport = sel->dport & sel->dport_mask;
	to->dport_mask = sel->dport_mask;
	esv_addr_set(to->saddr, &sel->saddr, family);
	esv_addr_set(to->daddr, &sel->daddr, family);
	esv_addr_trim(to->saddr, sel->prefixlen_s);
	esv_addr_trim(to->daddr, sel->prefixlen_d);
}

/* Selects everything of its family. */
bool esv_selector_any(const struct xfrm_selector *sel)
{
	return !sel->proto && !sel->prefixlen_s && !sel->prefixlen_d &&
	       !sel->sport_mask && !sel->dport_mask;
}

bool esv_selectors_equal(const struct esv_selector *a, const struct esv_selector *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool esv_prefixes_overlap(const __u8 a[16], unsigned int plen_a,
				 const __u8 b[16], unsigned int plen_b)
{
	unsigned int plen = plen_a < plen_b ? plen_a : plen_b;
	__u8 rest = plen % 8 ? 0xff << (8 - plen % 8) : 0;

	if (memcmp(a, b, plen / 8))
		return false;
	return !rest || !((a[plen / 8] ^ b[plen / 8]) & rest);
}

/**
 * esv_selectors_overlap() - is there a packet that both select?
 * @a: one selector
 * @b: another
 */
bool esv_selectors_overlap(const struct esv_selector *a, const struct esv_selector *b)
{
	if (a->family != b->family)
		return false;
	if (a->proto && b->proto && a->proto != b->proto)
		return false;
	if ((a->sport ^ b->sport) & a->sport_mask & b->sport_mask)
		return false;
	if ((a->dport ^ b->dport) & a->dport_mask & b->dport_mask)
		return false;
	return esv_prefixes_overlap(a->saddr, a->plen_s, b->saddr, b->plen_s) &&
	       esv_prefixes_overlap(a->daddr, a->plen_d, b->daddr, b->plen_d);
}
