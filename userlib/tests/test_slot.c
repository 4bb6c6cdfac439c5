// SPDX-License-Identifier: GPL-2.0-or-later
/* Status slots: no torn reads, and a writer that died is noticed. */
#include <pthread.h>
#include <string.h>

#include "../libipsecapi/wire/slot.h"
#include "unit.h"

#define ROUNDS 200000

static struct slot slot;
static int done;

/* Every field of a body carries the same number, so that a mixture shows. */
static void fill(struct slot_body *b, uint32_t n)
{
	memset(b, 0, sizeof(*b));
	b->flow = b->generation = b->dir[0].protection = b->dir[1].custody = n;
	b->read_at = b->dir[0].bytes = b->tuple.cookie = n;
}

static void *writer(void *arg)
{
	struct slot_body b;
	uint32_t i;

	(void)arg;
	for (i = 1; i <= ROUNDS; i++) {
		fill(&b, i);
		slot_write(&slot, &b);
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void no_read_is_torn(void **state)
{
	struct slot_body b;
	pthread_t thread;
	uint32_t last = 0;

	(void)state;
	fill(&b, 0);
	slot_write(&slot, &b);
	assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		if (!slot_read(&slot, &b))
			continue;
		assert_int_equal(b.flow, b.generation);
		assert_int_equal(b.flow, b.dir[0].protection);
		assert_int_equal(b.flow, b.dir[1].custody);
		assert_int_equal(b.flow, b.read_at);
		assert_int_equal(b.flow, b.dir[0].bytes);
		assert_int_equal(b.flow, b.tuple.cookie);
		assert_true(b.flow >= last);
		last = b.flow;
	}
	pthread_join(thread, NULL);
	assert_true(slot_read(&slot, &b));
	assert_int_equal(b.flow, ROUNDS);
}

static void a_writer_that_died_is_noticed(void **state)
{
	struct slot s = { .sequence = 3 };
	struct slot_body b;

	(void)state;
	assert_false(slot_read(&s, &b));
	fill(&b, 5);
	slot_write(&s, &b);	/* its successor mends the lock */
	assert_true(slot_read(&s, &b));
	assert_int_equal(b.flow, 5);
	assert_int_equal(s.sequence % 2, 0);
}

static void leases_need_no_lock(void **state)
{
	struct slot s = { .sequence = 1 };

	(void)state;
	slot_renew(&s, 42);
	assert_int_equal(slot_lease(&s), 42);
	assert_int_equal(s.sequence, 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(no_read_is_torn),
	cmocka_unit_test(a_writer_that_died_is_noticed),
	cmocka_unit_test(leases_need_no_lock),
};
RUN(tests)
