// SPDX-License-Identifier: GPL-2.0-or-later
/* The library against the real broker, as an unprivileged user. */
#include <dirent.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include "broker.h"

static void questions(void)
{
	struct ipsecapi_interface ifc;
	struct ipsecapi_class cls;
	struct ipsecapi_rule rule;
	struct ipsecapi_host host;
	struct ipsecapi_caps caps;
	struct ipsecapi *ctx = NULL;
	uint32_t i;

	CHECK(ipsecapi_open(path, 1, &ctx) == -EINVAL);
	CHECK(ipsecapi_open("/nonexistent", 0, &ctx) == -ENOLINK);
	ctx = open_ctx();
	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	CHECK(caps.classes == 3 && caps.interfaces >= 2 && caps.latching <= 1 && caps.lease);
	/* what stands still must be unknown within a second */
	CHECK(caps.lease <= 1000000000ull);
	for (i = 0; i < caps.classes; i++)
		CHECK(!ipsecapi_class(ctx, i, &cls, sizeof(cls)));
	CHECK(ipsecapi_class(ctx, i, &cls, sizeof(cls)) == -ENOENT);
	CHECK(ipsecapi_last_reason(ctx) == IPSECAPI_REASON_NO_SUCH_ENTRY);
	for (i = 0; i < caps.interfaces; i++)
		CHECK(!ipsecapi_interface(ctx, i, &ifc, sizeof(ifc)));
	CHECK(ipsecapi_interface(ctx, i, &ifc, sizeof(ifc)) == -ENOENT);
	CHECK(!ipsecapi_host(ctx, &host, sizeof(host)));
	CHECK(!host.rules_visible && ipsecapi_last_reason(ctx) == IPSECAPI_REASON_NONE);
	CHECK(ipsecapi_rule(ctx, 0, &rule, sizeof(rule)) == -EACCES);
	CHECK(ipsecapi_get_timeout(ctx) == -1);
	ipsecapi_close(ctx);
	ipsecapi_close(NULL);
}

static void observe(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_report rep;
	struct ipsecapi_status st;
	struct ipsecapi_flow *flow;
	struct ipsecapi_why why;
	int s = udp_to("10.0.0.7", 7);

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
	CHECK(rep.dir[IPSECAPI_OUT].protection == IPSECAPI_PROTECTION_NONE);
	CHECK(rep.dir[IPSECAPI_IN].reason == IPSECAPI_REASON_NO_POLICY);
	CHECK(rep.tuple.peer_port == htons(7) && rep.tuple.peer[3] == 7 && rep.read_at);
	CHECK(rep.latch == IPSECAPI_LATCH_OBSERVED && rep.lease);
	CHECK(rep.identity_scope == IPSECAPI_IDENTITY_NOT_AVAILABLE);
	CHECK(!ipsecapi_status(flow, &st, sizeof(st)));
	CHECK(!memcmp(st.dir, rep.dir, sizeof(st.dir)) && st.lease && st.lease < 3000000000ull);
	CHECK(!memcmp(&st.tuple, &rep.tuple, sizeof(st.tuple)));
	CHECK(!ipsecapi_why(flow, 0, &why, sizeof(why)));
	CHECK(why.reason == IPSECAPI_REASON_NO_POLICY && why.current && why.count == 1);
	CHECK(why.layer == IPSECAPI_LAYER_POLICY && why.first && why.last >= why.first);
	CHECK(!ipsecapi_why(flow, 1, &why, sizeof(why)));
	CHECK(ipsecapi_why(flow, 2, &why, sizeof(why)) == -ENOENT);
	ipsecapi_flow_close(flow);
	ipsecapi_close(ctx);
	close(s);
}

/* A program that was compiled against an older or newer header. */
static void sizes(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct {
		struct ipsecapi_report rep;
		uint8_t newer[32];
	} big;
	uint8_t small[60];
	int s = udp_to("10.0.0.7", 7), i;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	memset(small, 0xee, sizeof(small));
	CHECK(!ipsecapi_report(flow, (struct ipsecapi_report *)small, 56));
	for (i = 56; i < 60; i++)
		CHECK(small[i] == 0xee);
	memset(&big, 0xee, sizeof(big));
	CHECK(!ipsecapi_report(flow, &big.rep, sizeof(big)));
	for (i = 0; i < 32; i++)
		CHECK(!big.newer[i]);
	CHECK(ipsecapi_report(flow, NULL, 8) == -EINVAL);
	CHECK(ipsecapi_report(flow, &big.rep, 0) == -EINVAL);
	ipsecapi_close(ctx);
}

/* It is written in place, unlike the others. */
static void sizes_of_status(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_status st;
	struct ipsecapi_flow *flow;
	struct {
		struct ipsecapi_status st;
		uint8_t newer[32];
	} big;
	uint8_t small[60];
	int s = udp_to("10.0.0.7", 7), i;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	CHECK(!ipsecapi_status(flow, &st, sizeof(st)));
	memset(small, 0xee, sizeof(small));
	CHECK(!ipsecapi_status(flow, (struct ipsecapi_status *)small, 56));
	CHECK(!memcmp(small, &st, 56));
	for (i = 56; i < 60; i++)
		CHECK(small[i] == 0xee);
	memset(&big, 0xee, sizeof(big));
	CHECK(!ipsecapi_status(flow, &big.st, sizeof(big)));
	CHECK(!memcmp(big.st.dir, st.dir, sizeof(st.dir)) && !memcmp(&big.st.tuple, &st.tuple, sizeof(st.tuple)));
	for (i = 0; i < 32; i++)
		CHECK(!big.newer[i]);
	ipsecapi_close(ctx);
}

static void forked(void)
{
	struct ipsecapi *ctx = open_ctx(), *other;
	struct ipsecapi_status st;
	struct ipsecapi_report rep;
	struct ipsecapi_event ev;
	struct ipsecapi_caps caps;
	struct ipsecapi_flow *flow;
	int s = udp_to("10.0.0.7", 7), status;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	if (!fork()) {
		CHECK(ipsecapi_status(flow, &st, sizeof(st)) == -ECHILD);
		CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ECHILD);
		CHECK(ipsecapi_next_event(ctx, &ev, sizeof(ev)) == -ECHILD);
		CHECK(ipsecapi_caps(ctx, &caps, sizeof(caps)) == -ECHILD);
		CHECK(ipsecapi_get_fd(ctx) == -ECHILD);
		CHECK(ipsecapi_flow_open(ctx, s, &flow) == -ECHILD);
		ipsecapi_flow_close(flow);
		ipsecapi_close(ctx);
		CHECK(!ipsecapi_open(path, 0, &other));
		ipsecapi_close(other);
		_exit(0);
	}
	CHECK(wait(&status) > 0 && !status);
	CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
	ipsecapi_close(ctx);
}

static void no_system_call(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct ipsecapi_status st;
	int s = udp_to("10.0.0.7", 7), i, bad = 0;
	scmp_filter_ctx filter;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	/* not the strict mode, which forbids reading the time stamp counter as well */
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	CHECK(!seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(exit), 0));
	CHECK(!seccomp_load(filter));
	for (i = 0; i < 1000; i++)
		bad |= ipsecapi_status(flow, &st, sizeof(st));
	bad |= st.dir[0].protection != IPSECAPI_PROTECTION_NONE;
	syscall(SYS_exit, bad);
}

static void kinds_of_sockets(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	int fd, pair[2];

	CHECK(ipsecapi_flow_open(ctx, -1, &flow) == -EBADF);
	CHECK(ipsecapi_flow_open(ctx, 999, &flow) == -EBADF);
	expect_refusal(ctx, open("/dev/null", O_RDONLY), -ENOTSOCK, IPSECAPI_REASON_NOT_A_SOCKET);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	close(pair[1]);
	expect_refusal(ctx, pair[0], -EAFNOSUPPORT, IPSECAPI_REASON_NOT_INET);
	expect_refusal(ctx, socket(AF_INET, SOCK_DGRAM, 0), -ENOTCONN,
		       IPSECAPI_REASON_NOT_CONNECTED);
	/* one that listens, or is yet to be connected, may be latched */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!ipsecapi_flow_open(ctx, fd, &flow));
	CHECK(!listen(fd, 1));
	CHECK(!ipsecapi_flow_open(ctx, fd, &flow));
	close(fd);
	ipsecapi_close(ctx);
}

/* A kind of socket that is refused, and that not every host has. */
#define OTHER_KIND(name, type, protocol, reason) \
	static void name##_socket(void) \
	{ \
		struct ipsecapi *ctx = open_ctx(); \
		int fd = socket(AF_INET, type, protocol); \
\
		CHECK(fd >= 0); \
		expect_refusal(ctx, fd, -EPROTONOSUPPORT, reason); \
		ipsecapi_close(ctx); \
	} \
	static void t_##name##_socket(void **state) \
	{ \
		int fd = socket(AF_INET, type, protocol); \
\
		(void)state; \
		if (fd < 0) { \
			print_message("# skip: this host has no " #name " sockets: %s\n", strerror(errno)); \
			skip(); \
		} \
		close(fd); \
		as_user(USER, name##_socket); \
	}

OTHER_KIND(mptcp, SOCK_STREAM, 262, IPSECAPI_REASON_MPTCP)
OTHER_KIND(ping, SOCK_DGRAM, IPPROTO_ICMP, IPSECAPI_REASON_PING_SOCKET)
OTHER_KIND(sctp, SOCK_STREAM, IPPROTO_SCTP, IPSECAPI_REASON_SCTP)

static void mapped_addresses(void)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_report rep;
	struct ipsecapi_flow *flow;
	int s = socket(AF_INET6, SOCK_DGRAM, 0);

	inet_pton(AF_INET6, "::ffff:10.0.0.7", &to.sin6_addr);
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	CHECK(!ipsecapi_report(flow, &rep, sizeof(rep)));
	CHECK(rep.tuple.family == AF_INET && rep.tuple.peer[0] == 10 && rep.tuple.peer[3] == 7);
	ipsecapi_close(ctx);
}

static void sockets_that_change(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct ipsecapi_report rep;
	struct ipsecapi_status st;
	struct ipsecapi_event ev;
	int s = udp_to("10.0.0.7", 7), lo = htonl(1), tos = 0x48;

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	inet_pton(AF_INET, "10.0.0.8", &to.sin_addr);
	CHECK(!connect(s, (struct sockaddr *)&to, sizeof(to)));
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	CHECK(ipsecapi_last_reason(ctx) == IPSECAPI_REASON_SOCKET_CHANGED);
	ipsecapi_flow_close(flow);

	/* what it sends goes by another interface now, or by another table of routes */
	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	CHECK(!setsockopt(s, IPPROTO_IP, IP_UNICAST_IF, &lo, sizeof(lo)));
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	CHECK(ipsecapi_last_reason(ctx) == IPSECAPI_REASON_SOCKET_CHANGED);
	ipsecapi_flow_close(flow);
	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	CHECK(!setsockopt(s, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	ipsecapi_flow_close(flow);

	/* neither side keeps a duplicate: our close() is the last, and is noticed */
	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	close(s);
	ev = wait_event(ctx);
	CHECK(ev.type == IPSECAPI_EVENT_CLOSED && ev.flow == flow);
	CHECK(!ipsecapi_status(flow, &st, sizeof(st)));
	CHECK(st.latch == IPSECAPI_LATCH_CLOSED && !st.dir[0].protection);
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	/* the number may be another socket's now */
	CHECK(udp_to("10.0.0.7", 7) == s);
	CHECK(ipsecapi_report(flow, &rep, sizeof(rep)) == -ESTALE);
	ipsecapi_close(ctx);
}

static void limits(void)
{
	struct ipsecapi *ctx[17];
	struct ipsecapi_flow *flow;
	int i, s = udp_to("10.0.0.7", 7);

	for (i = 0; i < 16; i++)
		ctx[i] = open_ctx();
	CHECK(ipsecapi_open(path, 0, &ctx[16]) == -EDQUOT);
	for (i = 0; i < 256; i++)
		CHECK(!ipsecapi_flow_open(ctx[0], s, &flow));
	CHECK(ipsecapi_flow_open(ctx[0], s, &flow) == -EDQUOT);
	CHECK(ipsecapi_last_reason(ctx[0]) == IPSECAPI_REASON_FLOW_LIMIT_SESSION);
	for (i = 256; i < 1024; i++)
		CHECK(!ipsecapi_flow_open(ctx[i / 256], s, &flow));
	CHECK(ipsecapi_flow_open(ctx[5], s, &flow) == -EDQUOT);
	CHECK(ipsecapi_last_reason(ctx[5]) == IPSECAPI_REASON_FLOW_LIMIT_USER);
	for (i = 0; i < 16; i++)
		ipsecapi_close(ctx[i]);
}

/* --- tests -------------------------------------------------------------------------------- */

USER_TEST(questions)
USER_TEST(observe)
USER_TEST(sizes)
USER_TEST(sizes_of_status)
USER_TEST(forked)
USER_TEST(kinds_of_sockets)
USER_TEST(mapped_addresses)
USER_TEST(sockets_that_change)
USER_TEST(limits)

static void t_status_makes_no_system_call(void **state)
{
	char source[32] = "";
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");

	(void)state;
	if (f && !fgets(source, sizeof(source), f))
		source[0] = 0;
	if (f)
		fclose(f);
	/* other clock sources need a system call by themselves */
	if (strncmp(source, "tsc", 3) && strncmp(source, "kvm-clock", 9)) {
		print_message("# skip: the clock source needs system calls: %s", source);
		skip();
	}
	as_user(USER, no_system_call);
}

static void t_the_broker_may_be_restarted(void **state)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct ipsecapi_report rep;
	struct ipsecapi_status st;
	int s = udp_to("10.0.0.7", 7);

	(void)state;
	assert_int_equal(ipsecapi_flow_open(ctx, s, &flow), 0);
	kill_broker();
	assert_int_equal(wait_event(ctx).type, IPSECAPI_EVENT_BROKER_LOST);
	assert_int_equal(ipsecapi_status(flow, &st, sizeof(st)), 0);
	assert_int_equal(st.dir[0].reason, IPSECAPI_REASON_BROKER_LOST);
	assert_int_equal(st.dir[0].protection, IPSECAPI_PROTECTION_UNKNOWN);
	assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), -ENOLINK);
	assert_int_equal(ipsecapi_last_reason(ctx), IPSECAPI_REASON_BROKER_LOST);
	assert_true(ipsecapi_get_timeout(ctx) >= 0);
	assert_int_equal(start_broker(), 0);
	/* the same handle, without a word of ours */
	assert_int_equal(ipsecapi_report(flow, &rep, sizeof(rep)), 0);
	assert_int_equal(rep.dir[0].protection, IPSECAPI_PROTECTION_NONE);
	assert_int_equal(wait_event(ctx).type, IPSECAPI_EVENT_BROKER_BACK);
	ipsecapi_close(ctx);
	close(s);
}

static bool holds(const char *pid, unsigned long inode)
{
	char where[300], wanted[64], target[64];
	struct dirent *e;
	bool found = false;
	ssize_t len;
	DIR *fds;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(where, sizeof(where), "/proc/%s/fd", pid);
	fds = opendir(where);
	while (fds && !found && (e = readdir(fds))) {
		len = readlinkat(dirfd(fds), e->d_name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = 0;
		found = !strcmp(target, wanted);
	}
	if (fds)
		closedir(fds);
	return found;
}

static bool is_scrubber(const char *pid)
{
	char where[300], name[32] = "";
	int parent = 0;
	FILE *f;

	snprintf(where, sizeof(where), "/proc/%s/stat", pid);
	f = fopen(where, "r");
	if (f && fscanf(f, "%*d (%31[^)]) %*c %d", name, &parent) != 2)
		parent = 0;
	if (f)
		fclose(f);
	return parent == broker_pid && !strcmp(name, "ipsecapi-scrub");
}

/* Each process of the machine that has a descriptor of the socket is the scrubber. How many are there? */
static int holders_are_scrubber(unsigned long inode)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	int holders = 0;

	assert_non_null(proc);
	while ((e = readdir(proc))) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9' || !holds(e->d_name, inode))
			continue;
		if (!is_scrubber(e->d_name))
			print_message("# process %s holds the socket with inode %lu\n", e->d_name, inode);
		assert_true(is_scrubber(e->d_name));
		holders++;
	}
	closedir(proc);
	return holders;
}

static void t_only_the_scrubber_holds_a_key_bearing_socket(void **state)
{
	FILE *f = fopen("/proc/net/netlink", "r");
	int xfrm_sockets = 0, holders;
	unsigned long inode;
	char line[256];

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned int protocol, port;

		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol, &port, &inode) != 3 ||
		    protocol != NETLINK_XFRM)
			continue;
		holders = holders_are_scrubber(inode);
		/* the kernel's own has no port, and no process has it */
		assert_int_equal(holders, port ? 1 : holders);
		xfrm_sockets += holders;
	}
	fclose(f);
	/* one to ask and one to listen */
	assert_int_equal(xfrm_sockets, 2);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_questions),
	cmocka_unit_test(t_observe),
	cmocka_unit_test(t_sizes),
	cmocka_unit_test(t_sizes_of_status),
	cmocka_unit_test(t_forked),
	cmocka_unit_test(t_status_makes_no_system_call),
	cmocka_unit_test(t_kinds_of_sockets),
	cmocka_unit_test(t_mptcp_socket),
	cmocka_unit_test(t_ping_socket),
	cmocka_unit_test(t_sctp_socket),
	cmocka_unit_test(t_mapped_addresses),
	cmocka_unit_test(t_sockets_that_change),
	cmocka_unit_test(t_limits),
	cmocka_unit_test(t_only_the_scrubber_holds_a_key_bearing_socket),
	cmocka_unit_test(t_the_broker_may_be_restarted),
};

RUN_WITH_BROKER(tests)
