/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of which nothing may pass, in both hooks, by their addresses and ports. */
#ifndef IPSECAPID_DROPSET_H
#define IPSECAPID_DROPSET_H

#include <stdbool.h>
#include <stdint.h>
#include <ipsecapi.h>

#include "nftable.h"

/* Print what makes sets and rules. */
void dropset_rules(FILE *to);

/*
 * Let nothing of this connection pass, which takes effect at once. @notify: what is sent is
 * answered as unreachable. Adding twice is no error. Returns 0 or a negative errno.
 */
int dropset_add(struct nftable *nft, const struct ipsecapi_tuple *t, bool notify);
/* One that is not there is no error. */
int dropset_remove(struct nftable *nft, const struct ipsecapi_tuple *t);

struct dropped {
	struct ipsecapi_tuple tuple;
	bool notify;
};

/* Let the sets have these and no others, in one step. */
int dropset_replace(struct nftable *nft, const struct dropped *at, uint32_t n);

#endif
