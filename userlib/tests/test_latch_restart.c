// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a broker's next life makes of what the last one left, whatever happened meanwhile to the
 * file, to the sockets and to their policies: api-rules 27 (restart), 32 (the floor), RFC 5660 2.2.
 */
#include "../ipsecapid/latch_apply.h"
#include "dropped.h"
#include "latching.h"

static const struct wire_require here = { .class = "strong",
					  .disposition = IPSECAPI_DISPOSITION_WAIT };

static void restart(void (*meanwhile)(void *arg), void *arg)
{
	kill_broker();
	if (meanwhile)
		meanwhile(arg);
	assert_int_equal(start_broker(), 0);
}

static void expect_latch(int fd, uint32_t latch, uint32_t reason)
{
	const struct ipsecapi_report r = report_on(fd);

	assert_int_equal(r.latch, latch);
	assert_int_equal(r.latch_reason, reason);
}

static void t_nothing_happened(void **state)
{
	int other, fd = connection(&other), apart = tcp_socket(AF_INET);
	const struct wire_require there = want_latch();
	uint64_t connected = cookie_of(fd), unconnected = cookie_of(apart);
	struct latch_record r;
	uint32_t n;

	(void)state;
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	assert_int_equal(latch_once(apart, &there), -EINPROGRESS);
	restart(NULL, NULL);
	expect_latch(fd, IPSECAPI_LATCH_NEGOTIATING, IPSECAPI_REASON_NO_SA);
	expect_latch(apart, IPSECAPI_LATCH_NEGOTIATING, IPSECAPI_REASON_NO_SA);
	assert_int_equal(records(), 2);
	close(fd);
	close(apart);
	close(other);
	restart(NULL, NULL);
	record_of(unconnected, &r, &n);
	assert_int_equal(n, 0);
	/* its last packets can't be sent: until the kernel gives up, it is there */
	record_of(connected, &r, &n);
	assert_int_equal(n, kernel_holds(r.id).policies / 2);
}

static void leave(void *arg)
{
	disconnect(*(int *)arg);
}

/* Whoever disconnects while no broker looks does not get rid of what was required. */
static void t_disconnected_meanwhile(void **state)
{
	const struct wire_require weaker = { .class = "weak", .family = AF_INET, .port = htons(80),
					     .address = { 10, 0, 0, 7 } };
	int other, fd = connection(&other);
	struct latch_record before, after;
	uint32_t n;

	(void)state;
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	record_of(cookie_of(fd), &before, &n);
	restart(leave, &fd);
	assert_int_equal(latch_once(fd, &weaker), -EINPROGRESS);
	record_of(cookie_of(fd), &after, &n);
	assert_int_equal(n, 1);
	assert_int_equal(after.id, before.id);
	assert_memory_equal(&after.set, &before.set, sizeof(after.set));
	close(fd);
	close(other);
}

#define PHANTOMS 12000
#define FIRST_PHANTOM 100

/* As if there had been so many more, of sockets that ended. */
static void write_phantoms(const struct latch_record *of)
{
	int file = open(latches_file(), O_RDWR | O_CLOEXEC), i;
	struct latch_record r = *of;

	r.tuple.peer_port = 0;
	for (i = 1; i <= PHANTOMS; i++) {
		r.tuple.cookie = i;	/* older than this namespace, and looked at first */
		r.id = of->id + i;
		assert_int_equal(record_write(file, FIRST_PHANTOM + i, &r), 0);
	}
	close(file);
}

static void unlatch(int fd)
{
	struct latch_record r;
	uint32_t n;

	latch_clear(fd, AF_INET);
	record_of(cookie_of(fd), &r, &n);
	write_phantoms(&r);
}

/* As the first of all clients of the new life. */
static uint32_t first_told(int fd)
{
	struct ipsecapi_status st = { 0 };
	struct ipsecapi_flow *flow;
	struct ipsecapi *ctx = NULL;

	while (ipsecapi_open(path, 0, &ctx))
		;
	CHECK(!ipsecapi_flow_open(ctx, fd, &flow) && !ipsecapi_status(flow, &st, sizeof(st)));
	ipsecapi_close(ctx);
	return st.latch;
}

/* A connection that the kernel does not hold any more is broken before anybody is served. */
static void t_policies_gone(void **state)
{
	int other, fd = connection(&other);

	(void)state;
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	kill_broker();
	unlatch(fd);
	fork_broker();
	assert_int_equal(first_told(fd), IPSECAPI_LATCH_BROKEN);
	expect_latch(fd, IPSECAPI_LATCH_BROKEN, IPSECAPI_REASON_LATCH_REMOVED);
	wait_dropped("drop4", "10.0.0.1", fd);
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	assert_false(is_dropped("drop4", "10.0.0.1", fd));
	close(fd);
	close(other);
}

static void lose(void *arg)
{
	(void)arg;
	unlink(latches_file());
}

/* Of a socket with policies that nobody knows nothing is said, but that they are there. */
static void t_record_lost(void **state)
{
	int other, fd = connection(&other);
	struct latch_record lost;
	struct ipsecapi_report r;
	uint32_t n;

	(void)state;
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	record_of(cookie_of(fd), &lost, &n);
	restart(lose, NULL);
	r = report_on(fd);
	assert_int_equal(r.dir[IPSECAPI_OUT].protection, IPSECAPI_PROTECTION_UNKNOWN);
	assert_int_equal(r.dir[IPSECAPI_IN].protection, IPSECAPI_PROTECTION_UNKNOWN);
	assert_int_equal(r.dir[IPSECAPI_OUT].reason, IPSECAPI_REASON_SOCKET_POLICY);
	assert_int_equal(kernel_holds(lost.id).policies, 2);
	/* and what is required of it is held */
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	expect_latch(fd, IPSECAPI_LATCH_NEGOTIATING, IPSECAPI_REASON_NO_SA);
	close(fd);
	close(other);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_nothing_happened),
	cmocka_unit_test(t_disconnected_meanwhile),
	cmocka_unit_test(t_policies_gone),
	cmocka_unit_test(t_record_lost),
};

RUN_WITH_LATCHES(tests)
