/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Internet checksum (RFC 1071) and the pseudo header of TCP and UDP. */
#ifndef ESVC_CSUM_H
#define ESVC_CSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * One's complement sum of len bytes, not folded, added to sum. Bytes are
 * summed as 16-bit words in memory order, so results stay in network order on
 * any machine; len may be odd only in the last part of a sum.
 */
uint64_t esvc_csum_add(uint64_t sum, const void *data, size_t len);

/* Fold to the 16-bit checksum as it stands in the packet. */
uint16_t esvc_csum_fold(uint64_t sum);

/* Sum of the pseudo header: family 4 or 6, ip: the IP header, len: of L4 in bytes. */
uint64_t esvc_csum_pseudo(unsigned int family, const uint8_t *ip, uint8_t proto, uint32_t len);

/*
 * Complete the checksum at start + offset over frame[start..len), where the
 * pseudo header's sum already stands in the field. Where UDP has its checksum,
 * 0 becomes 0xffff (TXD-8). The caller has checked start + offset + 2 <= len.
 */
void esvc_csum_complete(uint8_t *frame, size_t len, size_t start, size_t offset);

#endif
