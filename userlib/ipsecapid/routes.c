// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes over rtnetlink: by which interface a packet would leave. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/rtnetlink.h>

#include "routes.h"

static bool is_multicast(const struct flow_facts *f)
{
	if (f->family == AF_INET6)
		return f->peer[0] == 0xff;
	return (f->peer[0] & 0xf0) == 0xe0 || (f->peer[0] == 0xff && f->peer[3] == 0xff);
}

static void put_route_query(struct nlmsghdr *nlh, const struct flow_facts *f, uint32_t seq)
{
	size_t n = f->family == AF_INET ? 4 : 16;
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = f->family;
	rtm->rtm_dst_len = rtm->rtm_src_len = n * 8;
	mnl_attr_put(nlh, RTA_DST, n, f->peer);
	mnl_attr_put(nlh, RTA_SRC, n, f->local);
	mnl_attr_put_u8(nlh, RTA_IP_PROTO, f->protocol);
	mnl_attr_put_u16(nlh, RTA_SPORT, f->local_port);
	mnl_attr_put_u16(nlh, RTA_DPORT, f->peer_port);
	mnl_attr_put_u32(nlh, RTA_UID, f->uid);
	if (f->mark)
		mnl_attr_put_u32(nlh, RTA_MARK, f->mark);
	if (f->bound_ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, f->bound_ifindex);
}

static void take_route(const struct nlmsghdr *nlh, struct flow_facts *f)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm))
		return;
	f->route.local = rtm->rtm_type == RTN_LOCAL;
	f->route.found = f->route.local || rtm->rtm_type == RTN_UNICAST;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(attr) == RTA_OIF &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			f->route.oif = mnl_attr_get_u32(attr);
}

void routes_flow(struct links *l, struct flow_facts *f)
{
	uint8_t buf[4096] __attribute__((aligned(8)));
	const struct nlmsghdr *nlh = (void *)buf;
	ssize_t n;

	memset(&f->route, 0, sizeof(f->route));
	f->route.multicast = is_multicast(f);
	put_route_query(mnl_nlmsg_put_header(buf), f, ++l->seq);
	if (send(l->query, buf, nlh->nlmsg_len, 0) < 0)
		return;
	do {	/* the kernel answers inside send(), so this never waits */
		n = recv(l->query, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EINTR)
			return;
	} while (n < 0 || !mnl_nlmsg_ok(nlh, n) || nlh->nlmsg_seq != l->seq);
	take_route(nlh, f);
	if (f->route.multicast)
		f->route.found = true;
}
