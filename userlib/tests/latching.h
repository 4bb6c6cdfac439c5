/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that are latched without any SA: a policy asks for protection towards 10.0.0.0/8, so
 * what is granted waits, and the kernel blocks. What it holds is read back from the kernel.
 */
#ifndef USERLIB_LATCHING_H
#define USERLIB_LATCHING_H

#include <time.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>

#include "../ipsecapid/latch_record.h"
#include "broker.h"

#define SLOT_SIZE 512

/* --- the kernel's policies ---------------------------------------------------------------- */

static inline struct nlmsghdr *xfrm_message(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return nlh;
}

static inline int xfrm_socket(void)
{
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);

	CHECK(s >= 0);
	return s;
}

/* What the policy is about, the far end: 10.0.0.0/8, or ::1. */
static inline void put_far_end(struct xfrm_selector *sel, uint16_t family, uint8_t way)
{
	xfrm_address_t *addr = way == XFRM_POLICY_OUT ? &sel->daddr : &sel->saddr;
	uint8_t *length = way == XFRM_POLICY_OUT ? &sel->prefixlen_d : &sel->prefixlen_s;

	sel->family = family;
	*length = family == AF_INET ? 8 : 128;
	if (family == AF_INET)
		addr->a4 = htonl(0x0a000000);
	else
		addr->a6[3] = htonl(1);
}

/* It is to be protected, by SAs that nobody makes. */
static inline void put_policy(uint16_t family, uint8_t way)
{
	uint8_t buf[1024] = { 0 }, answer[1024];
	struct nlmsghdr *nlh = xfrm_message(buf, XFRM_MSG_NEWPOLICY, NLM_F_ACK);
	struct xfrm_userpolicy_info *p = mnl_nlmsg_put_extra_header(nlh, sizeof(*p));
	struct xfrm_user_tmpl t = { .family = family, .id.proto = IPPROTO_ESP, .reqid = 7,
				    .mode = XFRM_MODE_TRANSPORT, .aalgos = ~0u, .ealgos = ~0u,
				    .calgos = ~0u };
	const struct nlmsgerr *e = mnl_nlmsg_get_payload((void *)answer);
	int s = xfrm_socket();

	put_far_end(&p->sel, family, way);
	p->lft = (struct xfrm_lifetime_cfg){ XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 };
	p->dir = way;
	p->priority = 10;
	mnl_attr_put(nlh, XFRMA_TMPL, sizeof(t), &t);
	CHECK(send(s, nlh, nlh->nlmsg_len, 0) > 0 && recv(s, answer, sizeof(answer), 0) > 0);
	CHECK(!e->error);
	close(s);
}

static inline void ask_protection(void)
{
	put_policy(AF_INET, XFRM_POLICY_OUT);
	put_policy(AF_INET, XFRM_POLICY_IN);
	put_policy(AF_INET6, XFRM_POLICY_OUT);
	put_policy(AF_INET6, XFRM_POLICY_IN);
}

static inline void ask_nothing(void)
{
	uint8_t buf[256] = { 0 }, answer[512];
	struct nlmsghdr *nlh = xfrm_message(buf, XFRM_MSG_FLUSHPOLICY, NLM_F_ACK);
	int s = xfrm_socket();

	CHECK(send(s, nlh, nlh->nlmsg_len, 0) > 0 && recv(s, answer, sizeof(answer), 0) > 0);
	close(s);
}

/* What the kernel has of latches: how many policies of sockets with this id, or with any. */
struct held {
	uint32_t policies, blocking;
};

static inline void count_held(const struct nlmsghdr *nlh, uint64_t id, struct held *h)
{
	struct xfrm_userpolicy_info p;
	uint64_t held;

	if (nlh->nlmsg_type != XFRM_MSG_NEWPOLICY)
		return;
	memcpy(&p, mnl_nlmsg_get_payload(nlh), sizeof(p));
	held = p.lft.soft_byte_limit;
	/* of sockets: their indices end so */
	if (p.index % 8 < XFRM_POLICY_MAX || held >> 32 != LATCH_ID_MARK || (id && held != id))
		return;
	h->policies++;
	h->blocking += p.action == XFRM_POLICY_BLOCK;
}

static inline struct held kernel_holds(uint64_t id)
{
	static uint8_t buf[65536];
	const struct nlmsghdr *nlh = (void *)buf;
	struct nlmsghdr *ask = xfrm_message(buf, XFRM_MSG_GETPOLICY, NLM_F_DUMP);
	struct held h = { 0 };
	int s = xfrm_socket(), left;

	CHECK(send(s, ask, ask->nlmsg_len, 0) > 0);
	for (;;) {
		nlh = (void *)buf;
		left = recv(s, buf, sizeof(buf), 0);
		CHECK(left > 0);
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type == NLMSG_DONE) {
				close(s);
				return h;
			}
			count_held(nlh, id, &h);
		}
	}
}

/* --- what is written down ----------------------------------------------------------------- */

static inline const char *latches_file(void)
{
	static char name[96];

	snprintf(name, sizeof(name), "%s/latches", dir);
	return name;
}

/* The record of a socket, and its slot; -1: there is none. Cookie 0: any. How many: @n. */
static inline int record_of(uint64_t cookie, struct latch_record *r, uint32_t *n)
{
	int fd = open(latches_file(), O_RDONLY | O_CLOEXEC), slot, found = -1;
	struct latch_record one;

	*n = 0;
	for (slot = 0; pread(fd, &one, sizeof(one), (off_t)slot * SLOT_SIZE) == sizeof(one); slot++) {
		if (!one.version || (cookie && one.tuple.cookie != cookie))
			continue;
		if (!(*n)++) {
			*r = one;
			found = slot;
		}
	}
	close(fd);
	return found;
}

static inline uint32_t records(void)
{
	struct latch_record r;
	uint32_t n;

	record_of(0, &r, &n);
	return n;
}

static inline uint64_t cookie_of(int fd)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;

	CHECK(!getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len));
	return cookie;
}

/* --- asking ------------------------------------------------------------------------------- */

static inline int tcp_socket(int family)
{
	int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	CHECK(s >= 0);
	return s;
}

static inline struct sockaddr_in place(const char *addr, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };

	CHECK(inet_pton(AF_INET, addr, &to.sin_addr) == 1);
	return to;
}

/* A connection with ourselves, of the time before protection was asked for; the other end. */
static inline int connection(int *other)
{
	struct sockaddr_in addr = place("10.0.0.1", 0);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(addr);

	ask_nothing();
	CHECK(!bind(l, (struct sockaddr *)&addr, len) && !listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)&addr, &len));
	CHECK(!connect(s, (struct sockaddr *)&addr, len));
	*other = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	CHECK(*other >= 0);
	close(l);
	ask_protection();
	return s;
}

static inline void disconnect(int s)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	CHECK(!connect(s, &none, sizeof(none)));
}

/* Where no socket is connected to, but all say that they will be. */
static inline struct wire_require want_latch(void)
{
	const struct sockaddr_in to = place("10.0.0.7", 80);
	struct wire_require w = { .class = "strong", .family = AF_INET, .port = to.sin_port };

	memcpy(w.address, &to.sin_addr, 4);
	return w;
}

static inline int latch_message(uint8_t *buf, size_t cap, uint16_t type, uint32_t flow,
				const struct wire_require *want)
{
	const struct wire_header hdr = { .type = type, .version = 1, .tag = 5 };
	struct tlv_writer w;

	tlv_begin(&w, buf, cap, &hdr);
	tlv_put_u32(&w, WIRE_ATTR_FLOW, flow);
	if (type == WIRE_REQUIRE)
		tlv_put(&w, WIRE_ATTR_STRUCT, want, sizeof(*want));
	return tlv_finish(&w);
}

static inline bool send_want(int s, uint16_t type, uint32_t flow, int fd,
			     const struct wire_require *want)
{
	uint8_t buf[256];
	int n = latch_message(buf, sizeof(buf), type, flow, want);

	return raw_send_try(s, buf, n, &fd, fd >= 0);
}

static inline bool send_latch(int s, uint16_t type, uint32_t flow, int fd)
{
	const struct wire_require want = want_latch();

	return send_want(s, type, flow, fd, &want);
}

/* The next reply, whatever events come before: its status; reason and flow if asked for. */
static inline int take_reply(int s, uint32_t *reason, uint32_t *flow)
{
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct wire_header hdr;
	struct tlv_set set;
	ssize_t n;

	do {
		n = recv(s, buf, sizeof(buf), 0);
		CHECK(n > 0 && !tlv_parse(buf, n, &hdr, &set));
	} while (hdr.type == WIRE_EVENT);
	if (reason)
		*reason = hdr.reason;
	if (flow)
		*flow = 0;
	if (flow && set.at[WIRE_ATTR_FLOW].data)
		memcpy(flow, set.at[WIRE_ATTR_FLOW].data, sizeof(*flow));
	return hdr.status;
}

static inline uint32_t raw_open(int s, int fd)
{
	uint8_t buf[128];
	uint32_t flow;

	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &fd, 1);
	CHECK(!take_reply(s, NULL, &flow) && flow);
	return flow;
}

/* Show the socket until the broker is not busy with it. */
static inline int raw_want(int s, uint16_t type, uint32_t flow, int fd,
			   const struct wire_require *want, uint32_t *reason)
{
	uint32_t why;
	int err;

	do {
		CHECK(send_want(s, type, flow, fd, want));
		err = take_reply(s, &why, NULL);
	} while (err == -EAGAIN);
	if (reason)
		*reason = why;
	return err;
}

static inline int raw_latch(int s, uint16_t type, uint32_t flow, int fd, uint32_t *reason)
{
	const struct wire_require want = want_latch();

	return raw_want(s, type, flow, fd, &want, reason);
}

/* What a new session is told of a socket. A flow ends when it is found to be another one. */
static inline struct ipsecapi_report report_on(int fd)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_report r;
	struct ipsecapi_flow *flow;
	int err;

	do {
		CHECK(!ipsecapi_flow_open(ctx, fd, &flow));
		err = ipsecapi_report(flow, &r, sizeof(r));
		ipsecapi_flow_close(flow);
	} while (err == -ESTALE);
	CHECK(!err);
	ipsecapi_close(ctx);
	return r;
}

/* Require for a socket; the session ends. */
static inline int latch_once(int fd, const struct wire_require *want)
{
	int raw = raw_hello(), err;

	err = raw_want(raw, WIRE_REQUIRE, raw_open(raw, fd), fd, want, NULL);
	close(raw);
	return err;
}

/* --- the test program --------------------------------------------------------------------- */

static inline bool write_text(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Loopback is as other devices: what goes to an address of our own is protected, too. */
static inline int set_up_latching(void **state)
{
	int err = set_up(state);

	if (err)
		return err;
	if (!write_text("/proc/sys/net/ipv4/conf/lo/disable_xfrm", "0") ||
	    !write_text("/proc/sys/net/ipv4/conf/lo/disable_policy", "0"))
		return -1;
	ask_protection();
	return 0;
}

#define RUN_WITH_LATCHES(tests) RUN_AFTER(set_up_latching, tests)

#endif
