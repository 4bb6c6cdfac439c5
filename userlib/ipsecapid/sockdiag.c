// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions to sock_diag. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "netlink.h"
#include "sockdiag.h"

/* A socket in TIME-WAIT is nobody's any more. */
#define STATES (~0u & ~(1u << TCP_TIME_WAIT))

struct diag_query {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
};

int sockdiag_open(struct sockdiag *d)
{
	d->query = netlink_open(NETLINK_SOCK_DIAG, 0);
	return d->query < 0 ? d->query : 0;
}

int sockdiag_listen(void)
{
	static const int groups[] = {
		SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY,
		SKNLGRP_INET6_TCP_DESTROY, SKNLGRP_INET6_UDP_DESTROY,
	};
	int fd = netlink_open(NETLINK_SOCK_DIAG, 0), err;
	size_t i;

	for (i = 0; fd >= 0 && i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(int))) {
			err = -errno;
			close(fd);
			return err;
		}
	}
	return fd;
}

static int send_query(struct sockdiag *d, struct diag_query *q, uint16_t flags)
{
	q->nlh.nlmsg_len = sizeof(*q);
	if (!q->nlh.nlmsg_type)
		q->nlh.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	q->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	q->nlh.nlmsg_seq = ++d->seq;
	return send(d->query, q, sizeof(*q), 0) < 0 ? -errno : 0;
}

/* UDP lookups take the two ends the other way round, by an old accident of the interface. */
static void fill_lookup(struct diag_query *q, const struct ipsecapi_tuple *t, uint32_t ifindex)
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
	q->req.id.idiag_if = ifindex;
	q->req.id.idiag_cookie[0] = t->cookie;
	q->req.id.idiag_cookie[1] = t->cookie >> 32;
}

static int error_of(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

	return mnl_nlmsg_get_payload_len(nlh) < sizeof(e->error) ? -EBADMSG : e->error;
}

/* One question about one socket. */
static int ask(struct sockdiag *d, struct diag_query *q, uint16_t flags)
{
	const struct nlmsghdr *nlh = (void *)d->buf;
	int err = send_query(d, q, flags);
	ssize_t n;

	while (!err) {	/* the kernel answers inside send(), so this never waits */
		n = recv(d->query, d->buf, sizeof(d->buf), MSG_DONTWAIT);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0 || !mnl_nlmsg_ok(nlh, n) || nlh->nlmsg_seq != d->seq)
			continue;
		return nlh->nlmsg_type == NLMSG_ERROR ? error_of(nlh) : 0;
	}
	return err;
}

int sockdiag_lookup(struct sockdiag *d, const struct ipsecapi_tuple *t, uint32_t ifindex)
{
	struct diag_query q;

	fill_lookup(&q, t, ifindex);
	return ask(d, &q, 0);
}

int sockdiag_destroy(struct sockdiag *d, const struct ipsecapi_tuple *t, uint32_t ifindex)
{
	struct diag_query q;

	fill_lookup(&q, t, ifindex);
	q.nlh.nlmsg_type = SOCK_DESTROY;
	return ask(d, &q, NLM_F_ACK);
}

struct visit {
	void (*each)(const struct inet_diag_msg *m, void *arg);
	void *arg;
};

/* Returns 1 at the end of the dump, 0 to go on, or a negative errno. */
static int take_part(struct sockdiag *d, int left, const struct visit *v)
{
	const struct nlmsghdr *nlh = (void *)d->buf;
	int err;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != d->seq)
			continue;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
			err = error_of(nlh);
			return err < 0 ? err : 1;
		}
		if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct inet_diag_msg))
			v->each(mnl_nlmsg_get_payload(nlh), v->arg);
	}
	return 0;
}

int sockdiag_dump(struct sockdiag *d, uint8_t family, uint8_t protocol,
		  void (*each)(const struct inet_diag_msg *m, void *arg), void *arg)
{
	struct diag_query q = { .req = { .sdiag_family = family, .sdiag_protocol = protocol,
					 .idiag_states = STATES } };
	const struct visit v = { each, arg };
	ssize_t n;
	int err = send_query(d, &q, NLM_F_DUMP);

	while (!err) {
		n = recv(d->query, d->buf, sizeof(d->buf), 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			err = take_part(d, n, &v);
	}
	return err < 0 ? err : 0;
}

uint64_t sockdiag_cookie(const struct inet_diag_msg *m)
{
	return m->id.idiag_cookie[0] | (uint64_t)m->id.idiag_cookie[1] << 32;
}
