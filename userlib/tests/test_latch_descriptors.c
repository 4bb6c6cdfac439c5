// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may come as the descriptor of REQUIRE and RELAX, and clients that don't stay: api-rules 11.
 * After each of them others are served, and no process of the broker has more descriptors or
 * memory than before.
 */
#include "usage.h"

/* --- what the broker has ------------------------------------------------------------------ */

static struct usage before;

static bool is_as_before(void)
{
	struct usage now;
	size_t i;

	usage_measure(&now);
	for (i = 0; i < PROCESSES; i++)
		if (now.fds[i] != before.fds[i])
			return false;
	return true;
}

static void expect_as_before(void)
{
	struct usage now;
	int tries;
	size_t i;

	for (tries = 0; tries < 500 && !is_as_before(); tries++)
		poll(NULL, 0, 10);
	usage_measure(&now);
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(now.fds[i], before.fds[i]);
		assert_in_range(now.kb[i], 0, before.kb[i] + SLACK_KB);
	}
}

/* --- a session with a flow ---------------------------------------------------------------- */

struct client {
	int raw, fd;
	uint32_t flow;
};

static struct client begin(void)
{
	struct client c = { .raw = raw_hello(), .fd = tcp_socket(AF_INET) };

	c.flow = raw_open(c.raw, c.fd);
	return c;
}

static void end(struct client *c)
{
	close(c->fd);
	close(c->raw);
}

static void others_are_served(void)
{
	struct client c = begin();

	CHECK(raw_latch(c.raw, WIRE_REQUIRE, c.flow, c.fd, NULL) == -EINPROGRESS);
	CHECK(!raw_latch(c.raw, WIRE_RELAX, c.flow, c.fd, NULL));
	end(&c);
}

/* A descriptor that is not the flow's socket: both requests are refused, and nothing changed. */
static void show_wrong(struct client *c, int fd, uint32_t reason)
{
	static const uint16_t types[] = { WIRE_REQUIRE, WIRE_RELAX };
	uint32_t why;
	int i;

	CHECK(fd >= 0);
	for (i = 0; i < 2; i++) {
		CHECK(raw_latch(c->raw, types[i], c->flow, fd, &why) < 0);
		CHECK(why == reason);
	}
	close(fd);
}

static void wrong_descriptors(void)
{
	struct client c = begin();
	int ends[2];

	CHECK(raw_latch(c.raw, WIRE_REQUIRE, c.flow, c.fd, NULL) == -EINPROGRESS);
	CHECK(!pipe2(ends, O_CLOEXEC));
	show_wrong(&c, ends[0], IPSECAPI_REASON_NOT_A_SOCKET);
	show_wrong(&c, ends[1], IPSECAPI_REASON_NOT_A_SOCKET);
	show_wrong(&c, open("/", O_PATH | O_CLOEXEC), IPSECAPI_REASON_NOT_A_SOCKET);
	show_wrong(&c, fcntl(c.raw, F_DUPFD_CLOEXEC, 0), IPSECAPI_REASON_NOT_INET);
	show_wrong(&c, tcp_socket(AF_INET), IPSECAPI_REASON_SOCKET_CHANGED);
	show_wrong(&c, udp_to("10.0.0.7", 7), IPSECAPI_REASON_SOCKET_CHANGED);
	end(&c);
}

static void many_descriptors(void)
{
	const struct wire_require want = want_latch();
	struct client c = begin();
	uint8_t buf[256];
	int fds[253], n, i;
	uint32_t why;

	for (i = 0; i < 253; i++)
		fds[i] = c.fd;
	n = latch_message(buf, sizeof(buf), WIRE_REQUIRE, c.flow, &want);
	raw_send(c.raw, buf, n, fds, 253);
	CHECK(take_reply(c.raw, &why, NULL) && why == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	raw_send(c.raw, buf, n, fds, 2);
	CHECK(take_reply(c.raw, &why, NULL) && why == IPSECAPI_REASON_TOO_MANY_DESCRIPTORS);
	raw_send(c.raw, buf, n, NULL, 0);
	CHECK(take_reply(c.raw, &why, NULL) && why == IPSECAPI_REASON_NO_DESCRIPTOR);
	end(&c);
}

/* It asks, and has closed both before anybody could answer. */
static void hang_up(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		struct client c = begin();

		CHECK(send_latch(c.raw, WIRE_REQUIRE, c.flow, c.fd));
		end(&c);
		if (i % 8 == 7)	/* until it is answered each of them counts as a session */
			wait_no_sessions();
	}
}

/* It asks and asks, and never reads. */
static void never_read(void)
{
	const struct wire_require want = want_latch();
	struct client c = begin();
	uint8_t buf[256];
	int i, n = latch_message(buf, sizeof(buf), WIRE_REQUIRE, c.flow, &want);

	CHECK(!fcntl(c.raw, F_SETFL, O_NONBLOCK));
	for (i = 0; i < 2000 && raw_send_try(c.raw, buf, n, &c.fd, 1); i++)
		;
	others_are_served();
	end(&c);
}

/* --- sockets whose last close takes its time ---------------------------------------------- */

/* Connected, full, and nobody reads or acknowledges. */
static int lingering(int *other)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 4 };
	static uint8_t data[1 << 16];
	int fd = connection(other);

	CHECK(!setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	ask_nothing();
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	ask_protection();
	return fd;
}

/* Whoever has the last reference, the front and the applier go on at once. */
static void t_a_lingering_socket(void **state)
{
	const struct wire_require here = { .class = "strong" };
	struct client c = { .raw = raw_hello() };
	uint64_t begun;
	int other;

	(void)state;
	c.fd = lingering(&other);
	c.flow = raw_open(c.raw, c.fd);
	CHECK(send_want(c.raw, WIRE_REQUIRE, c.flow, c.fd, &here));
	end(&c);
	begun = time(NULL);
	others_are_served();
	assert_in_range(time(NULL) - begun, 0, 2);
	close(other);
}

/* --- another user ------------------------------------------------------------------------- */

static int inherited;

/* A flow of its own does not help with a socket of another. */
static void foreign(void)
{
	struct client c = begin();

	show_wrong(&c, inherited, IPSECAPI_REASON_SOCKET_CHANGED);
	end(&c);
}

static void t_another_users_socket(void **state)
{
	const struct wire_require want = want_latch();

	(void)state;
	inherited = tcp_socket(AF_INET);
	assert_int_equal(latch_once(inherited, &want), -EINPROGRESS);
	as_user(USER, foreign);
	assert_int_equal(report_on(inherited).latch, IPSECAPI_LATCH_NEGOTIATING);
	close(inherited);
}

/* --- tests -------------------------------------------------------------------------------- */

USER_TEST(wrong_descriptors)
USER_TEST(many_descriptors)
USER_TEST(hang_up)
USER_TEST(never_read)

/* Once before it counts: what is made at first use is no leak. */
static int note_usage(void **state)
{
	(void)state;
	if (!before.fds[0])
		as_user(USER, others_are_served);
	usage_measure(&before);
	return 0;
}

static int compare_usage(void **state)
{
	int tries;

	(void)state;
	as_user(USER, others_are_served);
	expect_as_before();
	for (tries = 0; tries < 500 && kernel_holds(0).policies / 2 != records(); tries++)
		poll(NULL, 0, 10);
	assert_int_equal(kernel_holds(0).policies / 2, records());
	return 0;
}

#define MEASURED(fn) cmocka_unit_test_setup_teardown(fn, note_usage, compare_usage)

static const struct CMUnitTest tests[] = {
	MEASURED(t_wrong_descriptors),
	MEASURED(t_many_descriptors),
	MEASURED(t_hang_up),
	MEASURED(t_never_read),
	MEASURED(t_a_lingering_socket),
	MEASURED(t_another_users_socket),
};

RUN_WITH_LATCHES(tests)
