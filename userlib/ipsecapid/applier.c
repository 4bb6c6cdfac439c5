// SPDX-License-Identifier: GPL-2.0-or-later
/* Following sockets. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "applier.h"
#include "channel.h"
#include "clock.h"
#include "sandbox.h"
#include "sockdiag.h"

#define LOOK_NS		(60000 * MS)	/* at all sockets, even though nothing was lost */
#define LOOK_AGAIN_NS	(1000 * MS)	/* not more often, whatever is lost */
#define KINDS		3

static const uint8_t kinds[KINDS] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE };

struct tracked {
	uint64_t cookie;	/* first: the tree compares it */
	struct ipsecapi_tuple tuple;
	uint32_t ifindex;
	uint32_t seen;		/* number of the look that found it last */
};

struct applier {
	int sock;
	int events;		/* sockets that were destroyed; only a hint, it may lose some */
	struct sockdiag diag;
	void *tree;		/* of struct tracked */
	uint32_t n[KINDS];	/* of them, by protocol */
	uint32_t look;
	bool listed[KINDS];	/* in this look */
	uint64_t looked_at;	/* when the last look ended */
	uint64_t look_cost;	/* ns */
	bool doubt;		/* something may have been lost: look soon */
};

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int kind_of(const struct tracked *t)
{
	return t->tuple.protocol == IPPROTO_TCP ? 0 : t->tuple.protocol == IPPROTO_UDP ? 1 : 2;
}

static struct tracked *find(struct applier *a, uint64_t cookie)
{
	void *at = tfind(&cookie, &a->tree, by_cookie);

	return at ? *(struct tracked **)at : NULL;
}

static struct tracked *track(struct applier *a, const struct apply_msg *m)
{
	struct tracked *t = find(a, m->tuple.cookie);

	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return NULL;
		t->cookie = m->tuple.cookie;
		t->tuple = m->tuple;
		if (!tsearch(t, &a->tree, by_cookie)) {
			free(t);
			return NULL;
		}
		a->n[kind_of(t)]++;
	}
	t->tuple = m->tuple;	/* it may be connected elsewhere, and another flow */
	t->ifindex = m->ifindex;
	return t;
}

static bool forget(struct applier *a, uint64_t cookie)
{
	struct tracked *t = find(a, cookie);

	if (!t)
		return false;
	tdelete(t, &a->tree, by_cookie);
	a->n[kind_of(t)]--;
	free(t);
	return true;
}

/* Busy hosts close many sockets; the front hears of its own only. */
static void tell_gone(struct applier *a, uint64_t cookie)
{
	struct apply_msg m = { .type = APPLY_GONE, .tuple.cookie = cookie };

	if (forget(a, cookie))
		chan_send(a->sock, &m, sizeof(m), -1, 0);
}

static void count_one(const struct inet_diag_msg *m, void *arg)
{
	uint32_t *count = arg;

	*count += !m->idiag_uid &&
		  (m->id.idiag_sport == htons(500) || m->id.idiag_sport == htons(4500));
}

static void count_ike(struct applier *a)
{
	struct apply_msg m = { .type = APPLY_IKE_COUNT };
	uint32_t v4 = 0, v6 = 0;

	sockdiag_dump(&a->diag, AF_INET, IPPROTO_UDP, count_one, &v4);
	sockdiag_dump(&a->diag, AF_INET6, IPPROTO_UDP, count_one, &v6);
	m.count = v4 > v6 ? v4 : v6;
	chan_send(a->sock, &m, sizeof(m), -1, 0);
}

/* --- looking at all sockets ----------------------------------------------------------------- */

static bool same_address(const struct ipsecapi_tuple *t, uint8_t family, const void *found,
			 const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	const uint8_t *p = found;

	if (t->family == AF_INET6)
		return !memcmp(p, addr, 16);
	if (family == AF_INET6)
		return !memcmp(p, mapped, sizeof(mapped)) && !memcmp(p + 12, addr, 4);
	return !memcmp(p, addr, 4);
}

/* One that is connected elsewhere counts as gone. */
static void note_seen(const struct inet_diag_msg *m, void *arg)
{
	struct applier *a = arg;
	struct tracked *t = find(a, sockdiag_cookie(m));

	if (t && m->id.idiag_sport == t->tuple.local_port &&
	    m->id.idiag_dport == t->tuple.peer_port &&
	    same_address(&t->tuple, m->idiag_family, m->id.idiag_dst, t->tuple.peer))
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
 * while it was made, a lookup one that shares its addresses.
 */
static bool is_gone(struct applier *a, const struct tracked *t)
{
	int err;

	if (t->seen == a->look || !a->listed[kind_of(t)])
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
	const struct tracked *t = *(struct tracked *const *)node;
	struct gone *g = arg;

	if ((which == postorder || which == leaf) && g->n < g->cap && is_gone(g->a, t))
		g->cookies[g->n++] = t->cookie;
}

static uint32_t count_tracked(const struct applier *a)
{
	return a->n[0] + a->n[1] + a->n[2];
}

/* The tree must not change under the walk, hence the list. */
static void tell_all_gone(struct applier *a)
{
	struct gone g = { .a = a, .cap = count_tracked(a) };

	g.cookies = reallocarray(NULL, g.cap, sizeof(*g.cookies));
	if (!g.cookies)
		return;
	twalk_r(a->tree, collect, &g);
	while (g.n)
		tell_gone(a, g.cookies[--g.n]);
	free(g.cookies);
}

static void look(struct applier *a)
{
	uint64_t start = now_ns();
	int i;

	a->doubt = false;
	a->look++;
	for (i = 0; i < KINDS; i++)
		a->listed[i] = list_kind(a, i);
	if (count_tracked(a))
		tell_all_gone(a);
	a->looked_at = now_ns();
	a->look_cost = a->looked_at - start;
}

/* Long lists are not made so often that nothing else gets done. */
static uint64_t next_look(const struct applier *a)
{
	uint64_t wait = a->doubt ? LOOK_AGAIN_NS : LOOK_NS;

	return a->looked_at + (wait > 4 * a->look_cost ? wait : 4 * a->look_cost);
}

/* --- the loop ------------------------------------------------------------------------------- */

static void take_track(struct applier *a, const struct apply_msg *m)
{
	struct tracked *t = track(a, m);
	int err;

	if (!t)
		return;
	/* a kernel without the diag module answers this as well; the list will tell */
	err = sockdiag_lookup(&a->diag, &t->tuple, t->ifindex);
	if (err == -ENOENT || err == -ESTALE)
		a->doubt = true;
}

static bool take_request(struct applier *a)
{
	struct apply_msg m;

	if (chan_recv(a->sock, &m, sizeof(m), NULL, 0) != sizeof(m))
		return false;
	if (m.type == APPLY_TRACK)
		take_track(a, &m);
	else if (m.type == APPLY_FORGET)
		forget(a, m.tuple.cookie);
	else if (m.type == APPLY_COUNT_IKE)
		count_ike(a);
	return true;
}

static void take_events(struct applier *a)
{
	const struct nlmsghdr *nlh = (void *)a->diag.buf;
	ssize_t n = recv(a->events, a->diag.buf, sizeof(a->diag.buf), MSG_DONTWAIT);
	int left = n;

	if (n < 0 && errno == ENOBUFS)
		a->doubt = true;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct inet_diag_msg))
			tell_gone(a, sockdiag_cookie(mnl_nlmsg_get_payload(nlh)));
}

static int timeout_ms(const struct applier *a)
{
	uint64_t now = now_ns(), at = next_look(a);

	if (!count_tracked(a))
		return -1;
	return at <= now ? 0 : (at - now) / MS + 1;
}

static int run(struct applier *a)
{
	struct pollfd pfd[2] = {
		{ .fd = a->sock, .events = POLLIN },
		{ .fd = a->events, .events = POLLIN },
	};

	for (;;) {
		if (poll(pfd, 2, timeout_ms(a)) < 0) {
			if (errno != EINTR)
				return 1;
			continue;
		}
		if (pfd[0].revents && !take_request(a))
			return 0;
		if (pfd[1].revents)
			take_events(a);
		if (count_tracked(a) && now_ns() >= next_look(a))
			look(a);
	}
}

int applier_main(int sock)
{
	static struct applier a;
	int err;

	a.sock = sock;
	err = sockdiag_open(&a.diag);
	if (!err) {
		a.events = sockdiag_listen();
		err = a.events < 0 ? a.events : sandbox_enter(SANDBOX_APPLIER);
	}
	if (err) {
		fprintf(stderr, "ipsecapid: applier: %s\n", strerror(-err));
		return 1;
	}
	return run(&a);
}
