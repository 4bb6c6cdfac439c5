// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the kernel's policy and SA tables over NETLINK_XFRM. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "netlink.h"
#include "xfrm_dump.h"

#define BUFFER		65536
#define EVENT_RCVBUF	(4 << 20)

int xfrm_socks_open(struct xfrm_socks *x)
{
	int size = EVENT_RCVBUF;

	memset(x, 0, sizeof(*x));
	x->query = netlink_open(NETLINK_XFRM, 0);
	if (x->query < 0)
		return x->query;
	/*
	 * Not the ACQUIRE group: a listener there makes the kernel believe in a key manager,
	 * which changes what happens to traffic without an SA.
	 */
	x->events = netlink_open(NETLINK_XFRM,
				 NETLINK_GROUP(XFRMNLGRP_SA) | NETLINK_GROUP(XFRMNLGRP_POLICY) |
				 NETLINK_GROUP(XFRMNLGRP_EXPIRE) |
				 NETLINK_GROUP(XFRMNLGRP_MIGRATE));
	if (x->events < 0)
		goto close_query;
	setsockopt(x->events, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	x->size = BUFFER;
	x->buf = malloc(x->size);
	if (x->buf)
		return 0;
	close(x->events);
	x->events = -ENOMEM;
close_query:
	close(x->query);
	return x->events;
}

bool xfrm_drain(struct xfrm_socks *x)
{
	struct nlmsghdr hdr;	/* the rest, keys included, is cut off by the kernel */
	bool any = false;

	for (;;) {
		ssize_t n = recv(x->events, &hdr, sizeof(hdr), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return any;
		any = true;	/* ENOBUFS too: events were lost, so something changed */
		if (n < 0 && errno != ENOBUFS)
			return any;
	}
}

static int send_query(struct xfrm_socks *x, uint16_t type, uint16_t flags, const void *body,
		      size_t len)
{
	struct {
		struct nlmsghdr nlh;
		uint8_t body[256];
	} msg = { 0 };

	if (len)
		memcpy(msg.body, body, len);
	msg.nlh.nlmsg_len = NLMSG_LENGTH(len);
	msg.nlh.nlmsg_type = type;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	msg.nlh.nlmsg_seq = ++x->seq;
	return send(x->query, &msg, msg.nlh.nlmsg_len, 0) < 0 ? -errno : 0;
}

struct dump {
	struct xfrm_socks *x;
	xfrm_sa_fn sa_fn;
	xfrm_policy_fn policy_fn;
	void *arg;
};

static int on_message(const struct nlmsghdr *nlh, struct dump *d)
{
	uint32_t spis[MAX_TEMPLATES];
	struct rec_policy policy;
	struct sa_key key;
	struct rec_sa sa;
	int err = 0;

	if (d->sa_fn && nlh->nlmsg_type == XFRM_MSG_NEWSA) {
		err = xfrm_parse_sa(nlh, &sa, &key);
		if (!err)
			err = d->sa_fn(&sa, &key, d->arg);
	} else if (d->policy_fn && nlh->nlmsg_type == XFRM_MSG_NEWPOLICY) {
		err = xfrm_parse_policy(nlh, &policy, spis);
		if (!err)
			err = d->policy_fn(&policy, spis, d->arg);
	}
	return err;
}

/* Returns 1 when the answer is complete, 0 to go on, or a negative errno. */
static int on_control(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == NLMSG_DONE)
		return 1;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
			return -EBADMSG;
		return e->error ? e->error : 1;
	}
	return nlh->nlmsg_type < NLMSG_MIN_TYPE ? 0 : -ENOMSG;
}

static int take_buffer(struct dump *d, size_t len, bool multi)
{
	const struct nlmsghdr *nlh = (void *)d->x->buf;
	int left = len, err;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != d->x->seq)
			continue;	/* of a request that was given up */
		err = on_control(nlh);
		if (err == -ENOMSG)
			err = on_message(nlh, d) ?: !multi;
		if (err)
			return err;
	}
	return 0;
}

/* Receive the answer to the last query. Returns 0 or a negative errno. */
static int take_answer(struct dump *d, bool multi)
{
	struct xfrm_socks *x = d->x;
	ssize_t n;
	int err = 0;

	while (!err) {
		n = recv(x->query, x->buf, x->size, MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENOBUFS ? -EAGAIN : -errno;
		if ((size_t)n > x->size)
			err = -EMSGSIZE;
		else
			err = take_buffer(d, n, multi);
		explicit_bzero(x->buf, (size_t)n < x->size ? (size_t)n : x->size);
	}
	return err < 0 ? err : 0;
}

int xfrm_dump_sas(struct xfrm_socks *x, xfrm_sa_fn fn, void *arg)
{
	struct dump d = { .x = x, .sa_fn = fn, .arg = arg };
	int err = send_query(x, XFRM_MSG_GETSA, NLM_F_DUMP, NULL, 0);

	return err ? err : take_answer(&d, true);
}

int xfrm_dump_policies(struct xfrm_socks *x, xfrm_policy_fn fn, void *arg)
{
	struct dump d = { .x = x, .policy_fn = fn, .arg = arg };
	int err = send_query(x, XFRM_MSG_GETPOLICY, NLM_F_DUMP, NULL, 0);

	if (!err)
		err = take_answer(&d, true);
	return err == -ENOENT ? 0 : err;	/* an empty table */
}

int xfrm_read_defaults(struct xfrm_socks *x, uint8_t block[4])
{
	const struct xfrm_userpolicy_default none = { 0 };
	const struct nlmsghdr *nlh = (void *)x->buf;
	const struct xfrm_userpolicy_default *d;
	ssize_t n;
	int err = send_query(x, XFRM_MSG_GETDEFAULT, 0, &none, sizeof(none));

	memset(block, 0, 4);
	while (!err) {
		n = recv(x->query, x->buf, x->size, 0);
		if (n < 0)
			return -errno;
		if (!mnl_nlmsg_ok(nlh, n) || nlh->nlmsg_seq != x->seq)
			continue;
		err = on_control(nlh);
		if (err != -ENOMSG || mnl_nlmsg_get_payload_len(nlh) < sizeof(*d))
			/* a kernel without the request has no default to block by */
			return err == -EINVAL || err == -EOPNOTSUPP ? 0 : -EBADMSG;
		d = mnl_nlmsg_get_payload(nlh);
		block[DIR_OUT] = d->out == XFRM_USERPOLICY_BLOCK;
		block[DIR_IN] = d->in == XFRM_USERPOLICY_BLOCK;
		block[DIR_FWD] = d->fwd == XFRM_USERPOLICY_BLOCK;
		return 0;
	}
	return err;
}

/* Ask for a figure that the kernel keeps; its attribute @attr goes to @out, which has @size bytes. */
static int read_info(struct xfrm_socks *x, uint16_t type, uint16_t attr, void *out, size_t size)
{
	const struct nlmsghdr *nlh = (void *)x->buf;
	const struct nlattr *a;
	const uint32_t flags = 0;
	int err = send_query(x, type, 0, &flags, sizeof(flags));
	ssize_t n;

	if (err)
		return err;
	do {
		n = recv(x->query, x->buf, x->size, 0);
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (n < 0 || !mnl_nlmsg_ok(nlh, n) || nlh->nlmsg_seq != x->seq);
	err = on_control(nlh);
	if (err != -ENOMSG)
		return err < 0 ? err : -EBADMSG;
	mnl_attr_for_each(a, nlh, sizeof(flags)) {
		if (mnl_attr_get_type(a) == attr && mnl_attr_get_payload_len(a) >= size) {
			memcpy(out, mnl_attr_get_payload(a), size);
			return 0;
		}
	}
	return -EBADMSG;
}

int xfrm_read_counts(struct xfrm_socks *x, struct xfrm_counts *counts)
{
	struct xfrmu_spdinfo spd;
	int err = read_info(x, XFRM_MSG_GETSPDINFO, XFRMA_SPD_INFO, &spd, sizeof(spd));

	if (!err)
		err = read_info(x, XFRM_MSG_GETSADINFO, XFRMA_SAD_CNT, &counts->sas,
				sizeof(counts->sas));
	if (err)
		return err;
	counts->policies[0] = spd.incnt;
	counts->policies[1] = spd.outcnt;
	counts->policies[2] = spd.fwdcnt;
	counts->socket_policies = spd.inscnt + spd.outscnt + spd.fwdscnt;
	return 0;
}

struct one_sa {
	struct rec_sa *sa;
	bool found;
};

static int take_one(const struct rec_sa *sa, const struct sa_key *key, void *arg)
{
	struct one_sa *one = arg;

	(void)key;
	*one->sa = *sa;
	one->found = true;
	return 0;
}

int xfrm_read_sa(struct xfrm_socks *x, const struct sa_key *key, struct rec_sa *sa)
{
	struct {
		struct xfrm_usersa_id id;
		struct nlattr attr;
		struct xfrm_mark mark;
	} q = { .id = key->id };
	struct one_sa one = { .sa = sa };
	struct dump d = { .x = x, .sa_fn = take_one, .arg = &one };
	size_t len = sizeof(q.id);
	int err;

	static_assert(sizeof(q.id) % 4 == 0, "attributes are aligned to 4");
	if (key->mark_mask) {
		q.attr.nla_type = XFRMA_MARK;
		q.attr.nla_len = sizeof(q.attr) + sizeof(q.mark);
		q.mark.v = key->mark_value;
		q.mark.m = key->mark_mask;
		len = sizeof(q);
	}
	err = send_query(x, XFRM_MSG_GETSA, 0, &q, len);
	if (!err)
		err = take_answer(&d, false);
	if (!err && !one.found)
		err = -ESRCH;
	return err;
}
