// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_rng.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

void esvc_rng_init(struct esvc_rng *rng, const struct esvc_host_ops *ops, void *opaque)
{
	memset(rng, 0, sizeof(*rng));
	rng->ops = ops;
	rng->opaque = opaque;
}

/* Whole blocks only, so that the comparison of successive blocks never has a short one. */
static int next_block(struct esvc_rng *rng)
{
	if (rng->failed)
		return -EBADMSG;
	if (rng->ops->random(rng->opaque, rng->block, ESVC_RNG_BLOCK))
		return -EIO;
	if (!esvc_rng_healthy(rng)) {
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
