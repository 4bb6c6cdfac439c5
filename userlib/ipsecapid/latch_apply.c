// SPDX-License-Identifier: GPL-2.0-or-later
/* Socket policies: IP_XFRM_POLICY and IPV6_XFRM_POLICY. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/tcp.h>
#include <linux/xfrm.h>

#include "latch_apply.h"
#include "latch_template.h"
#include "records.h"

#ifndef IP_XFRM_POLICY
#define IP_XFRM_POLICY 17
#endif
#ifndef IPV6_XFRM_POLICY
#define IPV6_XFRM_POLICY 35
#endif

#define LISTEN_STATE 10		/* TCP_LISTEN, which linux/tcp.h does not have */

struct socket_policy {
	struct xfrm_userpolicy_info info;
	struct xfrm_user_tmpl tmpl;
};

static int set_option(int fd, uint16_t family, const void *value, socklen_t length)
{
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int name = family == AF_INET ? IP_XFRM_POLICY : IPV6_XFRM_POLICY;

	return setsockopt(fd, level, name, value, length) ? -errno : 0;
}

/* The selector is for all packets of the family: what the socket sends and gets is the latch's. */
static int set_policy(int fd, const struct latch_record *r, int dir)
{
	const struct xfrm_lifetime_cfg forever = {
		.soft_byte_limit = r->id, .hard_byte_limit = XFRM_INF,
		.soft_packet_limit = XFRM_INF, .hard_packet_limit = XFRM_INF,
	};
	struct rec_template t;
	struct socket_policy p = {
		.info = {
			.sel.family = r->tuple.family, .lft = forever, .share = XFRM_SHARE_ANY,
			.dir = dir == DIR_OUT ? XFRM_POLICY_OUT : XFRM_POLICY_IN,
			.action = r->waiting ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW,
		},
	};

	latch_template(r, dir, &t);
	p.tmpl = (struct xfrm_user_tmpl){
		.id.proto = t.proto, .family = t.family, .reqid = t.reqid, .mode = t.mode,
		.share = XFRM_SHARE_ANY, .aalgos = ~0u, .ealgos = ~0u, .calgos = ~0u,
	};
	memcpy(&p.tmpl.saddr, t.saddr, sizeof(p.tmpl.saddr));
	memcpy(&p.tmpl.id.daddr, t.daddr, sizeof(p.tmpl.id.daddr));
	return set_option(fd, r->tuple.family, &p,
			  r->waiting ? offsetof(struct socket_policy, tmpl) : sizeof(p));
}

static int int_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -1 : value;
}

/* The other bits are the socket's own. */
static int set_mark(int fd, uint32_t gate, bool gated)
{
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);

	if (getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &len))
		return -errno;
	if (!(mark & gate) == !gated)
		return 0;
	mark ^= gate;
	return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ? -errno : 0;
}

int latch_clear(int fd, uint16_t family, uint32_t gate)
{
	int err = set_option(fd, family, NULL, 0);

	return err ? err : set_mark(fd, gate, false);
}

int latch_apply(int fd, const struct latch_record *r, bool fresh)
{
	int err = set_policy(fd, r, DIR_IN);

	/* what a listener sends goes to any of its peers, by the system's policies */
	if (!err && r->gated)
		err = set_mark(fd, r->gate, true);
	else if (!err && !r->listener)
		err = set_policy(fd, r, DIR_OUT);
	if (err && fresh)
		latch_clear(fd, r->tuple.family, r->gate);
	return err;
}

bool latch_is_socket(int fd, const struct ipsecapi_tuple *t)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return int_option(fd, SO_DOMAIN) == t->family && int_option(fd, SO_PROTOCOL) == t->protocol &&
	       !getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) && cookie == t->cookie;
}

bool latch_prior_data(int fd)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (int_option(fd, SO_TYPE) == SOCK_DGRAM)
		return poll(&waiting, 1, 0);
	/* one that can't be asked may have */
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return true;
	if (info.tcpi_state == LISTEN_STATE)
		return info.tcpi_unacked;	/* connections that wait to be accepted */
	return info.tcpi_bytes_received || info.tcpi_bytes_sent;
}
