/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognise ESP, bare and in UDP (RFC 3948), in a frame that was parsed. */
#ifndef ESVC_ESPID_H
#define ESVC_ESPID_H

#include "esvc_parse.h"

#define ESVC_PORT_IKE	500
#define ESVC_PORT_NATT	4500

enum esvc_natt {
	ESVC_NATT_NO,		/* not port 4500, or too short to be ESP */
	ESVC_NATT_IKE,		/* zero marker */
	ESVC_NATT_KEEPALIVE,
	ESVC_NATT_ESP,		/* non-zero marker, or one that is out of sight */
};

/* Port 4500 with what IKE sends there and no ESP: a whole IKEv2 message behind its marker, or a keepalive. */
bool esvc_natt_plain(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len);

enum esvc_natt esvc_natt_kind(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len);

/*
 * The SPI at offset off of the frame, in network order; 0 if these four bytes
 * are outside of the packet or of hdr, or in a later fragment.
 */
uint32_t esvc_spi_at(const struct esvc_pkt *p, const uint8_t *hdr, size_t hdr_len, size_t off);

#endif
