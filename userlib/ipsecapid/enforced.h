/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The enforcing rules of the system policy, held by the kernel for programs that know nothing of
 * us: in the broker's own table, which stays while there is no broker.
 *
 * A rule that asks for a class lets pass what travels by SAs with listed reqids. Which these are
 * the front finds out, for each class and direction, and tells again when it changes.
 */
#ifndef IPSECAPID_ENFORCED_H
#define IPSECAPID_ENFORCED_H

#include "listenset.h"
#include "nftable.h"
#include "policy.h"

/* What the applier keeps of the policy that it holds. */
struct enforced {
	bool any;			/* there are rules */
	bool used[POLICY_CLASSES];	/* by a rule that enforces */
	uint64_t class[POLICY_CLASSES];	/* names the sets of a class by what it accepts */
};

/*
 * Hold the enforcing rules of @p and no others, in one step. Of a class that accepts what one
 * before it accepted the listed reqids stay; of others none is listed until they are told.
 * Returns 0, or a negative errno and nothing changed.
 */
int enforced_rules(struct enforced *e, struct nftable *nft, const struct policy *p);

/* Of class number @class these pass, and no others. */
int enforced_reqids(const struct enforced *e, struct nftable *nft, uint32_t class, const struct listen_reqids *r);

/* Connections that no rule concerns: their latches hold what was granted them. These and no others. */
int enforced_exempt(const struct enforced *e, struct nftable *nft, const struct ipsecapi_tuple *t, uint32_t n);

#endif
