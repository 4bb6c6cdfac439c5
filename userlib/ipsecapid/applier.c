// SPDX-License-Identifier: GPL-2.0-or-later
/* Following sockets by sock_diag. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "applier.h"
#include "channel.h"
#include "sandbox.h"

struct applier {
	int sock;
	int query;
	int events;	/* sockets that were destroyed; only a hint, it may lose some */
	uint32_t seq;
	void *tracked;	/* tree of cookies */
	bool works[2];	/* the kernel can look up TCP, UDP sockets at all */
	uint8_t buf[32768] __attribute__((aligned(8)));
};

struct diag_query {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
};

static int open_diag(bool events)
{
	static const int groups[] = {
		SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY,
		SKNLGRP_INET6_TCP_DESTROY, SKNLGRP_INET6_UDP_DESTROY,
	};
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	size_t i;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		goto fail;
	for (i = 0; events && i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(int)))
			goto fail;
	return fd;
fail:
	close(fd);
	return -errno;
}

static int send_diag(struct applier *a, struct diag_query *q, uint16_t flags)
{
	q->nlh.nlmsg_len = sizeof(*q);
	q->nlh.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	q->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	q->nlh.nlmsg_seq = ++a->seq;
	return send(a->query, q, sizeof(*q), 0) < 0 ? -errno : 0;
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void track(struct applier *a, uint64_t cookie)
{
	uint64_t *key = malloc(sizeof(*key));
	void *at;

	if (!key)
		return;
	*key = cookie;
	at = tsearch(key, &a->tracked, by_cookie);
	if (!at || *(uint64_t **)at != key)
		free(key);	/* no memory, or tracked already */
}

static bool forget(struct applier *a, uint64_t cookie)
{
	void *at = tfind(&cookie, &a->tracked, by_cookie);
	uint64_t *key = at ? *(uint64_t **)at : NULL;

	if (!key)
		return false;
	tdelete(key, &a->tracked, by_cookie);
	free(key);
	return true;
}

/* Busy hosts close many sockets; the front hears of its own only. */
static void tell_gone(struct applier *a, uint64_t cookie)
{
	struct apply_msg m = { .type = APPLY_GONE, .tuple.cookie = cookie };

	if (forget(a, cookie))
		chan_send(a->sock, &m, sizeof(m), -1, 0);
}

/* UDP lookups take the two ends the other way round, by an old accident of the interface. */
static void fill_query(struct diag_query *q, const struct ipsecapi_tuple *t)
{
	bool swap = t->protocol != IPPROTO_TCP;

	memset(q, 0, sizeof(*q));
	q->req.sdiag_family = t->family;
	q->req.sdiag_protocol = t->protocol;
	q->req.idiag_states = ~0u;
	q->req.id.idiag_sport = swap ? t->peer_port : t->local_port;
	q->req.id.idiag_dport = swap ? t->local_port : t->peer_port;
	memcpy(q->req.id.idiag_src, swap ? t->peer : t->local, 16);
	memcpy(q->req.id.idiag_dst, swap ? t->local : t->peer, 16);
	q->req.id.idiag_cookie[0] = t->cookie;
	q->req.id.idiag_cookie[1] = t->cookie >> 32;
}

/* Returns 0 when the socket exists with this tuple and cookie, or a negative errno. */
static int find_socket(struct applier *a, const struct ipsecapi_tuple *t)
{
	const struct nlmsghdr *nlh = (void *)a->buf;
	const struct nlmsgerr *e;
	struct diag_query q;
	ssize_t n;
	int err;

	fill_query(&q, t);
	err = send_diag(a, &q, 0);
	while (!err) {
		n = recv(a->query, a->buf, sizeof(a->buf), MSG_DONTWAIT);
		if (n < 0)
			return -errno;
		if (!mnl_nlmsg_ok(nlh, n) || nlh->nlmsg_seq != a->seq)
			continue;
		if (nlh->nlmsg_type != NLMSG_ERROR)
			return 0;
		e = mnl_nlmsg_get_payload(nlh);
		return mnl_nlmsg_get_payload_len(nlh) < sizeof(*e) ? -EBADMSG : e->error;
	}
	return err;
}

static bool is_ike(const struct nlmsghdr *nlh)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
	       mnl_nlmsg_get_payload_len(nlh) >= sizeof(*m) && !m->idiag_uid &&
	       (m->id.idiag_sport == htons(500) || m->id.idiag_sport == htons(4500));
}

static uint32_t count_ike(struct applier *a, uint8_t family)
{
	struct diag_query q = { .req = { .sdiag_family = family, .sdiag_protocol = IPPROTO_UDP,
					 .idiag_states = ~0u } };
	const struct nlmsghdr *nlh;
	uint32_t count = 0;
	ssize_t n;
	int left;

	if (send_diag(a, &q, NLM_F_DUMP))
		return 0;
	for (;;) {
		n = recv(a->query, a->buf, sizeof(a->buf), 0);
		if (n < 0 && errno != EINTR)
			return count;
		nlh = (void *)a->buf;
		for (left = n; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != a->seq)
				continue;
			if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
				return count;
			count += is_ike(nlh);
		}
	}
}

static bool take_request(struct applier *a)
{
	struct apply_msg m;

	if (chan_recv(a->sock, &m, sizeof(m), NULL, 0) != sizeof(m))
		return false;
	if (m.type == APPLY_TRACK) {
		int err;

		track(a, m.tuple.cookie);
		if (!a->works[m.tuple.protocol != IPPROTO_TCP])
			return true;
		err = find_socket(a, &m.tuple);
		if (err == -ENOENT || err == -ESTALE)
			tell_gone(a, m.tuple.cookie);
	} else if (m.type == APPLY_FORGET) {
		forget(a, m.tuple.cookie);
	} else if (m.type == APPLY_COUNT_IKE) {
		uint32_t v4 = count_ike(a, AF_INET), v6 = count_ike(a, AF_INET6);

		m.type = APPLY_IKE_COUNT;
		m.count = v4 > v6 ? v4 : v6;
		chan_send(a->sock, &m, sizeof(m), -1, 0);
	}
	return true;
}

/* A kernel without the diag module answers every lookup as if there were no such socket. */
static bool diag_works(struct applier *a, uint8_t protocol)
{
	struct diag_query q = { .req = { .sdiag_family = AF_INET, .sdiag_protocol = protocol } };
	const struct nlmsghdr *nlh = (void *)a->buf;
	ssize_t n;

	if (send_diag(a, &q, NLM_F_DUMP))
		return false;
	do {
		n = recv(a->query, a->buf, sizeof(a->buf), 0);
	} while (n < 0 && errno == EINTR);
	return n >= (ssize_t)sizeof(*nlh) && nlh->nlmsg_type == NLMSG_DONE &&
	       mnl_nlmsg_get_payload_len(nlh) >= sizeof(int) &&
	       *(int *)mnl_nlmsg_get_payload(nlh) >= 0;
}

static void take_events(struct applier *a)
{
	const struct nlmsghdr *nlh = (void *)a->buf;
	const struct inet_diag_msg *m;
	ssize_t n = recv(a->events, a->buf, sizeof(a->buf), MSG_DONTWAIT);
	int left = n;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		m = mnl_nlmsg_get_payload(nlh);
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    mnl_nlmsg_get_payload_len(nlh) >= sizeof(*m))
			tell_gone(a, m->id.idiag_cookie[0] |
				     (uint64_t)m->id.idiag_cookie[1] << 32);
	}
}

int applier_main(int sock)
{
	static struct applier a;
	struct pollfd pfd[2];
	int err = 0;

	a.sock = sock;
	a.query = open_diag(false);
	a.events = open_diag(true);
	if (a.query < 0 || a.events < 0)
		err = a.query < 0 ? a.query : a.events;
	if (!err) {
		a.works[0] = diag_works(&a, IPPROTO_TCP);
		a.works[1] = diag_works(&a, IPPROTO_UDP);
	}
	if (!err)
		err = sandbox_enter(SANDBOX_APPLIER);
	if (err) {
		fprintf(stderr, "ipsecapid: applier: %s\n", strerror(-err));
		return 1;
	}
	pfd[0] = (struct pollfd){ .fd = sock, .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = a.events, .events = POLLIN };
	for (;;) {
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (pfd[0].revents && !take_request(&a))
			return 0;
		if (pfd[1].revents)
			take_events(&a);
	}
}
