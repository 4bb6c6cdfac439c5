// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP and ESP in UDP (clauses BYP-7, SPD-14, SPD-15). */
#include <string.h>

#include "esvc_espid.h"

uint32_t esvc_spi_at(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, size_t off)
{
	uint32_t spi;

	if (p->frag == ESVC_FRAG_LATER || off + 4 > hdr_len || off + 4 > (size_t)p->l3_off + p->l3_len)
		return 0;
	memcpy(&spi, hdr + off, 4);
	return spi;
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
