/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is what was dumped still what the kernel has? Policies of sockets come and go without an event,
 * and what a device holds goes with it, so a report can't rest on the silence of events.
 */
#ifndef IPSECAPID_FINGERPRINT_H
#define IPSECAPID_FINGERPRINT_H

#include "records.h"
#include "xfrm_dump.h"

struct fingerprint {
	struct xfrm_counts counts;
	uint64_t policies;	/* of the dump, in its order */
};

/* FNV-1a: go on from an earlier hash, or from the basis. It resists nobody. */
#define FINGERPRINT_BASIS	0xcbf29ce484222325
uint64_t fingerprint_mix(uint64_t hash, const void *data, size_t size);
/* Of any data; no more than that. */
uint32_t fingerprint_bytes(const void *data, size_t size);

void fingerprint_begin(struct fingerprint *f);
/* Take in one policy of a dump, as the kernel tells it. */
void fingerprint_policy(struct fingerprint *f, const struct rec_policy *p, const uint32_t *spis);

/**
 * Compare with the kernel. Only where sockets have policies are all policies read again: all
 * else that is silent shows in the counts.
 * Returns 1 when nothing changed, 0 when something did, or a negative errno.
 */
int fingerprint_check(struct xfrm_socks *x, const struct fingerprint *f);

#endif
