// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listening sockets that are latched. Several may share an address and port (SO_REUSEPORT): then
 * what passes is what all of them let pass.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "applier_private.h"

struct sharing {
	const struct tracked *of;
	struct listen_reqids reqids;
	uint32_t n;
};

static bool shares(const struct tracked *t, const struct tracked *of)
{
	const struct ipsecapi_tuple *a = &t->latch->tuple, *b = &of->latch->tuple;

	return a->family == b->family && a->local_port == b->local_port &&
	       !memcmp(a->local, b->local, sizeof(a->local));
}

static void take_share(const void *node, VISIT which, void *arg)
{
	const struct tracked *t = *(struct tracked *const *)node;
	struct sharing *s = arg;

	if ((which != postorder && which != leaf) || !t->latch || !t->listen || !shares(t, s->of))
		return;
	if (s->n++)
		listen_reqids_both(&s->reqids, t->listen);
	else
		s->reqids = *t->listen;
}

/* Returns how many share it, with what all of them let pass. */
static uint32_t effective(const struct applier *a, const struct tracked *t, struct sharing *s)
{
	memset(s, 0, sizeof(*s));
	s->of = t;
	twalk_r(a->tree, take_share, s);
	return s->n;
}

int listeners_set(struct applier *a, struct tracked *t, const struct listen_reqids *now)
{
	static struct sharing was, is;
	struct listen_reqids *copy = NULL;
	bool had = effective(a, t, &was);

	if (now) {
		copy = malloc(sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		*copy = *now;
	}
	free(t->listen);
	t->listen = copy;
	if (!a->settled)	/* all of them follow together */
		return 0;
	return listenset_change(&a->nft, &t->latch->tuple, had ? &was.reqids : NULL,
				effective(a, t, &is) ? &is.reqids : NULL);
}

static void put_one(const void *node, VISIT which, void *arg)
{
	struct tracked *t = *(struct tracked *const *)node;
	static struct sharing is;
	struct applier *a = arg;

	if ((which == postorder || which == leaf) && t->latch && t->listen && effective(a, t, &is))
		listenset_change(&a->nft, &t->latch->tuple, NULL, &is.reqids);
}

/*
 * What an earlier life let pass is what passes until here; then what is known now. Between the
 * two nothing passes, for as long as it takes: what is sent meanwhile is sent again.
 */
void listeners_settle(struct applier *a)
{
	a->settled = true;
	listenset_clear(&a->nft);
	twalk_r(a->tree, put_one, a);
}
