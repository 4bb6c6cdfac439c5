// SPDX-License-Identifier: GPL-2.0-or-later
/* The window against a reference that remembers every number (RFC 4303 3.4.3, appendix A). */
#include "ipsec_rig.h"

#define SEEN_MAX 20000

/* All numbers ever accepted, and the highest. */
struct slow {
	uint64_t seen[SEEN_MAX];
	unsigned int n;
	uint64_t top;
	uint32_t window;
};

static enum esvc_replay_verdict slow_check(const struct slow *s, uint64_t seq)
{
	if (!seq)
		return ESVC_REPLAY_ZERO;
	if (seq <= s->top && s->top - seq >= s->window)
		return ESVC_REPLAY_OLD;
	for (unsigned int i = 0; i < s->n; i++)
		if (s->seen[i] == seq)
			return ESVC_REPLAY_DUP;
	return ESVC_REPLAY_OK;
}

static void slow_accept(struct slow *s, uint64_t seq)
{
	assert_true(s->n < SEEN_MAX);
	s->seen[s->n++] = seq;
	if (seq > s->top)
		s->top = seq;
}

/* What a receiver should take a low half for: the candidate nearest to the window (RFC 4303 A2.2). */
static uint64_t slow_expand(const struct slow *s, uint32_t lo)
{
	uint64_t bottom = s->top >= s->window - 1 ? s->top - (s->window - 1) : 0;
	uint64_t seq = (bottom & ~0xffffffffull) | lo;

	return seq < bottom ? seq + (1ull << 32) : seq;
}

static void random_walk(uint64_t seed, uint32_t window, uint64_t start, bool esn)
{
	static struct slow s;
	struct esvc_replay r = { 0 };

	memset(&s, 0, sizeof(s));
	s.window = window;
	assert_int_equal(esvc_replay_init(&r, window, start), 0);
	s.top = start;
	/* All up to the start counts as seen. */
	for (uint64_t q = start; q && start - q < window; q--)
		s.seen[s.n++] = q;
	for (unsigned int i = 0; i < 12000; i++) {
		uint32_t kind = rnd(&seed) % 16;
		uint64_t seq;

		if (kind < 8)
			seq = s.top + 1 + rnd(&seed) % 3;
		else if (kind < 14)
			seq = s.top - (s.top < window + 8 ? rnd(&seed) % (s.top + 1) : rnd(&seed) % (window + 8));
		else if (kind == 14)
			seq = s.top + rnd(&seed) % (3 * window);
		else
			seq = s.top + rnd(&seed) % 100000;
		if (!esn)
			seq &= 0xffffffff;
		if (esn)
			assert_int_equal(esvc_replay_expand(&r, (uint32_t)seq, true), slow_expand(&s, (uint32_t)seq));
		assert_int_equal(esvc_replay_check(&r, seq), slow_check(&s, seq));
		if (slow_check(&s, seq) == ESVC_REPLAY_OK && rnd(&seed) % 8) {
			esvc_replay_accept(&r, seq);
			slow_accept(&s, seq);
			assert_int_equal(r.top, s.top);
		}
	}
	esvc_replay_free(&r);
}

static void walk_all(uint64_t seed)
{
	static const uint32_t windows[] = { 32, 64, 96, 128, 1024, 4096 };

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		random_walk(seed + i, windows[i], 0, false);
		random_walk(seed + i, windows[i], 0, true);
		random_walk(seed + i, windows[i], 0xffffff00, true);
		random_walk(seed + i, windows[i], 0x1ffffff00ull, true);
	}
}

/* ESP-30, ESP-31: windows of every kind, from 0 and from just before an edge of 32 bits. */
static void test_against_reference(void **state)
{
	walk_all(20260101);
	walk_all(fresh_seed("replay"));
}

/* SA-7: the sizes that a window can have. ESP-30: its two ends, up to the last number that there is. */
static void test_bounds(void **state)
{
	static const uint32_t bad[] = { 0, 1, 16, 31, 33, 63, 4095, 4097, 4128, 0xffffffe0 };
	struct esvc_replay r = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(esvc_replay_init(&r, bad[i], 0), -EINVAL);
	assert_null(r.bitmap);
	assert_int_equal(esvc_replay_init(&r, 4096, 0), 0);
	assert_int_equal(esvc_replay_check(&r, 0), ESVC_REPLAY_ZERO);
	esvc_replay_accept(&r, UINT64_MAX);
	assert_int_equal(esvc_replay_check(&r, UINT64_MAX), ESVC_REPLAY_DUP);
	assert_int_equal(esvc_replay_check(&r, UINT64_MAX - 4095), ESVC_REPLAY_OK);
	assert_int_equal(esvc_replay_check(&r, UINT64_MAX - 4096), ESVC_REPLAY_OLD);
	assert_int_equal(esvc_replay_init(&r, 32, 0), 0);
	assert_int_equal(esvc_replay_check(&r, UINT64_MAX - 31), ESVC_REPLAY_OK);
	assert_int_equal(esvc_replay_check(&r, UINT64_MAX - 32), ESVC_REPLAY_OLD);
	esvc_replay_free(&r);
}

/* ESP-31: numbers just behind the edge of the first 2^32 belong to the first 2^32. */
static void test_esn_start(void **state)
{
	struct esvc_replay r = { 0 };

	assert_int_equal(esvc_replay_init(&r, 64, 0), 0);
	assert_int_equal(esvc_replay_expand(&r, 1, true), 1);
	assert_int_equal(esvc_replay_expand(&r, 0xffffffff, true), 0xffffffff);
	esvc_replay_accept(&r, 0xffffffff);
	assert_int_equal(esvc_replay_expand(&r, 0, true), 0x100000000ull);
	assert_int_equal(esvc_replay_expand(&r, 0xfffffff0, true), 0xfffffff0);
	esvc_replay_accept(&r, 0x100000000ull);
	assert_int_equal(esvc_replay_expand(&r, 0xffffffff, true), 0xffffffff);
	assert_int_equal(esvc_replay_check(&r, 0xffffffff), ESVC_REPLAY_DUP);
	esvc_replay_free(&r);
}

/* A window that goes on never accepts what it accepted, whatever size it gets (KEY-1). */
static void test_continuation(void **state)
{
	static const uint32_t sizes[] = { 64, 4096, 32, 1024, 96 };
	struct esvc_replay r = { 0 };
	uint64_t seq, seed = 99;
	bool seen[6000] = { false };

	assert_int_equal(esvc_replay_init(&r, sizes[0], 0), 0);
	for (unsigned int i = 0; i < 2000; i++) {
		seq = r.top > 100 ? r.top - 50 + rnd(&seed) % 54 : 1 + rnd(&seed) % 100;
		if (i % 100 == 99)
			assert_int_equal(esvc_replay_init(&r, sizes[i / 100 % 5], 0), 0);
		if (esvc_replay_check(&r, seq) == ESVC_REPLAY_OK) {
			assert_false(seen[seq]);
			seen[seq] = true;
			esvc_replay_accept(&r, seq);
		}
	}
	/* The host may know more than the key. */
	assert_int_equal(esvc_replay_init(&r, 64, r.top + 10), 0);
	for (seq = r.top; r.top - seq < 64; seq--)
		assert_int_not_equal(esvc_replay_check(&r, seq), ESVC_REPLAY_OK);
	assert_int_equal(esvc_replay_check(&r, r.top + 1), ESVC_REPLAY_OK);
	esvc_replay_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_reference),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_esn_start),
		cmocka_unit_test(test_continuation),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
