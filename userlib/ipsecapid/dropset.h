/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections of which nothing may pass: sets of our own nftables table, in both hooks, by the
 * connection's addresses and ports. The table is owned, so that nobody else's flush empties it,
 * and persistent, so that it holds while there is no broker.
 */
#ifndef IPSECAPID_DROPSET_H
#define IPSECAPID_DROPSET_H

#include <stdbool.h>
#include <ipsecapi.h>

struct nft_ctx;

struct dropset {
	struct nft_ctx *nft;	/* NULL: there is none */
};

/*
 * Make the table, or take over the one that an earlier life left, as it is. Returns 0 or a
 * negative errno: then nothing can be dropped, and has been said why. Opens what it needs.
 */
int dropset_open(struct dropset *d);

/*
 * Let nothing of this connection pass, which takes effect at once. @notify: what is sent is
 * answered as unreachable. Adding twice is no error. Returns 0 or -EIO.
 */
int dropset_add(struct dropset *d, const struct ipsecapi_tuple *t, bool notify);
/* One that is not there is no error. */
int dropset_remove(struct dropset *d, const struct ipsecapi_tuple *t);

struct dropped {
	struct ipsecapi_tuple tuple;
	bool notify;
};

/* Let the sets have these and no others, in one step. */
int dropset_replace(struct dropset *d, const struct dropped *at, uint32_t n);

#endif
