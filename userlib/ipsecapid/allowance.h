/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of something one user may cause: a few at once, then one each while; and a larger
 * allowance for all users together, for one may have many numbers.
 */
#ifndef IPSECAPID_ALLOWANCE_H
#define IPSECAPID_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#define ALLOWANCE_USERS	64	/* that are told apart at a time */
#define ALLOWANCE_ALL	UINT32_MAX	/* stands for several users */

struct allowance_terms {
	uint32_t burst, burst_all;
	uint64_t interval, interval_all;	/* ns */
};

/* Of records, so that nobody fills a log; of negotiations, so that nobody floods peers by IKE. */
extern const struct allowance_terms allowance_records, allowance_calls;

/* Full when `due` is past; what is taken makes it later. */
struct allowance_bucket {
	uint64_t due;		/* 0: of nobody yet */
	uint32_t uid;
	uint32_t refused;
};

struct allowance {
	struct allowance_bucket all;	/* its refused: of users that are not told apart any more */
	struct allowance_bucket users[ALLOWANCE_USERS];
};

/* May @uid take one at @now? */
bool allowance_has(struct allowance *a, const struct allowance_terms *t, uint32_t uid, uint64_t now);
/* Take it. Then @refused becomes how many before it were not to be had. */
bool allowance_take(struct allowance *a, const struct allowance_terms *t, uint32_t uid, uint64_t now,
		    uint32_t *refused);

/*
 * Find a user who was refused some and has been quiet since; ALLOWANCE_ALL stands for several.
 * Call until it returns false: then nothing is left to tell yet.
 */
bool allowance_next(struct allowance *a, const struct allowance_terms *t, uint64_t now, uint32_t *uid,
		    uint32_t *refused);

#endif
