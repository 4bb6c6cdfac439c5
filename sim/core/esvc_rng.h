/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random bytes of the unit: the host's source behind continuous health tests
 * (repetition count and adaptive proportion as in SP 800-90B 4.4, and a
 * comparison of successive 16-byte blocks).
 */
#ifndef ESVC_RNG_H
#define ESVC_RNG_H

#include "esvc.h"

#define ESVC_RNG_BLOCK		16
#define ESVC_RNG_STARTUP	1024	/* bytes that the power-on test looks at */

/* Random bytes pass through block: lives in the arena. */
struct esvc_rng {
	const struct esvc_host_ops *ops;
	void *opaque;
	uint8_t block[ESVC_RNG_BLOCK];	/* zero between calls */
	uint8_t last[32];		/* SHA-256 of the block before */
	uint8_t rep_byte;
	uint8_t prop_byte;
	uint16_t rep_count;
	uint16_t prop_count;
	uint16_t prop_seen;
	bool have_last;
	bool failed;	/* sticky: a health test failed */
};

void esvc_rng_init(struct esvc_rng *rng, const struct esvc_host_ops *ops, void *opaque);

/*
 * Fill buf. 0; -EIO: the source gave nothing, may be tried again; -EBADMSG: a
 * health test failed, now and for ever. buf is zero after a failure.
 */
int esvc_rng_get(struct esvc_rng *rng, void *buf, size_t len);

/* esvc_rng_health.c: the judgement of block, which is the next one. */
bool esvc_rng_healthy(struct esvc_rng *rng);

/* Draw and judge ESVC_RNG_STARTUP bytes; the same answers. */
int esvc_rng_startup(struct esvc_rng *rng);

#endif
