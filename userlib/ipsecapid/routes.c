// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes over rtnetlink: by which interface a packet would leave. */
#include <errno.h>
#include <netinet/in.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include "routes.h"

static bool is_multicast(const struct flow_facts *f)
{
	if (f->family == AF_INET6)
		return f->peer[0] == 0xff;
	return (f->peer[0] & 0xf0) == 0xe0 || (f->peer[0] == 0xff && f->peer[3] == 0xff);
}

struct query {
	uint16_t family;
	const uint8_t *saddr, *daddr;
	uint32_t mark, tos, oif, uid;
	const struct flow_facts *ports;	/* NULL: none */
};

static void put_query(struct nlmsghdr *nlh, const struct query *q, uint32_t seq)
{
	static const uint8_t any[16];
	size_t n = q->family == AF_INET ? 4 : 16;
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = q->family;
	rtm->rtm_dst_len = rtm->rtm_src_len = n * 8;
	rtm->rtm_tos = q->tos;
	mnl_attr_put(nlh, RTA_DST, n, q->daddr);
	if (memcmp(q->saddr, any, n))
		mnl_attr_put(nlh, RTA_SRC, n, q->saddr);
	else
		rtm->rtm_src_len = 0;
	/* of other protocols the kernel tells no routes; rules that ask for such a one are rare */
	if (q->ports && (q->ports->protocol == IPPROTO_TCP || q->ports->protocol == IPPROTO_UDP)) {
		mnl_attr_put_u8(nlh, RTA_IP_PROTO, q->ports->protocol);
		mnl_attr_put_u16(nlh, RTA_SPORT, q->ports->local_port);
		mnl_attr_put_u16(nlh, RTA_DPORT, q->ports->peer_port);
	}
	mnl_attr_put_u32(nlh, RTA_UID, q->uid);
	if (q->mark)
		mnl_attr_put_u32(nlh, RTA_MARK, q->mark);
	if (q->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, q->oif);
}

static void take_route(const struct nlmsghdr *nlh, struct route *route)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return;
	route->local = rtm->rtm_type == RTN_LOCAL;
	route->found = route->local || rtm->rtm_type == RTN_UNICAST;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		uint16_t type = mnl_attr_get_type(attr), length = mnl_attr_get_payload_len(attr);

		if (type == RTA_OIF && length == sizeof(uint32_t))
			route->oif = mnl_attr_get_u32(attr);
		else if (type == RTA_PREFSRC && length <= sizeof(route->source))
			memcpy(route->source, mnl_attr_get_payload(attr), length);
	}
}

static void ask(struct links *l, const struct query *q, struct route *route)
{
	uint8_t buf[4096] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh = (void *)buf;
	ssize_t n;

	memset(route, 0, sizeof(*route));
	put_query(mnl_nlmsg_put_header(buf), q, ++l->seq);
	if (send(l->query, buf, nlh->nlmsg_len, 0) < 0)
		return;
	do {	/* the kernel answers inside send(), so this never waits */
		n = recv(l->query, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EINTR)
			return;
	} while (n < 0 || !mnl_nlmsg_ok(nlh, n) || nlh->nlmsg_seq != l->seq);
	take_route(nlh, route);
}

void routes_flow(struct links *l, struct flow_facts *f)
{
	const struct query q = {
		.family = f->family, .saddr = f->local, .daddr = f->peer, .mark = f->mark,
		.tos = f->tos, .oif = f->bound_ifindex, .uid = f->uid, .ports = f,
	};

	f->n_outer = 0;
	ask(l, &q, &f->route);
	f->route.multicast = is_multicast(f);
	if (f->route.multicast)
		f->route.found = true;
}

bool routes_own(struct links *l, uint16_t family, const uint8_t address[16])
{
	static const uint8_t any[16];
	const struct query q = { .family = family, .saddr = any, .daddr = address };
	struct route route;

	ask(l, &q, &route);
	return route.local;
}

/* The kernel asks as itself, not as the socket's user, and keeps the type of service of IPv4. */
static void ask_outer(struct links *l, const struct rec_sa *sa, struct flow_facts *f)
{
	struct outer_route *o = &f->outer[f->n_outer];
	struct query q = { .family = sa->family, .saddr = sa->saddr, .daddr = sa->daddr };
	struct route route;

	q.mark = flow_outer_mark(f, sa);
	q.tos = f->family == AF_INET ? f->tos : 0;
	ask(l, &q, &route);
	memset(o, 0, sizeof(*o));
	o->family = sa->family;
	memcpy(o->saddr, sa->saddr, 16);
	memcpy(o->daddr, sa->daddr, 16);
	o->mark = q.mark;
	o->oif = route.found ? route.oif : 0;
	f->n_outer++;
}

bool routes_outer(struct links *l, const struct tables *t, const struct verdict *v,
		  struct flow_facts *f)
{
	uint32_t i, asked = 0;

	for (i = 0; i < v->n_sas && asked < MAX_OUTER; i++) {
		const struct rec_sa *sa = &t->sas[v->sa[i]];

		if (sa->offload == OFFLOAD_NONE || sa->mode == XFRM_MODE_TRANSPORT ||
		    sa->dir == DIR_IN || flow_outer(f, sa))
			continue;
		if (f->n_outer == MAX_OUTER)	/* of tunnels that were in use before */
			f->n_outer = 0;
		ask_outer(l, sa, f);
		asked++;
	}
	return asked;
}
