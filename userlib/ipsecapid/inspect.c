// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking at a descriptor that a stranger sent. What it is comes before anything else. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "session.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef IP_UNICAST_IF
#define IP_UNICAST_IF 50
#endif
#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF 76
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int refuse(uint32_t *reason, uint32_t why, int err)
{
	*reason = why;
	return err;
}

static int int_option(int fd, int name, int *value)
{
	socklen_t len = sizeof(*value);

	*value = 0;
	return getsockopt(fd, SOL_SOCKET, name, value, &len) ? -errno : 0;
}

/* The table of socket kinds: which can be followed, and what the others are told. */
static int check_kind(int fd, int *protocol, uint32_t *reason)
{
	int domain, type;

	if (int_option(fd, SO_DOMAIN, &domain))
		return refuse(reason, IPSECAPI_REASON_NOT_A_SOCKET, -ENOTSOCK);
	if (domain == AF_PACKET)
		return refuse(reason, IPSECAPI_REASON_PACKET_SOCKET, -EAFNOSUPPORT);
	if (domain != AF_INET && domain != AF_INET6)
		return refuse(reason, IPSECAPI_REASON_NOT_INET, -EAFNOSUPPORT);
	if (int_option(fd, SO_TYPE, &type) || int_option(fd, SO_PROTOCOL, protocol))
		return refuse(reason, IPSECAPI_REASON_SOCKET_TYPE, -EPROTONOSUPPORT);
	if (type == SOCK_RAW)
		return refuse(reason, IPSECAPI_REASON_RAW_SOCKET, -EPROTONOSUPPORT);
	switch (*protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return refuse(reason, IPSECAPI_REASON_PING_SOCKET, -EPROTONOSUPPORT);
	case IPPROTO_MPTCP:
		return refuse(reason, IPSECAPI_REASON_MPTCP, -EPROTONOSUPPORT);
	case IPPROTO_SCTP:
		return refuse(reason, IPSECAPI_REASON_SCTP, -EPROTONOSUPPORT);
	}
	return refuse(reason, IPSECAPI_REASON_SOCKET_TYPE, -EPROTONOSUPPORT);
}

static int check_namespace(int fd, uint64_t ours, uint32_t *reason)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		return refuse(reason, IPSECAPI_REASON_KERNEL_TOO_OLD, -EOPNOTSUPP);
	if (cookie != ours)
		return refuse(reason, IPSECAPI_REASON_FOREIGN_NAMESPACE, -EREMOTE);
	return 0;
}

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* 0: it does not say. */
static uint8_t tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ? 0 : info.tcpi_state;
}

/* A connection that is being refused protection is stuck in SYN-SENT: it must have an answer. */
static int peer_address(int fd, int protocol, socklen_t own_length, union address *a)
{
	socklen_t len = sizeof(*a);

	if (!getpeername(fd, &a->sa, &len))
		return 0;
	len = own_length;	/* SO_PEERNAME wants the exact length */
	if (protocol == IPPROTO_TCP && tcp_state(fd) == TCP_SYN_SENT &&
	    !getsockopt(fd, SOL_SOCKET, SO_PEERNAME, a, &len))
		return 0;
	return -ENOTCONN;
}

static bool is_mapped(const union address *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}

static void store(const union address *a, bool as_v4, uint8_t addr[16], uint16_t *port)
{
	memset(addr, 0, 16);
	*port = a->in.sin_port;	/* the same place in both families */
	if (a->sa.sa_family == AF_INET)
		memcpy(addr, &a->in.sin_addr, 4);
	else if (as_v4)
		memcpy(addr, a->in6.sin6_addr.s6_addr + 12, 4);
	else
		memcpy(addr, &a->in6.sin6_addr, 16);
}

static int read_addresses(int fd, int protocol, struct ipsecapi_tuple *t)
{
	union address local = { 0 }, peer = { 0 };
	socklen_t len = sizeof(local);
	bool v4;

	if (getsockname(fd, &local.sa, &len))
		return -ENOTCONN;
	if (peer_address(fd, protocol, len, &peer)) {
		if (protocol != IPPROTO_TCP ||
		    (tcp_state(fd) != TCP_CLOSE && tcp_state(fd) != TCP_LISTEN))
			return -ENOTCONN;
		peer = (union address){ .sa.sa_family = local.sa.sa_family };	/* not yet */
	}
	v4 = peer.sa.sa_family == AF_INET || is_mapped(&peer);
	t->family = v4 ? AF_INET : AF_INET6;
	t->protocol = protocol;
	store(&local, v4, t->local, &t->local_port);
	store(&peer, v4, t->peer, &t->peer_port);
	return t->peer_port || protocol == IPPROTO_TCP ? 0 : -ENOTCONN;
}

static uint32_t ip_option(int fd, bool v4, int name4, int name6)
{
	int value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? name4 : name6, &value, &len))
		return 0;
	return value;
}

/* What the route of its packets depends on besides the addresses. */
static void read_sending(int fd, struct socket_facts *facts)
{
	bool v4 = facts->tuple.family == AF_INET;
	int value;

	if (!int_option(fd, SO_MARK, &value))
		facts->mark = value;
	if (!int_option(fd, SO_BINDTOIFINDEX, &value))
		facts->bound_ifindex = value;
	/* datagram sockets may choose an interface to send by, without privilege */
	if (!facts->bound_ifindex && facts->tuple.protocol != IPPROTO_TCP)
		facts->bound_ifindex = ntohl(ip_option(fd, v4, IP_UNICAST_IF, IPV6_UNICAST_IF));
	facts->tos = ip_option(fd, v4, IP_TOS, IPV6_TCLASS) & 0xfc;
}

static bool is_dual_stack(int fd)
{
	int domain = AF_INET, only = 0;
	socklen_t len = sizeof(only);

	return !int_option(fd, SO_DOMAIN, &domain) && domain == AF_INET6 &&
	       (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) || !only);
}

int socket_inspect(int fd, uint64_t netns_cookie, struct socket_facts *facts, uint32_t *reason)
{
	socklen_t len = sizeof(facts->tuple.cookie);
	int protocol, err;
	struct stat st;

	memset(facts, 0, sizeof(*facts));
	err = check_kind(fd, &protocol, reason);
	if (!err)
		err = check_namespace(fd, netns_cookie, reason);
	if (err)
		return err;
	if (fstat(fd, &st) ||
	    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &facts->tuple.cookie, &len))
		return refuse(reason, IPSECAPI_REASON_KERNEL_TOO_OLD, -EOPNOTSUPP);
	facts->owner = st.st_uid;
	if (read_addresses(fd, protocol, &facts->tuple))
		return refuse(reason, IPSECAPI_REASON_NOT_CONNECTED, -ENOTCONN);
	facts->dual_stack = is_dual_stack(fd);
	facts->listening = protocol == IPPROTO_TCP && tcp_state(fd) == TCP_LISTEN;
	read_sending(fd, facts);
	return 0;
}
