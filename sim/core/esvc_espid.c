// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP and ESP in UDP (clauses BYP-7, SPD-14, SPD-15). */
#include <string.h>

#include "esvc_espid.h"

#define IKE_HDR 28

uint32_t esvc_spi_at(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, size_t off)
{
	uint32_t spi;

	if (p->frag == ESVC_FRAG_LATER || off + 4 > hdr_len || off + 4 > (size_t)p->l3_off + p->l3_len)
		return 0;
	memcpy(&spi, hdr + off, 4);
	return spi;
}

/* RFC 7296 3.1: the header that every message of IKEv2 has, and nothing behind its length. */
static bool is_ike(const uint8_t *ike, size_t len)
{
	uint32_t spi_hi = esvc_get32(ike), spi_lo = esvc_get32(ike + 4);
	uint8_t exchange = ike[18];

	if (!(spi_hi | spi_lo) || ike[17] >> 4 != 2 || esvc_get32(ike + 24) != len)
		return false;
	/* SA_INIT to INFORMATIONAL, SESSION_RESUME, INTERMEDIATE, FOLLOWUP_KE; not GSA's. */
	return (exchange >= 34 && exchange <= 38) || exchange == 43 || exchange == 44;
}

bool esvc_natt_plain(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len)
{
	size_t ike = p->l4_off + 12u, end = (size_t)p->l3_off + p->l3_len;

	switch (esvc_natt_kind(p, hdr, hdr_len)) {
	case ESVC_NATT_KEEPALIVE:
		return true;
	case ESVC_NATT_IKE:
		return end >= ike + IKE_HDR && hdr_len >= ike + IKE_HDR && is_ike(hdr + ike, end - ike);
	default:
		return false;
	}
}

enum esvc_natt esvc_natt_kind(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len)
{
	size_t data = p->l4_off + 8u, end = (size_t)p->l3_off + p->l3_len;
	uint8_t port[2] = { ESVC_PORT_NATT >> 8, ESVC_PORT_NATT & 0xff };

	if (p->proto != ESVC_PROTO_UDP || !p->has_ports)
		return ESVC_NATT_NO;
	if (memcmp(&p->sport, port, 2) && memcmp(&p->dport, port, 2))
		return ESVC_NATT_NO;
	if (end == data + 1 && hdr_len > data && hdr[data] == 0xff && p->frag == ESVC_FRAG_NONE)
		return ESVC_NATT_KEEPALIVE;
	if (end < data + 4)
		return ESVC_NATT_NO;
	if (hdr_len < data + 4)
		return ESVC_NATT_ESP;
	return esvc_get32(hdr + data) ? ESVC_NATT_ESP : ESVC_NATT_IKE;
}
