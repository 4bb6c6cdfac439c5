// SPDX-License-Identifier: GPL-2.0-or-later
/* Status slots: no torn reads, a writer that died is noticed, and they may grow. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../libipsecapi/src/internal.h"
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

#define PAGE 4096u

/* Slot 1 answers for a flow; before it lies what must not be read. */
static void write_slots(uint8_t *slots, uint32_t slot_size)
{
	struct slot *s = (void *)(slots + slot_size);
	struct slot_body b;

	memset(slots, 0xff, slot_size);
	fill(&b, 1 | 1 << 16);
	b.state = SLOT_LIVE;
	slot_write(s, &b);
	slot_renew(s, UINT64_MAX);
}

/* The pages of a broker whose slots are @slot_size apart. */
static int sealed_pages(uint32_t slot_size, uint32_t slots)
{
	const struct page_header hdr = { .magic = PAGE_MAGIC, .slot_size = slot_size,
					 .slots = slots };
	int fd = memfd_create("pages", MFD_ALLOW_SEALING);
	uint8_t *p;

	assert_false(ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(p != MAP_FAILED);
	memcpy(p, &hdr, sizeof(hdr));
	if (slot_size % sizeof(uint64_t) == 0)
		write_slots(p + sizeof(hdr), slot_size);
	munmap(p, PAGE);
	assert_false(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW |
					    F_SEAL_SEAL));
	return fd;
}

static void slots_of_a_newer_broker_are_longer(void **state)
{
	struct ipsecapi ctx = { .sock = -1, .guard = guard_new() };
	struct ipsecapi_flow flow = { .ctx = &ctx, .remote = 1 | 1 << 16 };
	int fd = sealed_pages(sizeof(struct slot) + 40, 2);
	struct ipsecapi_status st;

	(void)state;
	assert_non_null(ctx.guard);
	assert_int_equal(page_map(&ctx, fd, PAGE), 0);
	assert_int_equal(ctx.slots, 2);
	assert_int_equal(ipsecapi_status(&flow, &st, sizeof(st)), 0);
	assert_int_equal(st.dir[0].bytes, flow.remote);
	assert_int_equal(st.generation, flow.remote);
	page_unmap(&ctx);
	close(fd);
	guard_free(ctx.guard);
}

static void refuse_pages(uint32_t slot_size, uint32_t slots)
{
	struct ipsecapi ctx = { .sock = -1 };
	int fd = sealed_pages(slot_size, slots);

	assert_int_equal(page_map(&ctx, fd, PAGE), -EPROTO);
	assert_null(ctx.page);
	close(fd);
}

static void slots_that_cannot_be_are_refused(void **state)
{
	(void)state;
	refuse_pages(sizeof(struct slot) - 8, 1);
	refuse_pages(sizeof(struct slot) + 4, 1);
	refuse_pages(sizeof(struct slot), 1000);
	refuse_pages(sizeof(struct slot) + 40, PAGE / sizeof(struct slot));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(no_read_is_torn),
	cmocka_unit_test(a_writer_that_died_is_noticed),
	cmocka_unit_test(leases_need_no_lock),
	cmocka_unit_test(slots_of_a_newer_broker_are_longer),
	cmocka_unit_test(slots_that_cannot_be_are_refused),
};
RUN(tests)
