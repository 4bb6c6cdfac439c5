// SPDX-License-Identifier: GPL-2.0-or-later
/* The applier's loop. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "applier_private.h"
#include "channel.h"
#include "clock.h"
#include "close_within.h"
#include "sandbox.h"

#define LOOK_NS		(60000 * MS)	/* at all sockets, even though nothing was lost */
#define LOOK_WARY_NS	(1000 * MS)	/* for what the kernel can't be told to prevent */
#define LOOK_AGAIN_NS	(250 * MS)	/* not more often, whatever is lost */

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

/* Long lists are not made so often that nothing else gets done. */
static uint64_t next_look(const struct applier *a)
{
	uint64_t wait = a->doubt ? LOOK_AGAIN_NS : a->wary ? LOOK_WARY_NS : LOOK_NS;

	return a->looked_at + (wait > 4 * a->look_cost ? wait : 4 * a->look_cost);
}

static void take_track(struct applier *a, const struct apply_msg *m)
{
	struct tracked *t = followed_get(a, &m->tuple);
	int err;

	if (!t)
		return;
	t->watched = true;
	/* it may be connected elsewhere, and another flow; of a latch all are told by a look */
	if (!t->latch)
		t->tuple = m->tuple;
	else if (memcmp(&t->tuple, &m->tuple, sizeof(t->tuple)))
		a->doubt = true;
	t->ifindex = m->ifindex;
	if (!t->tuple.peer_port)
		return;
	/* a kernel without the diag module answers this as well; the list will tell */
	err = sockdiag_lookup(&a->diag, &t->tuple, t->ifindex);
	if (err == -ENOENT || err == -ESTALE)
		a->doubt = true;
}

static void take_forget(struct applier *a, uint64_t cookie)
{
	struct tracked *t = followed_find(a, cookie);

	if (!t)
		return;
	t->watched = false;
	followed_release(a, t);
}

static void take_confine(struct applier *a, const struct apply_msg *m, int fd)
{
	struct apply_msg answer = { .type = APPLY_CONFINED, .ticket = m->ticket };

	answer.status = confined_add(&a->confined, &m->cgroup, fd, &answer.reason);
	chan_send(a->sock, &answer, sizeof(answer), -1, 0);
}

static void take_message(struct applier *a, const struct apply_msg *m, int fd)
{
	if (m->type == APPLY_TRACK)
		take_track(a, m);
	else if (m->type == APPLY_FORGET)
		take_forget(a, m->tuple.cookie);
	else if (m->type == APPLY_COUNT_IKE)
		count_ike(a);
	else if (m->type == APPLY_CONFINE)
		take_confine(a, m, fd);
	else if (m->type == APPLY_ENFORCE || m->type == APPLY_EXEMPT)
		rules_take(a, m, fd);
	else
		latches_take(a, m, fd);
}

static bool take_request(struct applier *a)
{
	static union {
		struct apply_msg msg;
		struct apply_listen listen;
	} in;
	ssize_t n;
	int fd;

	static_assert(sizeof(in.msg) != sizeof(in.listen), "they are told apart by their length");
	n = chan_recv(a->sock, &in, sizeof(in), &fd, 0);
	if (n == sizeof(in.msg))
		take_message(a, &in.msg, fd);
	else if (n == sizeof(in.listen) && in.listen.type == APPLY_CLASS)
		rules_take_class(a, &in.listen);
	else if (n == sizeof(in.listen))
		latches_take_listen(a, &in.listen);
	if (n > 0 && fd >= 0)
		close_within(fd);
	return n == sizeof(in.msg) || n == sizeof(in.listen);
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
			followed_gone(a, sockdiag_cookie(mnl_nlmsg_get_payload(nlh)));
}

static int timeout_ms(const struct applier *a)
{
	uint64_t now = now_ns(), at = next_look(a);
	int wait = confined_wait(&a->confined), look;

	if (!followed_count(a))
		return wait;
	look = at <= now ? 0 : (at - now) / MS + 1;
	return wait < 0 || look < wait ? look : wait;
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
		if (followed_count(a) && now_ns() >= next_look(a))
			followed_look(a);
		confined_look(&a->confined);
	}
}

static int open_all(struct applier *a)
{
	int err = sockdiag_open(&a->diag);

	if (err)
		return err;
	a->events = sockdiag_listen();
	if (a->events < 0)
		return a->events;
	close_within_prepare();
	nftable_open(&a->nft);	/* without it nothing is latched, and all else works */
	confined_open(&a->confined, &a->nft);
	return records_boot_id(a->boot_id);
}

int applier_main(int sock, int records, uint32_t pmtu_floor, const struct marks *marks)
{
	static struct applier a;
	int err;

	a.sock = sock;
	a.records = records;
	a.nft.pmtu_floor = pmtu_floor;
	a.nft.marks = *marks;
	err = open_all(&a);
	if (!err)
		err = sandbox_enter(SANDBOX_APPLIER);
	if (!err)
		err = latches_load(&a);
	if (err) {
		fprintf(stderr, "ipsecapid: applier: %s\n", strerror(-err));
		return 1;
	}
	return run(&a);
}
