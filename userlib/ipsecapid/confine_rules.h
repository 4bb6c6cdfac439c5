/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that confine cgroups, in the broker's own table, which stays while there is no broker.
 * A record of each is kept beside them, in the same transaction: the kernel remembers for us.
 */
#ifndef IPSECAPID_CONFINE_RULES_H
#define IPSECAPID_CONFINE_RULES_H

#include "confinement.h"
#include "nftable.h"

#define CONFINED_USER	64	/* of one user */
#define CONFINED_MAX	256	/* of all */

struct confined {
	struct confinement c;
	int fd;			/* of its directory, which names it to nftables */
	uint64_t gone_at;	/* when it was found removed; 0: it exists */
};

/* Make what the rules need. What earlier lives confined stays so. Returns 0 or -EIO. */
int confine_rules_prepare(struct nftable *nft);
/* What is on record, id, uid and flags alone, of at most CONFINED_MAX. Returns their number or -EIO. */
int confine_rules_read(struct nftable *nft, struct confined *at);
/* Confine these and no others, in one step. Returns 0 or a negative errno, and nothing changed. */
int confine_rules_write(struct nftable *nft, const struct confined *at, uint32_t n);

#endif
