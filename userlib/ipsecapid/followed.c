// SPDX-License-Identifier: GPL-2.0-or-later
/* Which sockets are followed, and whether they still exist. */
#include <errno.h>
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/inet_diag.h>

#include "address.h"
#include "applier_private.h"
#include "channel.h"
#include "clock.h"
#include "cookie.h"

static const uint8_t kinds[FOLLOWED_KINDS] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE };

static int kind_of(const struct tracked *t)
{
	return t->tuple.protocol == IPPROTO_TCP ? 0 : t->tuple.protocol == IPPROTO_UDP ? 1 : 2;
}

struct tracked *followed_find(struct applier *a, uint64_t cookie)
{
	void *at = tfind(&cookie, &a->tree, by_cookie);

	return at ? *(struct tracked **)at : NULL;
}

struct tracked *followed_get(struct applier *a, const struct ipsecapi_tuple *tuple)
{
	struct tracked *t = followed_find(a, tuple->cookie);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->cookie = tuple->cookie;
	t->tuple = *tuple;
	if (!tsearch(t, &a->tree, by_cookie)) {
		free(t);
		return NULL;
	}
	a->n[kind_of(t)]++;
	return t;
}

static void forget(struct applier *a, struct tracked *t)
{
	tdelete(t, &a->tree, by_cookie);
	a->n[kind_of(t)]--;
	free(t->listen);
	free(t->latch);
	free(t);
}

void followed_release(struct applier *a, struct tracked *t)
{
	if (!t->watched && !t->latch)
		forget(a, t);
}

void followed_end(struct applier *a, uint64_t cookie)
{
	struct apply_msg m = { .type = APPLY_GONE, .tuple.cookie = cookie };
	struct tracked *t = followed_find(a, cookie);

	if (!t)
		return;
	latches_end(a, t);
	forget(a, t);
	chan_send(a->sock, &m, sizeof(m), -1, 0);
}

/* Busy hosts close many sockets; the front hears of its own only. */
void followed_gone(struct applier *a, uint64_t cookie)
{
	struct apply_msg m = { .type = APPLY_STOPPED, .tuple.cookie = cookie };
	struct tracked *t = followed_find(a, cookie);

	if (t && t->latch && t->latch->listener)
		chan_send(a->sock, &m, sizeof(m), -1, 0);
	else
		followed_end(a, cookie);
}

uint32_t followed_count(const struct applier *a)
{
	return a->n[0] + a->n[1] + a->n[2];
}

/* --- looking at all sockets ----------------------------------------------------------------- */

static void copy_address(uint8_t family, const void *found, uint16_t want, uint8_t addr[16])
{
	const uint8_t *p = found;

	memset(addr, 0, 16);
	if (want == AF_INET6 && family == AF_INET) {	/* it was turned into one of IPv4 */
		memcpy(addr, mapped_prefix, sizeof(mapped_prefix));
		memcpy(addr + 12, p, 4);
	} else if (want == AF_INET6) {
		memcpy(addr, p, 16);
	} else if (family == AF_INET6 && address_is_mapped(p)) {
		memcpy(addr, p + 12, 4);
	} else {
		memcpy(addr, p, 4);
	}
}

static struct ipsecapi_tuple tuple_now(const struct inet_diag_msg *m, const struct tracked *t)
{
	struct ipsecapi_tuple now = t->tuple;

	now.local_port = m->id.idiag_sport;
	now.peer_port = m->id.idiag_dport;
	copy_address(m->idiag_family, m->id.idiag_src, now.family, now.local);
	copy_address(m->idiag_family, m->id.idiag_dst, now.family, now.peer);
	return now;
}

/*
 * The peer is what a flow is about. A latch is the socket's, wherever it is connected. This runs
 * while the kernel is still listing: nothing else may be asked of it meanwhile.
 */
static void note_seen(const struct inet_diag_msg *m, void *arg)
{
	struct applier *a = arg;
	struct tracked *t = followed_find(a, sockdiag_cookie(m));
	struct ipsecapi_tuple now;

	if (!t)
		return;
	now = tuple_now(m, t);
	if (t->latch && memcmp(&now, &t->tuple, sizeof(now))) {
		t->tuple = now;
		t->moved = true;
	}
	if (now.local_port == t->tuple.local_port && now.peer_port == t->tuple.peer_port &&
	    !memcmp(now.peer, t->tuple.peer, sizeof(now.peer)))
		t->seen = a->look;
}

static bool list_kind(struct applier *a, int kind)
{
	if (!a->n[kind])
		return false;
	return !sockdiag_dump(&a->diag, AF_INET, kinds[kind], note_seen, a) &&
	       !sockdiag_dump(&a->diag, AF_INET6, kinds[kind], note_seen, a);
}

/*
 * Gone is what two questions did not find: a list can miss a socket that another pushed along
 * while it was made, a lookup one that shares its addresses. One that was never connected is in
 * no list: its end is announced, or the front finds its policies missing.
 */
static bool is_gone(struct applier *a, const struct tracked *t)
{
	int err;

	if (t->seen == a->look || !a->listed[kind_of(t)] || !t->tuple.peer_port)
		return false;
	err = sockdiag_lookup(&a->diag, &t->tuple, t->ifindex);
	return err == -ENOENT || err == -ESTALE;
}

struct gone {
	struct applier *a;
	uint64_t *cookies;
	size_t n, cap;
};

static void collect(const void *node, VISIT which, void *arg)
{
	struct tracked *t = *(struct tracked *const *)node;
	struct gone *g = arg;

	if (which != postorder && which != leaf)
		return;
	if (t->moved)
		latches_moved(g->a, t);
	t->moved = false;
	if (g->n < g->cap && is_gone(g->a, t))
		g->cookies[g->n++] = t->cookie;
	/*
	 * One that is yet to be connected has a flow that is to show it as soon as it is, and what
	 * is gated sends nothing from where it was not seen yet.
	 */
	if (t->latch && (t->tuple.family == AF_INET6 || t->latch->gated ||
			 (t->watched && !t->tuple.peer_port && !t->latch->listener)))
		g->a->wary = true;
	/* a broken one that has no ends yet: as soon as it has, they are dropped */
	if (t->latch && t->latch->broken && !t->tuple.peer_port)
		g->a->doubt = true;
}

static void end_one(struct applier *a, uint64_t cookie)
{
	struct tracked *t = followed_find(a, cookie);

	if (t && t->latch)
		latches_disconnected(a, t);
	else
		followed_gone(a, cookie);
}

/* The tree must not change under the walk, hence the list. */
static void tell_all_gone(struct applier *a)
{
	struct gone g = { .a = a, .cap = followed_count(a) };

	g.cookies = reallocarray(NULL, g.cap, sizeof(*g.cookies));
	if (!g.cookies)
		return;
	twalk_r(a->tree, collect, &g);
	while (g.n)
		end_one(a, g.cookies[--g.n]);
	free(g.cookies);
}

void followed_look(struct applier *a)
{
	uint64_t start = now_ns();
	int i;

	a->doubt = a->wary = false;
	a->look++;
	for (i = 0; i < FOLLOWED_KINDS; i++)
		a->listed[i] = list_kind(a, i);
	if (followed_count(a))
		tell_all_gone(a);
	a->looked_at = now_ns();
	a->look_cost = a->looked_at - start;
}
