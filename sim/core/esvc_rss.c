// SPDX-License-Identifier: GPL-2.0-or-later
/* Toeplitz hash, one table look-up for each input byte. */
#include <string.h>

#include "esvc_rss.h"

static const uint8_t default_key[ESV_RSS_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* 32 bits of the key from bit position pos; zero bits follow the key. */
static uint32_t window(const uint8_t *key, size_t pos)
{
	uint64_t w = 0;

	for (size_t i = 0; i < 5; i++) {
		size_t at = pos / 8 + i;

		w = w << 8 | (at < ESV_RSS_KEY_LEN ? key[at] : 0);
	}
	return (uint32_t)(w >> (8 - pos % 8));
}

/* Fill one row: a value's hash is that of the value without its lowest bit, and that bit's. */
static void fill_row(uint32_t row[256], const uint8_t *key, size_t byte)
{
	row[0] = 0;
	for (unsigned int value = 1; value < 256; value++) {
		unsigned int bit = 7u - (unsigned int)__builtin_ctz(value);

		row[value] = row[value & (value - 1)] ^ window(key, byte * 8 + bit);
	}
}

void esvc_rss_set(struct esvc_rss *rss, const struct esv_rss_params *params)
{
	bool same = rss->ready && !memcmp(rss->params.key, params->key, sizeof(params->key));

	rss->params = *params;
	rss->ready = true;
	for (size_t byte = 0; !same && byte < ESVC_RSS_INPUT_MAX; byte++)
		fill_row(rss->table[byte], params->key, byte);
}

void esvc_rss_default(struct esvc_rss *rss, unsigned int pairs)
{
	struct esv_rss_params params = { 0 };

	memcpy(params.key, default_key, sizeof(params.key));
	for (unsigned int i = 0; i < ESV_RSS_TABLE_LEN; i++)
		params.table[i] = (uint8_t)(i % pairs);
	esvc_rss_set(rss, &params);
}

uint32_t esvc_rss_hash(const struct esvc_rss *rss, const uint8_t *input, size_t len)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < len && i < ESVC_RSS_INPUT_MAX; i++)
		hash ^= rss->table[i][input[i]];
	return hash;
}
