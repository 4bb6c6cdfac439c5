/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: what is true about a flow, by what evidence. A pure function of the tables, so
 * that every sentence of it can be tested.
 */
#ifndef IPSECAPID_VERDICT_H
#define IPSECAPID_VERDICT_H

#include "sa_match.h"
#include "world.h"

#define VERDICT_SAS READ_MAX

struct verdict {
	struct ipsecapi_direction dir[2];
	uint32_t sa[VERDICT_SAS];	/* SAs that the verdict rests on */
	uint8_t sa_dirs[VERDICT_SAS];	/* 1 << direction, for each of them */
	uint32_t n_sas;
	bool unasked[2];	/* a unit that would know more was not asked yet */
};

/* Judge both directions of a flow. Never fails: doubt is part of the answer. */
void verdict_flow(const struct world *w, const struct flow_facts *f, struct verdict *v);

/* Judge the SAs behind one policy, regardless of any flow. Returns how many SAs fit. */
uint32_t verdict_policy(const struct world *w, const struct rec_policy *pol,
			struct ipsecapi_direction *d);

/* Where a reason arises: enum ipsecapi_layer. */
uint32_t reason_layer(uint32_t reason);

#endif
