// SPDX-License-Identifier: GPL-2.0-or-later
/* Token buckets: one for each user who took some, and one for all. */
#include <string.h>

#include "allowance.h"

#define S 1000000000ull

const struct allowance_terms allowance_records = {
	.burst = 8, .interval = 10 * S, .burst_all = 64, .interval_all = S / 2,
};

const struct allowance_terms allowance_calls = {
	.burst = 16, .interval = 5 * S, .burst_all = 64, .interval_all = S / 2,
};

static uint64_t due_after(const struct allowance_bucket *b, uint64_t now, uint64_t interval)
{
	return (b->due > now ? b->due : now) + interval;
}

/* Free, of a user who is quiet longest, or at worst of one who is loud since long. */
static struct allowance_bucket *oldest(struct allowance *a)
{
	struct allowance_bucket *b = &a->users[0];
	int i;

	for (i = 1; i < ALLOWANCE_USERS; i++)
		if (a->users[i].due < b->due)
			b = &a->users[i];
	return b;
}

static struct allowance_bucket *bucket_of(struct allowance *a, uint32_t uid)
{
	struct allowance_bucket *b;
	int i;

	for (i = 0; i < ALLOWANCE_USERS; i++)
		if (a->users[i].due && a->users[i].uid == uid)
			return &a->users[i];
	b = oldest(a);
	a->all.refused += b->refused;
	*b = (struct allowance_bucket){ .uid = uid, .due = 1 };
	return b;
}

static bool room(const struct allowance_bucket *b, uint64_t now, uint64_t interval, uint32_t burst)
{
	return due_after(b, now, interval) <= now + burst * interval;
}

bool allowance_has(struct allowance *a, const struct allowance_terms *t, uint32_t uid, uint64_t now)
{
	return room(bucket_of(a, uid), now, t->interval, t->burst) &&
	       room(&a->all, now, t->interval_all, t->burst_all);
}

bool allowance_take(struct allowance *a, const struct allowance_terms *t, uint32_t uid, uint64_t now,
		    uint32_t *refused)
{
	struct allowance_bucket *b = bucket_of(a, uid);

	if (!allowance_has(a, t, uid, now)) {
		b->refused++;
		return false;
	}
	b->due = due_after(b, now, t->interval);
	a->all.due = due_after(&a->all, now, t->interval_all);
	*refused = b->refused;
	b->refused = 0;
	return true;
}

/* A bucket that filled up: for as long nobody asked for what was refused. */
static bool take_refused(struct allowance_bucket *b, uint64_t now, uint32_t *refused)
{
	if (!b->refused || b->due > now)
		return false;
	*refused = b->refused;
	b->refused = 0;
	return true;
}

bool allowance_next(struct allowance *a, const struct allowance_terms *t, uint64_t now, uint32_t *uid,
		    uint32_t *refused)
{
	int i;

	if (!room(&a->all, now, t->interval_all, t->burst_all))
		return false;
	for (i = 0; i < ALLOWANCE_USERS; i++) {
		if (!take_refused(&a->users[i], now, refused))
			continue;
		*uid = a->users[i].uid;
		a->all.due = due_after(&a->all, now, t->interval_all);
		return true;
	}
	*uid = ALLOWANCE_ALL;
	return take_refused(&a->all, now, refused);
}
