// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of latches, as somebody may leave it: api-rules 27. What is in it is believed of no
 * socket that the kernel does not show, and a file that is not the broker's is not written.
 */
#include "latching.h"

static const struct wire_require here = { .class = "strong",
					  .disposition = IPSECAPI_DISPOSITION_WAIT };
/* Latched and connected; by its other end. */
static int latched, other;

static int open_file(void)
{
	int file = open(latches_file(), O_RDWR | O_CLOEXEC);

	CHECK(file >= 0);
	return file;
}

static struct latch_record ours(void)
{
	struct latch_record r;
	uint32_t n;

	assert_true(record_of(cookie_of(latched), &r, &n) >= 0);
	assert_int_equal(n, 1);
	return r;
}

static int latch_it(void **state)
{
	(void)state;
	latched = connection(&other);
	return latch_once(latched, &here) == -EINPROGRESS ? 0 : -1;
}

static int close_it(void **state)
{
	struct linger now = { .l_onoff = 1 };

	(void)state;
	setsockopt(latched, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(latched);
	close(other);
	return 0;
}

/* The latch is known in the next life, and there is one record of it. */
static void expect_kept(void)
{
	assert_int_equal(start_broker(), 0);
	assert_int_equal(report_on(latched).latch, IPSECAPI_LATCH_NEGOTIATING);
	ours();
}

/* Nothing is known of it, and that is what is said. */
static void expect_doubt(void)
{
	struct ipsecapi_report r;

	assert_int_equal(start_broker(), 0);
	r = report_on(latched);
	assert_int_equal(r.latch, IPSECAPI_LATCH_OBSERVED);
	assert_int_equal(r.dir[IPSECAPI_OUT].protection, IPSECAPI_PROTECTION_UNKNOWN);
	assert_int_equal(r.dir[IPSECAPI_IN].protection, IPSECAPI_PROTECTION_UNKNOWN);
}

static void t_garbage_between(void **state)
{
	uint8_t junk[SLOT_SIZE];
	uint64_t seed = 5;
	int file, i, k;

	(void)state;
	kill_broker();
	file = open_file();
	for (i = 1; i < 2000; i++) {
		for (k = 0; k < SLOT_SIZE; k++)
			junk[k] = rnd(&seed);
		if (i % 2)	/* looks like a record */
			memcpy(junk, &(uint32_t){ LATCH_RECORD_VERSION }, 4);
		CHECK(pwrite(file, junk, sizeof(junk), (off_t)(1000 + i) * SLOT_SIZE) == SLOT_SIZE);
	}
	close(file);
	expect_kept();
	assert_int_equal(kernel_holds(ours().id).policies, 2);
}

static void t_each_bit_counts(void **state)
{
	const struct latch_record r = ours();
	uint32_t slot, n;
	size_t at;
	int file;

	(void)state;
	kill_broker();
	slot = record_of(r.tuple.cookie, &(struct latch_record){ 0 }, &n);
	file = open_file();
	for (at = 0; at < sizeof(r); at++) {
		struct latch_record bad = r, back;

		((uint8_t *)&bad)[at] ^= 1 << at % 8;
		CHECK(pwrite(file, &bad, sizeof(bad), (off_t)slot * SLOT_SIZE) == sizeof(bad));
		assert_int_equal(record_read(file, slot, r.boot_id, &back), 0);
	}
	close(file);
	expect_doubt();
}

static void t_truncated(void **state)
{
	uint32_t slot, n;

	(void)state;
	kill_broker();
	slot = record_of(cookie_of(latched), &(struct latch_record){ 0 }, &n);
	CHECK(!truncate(latches_file(), (off_t)slot * SLOT_SIZE + 100));
	expect_doubt();
}

/* The kernel shows one identifier: a record with another is of no latch. */
static void t_two_records(void **state)
{
	struct latch_record second = ours();
	int file;

	(void)state;
	kill_broker();
	second.id++;
	file = open_file();
	assert_int_equal(record_write(file, 5000, &second), 0);
	close(file);
	expect_kept();
	assert_int_equal(kernel_holds(ours().id).policies, 2);
}

static void t_of_another_boot(void **state)
{
	struct latch_record r = ours();
	uint32_t slot, n;
	int file;

	(void)state;
	kill_broker();
	slot = record_of(r.tuple.cookie, &r, &n);
	r.boot_id[0] ^= 1;
	file = open_file();
	assert_int_equal(record_write(file, slot, &r), 0);
	close(file);
	expect_doubt();
}

/* Nothing can be latched then, nothing is written through it, and all else works. */
static void expect_refused(void)
{
	struct ipsecapi *ctx;
	struct ipsecapi_caps caps;
	int fd = tcp_socket(AF_INET);
	const struct wire_require there = want_latch();

	assert_int_equal(start_broker(), 0);
	ctx = open_ctx();
	assert_int_equal(ipsecapi_caps(ctx, &caps, sizeof(caps)), 0);
	assert_int_equal(caps.latching, 0);
	ipsecapi_close(ctx);
	assert_int_equal(latch_once(fd, &there), -EOPNOTSUPP);
	close(fd);
	kill_broker();
	unlink(latches_file());
	assert_int_equal(start_broker(), 0);
}

static void put_aside(void)
{
	kill_broker();
	CHECK(!unlink(latches_file()));
}

static void t_a_link(void **state)
{
	char target[128];
	struct stat st;

	(void)state;
	put_aside();
	snprintf(target, sizeof(target), "%s/target", dir);
	close(open(target, O_WRONLY | O_CREAT, 0600));
	CHECK(!symlink(target, latches_file()));
	expect_refused();
	CHECK(!stat(target, &st) && !st.st_size && !unlink(target));
}

static void t_two_names(void **state)
{
	char target[128];

	(void)state;
	put_aside();
	snprintf(target, sizeof(target), "%s/target", dir);
	close(open(target, O_WRONLY | O_CREAT, 0600));
	CHECK(!link(target, latches_file()));
	expect_refused();
	CHECK(!unlink(target));
}

static void t_a_fifo(void **state)
{
	(void)state;
	put_aside();
	CHECK(!mkfifo(latches_file(), 0600));
	expect_refused();
}

static void t_a_directory(void **state)
{
	(void)state;
	put_aside();
	CHECK(!mkdir(latches_file(), 0700));
	assert_int_equal(start_broker(), 0);
	kill_broker();
	CHECK(!rmdir(latches_file()));
	assert_int_equal(start_broker(), 0);
}

static void t_of_another_owner(void **state)
{
	(void)state;
	put_aside();
	close(open(latches_file(), O_WRONLY | O_CREAT, 0600));
	CHECK(!chown(latches_file(), USER, USER));
	expect_refused();
}

static void t_writable_by_others(void **state)
{
	(void)state;
	put_aside();
	close(open(latches_file(), O_WRONLY | O_CREAT, 0600));
	CHECK(!chmod(latches_file(), 0620));
	expect_refused();
}

#define LATCHED_TEST(fn) cmocka_unit_test_setup_teardown(fn, latch_it, close_it)

static const struct CMUnitTest tests[] = {
	LATCHED_TEST(t_garbage_between),
	LATCHED_TEST(t_each_bit_counts),
	LATCHED_TEST(t_truncated),
	LATCHED_TEST(t_two_records),
	LATCHED_TEST(t_of_another_boot),
	cmocka_unit_test(t_a_link),
	cmocka_unit_test(t_two_names),
	cmocka_unit_test(t_a_fifo),
	cmocka_unit_test(t_a_directory),
	cmocka_unit_test(t_of_another_owner),
	cmocka_unit_test(t_writable_by_others),
};

RUN_WITH_LATCHES(tests)
