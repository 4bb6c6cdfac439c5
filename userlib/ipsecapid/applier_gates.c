// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of the followed sockets pass the gate, and by what. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "applier_private.h"
#include "records.h"

/* One that is not connected yet will send to where it was said to go. */
static void gate_of(const struct tracked *t, struct gate *g)
{
	const struct latch_record *r = t->latch;

	*g = (struct gate){ .tuple.peer_port = 0 };
	if (!r || !r->gated || r->waiting)
		return;
	g->tuple = t->tuple;
	g->reqid = r->reqid[DIR_OUT];
	if (!t->tuple.peer_port) {
		g->tuple.peer_port = r->want.port;
		memcpy(g->tuple.peer, r->want.address, sizeof(g->tuple.peer));
	}
}

struct twin {
	const struct tracked *t;
	bool found;
};

static void look_for_twin(const void *node, VISIT which, void *arg)
{
	const struct tracked *other = *(struct tracked *const *)node;
	struct twin *twin = arg;

	if ((which == postorder || which == leaf) && other != twin->t && other->gate.tuple.peer_port &&
	    gate_same(&other->gate, &twin->t->gate))
		twin->found = true;
}

/* Does another socket pass by the same element? Several may be about to connect to one peer. */
static bool has_twin(const struct applier *a, const struct tracked *t)
{
	struct twin twin = { .t = t };

	twalk_r(a->tree, look_for_twin, &twin);
	return twin.found;
}

int gates_follow(struct applier *a, struct tracked *t)
{
	struct gate now;
	int err;

	gate_of(t, &now);
	if (gate_same(&now, &t->gate))
		return 0;
	err = gateset_change(&a->nft, t->gate.tuple.peer_port && !has_twin(a, t) ? &t->gate : NULL, &now);
	if (!err)
		t->gate = now;
	return err;
}

struct gate_list {
	struct gate *at;
	uint32_t n;
};

static void collect(const void *node, VISIT which, void *arg)
{
	struct tracked *t = *(struct tracked *const *)node;
	struct gate_list *l = arg;

	if (which != postorder && which != leaf)
		return;
	gate_of(t, &t->gate);
	if (t->gate.tuple.peer_port)
		l->at[l->n++] = t->gate;
}

int gates_restore(struct applier *a)
{
	struct gate_list l = { .at = calloc(followed_count(a) + 1, sizeof(*l.at)) };
	int err;

	if (!l.at)
		return -ENOMEM;
	twalk_r(a->tree, collect, &l);
	err = gateset_replace(&a->nft, l.at, l.n);
	free(l.at);
	return err;
}
