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

/*
 * Is all that direction @dir of @v may be within @accepted? Where nothing passes it is.
 * enum ipsecapi_standing: SATISFIED, WOULD_REFUSE or UNCLEAR.
 */
uint32_t standing_compare(const struct world *w, const struct verdict *v, int dir,
			  const struct outcomes *accepted);

/* Is all that @sa carries in direction @dir within @accepted, whichever flow it is of? Doubt is not. */
bool standing_sa(const struct world *w, const struct rec_sa *sa, int dir, const struct outcomes *accepted);

/* Set `policy` and `policy_layer` of both directions of @v, which was made from @w. */
void standing_judge(const struct policy *p, const struct policy_rules *r, const struct world *w,
		    struct verdict *v);

#endif
