/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP segmentation: one large frame into frames of at most mss payload bytes. */
#ifndef ESVC_TSO_H
#define ESVC_TSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct esvc_tso {
	const uint8_t *frame;		/* the large frame; must stay while segments are taken */
	size_t len;
	size_t hdr_len;			/* Ethernet to TCP, options included */
	size_t l3_off;
	size_t l4_off;
	size_t pos;			/* payload bytes already sent */
	uint16_t mss;
	uint16_t index;			/* of the next segment */
	uint8_t family;
};

/*
 * Check that frame can be segmented: TCP right behind IPv4 or IPv6, headers
 * that agree with hdr_len, not a fragment, mss > 0, payload. 0 or -EINVAL.
 */
int esvc_tso_init(struct esvc_tso *tso, const uint8_t *frame, size_t len, size_t hdr_len, uint16_t mss);

/* Bytes of the largest segment, headers included. */
size_t esvc_tso_max_len(const struct esvc_tso *tso);

/* Write the next segment to dst (esvc_tso_max_len() bytes) with its own lengths,
 * id, sequence number, flags and checksums. Returns its length, 0 at the end. */
size_t esvc_tso_next(struct esvc_tso *tso, uint8_t *dst);

#endif
