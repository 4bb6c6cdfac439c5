// SPDX-License-Identifier: GPL-2.0-or-later
/* The broker against clients that mean harm. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <linux/netlink.h>

#include "../libipsecapi/wire/slot.h"
#include "broker.h"

static void expect(uint32_t reason, uint16_t type, uint16_t version, uint16_t attr)
{
	uint8_t buf[128];
	int s = raw_hello();

	raw_send(s, buf, message(buf, type, version, attr), NULL, 0);
	CHECK(reply(s, NULL, NULL) == reason);
	/* a refused request does not end the session */
	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NONE);
	close(s);
}

static void broken_messages(void)
{
	static uint8_t junk[WIRE_MAX_MESSAGE + 100];
	uint8_t buf[128];
	int s = raw_connect(), status;

	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NO_HELLO);
	raw_send(s, junk, 5, NULL, 0);
	CHECK(reply(s, &status, NULL) == IPSECAPI_REASON_MALFORMED && status == -EBADMSG);
	raw_send(s, junk, sizeof(junk), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_MALFORMED);
	raw_send(s, buf, message(buf, WIRE_HELLO, 77, 0), NULL, 0);
	CHECK(reply(s, &status, NULL) == IPSECAPI_REASON_VERSION && status == -EPROTONOSUPPORT);
	close(s);

	expect(IPSECAPI_REASON_UNKNOWN_REQUEST, 999, 1, 0);
	expect(IPSECAPI_REASON_UNKNOWN_REQUEST, 0, 1, 0);
	expect(IPSECAPI_REASON_UNKNOWN_ATTRIBUTE, WIRE_CAPS, 1, 77);
	expect(IPSECAPI_REASON_NONE, WIRE_CAPS, 1, 77 | WIRE_ATTR_OPTIONAL);
	expect(IPSECAPI_REASON_MALFORMED, WIRE_CAPS, 5, 0);
	expect(IPSECAPI_REASON_MALFORMED, WIRE_HELLO, 0, 0);	/* twice */
	expect(IPSECAPI_REASON_MALFORMED, WIRE_REPORT, 1, 0);	/* which flow? */
	expect(IPSECAPI_REASON_NO_SUCH_FLOW, WIRE_REPORT, 1, WIRE_ATTR_FLOW);
	expect(IPSECAPI_REASON_NO_DESCRIPTOR, WIRE_FLOW_OPEN, 1, 0);
}

static void too_many_descriptors(void)
{
	uint8_t buf[128];
	int fds[253], i, s = raw_hello();

	for (i = 0; i < 253; i++)
		fds[i] = s;
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), fds, 253);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), fds, 2);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), fds, 1);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	/* the session's own socket */
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &s, 1);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NOT_INET);
	close(s);
}

/* One descriptor, which is closed here; what the broker says, and that it goes on. */
static void show(int fd, uint32_t reason)
{
	struct ipsecapi_caps caps;
	struct ipsecapi *ctx;
	uint8_t buf[128];
	int s = raw_hello();

	CHECK(fd >= 0);
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &fd, 1);
	CHECK(reply(s, NULL, NULL) == reason);
	ctx = open_ctx();
	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	ipsecapi_close(ctx);
	raw_send(s, buf, message(buf, WIRE_CAPS, 1, 0), NULL, 0);
	CHECK(reply(s, NULL, NULL) == IPSECAPI_REASON_NONE);
	close(s);
	close(fd);
}

/* A connection over loopback, one end in each element. */
static void tcp_pair(int pair[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int l = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(addr);

	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(!bind(l, (struct sockaddr *)&addr, sizeof(addr)) && !listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)&addr, &len));
	CHECK(!connect(pair[0], (struct sockaddr *)&addr, sizeof(addr)));
	pair[1] = accept(l, NULL, NULL);
	CHECK(pair[1] >= 0);
	close(l);
}

/* A socket whose other end was closed: politely, or by a reset. */
static int left_alone(bool reset)
{
	struct linger linger = { .l_onoff = 1 };
	struct pollfd pfd = { .events = POLLIN };
	int pair[2];

	tcp_pair(pair);
	if (reset)
		CHECK(!setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	close(pair[1]);
	pfd.fd = pair[0];
	CHECK(poll(&pfd, 1, 5000) == 1);
	return pair[0];
}

/* A socket in whose queue descriptors lie, its own other end among them. */
static int laden(void)
{
	int pair[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	raw_send(pair[1], "x", 1, pair, 2);
	close(pair[1]);
	return pair[0];
}

static void strange_descriptors(void)
{
	int ends[2];

	CHECK(!pipe(ends));
	show(ends[0], IPSECAPI_REASON_NOT_A_SOCKET);
	show(ends[1], IPSECAPI_REASON_NOT_A_SOCKET);
	show(epoll_create1(0), IPSECAPI_REASON_NOT_A_SOCKET);
	show(eventfd(0, 0), IPSECAPI_REASON_NOT_A_SOCKET);
	show(timerfd_create(CLOCK_MONOTONIC, 0), IPSECAPI_REASON_NOT_A_SOCKET);
	show(memfd_create("x", 0), IPSECAPI_REASON_NOT_A_SOCKET);
	show(open("/", O_RDONLY | O_DIRECTORY), IPSECAPI_REASON_NOT_A_SOCKET);
	show(open("/dev/ptmx", O_RDWR | O_NOCTTY), IPSECAPI_REASON_NOT_A_SOCKET);
	show(open("/", O_PATH), IPSECAPI_REASON_NOT_A_SOCKET);
	show(open(path, O_PATH), IPSECAPI_REASON_NOT_A_SOCKET);
	show(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), IPSECAPI_REASON_NOT_INET);
	show(laden(), IPSECAPI_REASON_NOT_INET);
	show(left_alone(false), IPSECAPI_REASON_NONE);
	/* it may be connected again */
	show(left_alone(true), IPSECAPI_REASON_NONE);
}

static void somebody_elses_flow(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	uint8_t buf[128];
	int s = udp_to("10.0.0.7", 7), raw = raw_hello();

	CHECK(!ipsecapi_flow_open(ctx, s, &flow));
	/* handles are per session: the same number means nothing in another one */
	raw_send(raw, buf, message(buf, WIRE_REPORT, 1, WIRE_ATTR_FLOW), NULL, 0);
	CHECK(reply(raw, NULL, NULL) == IPSECAPI_REASON_NO_SUCH_FLOW);
	close(raw);
	ipsecapi_close(ctx);
}

static void the_page_cannot_be_written(void)
{
	uint8_t buf[128];
	char proc[64];
	int s = raw_connect(), fd, again;
	struct stat st;
	void *p;

	raw_send(s, buf, message(buf, WIRE_HELLO, 0, 0), NULL, 0);
	reply(s, NULL, &fd);
	CHECK(fd >= 0 && !fstat(fd, &st));
	CHECK((fcntl(fd, F_GET_SEALS) & (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
					 F_SEAL_FUTURE_WRITE)) ==
	      (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE));
	CHECK(mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(write(fd, "x", 1) < 0 && ftruncate(fd, 0) && ftruncate(fd, st.st_size * 2));
	p = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && mprotect(p, st.st_size, PROT_READ | PROT_WRITE));
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	again = open(proc, O_RDWR);
	if (again >= 0)
		CHECK(write(again, "x", 1) < 0 &&
		      mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0) ==
		      MAP_FAILED);
	close(s);
}

/* A connected socket whose last close takes longer than a worker may. */
static int lingering(void)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 4 };
	static uint8_t data[1 << 16];
	int pair[2];

	tcp_pair(pair);
	CHECK(!setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	while (send(pair[0], data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	return pair[0];
}

/*
 * Ours must not be the last close, so the broker gets enough to do before it comes to the socket.
 * Then the worker holds the last reference and is lost, and nobody else notices. Returns false
 * when the worker was faster all the same, and had nothing to wait for.
 */
static bool linger_once(void)
{
	struct ipsecapi_caps caps;
	struct ipsecapi *ctx;
	uint8_t buf[4096];
	int s = raw_hello(), c = lingering(), i;
	bool lost;

	for (i = 0; i < 50; i++)
		raw_send(s, buf, message(buf, WIRE_HOST, 1, 0), NULL, 0);
	raw_send(s, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &c, 1);
	close(c);
	for (i = 0; i < 50; i++)
		reply(s, NULL, NULL);
	ctx = open_ctx();
	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	ipsecapi_close(ctx);
	lost = recv(s, buf, sizeof(buf), 0) <= 0;
	close(s);
	return lost;
}

static void a_lingering_socket(void)
{
	int tries = 0;

	while (!linger_once())
		CHECK(++tries < 10);
}

static void flood(void)
{
	uint8_t buf[128];
	int i, s = raw_hello(), n = message(buf, WIRE_HOST, 1, 0);
	struct ipsecapi *ctx;
	struct ipsecapi_caps caps;

	/* a client that asks and never reads blocks nobody but itself */
	for (i = 0; i < 100000 && send(s, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL) == n; i++)
		;
	ctx = open_ctx();
	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	ipsecapi_close(ctx);
	close(s);
}

/* In a crowd it may take more than one attempt until our turn comes. */
static void is_served(void)
{
	struct ipsecapi *ctx = NULL;
	struct ipsecapi_caps caps;
	int err = -ENOLINK, tries;

	for (tries = 0; tries < 10 && err == -ENOLINK; tries++)
		err = ipsecapi_open(path, 0, &ctx);
	CHECK(!err);
	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	ipsecapi_close(ctx);
}

static void has_no_mapping(void)
{
	struct ipsecapi *ctx;

	CHECK(ipsecapi_open(path, 0, &ctx) == -EACCES);
}

static int inherited;

static void foreign_socket(void)
{
	struct ipsecapi *ctx = open_ctx();

	expect_refusal(ctx, inherited, -EACCES, IPSECAPI_REASON_NOT_PERMITTED);
	ipsecapi_close(ctx);
}

static void other_namespace(void)
{
	struct ipsecapi *ctx = open_ctx();

	expect_refusal(ctx, inherited, -EREMOTE, IPSECAPI_REASON_FOREIGN_NAMESPACE);
	ipsecapi_close(ctx);
}

static int socket_elsewhere(void)
{
	int pair[2], status, fd = -1;
	uint8_t buf[128];
	pid_t pid;

	assert_false(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	pid = fork();
	if (!pid) {
		int s;

		CHECK(netns_enter() >= 0);
		s = udp_to("10.0.0.7", 7);
		message(buf, WIRE_CAPS, 1, 0);
		raw_send(pair[1], buf, message(buf, WIRE_CAPS, 1, 0), &s, 1);
		_exit(0);
	}
	reply(pair[0], NULL, &fd);
	waitpid(pid, &status, 0);
	assert_true(fd >= 0);
	close(pair[0]);
	close(pair[1]);
	return fd;
}

/* --- tests -------------------------------------------------------------------------------- */

USER_TEST(broken_messages)
USER_TEST(too_many_descriptors)
USER_TEST(strange_descriptors)
USER_TEST(somebody_elses_flow)
USER_TEST(the_page_cannot_be_written)
USER_TEST(a_lingering_socket)
USER_TEST(flood)

static void t_the_overflow_user_owns_nothing(void **state)
{
	(void)state;
	as_user(65534, has_no_mapping);
}

static void t_a_descriptor_is_not_ownership(void **state)
{
	(void)state;
	inherited = udp_to("10.0.0.7", 7);
	as_user(USER, foreign_socket);
	close(inherited);
}

static void t_a_foreign_namespace_is_refused(void **state)
{
	(void)state;
	inherited = socket_elsewhere();
	as_user(0, other_namespace);
	close(inherited);
}

/* More connections than the broker takes in all; those over the user's share are closed. */
static void say_nothing(int done)
{
	char byte;
	int i, s = -1;

	for (i = 0; i < 300; i++)
		s = raw_connect();
	CHECK(!recv(s, &byte, 1, 0));
	CHECK(write(done, "", 1) == 1);
	pause();
}

static void t_who_says_nothing_keeps_nobody_out(void **state)
{
	struct ipsecapi *ctx;
	int done[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_false(pipe(done));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		CHECK(!setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
		close(done[0]);
		say_nothing(done[1]);
	}
	close(done[1]);
	assert_int_equal(read(done[0], &byte, 1), 1);
	assert_int_equal(ipsecapi_open(path, 0, &ctx), 0);
	ipsecapi_close(ctx);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(done[0]);
}

#define FIRST_USER 2000

/* So many users, each with so many connections. Returns when they have them; they stay. */
static void crowd(pid_t *pids, int users, int connections, void (*connect_one)(void))
{
	int done[2], i, k;
	char byte;

	assert_false(pipe(done));
	fflush(stdout);
	for (i = 0; i < users; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		CHECK(!setresgid(FIRST_USER + i, FIRST_USER + i, FIRST_USER + i) &&
		      !setresuid(FIRST_USER + i, FIRST_USER + i, FIRST_USER + i));
		for (k = 0; k < connections; k++)
			connect_one();
		CHECK(write(done[1], "", 1) == 1);
		pause();
	}
	close(done[1]);
	for (i = 0; i < users; i++)
		assert_int_equal(read(done[0], &byte, 1), 1);
	close(done[0]);
}

static void disperse(const pid_t *pids, int users)
{
	int i;

	for (i = 0; i < users; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

static void connect_silently(void)
{
	raw_connect();
}

static void connect_well(void)
{
	open_ctx();
}

static void is_refused(void)
{
	struct ipsecapi *ctx;

	CHECK(ipsecapi_open(path, 0, &ctx) == -EUSERS);
}

static void t_silent_users_keep_nobody_out(void **state)
{
	pid_t pids[9];

	(void)state;
	crowd(pids, 9, 32, connect_silently);
	as_user(0, is_served);
	as_user(USER, is_served);
	disperse(pids, 9);
}

static void t_all_users_together_leave_room_for_root(void **state)
{
	pid_t pids[15];

	(void)state;
	crowd(pids, 15, 16, connect_well);
	as_user(USER, is_refused);
	as_user(0, is_served);
	disperse(pids, 15);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_broken_messages),
	cmocka_unit_test(t_too_many_descriptors),
	cmocka_unit_test(t_strange_descriptors),
	cmocka_unit_test(t_somebody_elses_flow),
	cmocka_unit_test(t_the_page_cannot_be_written),
	cmocka_unit_test(t_flood),
	cmocka_unit_test(t_a_lingering_socket),
	cmocka_unit_test(t_the_overflow_user_owns_nothing),
	cmocka_unit_test(t_a_descriptor_is_not_ownership),
	cmocka_unit_test(t_a_foreign_namespace_is_refused),
	cmocka_unit_test(t_who_says_nothing_keeps_nobody_out),
	cmocka_unit_test(t_silent_users_keep_nobody_out),
	cmocka_unit_test(t_all_users_together_leave_room_for_root),
};

RUN_WITH_BROKER(tests)
