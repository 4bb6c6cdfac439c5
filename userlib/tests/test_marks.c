// SPDX-License-Identifier: GPL-2.0-or-later
/* Which bits of marks get which purpose: api-rules 25. */
#include <string.h>

#include "../ipsecapid/marks.h"
#include "unit.h"

static void masks(void **state)
{
	static const char *const wrong[] = {
		"", "0", "0x0", "0x70000000", "0xf8000000", "-0x78000000", "+0x78000000", " 0x78000000", "0x78000000 ",
		"0x78000000x", "0x1f0000000", "0x100000007", "0x10000000000000007", "all", "0xffffffff", "120x",
	};
	uint32_t mask;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(marks_parse(wrong[i], &mask));
	assert_true(marks_parse("0x78000000", &mask));
	assert_int_equal(mask, marks_mask(&marks_default));
	assert_true(marks_parse("15", &mask));
	assert_int_equal(mask, 0xf);
	assert_true(marks_parse("0x80010101", &mask));
	assert_int_equal(mask, 0x80010101);
}

static bool one_bit(uint32_t v)
{
	return v && !(v & (v - 1));
}

/* Four bits that differ, of the mask and of what is held. */
static void expect_sound(const struct marks *m, uint32_t mask, uint32_t held)
{
	assert_true(one_bit(m->enforce) && one_bit(m->run) && one_bit(m->gate) && one_bit(m->listen));
	assert_int_equal(__builtin_popcount(marks_mask(m)), 4);
	assert_int_equal(marks_mask(m) & ~(mask | held), 0);
	if (held)
		assert_int_equal(m->gate, held);
}

/* No bit changes its purpose from one life to the next. */
static void expect_no_other_purpose(const struct marks *was, const struct marks *now)
{
	const uint32_t a[4] = { was->enforce, was->run, was->gate, was->listen };
	const uint32_t b[4] = { now->enforce, now->run, now->gate, now->listen };
	int i, j;

	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			if (i != j)
				assert_int_not_equal(a[i], b[j]);
}

static uint32_t next_mask(uint32_t *seed)
{
	uint32_t mask = 0;

	while (__builtin_popcount(mask) < 4) {
		*seed = *seed * 1664525 + 1013904223;
		mask |= 1u << (*seed >> 24) % 7;	/* of few bits, so that masks overlap */
	}
	return mask;
}

static void purposes(void **state)
{
	struct marks m = marks_default, was;
	uint32_t seed = 1, mask, held;
	int i;

	(void)state;
	marks_assign(&m, marks_mask(&marks_default), 0);
	assert_memory_equal(&m, &marks_default, sizeof(m));
	for (i = 0; i < 20000; i++) {
		was = m;
		mask = next_mask(&seed);
		held = seed >> 20 & 1 ? m.gate : 0;
		marks_assign(&m, mask, held);
		expect_sound(&m, mask, held);
		expect_no_other_purpose(&was, &m);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(masks),
	cmocka_unit_test(purposes),
};

RUN(tests)
