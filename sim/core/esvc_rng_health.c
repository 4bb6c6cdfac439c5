// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Continuous health tests of the random source. They look at every byte of every key,
 * so they branch on none of them: nothing but the verdict comes out.
 */
#include "esvc_rng.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

/*
 * Cut-offs of SP 800-90B 4.4 for a claimed 4 bits of entropy a byte and a false
 * alarm rate of 2^-30; a full source (8 bits) raises a false alarm with 2^-64.
 */
#define REP_CUTOFF	9	/* 1 + 30 / 4, rounded up */
#define PROP_WINDOW	512
#define PROP_CUTOFF	71	/* 1 + critical value of the binomial (512, 1/16) */

/* 1 or 0; both below 2^31. */
static unsigned int at_least(unsigned int n, unsigned int min)
{
	return ~(n - min) >> 31;
}

static unsigned int same(uint8_t a, uint8_t b)
{
	return 1 - at_least((unsigned int)a ^ b, 1);
}

static unsigned int repeats(struct esvc_rng *rng, uint8_t b)
{
	rng->rep_count = (uint16_t)(1 + same(b, rng->rep_byte) * rng->rep_count);
	rng->rep_byte = b;
	return at_least(rng->rep_count, REP_CUTOFF);
}

static unsigned int prevails(struct esvc_rng *rng, uint8_t b)
{
	if (!rng->prop_seen) {
		rng->prop_byte = b;
		rng->prop_count = 0;
	}
	rng->prop_count = (uint16_t)(rng->prop_count + same(b, rng->prop_byte));
	if (++rng->prop_seen == PROP_WINDOW)
		rng->prop_seen = 0;
	return at_least(rng->prop_count, PROP_CUTOFF);
}

/* The block before is kept as a hash: it may be somebody's key. */
bool esvc_rng_healthy(struct esvc_rng *rng)
{
	uint8_t hash[sizeof(rng->last)];
	unsigned int bad;

	SHA256(rng->block, ESVC_RNG_BLOCK, hash);
	bad = rng->have_last && !CRYPTO_memcmp(hash, rng->last, sizeof(hash));
	memcpy(rng->last, hash, sizeof(hash));
	rng->have_last = true;
	for (unsigned int i = 0; i < ESVC_RNG_BLOCK; i++) {
		bad |= repeats(rng, rng->block[i]);
		bad |= prevails(rng, rng->block[i]);
	}
	return !bad;
}
