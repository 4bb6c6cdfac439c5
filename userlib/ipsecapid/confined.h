/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroups that are confined, as the applier keeps them. One that is removed stays confined for
 * as long as a connection of it may have something to send.
 */
#ifndef IPSECAPID_CONFINED_H
#define IPSECAPID_CONFINED_H

#include <stdbool.h>

#include "confine_rules.h"

struct confined_set {
	struct nftable *nft;
	uint64_t root;		/* of the cgroups that this host's, or our container's, are below */
	bool possible;
	uint64_t looked_at;
	uint32_t n;
	struct confined at[CONFINED_MAX];
};

/* Find again what earlier lives confined. Opens what it needs. */
void confined_open(struct confined_set *s, struct nftable *nft);
/* Confine one more. @fd stays the caller's. Returns 0, or a negative errno with @reason set. */
int confined_add(struct confined_set *s, const struct confinement *c, int fd, uint32_t *reason);
/* Look whether they still exist, when it is time for that. */
void confined_look(struct confined_set *s);
/* Milliseconds until then; -1: there are none. */
int confined_wait(const struct confined_set *s);

#endif
