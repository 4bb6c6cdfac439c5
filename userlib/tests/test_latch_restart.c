// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a broker's next life makes of what the last one left, whatever happened meanwhile to the
 * file, to the sockets and to their policies: api-rules 25 (marks), 27 (restart), 32 (the floor), RFC 5660 2.2.
 */
#include <nftables/libnftables.h>

#include "../ipsecapid/latch_apply.h"
#include "../ipsecapid/marks.h"
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

	latch_clear(fd, AF_INET, marks_default.gate);
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

/* --- other bits of marks -------------------------------------------------------------------- */

static int datagrams(void)
{
	const struct sockaddr_in to = place("10.0.0.7", 80);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(!connect(fd, (struct sockaddr *)&to, sizeof(to)));
	return fd;
}

static uint32_t mark_of(int fd)
{
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);

	CHECK(!getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &len));
	return mark;
}

static uint32_t marks_in_use(void)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_caps caps;

	CHECK(!ipsecapi_caps(ctx, &caps, sizeof(caps)));
	ipsecapi_close(ctx);
	return caps.marks;
}

/* No policy sends it by ESP any more: the gate alone holds it. */
static void expect_gated(int fd)
{
	ask_nothing();
	assert_int_equal(send(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	ask_protection();
}

/* As after a boot: which bits are used depends on what was before. */
static void forget(void *arg)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

	(void)arg;
	unlink(latches_file());
	CHECK(!nft_ctx_buffer_error(nft));
	/* it is the last life's until that has ended */
	while (nft_run_cmd_from_buffer(nft, "delete table inet ipsecapi"))
		poll(NULL, 0, 10);
	nft_ctx_free(nft);
}

static void begin_anew(void)
{
	marks = NULL;
	restart(forget, NULL);
	assert_int_equal(marks_in_use(), 0x78000000);
}

/* With another mask, after @meanwhile, sockets that are latched keep their bit and are held. */
static void keeps_the_bit(const char *mask, uint32_t used, void (*meanwhile)(void *arg))
{
	int fd = datagrams();

	begin_anew();
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	assert_int_equal(mark_of(fd), 0x20000000);
	marks = mask;
	restart(meanwhile, NULL);
	assert_int_equal(marks_in_use(), used);
	expect_gated(fd);
	assert_int_equal(mark_of(fd), 0x20000000);
	restart(NULL, NULL);	/* and the one after */
	assert_int_equal(marks_in_use(), used);
	expect_gated(fd);
	if (!meanwhile)
		expect_latch(fd, IPSECAPI_LATCH_NEGOTIATING, IPSECAPI_REASON_NO_SA);
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	assert_int_equal(mark_of(fd), 0x20000000);
	close(fd);
}

/* A program that knows nothing of bits has its flow as before. */
static void expect_no_other_socket(int fd)
{
	struct ipsecapi *ctx = open_ctx();
	struct ipsecapi_flow *flow;
	struct ipsecapi_report r;

	CHECK(!ipsecapi_flow_open(ctx, fd, &flow));
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	assert_int_equal(ipsecapi_report(flow, &r, sizeof(r)), 0);
	assert_int_equal(r.latch, IPSECAPI_LATCH_NEGOTIATING);
	/* what it sets itself makes it another */
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_MARK, &(uint32_t){ mark_of(fd) | 1 }, sizeof(uint32_t)));
	assert_int_equal(ipsecapi_report(flow, &r, sizeof(r)), -ESTALE);
	ipsecapi_close(ctx);
}

/* Rules 25 and 27. */
static void t_other_marks(void **state)
{
	int fd;

	(void)state;
	keeps_the_bit("0x780", 0x20000380, NULL);
	restart(NULL, NULL);	/* what ended meanwhile is found */
	restart(NULL, NULL);
	assert_int_equal(marks_in_use(), 0x780);
	fd = datagrams();
	expect_no_other_socket(fd);
	assert_int_equal(mark_of(fd) & ~0x781, 0);
	assert_int_not_equal(mark_of(fd) & 0x780, 0);
	expect_gated(fd);
	close(fd);
	begin_anew();
}

/* Bits that both masks have keep their purposes: the gate's is among them. */
static void t_some_marks_stay(void **state)
{
	(void)state;
	keeps_the_bit("0xf0000000", 0xf0000000, NULL);
	begin_anew();
}

static void t_other_marks_and_no_record(void **state)
{
	(void)state;
	keeps_the_bit("0x780", 0x20000380, lose);
	begin_anew();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_nothing_happened),
	cmocka_unit_test(t_disconnected_meanwhile),
	cmocka_unit_test(t_policies_gone),
	cmocka_unit_test(t_record_lost),
	cmocka_unit_test(t_other_marks),
	cmocka_unit_test(t_some_marks_stay),
	cmocka_unit_test(t_other_marks_and_no_record),
};

RUN_WITH_LATCHES(tests)
