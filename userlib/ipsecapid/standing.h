/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does what is so now satisfy the system policy? What is known of a flow is a set of outcomes as
 * well: those that it may be. It satisfies a rule if the rule accepts all of them.
 */
#ifndef IPSECAPID_STANDING_H
#define IPSECAPID_STANDING_H

#include "evaluator.h"
#include "verdict.h"

/* What rules select a flow by. The link's name stays @w's. */
void standing_facts(const struct world *w, const struct flow_facts *f, struct policy_facts *facts);

/* Set `policy` and `policy_layer` of both directions of @v, which was made from @w. */
void standing_judge(const struct policy *p, const struct policy_rules *r, const struct world *w,
		    struct verdict *v);

#endif
