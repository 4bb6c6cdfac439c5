// SPDX-License-Identifier: GPL-2.0-or-later
/* Outer headers, made and taken off. */
#include <string.h>

#include "esvc_csum.h"
#include "esvc_parse.h"
#include "esvc_tunnel.h"

#define ECN_MASK	3
#define ECN_NOT_ECT	0
#define ECN_ECT1	1
#define ECN_CE		3
#define IP4_DF		0x40

uint8_t esvc_ip_tos(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] : (uint8_t)(esvc_get16(ip) >> 4);
}

static void set_tos(uint8_t *ip, uint8_t tos)
{
	if (ip[0] >> 4 == 4) {
		ip[1] = tos;
		esvc_ip4_checksum(ip);
	} else {
		ip[0] = 0x60 | tos >> 4;
		ip[1] = (uint8_t)((ip[1] & 0x0f) | tos << 4);
	}
}

void esvc_ip4_checksum(uint8_t *ip)
{
	uint16_t sum;

	memset(ip + 10, 0, 2);
	sum = esvc_csum_fold(esvc_csum_add(0, ip, (ip[0] & 15) * 4u));
	memcpy(ip + 10, &sum, 2);
}

bool esvc_ip4_checksum_ok(const uint8_t *ip)
{
	return !esvc_csum_fold(esvc_csum_add(0, ip, (ip[0] & 15) * 4u));
}

/* RFC 6040 4.1, normal mode: ECN is copied. */
static uint8_t outer_tos(const struct esvc_sa *sa, uint8_t inner)
{
	uint8_t tos = sa->flags & ESV_SA_F_NOENCAP_DSCP ? inner & ECN_MASK : inner;

	return sa->flags & ESV_SA_F_NOECN ? tos & ~ECN_MASK : tos;
}

static void outer4(const struct esvc_sa *sa, const uint8_t *inner, uint8_t *ip, size_t esp_len, uint16_t *ip_id)
{
	bool df = (inner[6] & IP4_DF) && !(sa->flags & ESV_SA_F_NOPMTUDISC);

	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = outer_tos(sa, esvc_ip_tos(inner));
	esvc_put16(ip + 2, (uint16_t)(20 + esp_len));
	/* RFC 6864: an atomic datagram needs no identification. */
	if (!df)
		esvc_put16(ip + 4, ++*ip_id);
	ip[6] = df ? IP4_DF : 0;
	ip[8] = ESVC_OUTER_HOP_LIMIT;
	ip[9] = ESVC_PROTO_ESP;
	memcpy(ip + 12, sa->saddr, 4);
	memcpy(ip + 16, sa->daddr, 4);
	esvc_ip4_checksum(ip);
}

static void outer6(const struct esvc_sa *sa, const uint8_t *inner, uint8_t *ip, size_t esp_len)
{
	memcpy(ip, inner, 4);	/* flow label */
	set_tos(ip, outer_tos(sa, esvc_ip_tos(inner)));
	esvc_put16(ip + 4, (uint16_t)esp_len);
	ip[6] = ESVC_PROTO_ESP;
	ip[7] = ESVC_OUTER_HOP_LIMIT;
	memcpy(ip + 8, sa->saddr, 16);
	memcpy(ip + 24, sa->daddr, 16);
}

void esvc_tunnel_outer(const struct esvc_sa *sa, const uint8_t *inner, uint8_t *outer, size_t esp_len,
		       uint16_t *ip_id)
{
	if (sa->family == 4)
		outer4(sa, inner, outer, esp_len, ip_id);
	else
		outer6(sa, inner, outer, esp_len);
}

bool esvc_tunnel_decap(const struct esvc_sa *sa, uint8_t tos, uint8_t *inner)
{
	uint8_t was = esvc_ip_tos(inner), now = was, ecn = tos & ECN_MASK;

	if (sa->flags & ESV_SA_F_DECAP_DSCP)
		now = (uint8_t)((tos & ~ECN_MASK) | (now & ECN_MASK));
	if (!(sa->flags & ESV_SA_F_NOECN)) {
		if (ecn == ECN_CE && (was & ECN_MASK) == ECN_NOT_ECT)
			return false;
		if (ecn == ECN_CE)
			now |= ECN_CE;
		else if (ecn == ECN_ECT1 && (was & ECN_MASK) == 2)
			now = (uint8_t)((now & ~ECN_MASK) | ECN_ECT1);
	}
	if (now != was)
		set_tos(inner, now);
	return true;
}
