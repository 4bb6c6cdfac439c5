/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many records one user may cause, so that nobody fills a log: a few at once, then one each
 * while; and a larger allowance for all users together, for one may have many numbers.
 */
#ifndef IPSECAPID_AUDIT_LIMIT_H
#define IPSECAPID_AUDIT_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define AUDIT_USERS		64	/* that are told apart at a time */
#define AUDIT_BURST		8
#define AUDIT_INTERVAL_NS	10000000000ull
#define AUDIT_BURST_ALL		64
#define AUDIT_INTERVAL_ALL_NS	500000000ull

/* Full when `due` is past; a record makes it later. */
struct audit_bucket {
	uint64_t due;		/* 0: of nobody yet */
	uint32_t uid;
	uint32_t left_out;
};

struct audit_limit {
	struct audit_bucket all;	/* its left_out: of users that are not told apart any more */
	struct audit_bucket users[AUDIT_USERS];
};

/* May a record of @uid be written at @now? Then @left_out becomes how many before it were not. */
bool audit_limit_pass(struct audit_limit *l, uint32_t uid, uint64_t now, uint32_t *left_out);

/*
 * Find a user of whom records were left out and who has been quiet since; AUDIT_NO_USER stands
 * for several. Call until it returns false: then nothing is left to tell yet.
 */
bool audit_limit_next(struct audit_limit *l, uint64_t now, uint32_t *uid, uint32_t *left_out);

#endif
