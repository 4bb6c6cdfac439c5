// SPDX-License-Identifier: GPL-2.0-or-later
/* The Internet checksum (RFC 1071) and the pseudo header of TCP and UDP. */
#include <arpa/inet.h>

#include "esvc_csum.h"

#define UDP_CSUM_OFF 6

static uint64_t halves(uint64_t v)
{
	return (v & 0xffffffff) + (v >> 32);
}

/*
 * 32-bit words into 64-bit lanes: no carry can be lost below 2^32 words, and
 * four lanes let the compiler use vectors.
 */
static uint64_t add_blocks(const uint8_t *p, size_t blocks)
{
	uint64_t lane[4] = { 0 };
	uint32_t w[4];

	for (; blocks; blocks--, p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		for (int i = 0; i < 4; i++)
			lane[i] += w[i];
	}
	return halves(lane[0]) + halves(lane[1]) + halves(lane[2]) + halves(lane[3]);
}

/* Less than 16 bytes: headers are short, so this counts as much as the blocks. */
static uint64_t add_rest(const uint8_t *p, size_t len)
{
	uint64_t sum = 0, w8;
	uint32_t w4;
	uint16_t w2;

	if (len & 8) {
		memcpy(&w8, p, 8);
		sum += halves(w8);
		p += 8;
	}
	if (len & 4) {
		memcpy(&w4, p, 4);
		sum += w4;
		p += 4;
	}
	if (len & 2) {
		memcpy(&w2, p, 2);
		sum += w2;
		p += 2;
	}
	if (len & 1) {
		w2 = 0;
		memcpy(&w2, p, 1);
		sum += w2;
	}
	return sum;
}

uint64_t esvc_csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t blocks = len / 16;

	if (blocks)
		sum += add_blocks(p, blocks);
	return sum + add_rest(p + blocks * 16, len % 16);
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

	/* Only there does 0 say that there is no checksum (RFC 768). */
	if (!csum && offset == UDP_CSUM_OFF)
		csum = 0xffff;
	memcpy(frame + start + offset, &csum, sizeof(csum));
}
