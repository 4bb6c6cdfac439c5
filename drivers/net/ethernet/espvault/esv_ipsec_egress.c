// SPDX-License-Identifier: GPL-2.0
/*
 * G3: ESP that the host made does not leave in the name of a device SA.
 *
 * An untagged frame that is ESP, or ESP in UDP, with address and SPI of an SA
 * of the device was made by software that has, or believes to have, its key.
 * In strict mode no host-made ESP leaves at all. The device checks the same;
 * this is the second lock on the door.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/esp.h>
#include <net/ipv6.h>

#include "esv_ipsec_priv.h"

#define ESV_NATT_PORT	4500
#define ESV_MAX_VLANS	2

/* What a frame looks like to the guard. */
struct esv_egress {
	u8 family;
	u8 proto;
	int l4;			/* offset of the ESP or UDP header */
	u8 daddr[16];
};

/* Offset of the network header and its ethertype, behind at most two VLAN tags. */
static int esv_egress_l3(const struct sk_buff *skb, __be16 *type)
{
	const struct vlan_hdr *vlan;
	int off = ETH_HLEN, tags = 0;
	struct vlan_hdr buf;

	*type = ((const struct ethhdr *)skb->data)->h_proto;
	while (eth_type_vlan(*type) && tags++ < ESV_MAX_VLANS) {
		vlan = skb_header_pointer(skb, off, sizeof(buf), &buf);
		if (!vlan)
			return -EINVAL;
		*type = vlan->h_vlan_encapsulated_proto;
		off += VLAN_HLEN;
	}
	return off;
}

static bool esv_egress_parse4(const struct sk_buff *skb, int off, struct esv_egress *e)
{
	const struct iphdr *ip;
	struct iphdr buf;

	ip = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!ip || ip->ihl < 5 || (ip->frag_off & htons(IP_OFFSET)))
		return false;
	e->family = 4;
	e->proto = ip->protocol;
	e->l4 = off + ip->ihl * 4;
	memcpy(e->daddr, &ip->daddr, sizeof(ip->daddr));
	return true;
}

static bool esv_egress_parse6(const struct sk_buff *skb, int off, struct esv_egress *e)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr buf;
	__be16 frag = 0;

	ip = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!ip)
		return false;
	e->family = 6;
	e->proto = ip->nexthdr;
	memcpy(e->daddr, &ip->daddr, sizeof(ip->daddr));
	e->l4 = off + sizeof(*ip);
	if (ipv6_ext_hdr(e->proto)) {
		e->l4 = ipv6_skip_exthdr(skb, e->l4, &e->proto, &frag);
		if (e->l4 < 0 || (frag & htons(IP6_OFFSET)))
			return false;
	}
	return true;
}

/* SPI of an ESP or ESP-in-UDP frame; 0 for anything else. */
static __be32 esv_egress_spi(const struct sk_buff *skb, const struct esv_egress *e, bool *natt)
{
	const struct udphdr *udp;
	struct udphdr udp_buf;
	const __be32 *spi;
	__be32 spi_buf;
	int off = e->l4;

	*natt = e->proto == IPPROTO_UDP;
	if (*natt) {
		udp = skb_header_pointer(skb, off, sizeof(udp_buf), &udp_buf);
		if (!udp || (udp->dest != htons(ESV_NATT_PORT) &&
			     udp->source != htons(ESV_NATT_PORT)))
			return 0;
		off += sizeof(*udp);
	} else if (e->proto != IPPROTO_ESP) {
		return 0;
	}
	spi = skb_header_pointer(skb, off, sizeof(spi_buf), &spi_buf);
	return spi ? *spi : 0;
}

static bool esv_egress_parse(const struct sk_buff *skb, struct esv_egress *e)
{
	__be16 type;
	int off = esv_egress_l3(skb, &type);

	if (off < 0)
		return false;
	if (type == htons(ETH_P_IP))
		return esv_egress_parse4(skb, off, e);
	if (type == htons(ETH_P_IPV6))
		return esv_egress_parse6(skb, off, e);
	return false;
}

static bool esv_egress_forbidden(struct esv_ipsec *ipsec, const struct esv_egress *e, __be32 spi)
{
	if (READ_ONCE(ipsec->edev->mode) & ESV_MODE_STRICT)
		return true;
	return esv_sa_exists(ipsec, spi, e->family, e->daddr);
}

/**
 * esv_ipsec_egress_ok() - may this untagged frame leave?
 * @edev: function
 * @skb: frame, data at the Ethernet header
 */
bool esv_ipsec_egress_ok(struct esv_dev *edev, struct sk_buff *skb)
{
	struct esv_ipsec *ipsec = edev->ipsec;
	struct esv_egress e;
	__be32 spi;
	bool natt;

	if (!ipsec || (!READ_ONCE(ipsec->nr_sa) && !(READ_ONCE(edev->mode) & ESV_MODE_STRICT)))
		return true;
	if (!esv_egress_parse(skb, &e))
		return true;
	spi = esv_egress_spi(skb, &e, &natt);
	if (!spi || !esv_egress_forbidden(ipsec, &e, spi))
		return true;
	esv_ipsec_count(ipsec, natt ? ESV_IS_TX_GUARD_NATT : ESV_IS_TX_GUARD_ESP);
	return false;
}
