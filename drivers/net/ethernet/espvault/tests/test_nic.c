// SPDX-License-Identifier: GPL-2.0
/* espvault: the NIC half's pure logic in user space, against obvious reference versions. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <linux/kernel.h>
#include <cmocka.h>

#include "esv_hwcaps.c"
#include "esv_status.c"
#include "esv_ring.h"

/* Same numbers in every run: a failure can be repeated. */
static u64 rng_state = 88172645463325252ull;

static u32 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state >> 16;
}

/* A device and a driver that count one by one, with unbounded numbers. */
static bool irq_due_slow(u64 irq_at, u64 old, u64 now)
{
	u64 n;

	for (n = old + 1; n <= now; n++)
		if (n == irq_at + 1)
			return true;
	return false;
}

static void irq_rule_agrees_with_counting(void **state)
{
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		u64 base = (1ull << 32) - 64 + rng() % 128;
		u64 old = base + rng() % 50;
		u64 now = old + rng() % 40;
		u64 at = base + rng() % 100;

		assert_int_equal(esv_ring_irq_due((u32)at, (u32)old, (u32)now),
				 irq_due_slow(at, old, now));
	}
}

static void head_check_agrees_with_counting(void **state)
{
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		u64 seen = (1ull << 32) - 32 + rng() % 64;
		u64 tail = seen + rng() % 32;
		u64 now = seen - 16 + rng() % 80;

		assert_int_equal(esv_ring_head_ok((u32)seen, (u32)now, (u32)tail),
				 now >= seen && now <= tail);
	}
}

static void phase_flips_with_every_pass(void **state)
{
	unsigned int log2, pos, phase;

	for (log2 = 1; log2 < 8; log2++)
		for (phase = 1, pos = 0; pos < 5u << log2; pos++) {
			if (pos && !(pos & ((1u << log2) - 1)))
				phase = !phase;
			assert_int_equal(esv_ring_phase(pos, log2), phase);
		}
}

static void every_frame_under_way_gets_an_interrupt(void **state)
{
	u32 pending, clean = 0xfffffff0, done;

	for (pending = 1; pending <= 4096; pending++) {
		u32 at = esv_ring_tx_irq_at(clean, clean + pending);
		u32 fired = 0;

		/* One completion at a time: exactly one interrupt. */
		for (done = 0; done < pending; done++)
			fired += esv_ring_irq_due(at, clean + done, clean + done + 1);
		assert_int_equal(fired, 1);
	}
	assert_int_equal(esv_ring_tx_irq_at(7, 7), 7);
}

/* Any bytes at all: no read outside of the copy (the sanitizer sees it), no endless loop. */
static void any_bytes_are_survived(void **state)
{
	unsigned int i, j;

	for (i = 0; i < 200000; i++) {
		u32 len = 4 * (1 + rng() % 40);
		u8 *copy = malloc(len);
		struct esv_caps caps;
		const char *why = NULL;
		int err;

		for (j = 0; j < len; j++)
			copy[j] = rng() % 4 ? 0 : rng();
		if (len >= sizeof(struct esv_cap_limits) && rng() % 2) {
			struct esv_cap_hdr *hdr = (void *)copy;

			hdr->id = htole16(1 + rng() % 6);
			hdr->version = 1;
			hdr->length = htole16(8 + 4 * (rng() % 10));
			hdr->next = htole16(rng() % 3 ? 0 : 0x200 + 4 * (rng() % 20));
		}
		err = esv_hwcaps_parse(copy, 0x200, len, &caps, &why);
		assert_true(err == 0 || err == -EPROTO || err == -EPROTONOSUPPORT);
		assert_non_null(why);
		assert_int_equal(!err, !*why);
		free(copy);
	}
}

#define STATUS_CHECK(name, num, err, retry, text) \
	assert_int_equal(esv_status_errno(num), -(err)); \
	assert_string_equal(esv_status_text(num), text);
#define OPCODE_CHECK(name, num, minor, in, out, text) \
	assert_string_equal(esv_opcode_text(num), #name);
#define RESET_CHECK(name, num, text) assert_string_equal(esv_reset_text(num), text);

static void every_code_has_its_errno_and_text(void **state)
{
	unsigned int i;

	ESV_STATUS_LIST(STATUS_CHECK)
	ESV_OPCODE_LIST(OPCODE_CHECK)
	ESV_RESET_LIST(RESET_CHECK)
	for (i = 0; i < 0x10000; i++) {
		assert_true(esv_status_errno(i) <= 0);
		assert_non_null(esv_status_text(i));
		assert_non_null(esv_opcode_text(i));
		assert_non_null(esv_reset_text(i));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(irq_rule_agrees_with_counting),
		cmocka_unit_test(head_check_agrees_with_counting),
		cmocka_unit_test(phase_flips_with_every_pass),
		cmocka_unit_test(every_frame_under_way_gets_an_interrupt),
		cmocka_unit_test(any_bytes_are_survived),
		cmocka_unit_test(every_code_has_its_errno_and_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
