/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the SPD sees of a frame: the outermost IP header behind at most two
 * VLAN tags, and the upper layer's selector fields (clause SPD-20).
 */
#ifndef ESVC_PARSE_H
#define ESVC_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESVC_ETH_LEN		14
#define ESVC_ETH_IPV4		0x0800
#define ESVC_ETH_IPV6		0x86dd
#define ESVC_ETH_ARP		0x0806
#define ESVC_VLAN_MAX		2
#define ESVC_EXT_MAX		8	/* IPv6 extension headers that are walked */

#define ESVC_PROTO_ICMP		1
#define ESVC_PROTO_IGMP		2
#define ESVC_PROTO_IPIP		4
#define ESVC_PROTO_TCP		6
#define ESVC_PROTO_UDP		17
#define ESVC_PROTO_IPV6		41
#define ESVC_PROTO_ESP		50
#define ESVC_PROTO_AH		51
#define ESVC_PROTO_ICMPV6	58
#define ESVC_PROTO_NONE		59

enum esvc_pkt_kind {
	ESVC_PKT_IP,
	ESVC_PKT_ARP,
	ESVC_PKT_OTHER,		/* any other ethertype, 802.3 length, third VLAN tag */
	ESVC_PKT_BAD,		/* shorter than its headers, or IP that can't be understood */
};

enum esvc_pkt_frag { ESVC_FRAG_NONE, ESVC_FRAG_FIRST, ESVC_FRAG_LATER };

struct esvc_pkt {
	uint8_t kind;		/* enum esvc_pkt_kind */
	uint8_t family;		/* 4 or 6 */
	uint8_t proto;		/* upper layer, behind all extension headers */
	uint8_t frag;		/* enum esvc_pkt_frag */
	uint8_t hop_limit;
	uint8_t vlans;
	bool has_ports;		/* sport and dport are valid */
	uint16_t ethertype;
	uint16_t l3_off;
	uint16_t l4_off;	/* upper layer */
	uint16_t esp_off;	/* where a transport mode ESP header belongs (RFC 4303 3.1.1) */
	uint16_t nh_off;	/* the byte that names what stands at esp_off */
	uint16_t l4_nh_off;	/* the byte that names the upper layer */
	uint32_t l3_len;	/* IP packet, header included */
	uint16_t sport;		/* network order; type of ICMP and MH */
	uint16_t dport;		/* network order; code of ICMP */
	const uint8_t *saddr;	/* into the frame, 4 or 16 bytes */
	const uint8_t *daddr;
};

/*
 * hdr: the first hdr_len bytes of a frame of frame_len bytes. Everything that
 * decides must lie in hdr, otherwise the frame is ESVC_PKT_BAD. Never reads
 * past hdr_len. All offsets in *p are below hdr_len + 1, l3_off + l3_len is at
 * most frame_len.
 */
void esvc_parse(struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, size_t frame_len);

/* True if the selectors of this protocol have port fields (type and code included). */
bool esvc_proto_has_ports(uint8_t proto);

static inline uint16_t esvc_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t esvc_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void esvc_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = (uint8_t)v;
}

static inline void esvc_put32(uint8_t *p, uint32_t v)
{
	esvc_put16(p, v >> 16);
	esvc_put16(p + 2, (uint16_t)v);
}

static inline size_t esvc_addr_len(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

#endif
