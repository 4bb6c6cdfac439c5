/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the kernel's tables, and hearing that they changed. Scrubber only. */
#ifndef IPSECAPID_XFRM_DUMP_H
#define IPSECAPID_XFRM_DUMP_H

#include <stdbool.h>
#include "records.h"
#include "xfrm_parse.h"

struct xfrm_socks {
	int query;		/* requests and dumps */
	int events;		/* multicast */
	uint32_t seq;
	uint8_t *buf;		/* key-bearing; wiped after each use */
	size_t size;
};

/* Needs CAP_NET_ADMIN. Returns 0 or a negative errno. */
int xfrm_socks_open(struct xfrm_socks *x);

/* Swallow waiting events without taking in more than their headers. Returns: did any come? */
bool xfrm_drain(struct xfrm_socks *x);

typedef int (*xfrm_sa_fn)(const struct rec_sa *sa, const struct sa_key *key, void *arg);
typedef int (*xfrm_policy_fn)(const struct rec_policy *p, const uint32_t *spis, void *arg);

/*
 * Call @fn for each entry. Returns 0, -EAGAIN when answers were lost, or another errno. That the
 * table changed meanwhile only events tell.
 */
int xfrm_dump_sas(struct xfrm_socks *x, xfrm_sa_fn fn, void *arg);
int xfrm_dump_policies(struct xfrm_socks *x, xfrm_policy_fn fn, void *arg);
/* block[DIR_*]: 1 where traffic without a policy is blocked. */
int xfrm_read_defaults(struct xfrm_socks *x, uint8_t block[4]);

/* How many entries there are, by the kernel's own count. */
struct xfrm_counts {
	uint32_t policies[3];	/* of the system, by the kernel's order of directions */
	uint32_t socket_policies;
	uint32_t sas;
};

int xfrm_read_counts(struct xfrm_socks *x, struct xfrm_counts *counts);
/* Read one SA again. -ESRCH: it is gone. */
int xfrm_read_sa(struct xfrm_socks *x, const struct sa_key *key, struct rec_sa *sa);

#endif
