/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front's copy of the kernel's tables, as the scrubber last sent them. */
#ifndef IPSECAPID_TABLES_H
#define IPSECAPID_TABLES_H

#include <stdbool.h>
#include "records.h"

struct tables {
	uint32_t generation;
	uint64_t read_at;	/* CLOCK_BOOTTIME ns; 0: never read */
	bool torn;		/* something changed while they were read */
	uint8_t default_block[4];
	struct rec_policy *policies;	/* oldest first */
	uint32_t n_policies, cap_policies;
	uint32_t *latches;		/* policies of latches, by identifier and direction; or NULL */
	uint32_t n_latches;
	uint32_t *system;		/* those that are no socket's, oldest first; or NULL */
	uint32_t n_system;
	struct rec_sa *sas;		/* by the index of the generation */
	uint32_t n_sas, cap_sas;
	struct rec_unit *units;
	uint32_t n_units, cap_units;
};

void tables_free(struct tables *t);
int tables_add_policy(struct tables *t, const struct rec_policy *p);
int tables_add_sa(struct tables *t, const struct rec_sa *sa);
int tables_add_unit(struct tables *t, const struct rec_unit *u);
/* The kernel dumps the newest policy first. */
void tables_order_policies(struct tables *t);
/*
 * Have those of latches found fast, and those that are no socket's without looking at all that
 * are. Without memory they are found all the same.
 */
void tables_index(struct tables *t);
/* The next policy that is no socket's. @i: where to go on, at first 0. NULL: there is none. */
const struct rec_policy *tables_next_system(const struct tables *t, uint32_t *i);
/* What the kernel holds of a latch in direction @dir, or NULL. */
const struct rec_policy *tables_latch(const struct tables *t, uint64_t latch, uint8_t dir);
/* The same for one SA. */
bool tables_same_sa(const struct rec_sa *a, const struct rec_sa *b);
/* Do both tables say the same, counters and times apart? */
bool tables_equal(const struct tables *a, const struct tables *b);

#endif
