/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of a frame as the stateless offloads need them: checksum, hash,
 * segmentation. Not a security decision: that is the IPsec engine's parser.
 */
#ifndef ESVC_FRAME_H
#define ESVC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct esvc_frame {
	uint16_t ethertype;		/* host order, behind at most two VLAN tags */
	uint16_t l3_off;
	uint16_t l4_off;		/* 0: no L4 header found */
	uint32_t l4_len;		/* by the IP header's length */
	uint8_t family;			/* 4, 6, or 0: not IP or malformed */
	uint8_t proto;			/* with l4_off */
	bool fragment;
	bool ext;			/* IPv6 extension headers before L4 */
};

/* Offset of what follows the Ethernet header and VLAN tags; len >= 14. */
size_t esvc_frame_l3(const uint8_t *frame, size_t len, uint16_t *ethertype);

/* Parse len bytes of which len may be less than the frame (headers only): then body is the whole length. */
void esvc_frame_parse(const uint8_t *frame, size_t len, size_t body, struct esvc_frame *f);

#endif
