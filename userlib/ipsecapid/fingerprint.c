// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "fingerprint.h"

#define FNV_BASIS 0xcbf29ce484222325

/* FNV-1a: it tells tables apart whose entries the kernel has numbered, and need not resist anyone. */
static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size--)
		hash = (hash ^ *p++) * 0x100000001b3;
	return hash;
}

uint32_t fingerprint_bytes(const void *data, size_t size)
{
	uint64_t hash = mix(FNV_BASIS, data, size);

	return hash ^ hash >> 32;
}

void fingerprint_begin(struct fingerprint *f)
{
	f->policies = FNV_BASIS;
}

void fingerprint_policy(struct fingerprint *f, const struct rec_policy *p, const uint32_t *spis)
{
	f->policies = mix(f->policies, p, sizeof(*p));
	f->policies = mix(f->policies, spis, MAX_TEMPLATES * sizeof(*spis));
}

static int take_policy(const struct rec_policy *p, const uint32_t *spis, void *arg)
{
	fingerprint_policy(arg, p, spis);
	return 0;
}

int fingerprint_check(struct xfrm_socks *x, const struct fingerprint *f)
{
	struct fingerprint now;
	int err = xfrm_read_counts(x, &now.counts);

	if (err)
		return err;
	if (memcmp(&now.counts, &f->counts, sizeof(now.counts)))
		return 0;
	if (!now.counts.socket_policies)
		return 1;
	fingerprint_begin(&now);
	err = xfrm_dump_policies(x, take_policy, &now);
	return err ? err : now.policies == f->policies;
}
