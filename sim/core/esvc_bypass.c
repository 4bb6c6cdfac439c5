// SPDX-License-Identifier: GPL-2.0-or-later
/* Static bypass classes (clauses BYP-1 to BYP-9). */
#include <endian.h>
#include <string.h>

#include "esvc_bypass.h"
#include "esvc_espid.h"
#include "esvc_selector.h"

#define PORT_DHCP_SERVER	67
#define PORT_DHCP_CLIENT	68
#define PORT_DHCP6_CLIENT	546
#define PORT_DHCP6_SERVER	547

/* The four Neighbor Discovery messages; redirects are left to the SPD. */
static bool is_nd(const struct esvc_pkt *p, uint8_t type)
{
	return type >= 133 && type <= 136 && p->hop_limit == 255;
}

/* RFC 2710, RFC 3810: link-scope by their hop limit. */
static bool is_mld(const struct esvc_pkt *p, uint8_t type)
{
	return ((type >= 130 && type <= 132) || type == 143) && p->hop_limit == 1;
}

/*
 * An ICMP error whose quoted packet, at off, is ESP of a live outbound SA.
 * Eight bytes behind the quoted header are always there (RFC 792).
 */
static bool quotes_esp(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, const struct esvc_sadb *sadb)
{
	size_t off = p->l4_off + 8u, end = (size_t)p->l3_off + p->l3_len, ihl = 40;
	size_t alen = esvc_addr_len(p->family), src = p->family == 4 ? 12 : 8;
	const uint8_t *ip = hdr + off;
	const struct esvc_sa *sa;
	uint32_t spi;

	if (end > hdr_len)
		end = hdr_len;
	if (end < off + (p->family == 4 ? 20 : 40) || ip[0] >> 4 != p->family)
		return false;
	if (p->family == 4)
		ihl = (ip[0] & 15) * 4u;
	if (ihl < 20 || end < off + ihl + 8 || ip[p->family == 4 ? 9 : 6] != ESVC_PROTO_ESP)
		return false;
	memcpy(&spi, ip + ihl, 4);
	sa = esvc_sadb_find(sadb, ESV_DIR_OUT, p->family, spi, ip + src + alen);
	return sa && !memcmp(sa->saddr, ip + src, alen);
}

static bool is_pmtu(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, const struct esvc_sadb *sadb)
{
	const uint8_t *icmp = hdr + p->l4_off;

	if (p->family == 4 && p->proto == ESVC_PROTO_ICMP)
		return icmp[0] == 3 && icmp[1] == 4 && quotes_esp(p, hdr, hdr_len, sadb);
	if (p->family == 6 && p->proto == ESVC_PROTO_ICMPV6)
		return icmp[0] == 2 && !icmp[1] && quotes_esp(p, hdr, hdr_len, sadb);
	return false;
}

/*
 * UDP by ports. local is the port's own side: 500 and the ports of the DHCP
 * client are privileged there, so that an ordinary program can't reach the wire
 * by choosing its peer's port.
 */
static uint32_t udp_class(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, unsigned int dir)
{
	uint16_t local = be16toh(dir == ESV_DIR_OUT ? p->sport : p->dport);
	uint16_t peer = be16toh(dir == ESV_DIR_OUT ? p->dport : p->sport);

	if (local == ESVC_PORT_IKE)
		return ESV_BYPASS_IKE;
	if (p->family == 4 && local == PORT_DHCP_CLIENT && peer == PORT_DHCP_SERVER)
		return ESV_BYPASS_DHCP;
	if (p->family == 6 && local == PORT_DHCP6_CLIENT && peer == PORT_DHCP6_SERVER)
		return ESV_BYPASS_DHCP;
	/* 4500 is nobody's privilege: both ends and the message itself must be IKE's. */
	if (local != ESVC_PORT_NATT || (peer != ESVC_PORT_NATT && peer != ESVC_PORT_IKE))
		return 0;
	return esvc_natt_plain(p, hdr, hdr_len) ? ESV_BYPASS_NATT : 0;
}

static uint32_t icmp6_class(const struct esvc_pkt *p, const uint8_t *hdr)
{
	uint8_t type = hdr[p->l4_off];

	if (is_nd(p, type))
		return ESV_BYPASS_ND;
	return is_mld(p, type) ? ESV_BYPASS_MCAST : 0;
}

uint32_t esvc_bypass_class(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, unsigned int dir,
			   const struct esvc_sadb *sadb)
{
	uint32_t class = 0;

	if (p->kind == ESVC_PKT_ARP)
		return ESV_BYPASS_ARP;
	if (p->kind != ESVC_PKT_IP || p->frag != ESVC_FRAG_NONE)
		return 0;
	if (p->family == 4 && p->proto == ESVC_PROTO_IGMP && p->hop_limit == 1)
		return ESV_BYPASS_MCAST;
	if (p->proto == ESVC_PROTO_UDP)
		return udp_class(p, hdr, hdr_len, dir);
	if (p->family == 6 && p->proto == ESVC_PROTO_ICMPV6)
		class = icmp6_class(p, hdr);
	if (!class && dir == ESV_DIR_IN && is_pmtu(p, hdr, hdr_len, sadb))
		class = ESV_BYPASS_PMTU;
	return class;
}
