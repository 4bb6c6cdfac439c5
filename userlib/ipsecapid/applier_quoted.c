// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose packets nobody may quote in clear. A socket that is latched before it is connected has no
 * port yet, but the answer to its first packet may end it; so it is the other end that counts, and
 * of listeners and what they accept their own. Many latches share one end: it is counted.
 */
#include <errno.h>
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <linux/xfrm.h>

#include "address.h"
#include "applier_private.h"
#include "quotedset.h"
#include "records.h"

struct quoted {
	struct quoted_end end;	/* first: the tree compares it */
	uint32_t n;		/* latches that have it */
};

static int by_end(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct quoted_end));
}

static struct quoted_end make_end(uint16_t kind, const struct ipsecapi_tuple *t,
				  const uint8_t addr[16], uint16_t port)
{
	struct quoted_end end = {
		.kind = kind, .family = t->family, .port = port,
		.protocol = kind == QUOTED_TO ? t->protocol : 0 };

	if (addr)
		memcpy(end.addr, addr, sizeof(end.addr));
	return end;
}

static struct quoted *find(struct applier *a, const struct quoted_end *end)
{
	void *at = tfind(end, &a->quoted, by_end);

	return at ? *(struct quoted **)at : NULL;
}

/* What is accepted from a latched listener shares its end, so that to accept costs nothing. */
static bool accepted(struct applier *a, const struct ipsecapi_tuple *t, struct quoted_end *end)
{
	if (t->protocol != IPPROTO_TCP)
		return false;
	*end = make_end(QUOTED_FROM, t, t->local, t->local_port);
	if (find(a, end))
		return true;
	*end = make_end(QUOTED_FROM, t, NULL, t->local_port);
	return find(a, end);
}

/* Where what it sends is sent to on the wire: a tunnel's end is another than the connection's. */
static struct quoted_end peer_of(const struct latch_record *r, const struct quoted_end *end)
{
	const struct latch_spd *out = &r->spd[DIR_OUT];
	bool tunnel = out->kind == SPD_PROTECT && out->mode == XFRM_MODE_TUNNEL;
	struct quoted_end peer = { .kind = end->kind == QUOTED_TO ? QUOTED_PEER : 0 };

	if (!peer.kind)
		return peer;
	peer.family = tunnel ? out->family : end->family;
	memcpy(peer.addr, tunnel ? out->daddr : end->addr, sizeof(peer.addr));
	return peer;
}

/* Is there an end to tell yet? */
static bool end_of(struct applier *a, const struct tracked *t, struct quoted_end *end)
{
	const struct latch_record *r = t->latch;

	if (r->listener)
		*end = make_end(QUOTED_FROM, &t->tuple, t->tuple.local, t->tuple.local_port);
	else if (!t->tuple.peer_port && r->want.port)
		*end = make_end(QUOTED_TO, &t->tuple, r->want.address, r->want.port);
	else if (!t->tuple.peer_port)
		return false;
	else if (!accepted(a, &t->tuple, end))
		*end = make_end(QUOTED_TO, &t->tuple, t->tuple.peer, t->tuple.peer_port);
	return true;
}

static bool ends_of(struct applier *a, const struct tracked *t, struct quoted_ends *e)
{
	memset(e, 0, sizeof(*e));
	if (!t->latch || !end_of(a, t, &e->end))
		return false;
	e->peer = peer_of(t->latch, &e->end);
	return true;
}

/* One more has it. Prints what the sets need. NULL without memory. */
static struct quoted *take(struct applier *a, const struct quoted_end *end, FILE *to)
{
	struct quoted *q = find(a, end);

	if (!q) {
		q = calloc(1, sizeof(*q));
		if (!q)
			return NULL;
		q->end = *end;
		if (!tsearch(q, &a->quoted, by_end)) {
			free(q);
			return NULL;
		}
	}
	if (!q->n++)
		quotedset_print(to, "add", end);
	return q;
}

static void give(struct applier *a, const struct quoted_end *end, FILE *to)
{
	struct quoted *q = find(a, end);

	if (!q || --q->n)
		return;
	quotedset_print(to, "destroy", end);
	tdelete(q, &a->quoted, by_end);
	free(q);
}

static bool take_both(struct applier *a, const struct quoted_ends *e, FILE *to)
{
	if (!take(a, &e->end, to))
		return false;
	if (!e->peer.kind || take(a, &e->peer, to))
		return true;
	give(a, &e->end, to);
	return false;
}

static void give_both(struct applier *a, const struct quoted_ends *e, FILE *to)
{
	give(a, &e->end, to);
	if (e->peer.kind)
		give(a, &e->peer, to);
}

static void release(struct applier *a, struct tracked *t)
{
	struct nft_script s;

	if (!t->quoted.end.kind || nft_script_begin(&s))
		return;
	give_both(a, &t->quoted, s.to);
	t->quoted.end.kind = 0;
	nft_script_run(&s, &a->nft);
}

int quoted_follow(struct applier *a, struct tracked *t)
{
	struct quoted_ends now, was = t->quoted;
	struct nft_script s;
	int err;

	if (!ends_of(a, t, &now)) {
		release(a, t);
		return 0;
	}
	if (!memcmp(&now, &was, sizeof(now)))
		return 0;
	err = nft_script_begin(&s);
	if (err)
		return err;
	if (!take_both(a, &now, s.to)) {
		nft_script_run(&s, &a->nft);
		return -ENOMEM;
	}
	if (was.end.kind)
		give_both(a, &was, s.to);
	t->quoted = now;
	return nft_script_run(&s, &a->nft);
}

/* --- the start ------------------------------------------------------------------------------ */

struct restoring {
	struct applier *a;
	FILE *to;
	bool listeners, failed;
};

static void restore_one(const void *node, VISIT which, void *arg)
{
	struct tracked *t = *(struct tracked *const *)node;
	struct restoring *r = arg;
	struct quoted_ends ends;

	if ((which != postorder && which != leaf) || !t->latch || !!t->latch->listener != r->listeners ||
	    !ends_of(r->a, t, &ends))
		return;
	t->quoted = ends;
	if (!take_both(r->a, &ends, r->to)) {
		t->quoted.end.kind = 0;
		r->failed = true;
	}
}

static void forget_one(const void *node, VISIT which, void *arg)
{
	(void)arg;
	if (which == postorder || which == leaf)
		(*(struct tracked *const *)node)->quoted.end.kind = 0;
}

/* In one step, listeners before what they accepted. */
int quoted_restore(struct applier *a)
{
	struct restoring r = { .a = a };
	struct nft_script s;
	int err = nft_script_begin(&s);

	if (err)
		return err;
	tdestroy(a->quoted, free);
	a->quoted = NULL;
	twalk_r(a->tree, forget_one, NULL);
	quotedset_flush(s.to);
	r.to = s.to;
	r.listeners = true;
	twalk_r(a->tree, restore_one, &r);
	r.listeners = false;
	twalk_r(a->tree, restore_one, &r);
	err = nft_script_run(&s, &a->nft);
	return r.failed ? -ENOMEM : err;
}
