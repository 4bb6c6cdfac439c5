// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "fingerprint.h"

#define FNV_PRIME 0x100000001b3

uint64_t fingerprint_mix(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size--)
		hash = (hash ^ *p++) * FNV_PRIME;
	return hash;
}

/*
 * The same by words, for there may be tens of thousands of policies, and a report waits for it.
 * It tells tables apart whose entries the kernel has numbered, and need not resist anyone.
 */
static uint64_t mix_words(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t word;

	for (; size; p += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = (hash ^ word) * FNV_PRIME;
		hash ^= hash >> 32;	/* or a word's upper half would stay there */
	}
	return hash;
}

uint32_t fingerprint_bytes(const void *data, size_t size)
{
	uint64_t hash = fingerprint_mix(FINGERPRINT_BASIS, data, size);

	return hash ^ hash >> 32;
}

void fingerprint_begin(struct fingerprint *f)
{
	f->policies = FINGERPRINT_BASIS;
}

void fingerprint_policy(struct fingerprint *f, const struct rec_policy *p, const uint32_t *spis)
{
	static_assert(sizeof(*p) % sizeof(uint64_t) == 0 && MAX_TEMPLATES % 2 == 0, "whole words");
	f->policies = mix_words(f->policies, p, sizeof(*p));
	f->policies = mix_words(f->policies, spis, MAX_TEMPLATES * sizeof(*spis));
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
