/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receive side scaling: Toeplitz hash (RSS-2) and indirection table. */
#ifndef ESVC_RSS_H
#define ESVC_RSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <espvault/esv_if.h>

#define ESVC_RSS_INPUT_MAX	36	/* two IPv6 addresses and two ports */

struct esvc_rss {
	struct esv_rss_params params;
	bool ready;			/* the tables below belong to params.key */
	uint32_t table[ESVC_RSS_INPUT_MAX][256];	/* hash contribution of each input byte */
};

/* Take key and indirection table; precomputes. */
void esvc_rss_set(struct esvc_rss *rss, const struct esv_rss_params *params);
/* Default (RSS-3): the key that Microsoft's specification publishes, spread over pairs > 0 queue pairs. */
void esvc_rss_default(struct esvc_rss *rss, unsigned int pairs);
/* Toeplitz hash of len <= ESVC_RSS_INPUT_MAX bytes, in network order as in the packet. */
uint32_t esvc_rss_hash(const struct esvc_rss *rss, const uint8_t *input, size_t len);
/* Queue pair for a hash. */
static inline unsigned int esvc_rss_queue(const struct esvc_rss *rss, uint32_t hash)
{
	return rss->params.table[hash % ESV_RSS_TABLE_LEN];
}

#endif
