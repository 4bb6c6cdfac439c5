// SPDX-License-Identifier: GPL-2.0-or-later
/* Does the broker notice which sockets live and which are gone, whatever it missed? */
#include <net/if.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include "../ipsecapid/sockdiag.h"
#include "broker.h"

static int bound_to_device(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "10.0.0.7", &to.sin_addr);
	CHECK(!setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "tun0", 5));
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	return s;
}

/* -1: this host has no IPv6. */
static int link_local(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(7),
				   .sin6_scope_id = if_nametoindex("tun0") };
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET6, "fe80::7", &to.sin6_addr);
	if (s >= 0 && connect(s, (struct sockaddr *)&to, sizeof(to))) {
		close(s);
		return -1;
	}
	return s;
}

/* A twin of @s: the same addresses and ports. */
static int twin(int s)
{
	struct sockaddr_in own, peer;
	socklen_t len = sizeof(own);
	int on = 1, t = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(!getsockname(s, (struct sockaddr *)&own, &len));
	CHECK(!getpeername(s, (struct sockaddr *)&peer, &len));
	CHECK(!setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	CHECK(!setsockopt(t, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	CHECK(!bind(t, (struct sockaddr *)&own, len));
	CHECK(!connect(t, (struct sockaddr *)&peer, len));
	return t;
}

/*
 * The broker looks at what it is told in order, and a socket that is gone is told at once or
 * with the next look at all of them: when that has told of the last one, it has looked at the
 * others as well.
 */
static void sockets_that_are_hard_to_find(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow, *last;
	int fds[4] = { bound_to_device(), link_local(), udp_to("10.0.0.7", 7) }, i;
	struct ipsecapi_report rep;
	struct ipsecapi_event ev;
	int s = udp_to("10.0.0.7", 9);

	fds[3] = twin(fds[2]);
	for (i = 0; i < 4; i++)
		CHECK(fds[i] < 0 || !ipsecapi_flow_open(ctx, fds[i], &flow));
	CHECK(!ipsecapi_flow_open(ctx, s, &last));
	close(s);
	ev = wait_event(ctx);
	CHECK(ev.type == IPSECAPI_EVENT_CLOSED && ev.flow == last);
	CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
	ipsecapi_close(ctx);
}

static void connected_elsewhere(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *before, *after;
	int s = udp_to("10.0.0.7", 7);
	struct ipsecapi_status st;
	struct ipsecapi_event ev;

	CHECK(!ipsecapi_flow_open(ctx, s, &before));
	inet_pton(AF_INET, "10.0.0.8", &to.sin_addr);
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	CHECK(!ipsecapi_flow_open(ctx, s, &after));
	ev = wait_event(ctx);
	CHECK(ev.type == IPSECAPI_EVENT_CLOSED && ev.flow == before);
	CHECK(ev.reason == IPSECAPI_REASON_SOCKET_CHANGED);
	CHECK(!ipsecapi_status(after, &st, sizeof(st)));
	CHECK(st.latch == IPSECAPI_LATCH_OBSERVED);
	ipsecapi_close(ctx);
}

/* Messages that the kernel could not give to the broker's socket of destroyed sockets. */
static unsigned long lost_messages(void)
{
	unsigned int protocol, groups;
	unsigned long drops, sum = 0;
	FILE *f = fopen("/proc/net/netlink", "r");
	char line[256];

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %u %*u %x %*u %*u %*u %*u %lu", &protocol, &groups,
			   &drops) == 3 && protocol == 4 && groups)
			sum += drops;
	fclose(f);
	return sum;
}

/* Close @s and wait until the kernel has told everybody who can still hear it. */
static void close_and_hear(int s)
{
	struct {
		struct nlmsghdr nlh;
		struct inet_diag_msg m;
	} got;
	int l = sockdiag_listen(), room = 1 << 24;
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie;

	CHECK(l >= 0 && !setsockopt(l, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
	CHECK(!getsockopt(s, SOL_SOCKET, SO_COOKIE, &cookie, &len));
	close(s);
	do {
		CHECK(recv(l, &got, sizeof(got), 0) == sizeof(got));
	} while (sockdiag_cookie(&got.m) != cookie);
	close(l);
}

static void t_lost_messages_are_made_up_for(void **state)
{
	int s = udp_to("10.0.0.7", 7);
	struct ipsecapi_flow *flow;
	struct ipsecapi_event ev;
	struct ipsecapi *ctx;
	unsigned long before;
	pid_t applier;

	(void)state;
	/* a new one: there is no other reason for which it might look */
	kill_broker();
	assert_int_equal(start_broker(), 0);
	applier = broker_process("ipsecapi-apply");
	before = lost_messages();
	ctx = open_ctx();
	assert_int_equal(ipsecapi_flow_open(ctx, s, &flow), 0);
	wait_state(applier, 'S');
	stop_process(applier);
	while (lost_messages() == before)
		close(udp_to("10.0.0.7", 7));
	close_and_hear(s);
	continue_process(applier);
	ev = wait_event(ctx);
	assert_int_equal(ev.type, IPSECAPI_EVENT_CLOSED);
	assert_ptr_equal(ev.flow, flow);
	ipsecapi_close(ctx);
}

/* More flows at once than the channel to the applier holds. */
static void t_many_flows_are_all_followed(void **state)
{
	pid_t applier = broker_process("ipsecapi-apply");
	struct ipsecapi *ctx[4];
	int s = udp_to("10.0.0.7", 7), t = udp_to("10.0.0.7", 7), i;
	struct ipsecapi_flow *flow;
	struct ipsecapi_event ev;

	(void)state;
	for (i = 0; i < 4; i++)
		ctx[i] = open_ctx();
	stop_process(applier);
	for (i = 0; i < 1000; i++)
		assert_int_equal(ipsecapi_flow_open(ctx[i / 256], s, &flow), 0);
	assert_int_equal(ipsecapi_flow_open(ctx[3], t, &flow), 0);
	continue_process(applier);
	close(t);
	ev = wait_event(ctx[3]);
	assert_int_equal(ev.type, IPSECAPI_EVENT_CLOSED);
	assert_ptr_equal(ev.flow, flow);
	for (i = 0; i < 4; i++)
		ipsecapi_close(ctx[i]);
	close(s);
}

USER_TEST(sockets_that_are_hard_to_find)
USER_TEST(connected_elsewhere)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_sockets_that_are_hard_to_find),
	cmocka_unit_test(t_connected_elsewhere),
	cmocka_unit_test(t_lost_messages_are_made_up_for),
	cmocka_unit_test(t_many_flows_are_all_followed),
};

RUN_WITH_BROKER(tests)
