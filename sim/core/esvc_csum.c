// SPDX-License-Identifier: GPL-2.0-or-later
/* The Internet checksum (RFC 1071) and the pseudo header of TCP and UDP. */
#include <arpa/inet.h>

#include "esvc_csum.h"

/*
 * 32-bit words into 64-bit lanes: no carry can be lost below 2^32 words, and
 * four lanes let the compiler use vectors.
 */
uint64_t esvc_csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t lane[4] = { 0 };
	uint32_t w[4];

	for (; len >= sizeof(w); len -= sizeof(w), p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		for (int i = 0; i < 4; i++)
			lane[i] += w[i];
	}
	sum += (lane[0] & 0xffffffff) + (lane[0] >> 32) + (lane[1] & 0xffffffff) + (lane[1] >> 32) +
	       (lane[2] & 0xffffffff) + (lane[2] >> 32) + (lane[3] & 0xffffffff) + (lane[3] >> 32);
	for (; len; len -= len < 2 ? len : 2, p += 2) {
		uint16_t half = 0;

		memcpy(&half, p, len < 2 ? len : 2);
		sum += half;
	}
	return sum;
}

uint16_t esvc_csum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint64_t esvc_csum_pseudo(unsigned int family, const uint8_t *ip, uint8_t proto, uint32_t len)
{
	uint64_t sum = (uint64_t)htons(proto) + htons((uint16_t)(len >> 16)) + htons((uint16_t)len);

	if (family == 4)
		return esvc_csum_add(sum, ip + 12, 8);
	return esvc_csum_add(sum, ip + 8, 32);
}

void esvc_csum_complete(uint8_t *frame, size_t len, size_t start, size_t offset)
{
	uint16_t csum = esvc_csum_fold(esvc_csum_add(0, frame + start, len - start));

	if (!csum)
		csum = 0xffff;
	memcpy(frame + start + offset, &csum, sizeof(csum));
}
