/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one SA gives, and how the answers of several are put together. */
#ifndef IPSECAPID_JUDGE_SA_H
#define IPSECAPID_JUDGE_SA_H

#include "world.h"

struct sa_context {
	const struct world *world;
	const struct rec_policy *policy;
	const struct flow_facts *flow;	/* NULL when a policy alone is judged */
	int dir;
};

void judge_sa(const struct sa_context *c, const struct rec_sa *sa, struct ipsecapi_direction *d);

/* Two SAs that may both carry the traffic: the weaker statement of the two. */
void join_alternative(struct ipsecapi_direction *d, const struct ipsecapi_direction *other);

/* Two SAs that are nested: both must be passed. */
void join_nested(struct ipsecapi_direction *d, const struct ipsecapi_direction *inner);

void say_unknown(struct ipsecapi_direction *d, uint32_t reason);

#endif
