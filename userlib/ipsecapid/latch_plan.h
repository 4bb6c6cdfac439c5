/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Can a socket be latched, and on what? Pure functions of what is known, so that each refusal can
 * be tested.
 *
 * A latch is a policy of the socket itself for each direction, which the kernel prefers to all
 * others: so what the system's own policies say is looked at here. Outbound a reqid is named,
 * and nothing is sent by an SA that has another; so only what such SAs are is left to be watched.
 * Where no policy of a socket can say what is wanted outbound, the gate holds it (gateset.h).
 */
#ifndef IPSECAPID_LATCH_PLAN_H
#define IPSECAPID_LATCH_PLAN_H

#include "evaluator.h"
#include "latch_record.h"
#include "verdict.h"

enum plan_status {
	PLAN_REFUSED = 0,	/* `err` and `reason` */
	PLAN_LATCH = 1,		/* the SAs are there */
	PLAN_WAIT = 2,		/* they are not, for `reason` */
};

struct latch_plan {
	uint32_t status;	/* enum plan_status */
	int32_t err;		/* negative errno */
	uint32_t reason;	/* enum ipsecapi_reason */
	bool gated;
	uint32_t reqid[2];
	struct latch_spd spd[2];
	uint32_t sas[VERDICT_SAS];	/* that it rests on */
	uint32_t n_sas;
	bool unasked;		/* of one of them a unit is yet to be asked */
};

/*
 * The set of outcomes that @want asks for, by the classes of @p. Nothing in it travels in clear.
 * Returns IPSECAPI_REASON_NONE, or why it is refused.
 */
uint32_t latch_wanted(const struct policy *p, const struct wire_require *want, struct outcomes *set);

/* @set: what the SAs must be within. @f: of a socket that is connected, or as if it were. */
void latch_plan(const struct world *w, const struct flow_facts *f, const struct outcomes *set,
		struct latch_plan *plan);

/* What holds the latch of @r. */
void latch_policies(struct latched *l, const struct latch_record *r);

/* What the system's policies say of direction @dir; a reason when it can't be told. */
uint32_t latch_system(const struct world *w, const struct flow_facts *f, int dir,
		      struct latch_spd *spd);

#endif
