// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_rng.h"

#include <errno.h>
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

void esvc_rng_init(struct esvc_rng *rng, const struct esvc_host_ops *ops, void *opaque)
{
	memset(rng, 0, sizeof(*rng));
	rng->ops = ops;
	rng->opaque = opaque;
}

static bool repetition_ok(struct esvc_rng *rng, uint8_t b)
{
	if (rng->rep_count && b == rng->rep_byte)
		return ++rng->rep_count < REP_CUTOFF;
	rng->rep_byte = b;
	rng->rep_count = 1;
	return true;
}

static bool proportion_ok(struct esvc_rng *rng, uint8_t b)
{
	if (!rng->prop_seen) {
		rng->prop_byte = b;
		rng->prop_count = 0;
	}
	if (b == rng->prop_byte)
		rng->prop_count++;
	if (++rng->prop_seen == PROP_WINDOW)
		rng->prop_seen = 0;
	return rng->prop_count < PROP_CUTOFF;
}

/* The block before is kept as a hash: it may be somebody's key. */
static bool block_ok(struct esvc_rng *rng)
{
	uint8_t hash[sizeof(rng->last)];
	bool same;

	SHA256(rng->block, ESVC_RNG_BLOCK, hash);
	same = rng->have_last && !memcmp(hash, rng->last, sizeof(hash));
	memcpy(rng->last, hash, sizeof(hash));
	rng->have_last = true;
	for (unsigned int i = 0; i < ESVC_RNG_BLOCK; i++)
		if (!repetition_ok(rng, rng->block[i]) || !proportion_ok(rng, rng->block[i]))
			return false;
	return !same;
}

/* Whole blocks only, so that the comparison of successive blocks never has a short one. */
static int next_block(struct esvc_rng *rng)
{
	if (rng->failed)
		return -EBADMSG;
	if (rng->ops->random(rng->opaque, rng->block, ESVC_RNG_BLOCK))
		return -EIO;
	if (!block_ok(rng)) {
		rng->failed = true;
		return -EBADMSG;
	}
	return 0;
}

int esvc_rng_get(struct esvc_rng *rng, void *buf, size_t len)
{
	size_t done = 0;
	int err = 0;

	while (done < len && !err) {
		size_t n = len - done < ESVC_RNG_BLOCK ? len - done : ESVC_RNG_BLOCK;

		err = next_block(rng);
		if (!err)
			memcpy((uint8_t *)buf + done, rng->block, n);
		done += n;
	}
	OPENSSL_cleanse(rng->block, ESVC_RNG_BLOCK);
	if (err)
		OPENSSL_cleanse(buf, len);
	return err;
}

int esvc_rng_startup(struct esvc_rng *rng)
{
	uint8_t buf[ESVC_RNG_BLOCK * 4];
	int err = 0;

	for (size_t n = 0; n < ESVC_RNG_STARTUP && !err; n += sizeof(buf))
		err = esvc_rng_get(rng, buf, sizeof(buf));
	OPENSSL_cleanse(buf, sizeof(buf));
	return err;
}
