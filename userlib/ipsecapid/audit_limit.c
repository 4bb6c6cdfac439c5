// SPDX-License-Identifier: GPL-2.0-or-later
/* Token buckets of records: one for each user that caused some, and one for all. */
#include <string.h>

#include "audit.h"
#include "audit_limit.h"

static uint64_t due_after(const struct audit_bucket *b, uint64_t now, uint64_t interval)
{
	return (b->due > now ? b->due : now) + interval;
}

/* Free, of a user who is quiet longest, or at worst of one who is loud since long. */
static struct audit_bucket *oldest(struct audit_limit *l)
{
	struct audit_bucket *b = &l->users[0];
	int i;

	for (i = 1; i < AUDIT_USERS; i++)
		if (l->users[i].due < b->due)
			b = &l->users[i];
	return b;
}

static struct audit_bucket *bucket_of(struct audit_limit *l, uint32_t uid)
{
	struct audit_bucket *b;
	int i;

	for (i = 0; i < AUDIT_USERS; i++)
		if (l->users[i].due && l->users[i].uid == uid)
			return &l->users[i];
	b = oldest(l);
	l->all.left_out += b->left_out;
	*b = (struct audit_bucket){ .uid = uid, .due = 1 };
	return b;
}

bool audit_limit_pass(struct audit_limit *l, uint32_t uid, uint64_t now, uint32_t *left_out)
{
	struct audit_bucket *b = bucket_of(l, uid);
	uint64_t own = due_after(b, now, AUDIT_INTERVAL_NS);
	uint64_t all = due_after(&l->all, now, AUDIT_INTERVAL_ALL_NS);

	if (own > now + AUDIT_BURST * AUDIT_INTERVAL_NS ||
	    all > now + AUDIT_BURST_ALL * AUDIT_INTERVAL_ALL_NS) {
		b->left_out++;
		return false;
	}
	b->due = own;
	l->all.due = all;
	*left_out = b->left_out;
	b->left_out = 0;
	return true;
}

/* A bucket that filled up: for as long nobody asked for a record that was not written. */
static bool take_left_out(struct audit_bucket *b, uint64_t now, uint32_t *left_out)
{
	if (!b->left_out || b->due > now)
		return false;
	*left_out = b->left_out;
	b->left_out = 0;
	return true;
}

bool audit_limit_next(struct audit_limit *l, uint64_t now, uint32_t *uid, uint32_t *left_out)
{
	uint64_t all = due_after(&l->all, now, AUDIT_INTERVAL_ALL_NS);
	int i;

	if (all > now + AUDIT_BURST_ALL * AUDIT_INTERVAL_ALL_NS)
		return false;
	for (i = 0; i < AUDIT_USERS; i++) {
		if (!take_left_out(&l->users[i], now, left_out))
			continue;
		*uid = l->users[i].uid;
		l->all.due = all;
		return true;
	}
	*uid = AUDIT_NO_USER;
	return take_left_out(&l->all, now, left_out);
}
