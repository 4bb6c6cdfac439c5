// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces over rtnetlink. */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>

#include "clock.h"
#include "features.h"
#include "links.h"
#include "netlink.h"

#define BUFFER 65536
#define F_LOWER_UP 0x10000

int links_open(struct links *l)
{
	memset(l, 0, sizeof(*l));
	l->bit_esp = l->bit_csum = l->bit_gso = -1;
	l->events = netlink_open(NETLINK_ROUTE,
				 RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
				 RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE |
				 NETLINK_GROUP(RTNLGRP_IPV6_RULE) |
				 NETLINK_GROUP(RTNLGRP_NEXTHOP));
	l->query = netlink_open(NETLINK_ROUTE, 0);
	l->inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	l->all_no_xfrm4 = open("/proc/sys/net/ipv4/conf/all/disable_xfrm", O_RDONLY | O_CLOEXEC);
	l->all_no_policy4 = open("/proc/sys/net/ipv4/conf/all/disable_policy",
				 O_RDONLY | O_CLOEXEC);
	l->all_no_policy6 = open("/proc/sys/net/ipv6/conf/all/disable_policy",
				 O_RDONLY | O_CLOEXEC);
	if (l->events < 0 || l->query < 0 || l->inet < 0)
		return -EIO;
	return 0;
}

void links_close(struct links *l)
{
	close(l->events);
	close(l->query);
	close(l->inet);
	close(l->all_no_xfrm4);
	close(l->all_no_policy4);
	close(l->all_no_policy6);
	free(l->at);
}

static int by_ifindex(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static struct link *find(const struct link *links, uint32_t n, const struct link *key)
{
	return n ? bsearch(key, links, n, sizeof(*links), by_ifindex) : NULL;
}

struct link_event {
	struct nlmsghdr nlh;
	struct ifinfomsg ifm;
};

static bool says_up(const struct link_event *e)
{
	return e->nlh.nlmsg_type == RTM_NEWLINK && (e->ifm.ifi_flags & IFF_UP) &&
	       (e->ifm.ifi_flags & F_LOWER_UP);
}

/*
 * A link that goes down is believed before anything is read again: reading waits for a lock that
 * the kernel holds while it flushes the device's SAs. What comes up is read first.
 */
static void believe(struct links *l, const struct link_event *e)
{
	const struct link key = { .ifindex = e->ifm.ifi_index };
	struct link *link;

	if ((e->nlh.nlmsg_type != RTM_NEWLINK && e->nlh.nlmsg_type != RTM_DELLINK) || says_up(e))
		return;
	link = find(l->at, l->n, &key);
	if (!link || !link->up)
		return;
	link->up = false;
	l->fell = true;
}

bool links_drain(struct links *l)
{
	struct link_event event;	/* the rest is cut off by the kernel */
	bool any = false;

	for (;;) {
		ssize_t n = recv(l->events, &event, sizeof(event), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return any;
		any = true;
		if (n < 0 && errno != ENOBUFS)
			return any;
		if (n == sizeof(event))
			believe(l, &event);
	}
}

struct attr_find {
	uint16_t type;
	const struct nlattr *found;
};

static int find_cb(const struct nlattr *attr, void *data)
{
	struct attr_find *f = data;

	if (mnl_attr_get_type(attr) == f->type)
		f->found = attr;
	return MNL_CB_OK;
}

static const struct nlattr *nested(const struct nlattr *in, uint16_t type)
{
	struct attr_find f = { .type = type };

	if (in)
		mnl_attr_parse_nested(in, find_cb, &f);
	return f.found;
}

/* Entry @index of an array of 32-bit settings inside an attribute. */
static bool setting(const struct nlattr *attr, unsigned int index)
{
	uint32_t v;

	if (!attr || mnl_attr_get_payload_len(attr) < (index + 1) * sizeof(v))
		return false;
	memcpy(&v, (uint8_t *)mnl_attr_get_payload(attr) + index * sizeof(v), sizeof(v));
	return v;
}

static void parse_af_spec(struct link *link, const struct nlattr *spec)
{
	const struct nlattr *v4 = nested(nested(spec, AF_INET), IFLA_INET_CONF);
	const struct nlattr *v6 = nested(nested(spec, AF_INET6), IFLA_INET6_CONF);

	link->no_xfrm4 = setting(v4, IPV4_DEVCONF_NOXFRM - 1);
	link->no_policy4 = setting(v4, IPV4_DEVCONF_NOPOLICY - 1);
	link->no_policy6 = setting(v6, DEVCONF_DISABLE_POLICY);
}

static bool is_virtual(const struct nlattr *info)
{
	const struct nlattr *kind = nested(info, IFLA_INFO_KIND);
	const char *s;

	if (!kind || mnl_attr_validate(kind, MNL_TYPE_NUL_STRING) < 0)
		return false;
	s = mnl_attr_get_str(kind);
	return !strcmp(s, "xfrm") || !strcmp(s, "vti") || !strcmp(s, "vti6");
}

static int parse_link(const struct nlmsghdr *nlh, struct link *link)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifm))
		return -EBADMSG;
	memset(link, 0, sizeof(*link));
	link->ifindex = ifm->ifi_index;
	link->admin_up = ifm->ifi_flags & IFF_UP;
	link->up = link->admin_up && (ifm->ifi_flags & F_LOWER_UP);
	link->loopback = ifm->ifi_flags & IFF_LOOPBACK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				strncpy(link->name, mnl_attr_get_str(attr), sizeof(link->name) - 1);
			break;
		case IFLA_AF_SPEC:
			parse_af_spec(link, attr);
			break;
		case IFLA_LINKINFO:
			link->virtual_xfrm = is_virtual(attr);
			break;
		}
	}
	return 0;
}

static int on_link(struct links *l, const struct nlmsghdr *nlh)
{
	const struct link *p;
	struct link link;
	int err = parse_link(nlh, &link);

	if (err)
		return err;
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? 2 * l->cap : 16;

		struct link *at = reallocarray(l->at, cap, sizeof(*at));

		if (!at)
			return -ENOMEM;
		l->at = at;
		l->cap = cap;
	}
	p = find(l->old, l->n_old, &link);
	if (p && !strcmp(p->name, link.name)) {
		link.offload = p->offload;
		memcpy(link.driver, p->driver, sizeof(link.driver));
	} else {
		features_read(l, &link);
	}
	l->at[l->n++] = link;
	return 0;
}

static int take_links(struct links *l, const uint8_t *buf, size_t len)
{
	const struct nlmsghdr *nlh = (const void *)buf;
	int left = len, err;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != l->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EAGAIN;
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 1;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return -EIO;
		if (nlh->nlmsg_type == RTM_NEWLINK) {
			err = on_link(l, nlh);
			if (err)
				return err;
		}
	}
	return 0;
}

static int read_once(struct links *l, uint8_t *buf)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifm;
	} q = { 0 };
	ssize_t n;
	int err = 0;

	q.nlh.nlmsg_len = sizeof(q);
	q.nlh.nlmsg_type = RTM_GETLINK;
	q.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	q.nlh.nlmsg_seq = ++l->seq;
	l->n = 0;
	if (send(l->query, &q, sizeof(q), 0) < 0)
		return -errno;
	while (!err) {
		n = recv(l->query, buf, BUFFER, 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			err = take_links(l, buf, n);
	}
	return err < 0 ? err : 0;
}

static void note_since(struct links *l, const struct link *old, uint32_t n, uint64_t now)
{
	const struct link *was;
	uint32_t i;

	for (i = 0; i < l->n; i++) {
		was = find(old, n, &l->at[i]);
		if (l->at[i].up)
			l->at[i].up_since = was && was->up ? was->up_since : now;
	}
}

static int read_all(struct links *l)
{
	uint8_t *buf = malloc(BUFFER);
	int err = buf ? -EAGAIN : -ENOMEM, tries;

	for (tries = 0; err == -EAGAIN && tries < 5; tries++)
		err = read_once(l, buf);
	free(buf);
	return err;
}

static bool read_switch(int fd)
{
	char c = '0';

	return fd >= 0 && pread(fd, &c, 1, 0) == 1 && c != '0';
}

static bool renew_switch(int fd, bool *was)
{
	bool old = *was;

	*was = read_switch(fd);
	return *was != old;
}

static bool renew_switches(struct links *l)
{
	bool changed = renew_switch(l->all_no_xfrm4, &l->all.no_xfrm4);

	changed |= renew_switch(l->all_no_policy4, &l->all.no_policy4);
	changed |= renew_switch(l->all_no_policy6, &l->all.no_policy6);
	return changed;
}

/* Sets @changed when what is read differs from what was known. */
static int renew(struct links *l, bool features, bool *changed)
{
	struct link *old = l->at;
	uint32_t n = l->n, cap = l->cap;
	int err;

	l->old = features ? NULL : old;
	l->n_old = features ? 0 : n;
	l->at = NULL;
	l->n = l->cap = 0;
	err = read_all(l);
	l->old = NULL;
	l->n_old = 0;
	*changed = renew_switches(l) || l->unread != !!err;
	l->unread = err;
	if (err) {
		free(l->at);
		l->at = old;
		l->n = n;
		l->cap = cap;
		return err;
	}
	if (l->n)
		qsort(l->at, l->n, sizeof(l->at[0]), by_ifindex);
	note_since(l, old, n, old ? now_ns() : 0);
	if (l->n != n || (n && memcmp(l->at, old, n * sizeof(*old))))
		*changed = true;
	free(old);
	return 0;
}

int links_read(struct links *l)
{
	bool changed;

	return renew(l, true, &changed);
}

bool links_poll(struct links *l)
{
	bool changed;

	renew(l, false, &changed);
	return changed;
}

void links_show(struct links *l, struct world *w)
{
	w->links = l->at;
	w->n_links = l->n;
	w->links_unread = l->unread;
	w->all_no_xfrm4 = l->all.no_xfrm4;
	w->all_no_policy4 = l->all.no_policy4;
	w->all_no_policy6 = l->all.no_policy6;
}
