// SPDX-License-Identifier: GPL-2.0-or-later
/* Health tests of the random source (UNIT-32). */
#include "unit_rig.h"

struct source {
	int kind;	/* what is wrong with it */
	uint32_t n;
};

enum { GOOD, STUCK_BYTE, STUCK_BLOCK, BIASED, SILENT };

static int source_random(void *opaque, void *buf, size_t len)
{
	struct source *s = opaque;
	uint8_t *p = buf, hash[32];

	s->n++;
	SHA256((const uint8_t *)&s->n, sizeof(s->n), hash);
	switch (s->kind) {
	case SILENT:
		return -EIO;
	case STUCK_BYTE:
		memset(p, 0x42, len);
		break;
	case STUCK_BLOCK:
		for (size_t i = 0; i < len; i++)
			p[i] = (uint8_t)(i * 37 + 11);
		break;
	case BIASED:	/* every fourth byte is the same */
		for (size_t i = 0; i < len; i++)
			p[i] = i % 4 ? hash[i % 32] : 0x10;
		break;
	default:
		for (size_t i = 0; i < len; i++)
			p[i] = hash[i % 32];
	}
	return 0;
}

static const struct esvc_host_ops source_ops = { .random = source_random };

static int startup(int kind)
{
	struct source s = { .kind = kind };
	struct esvc_rng rng;

	esvc_rng_init(&rng, &source_ops, &s);
	return esvc_rng_startup(&rng);
}

static void test_startup(void **state)
{
	assert_int_equal(startup(GOOD), 0);
	assert_int_equal(startup(STUCK_BYTE), -EBADMSG);
	assert_int_equal(startup(STUCK_BLOCK), -EBADMSG);
	assert_int_equal(startup(BIASED), -EBADMSG);
	assert_int_equal(startup(SILENT), -EIO);
}

static void test_sticky_and_zero(void **state)
{
	struct source s = { .kind = GOOD };
	uint8_t buf[40], zero[40] = { 0 };
	struct esvc_rng rng;

	esvc_rng_init(&rng, &source_ops, &s);
	assert_int_equal(esvc_rng_get(&rng, buf, sizeof(buf)), 0);
	assert_memory_not_equal(buf, zero, sizeof(buf));
	s.kind = SILENT;
	assert_int_equal(esvc_rng_get(&rng, buf, sizeof(buf)), -EIO);
	assert_memory_equal(buf, zero, sizeof(buf));
	s.kind = GOOD;	/* a source that was only silent may come back */
	assert_int_equal(esvc_rng_get(&rng, buf, sizeof(buf)), 0);
	s.kind = STUCK_BYTE;
	memset(buf, 1, sizeof(buf));
	assert_int_equal(esvc_rng_get(&rng, buf, sizeof(buf)), -EBADMSG);
	assert_memory_equal(buf, zero, sizeof(buf));
	s.kind = GOOD;	/* one that was caught may not */
	assert_int_equal(esvc_rng_get(&rng, buf, sizeof(buf)), -EBADMSG);
}

/* A good source never raises an alarm, and what was handed out is not kept. */
static void test_long_run(void **state)
{
	struct source s = { .kind = GOOD };
	uint8_t buf[4096], zero[ESVC_RNG_BLOCK] = { 0 };
	struct esvc_rng rng;

	esvc_rng_init(&rng, &source_ops, &s);
	for (int i = 0; i < 256; i++)
		assert_int_equal(esvc_rng_get(&rng, buf, sizeof(buf)), 0);
	assert_memory_equal(rng.block, zero, sizeof(zero));
	assert_memory_not_equal(rng.last, buf + sizeof(buf) - ESVC_RNG_BLOCK, ESVC_RNG_BLOCK);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_startup),
	cmocka_unit_test(test_sticky_and_zero),
	cmocka_unit_test(test_long_run),
};

RIG_MAIN(tests)
