// SPDX-License-Identifier: GPL-2.0-or-later
/* Power-on, self-tests, zeroisation, epochs, and what may be seen of secrets. */
#include "locked.h"

#include "esvc_unit_kat.h"

/* A unit that may be locked; no session. */
static struct rig *power_up(bool stuck, bool fails, uint32_t fail_n)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct esvc_unit_config cfg;

	r->seed = 1;
	r->random_stuck = stuck;
	r->dev.ops = &rig_ops;
	r->dev.opaque = r;
	r->dev.aead = esvc_aead_new(ESVC_AEAD_EVP);
	cfg = rig_config(r, r->dev.aead, ESV_MODE_HOST_KEYS);
	cfg.fail_selftest = fails;
	cfg.fail_n = fail_n;
	r->dev.unit = esvc_unit_new(&cfg);
	assert_non_null(r->dev.unit);
	return r;
}

/* UNIT-30: nothing of the unit's own, and nothing of the identity. */
static void check_empty(const struct rig *r)
{
	static const struct esvc_unit_secrets none;
	static const struct esvc_identity nobody;
	const struct esvc_unit *u = r->dev.unit;

	assert_memory_equal(u->sec->token_key, none.token_key, sizeof(none.token_key));
	assert_memory_equal(u->sec->import_key, none.import_key, sizeof(none.import_key));
	assert_memory_equal(u->sec->provision_key, none.provision_key, sizeof(none.provision_key));
	assert_memory_equal(u->provision_pub, none.provision_key, sizeof(u->provision_pub));
	if (u->id)
		assert_memory_equal(u->id, &nobody, sizeof(nobody));
}

/* UNIT-30: a unit that is locked holds no secret, whenever it was and whatever is asked of it later. */
static void test_locked_is_empty(void **state)
{
	static const uint32_t tests[] = { 1, ESVC_KAT_RANDOM, ESVC_KAT_ATTEST };
	const struct esv_nonce_gen in = { .len = htole16(32) };
	struct rig *r;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		r = power_up(tests[i] == ESVC_KAT_RANDOM, tests[i] != ESVC_KAT_RANDOM, tests[i]);
		check_empty(r);
		if (tests[i] != ESVC_KAT_ATTEST)	/* not even drawn */
			assert_null(r->dev.unit->id);
		assert_int_equal(rig_zeroize(r, 0, ESV_ZEROIZE_UNIT), ESV_S_OK);
		check_empty(r);
		rig_free(r);
	}
	r = rig_new(0, 1);
	r->random_stuck = true;
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &in, sizeof(in)), ESV_S_SELFTEST_FAILED);
	check_empty(r);
	r->random_stuck = false;
	assert_int_equal(rig_zeroize(r, 0, ESV_ZEROIZE_UNIT), ESV_S_OK);
	check_empty(r);
	rig_free(r);
}

/*
 * UNIT-30, UNIT-31: each of the tests that can fail at power-on locks the unit and is named. That they can fail is for
 * test_unit_selftest.c to show.
 */
static void test_locked(void **state)
{
	for (uint8_t n = 1; n <= ESVC_KAT_KBKDF; n++) {
		struct rig *r;

		if (n == ESVC_KAT_PAIRWISE || n == ESVC_KAT_ATTEST)	/* of pairs */
			continue;
		r = power_up(false, true, n);
		check_locked(r, n);
		rig_free(r);
	}
}

/* UNIT-32, UNIT-31: a source that is stuck at power-on is test 9. */
static void test_random_stuck(void **state)
{
	struct rig *r = power_up(true, false, 0);

	check_locked(r, ESVC_KAT_RANDOM);
	rig_free(r);
}

/* UNIT-32: caught in the middle of work, the unit empties itself and locks. */
static void test_random_goes_bad(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	const struct esv_nonce_gen in = { .len = htole16(32) };
	uint64_t epoch = esvc_unit_epoch(r->dev.unit);

	rig_nonce(r, r->session, 32, NULL);
	r->random_fails = true;
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &in, sizeof(in)), ESV_S_NO_RANDOM);
	assert_int_equal(r->dev.unit->handles.count, 1);
	r->random_fails = false;
	rig_nonce(r, r->session, 32, NULL);
	r->random_stuck = true;
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &in, sizeof(in)), ESV_S_SELFTEST_FAILED);
	assert_int_equal(r->dev.unit->handles.count, 0);
	assert_int_equal(r->dev.unit->sessions.count, 0);
	assert_true(esvc_unit_epoch(r->dev.unit) > epoch);
	r->random_stuck = false;
	check_locked(r, ESVC_KAT_RANDOM);
	rig_free(r);
}

/* UNIT-40: after zeroisation nothing old is known, and the epoch is new. */
static void test_zeroize(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esv_child_out out = rig_child(r, r->session, rig_ike_ready(r, r->session),
					     ESV_CHILD_F_FIRST | ESV_CHILD_F_DETACH);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_256);
	const struct esv_nonce_gen in = { .len = htole16(32) };
	uint64_t epoch = esvc_unit_epoch(r->dev.unit);
	struct esvc_key *key;
	bool c;

	esvc_unit_zeroize(r->dev.unit);
	assert_true(esvc_unit_epoch(r->dev.unit) == epoch + 1);
	assert_int_equal(r->dev.unit->handles.count, 0);
	assert_int_equal(r->dev.unit->nr_pending, 0);
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	assert_int_equal(esvc_key_from_token(r->dev.unit, out.token_out, &b, &key, &c), ESV_S_KEY_REJECTED);
	rig_nonce(r, rig_open(r), 32, NULL);
	rig_free(r);
}

/* KEY-20: a key that an SA holds dies in its hands, and the slot comes back when that lets go. */
static void test_zeroize_borrowed(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esv_child_out out = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_256);
	struct esvc_binding in = rig_bind(ESV_DIR_IN, ESV_ALGO_AES_GCM_16_256);
	uint8_t clear[16] = "a known message", before[16], after[16], icv[16], host[36] = "host";
	const uint8_t nonce[12] = { 1 };
	struct esvc_key *key, *imported;
	uint64_t iv;
	bool c;

	assert_int_equal(esvc_key_from_token(r->dev.unit, out.token_out, &b, &key, &c), ESV_S_OK);
	assert_int_equal(esvc_key_from_host(r->dev.unit, host, 36, &b, &imported, &c), ESV_S_OK);
	iv = imported->iv;
	esvc_aead_seal(r->dev.aead, key->aead_ctx, nonce, NULL, 0, clear, before, 16, icv);
	assert_int_equal(rig_zeroize(r, r->session, ESV_ZEROIZE_UNIT), ESV_S_OK);
	assert_true(r->dev.epoch_event);
	assert_int_equal(key->epoch, 0);
	assert_int_equal(key->iv_left, 0);
	assert_int_equal(key->max_packets, 0);
	esvc_aead_seal(r->dev.aead, key->aead_ctx, nonce, NULL, 0, clear, after, 16, icv);
	assert_memory_not_equal(before, after, 16);
	esvc_key_release(r->dev.unit, key);
	esvc_key_release(r->dev.unit, imported);
	assert_int_equal(r->dev.unit->nr_live, 0);
	/* the import is forgotten: another random start */
	assert_int_equal(esvc_key_from_host(r->dev.unit, host, 36, &b, &imported, &c), ESV_S_OK);
	assert_false(c);
	assert_true(imported->iv != iv);
	assert_int_equal(esvc_key_from_token(r->dev.unit, out.token_in, &in, &key, &c), ESV_S_KEY_REJECTED);
	rig_free(r);
}

/* UNIT-40, KEY-17: a function's zeroisation leaves others alone and does not rewind a host key. */
static void test_zeroize_function(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_256);
	uint8_t host[36] = "host";
	struct esvc_key *key;
	uint32_t other;
	uint64_t iv;
	bool c;

	r->function = 1;
	other = rig_open(r);
	rig_nonce(r, other, 32, NULL);
	r->function = 0;
	assert_int_equal(esvc_key_from_host(r->dev.unit, host, 36, &b, &key, &c), ESV_S_OK);
	iv = key->iv += 5;
	assert_int_equal(rig_zeroize(r, r->session, ESV_ZEROIZE_FUNCTION), ESV_S_OK);
	assert_int_equal(key->epoch, 0);
	esvc_key_release(r->dev.unit, key);
	assert_int_equal(esvc_key_from_host(r->dev.unit, host, 36, &b, &key, &c), ESV_S_OK);
	assert_true(key->iv == iv);
	assert_int_equal(r->dev.unit->handles.count, 1);
	r->function = 1;
	rig_nonce(r, other, 32, NULL);
	assert_int_equal(rig_zeroize(r, other, ESV_ZEROIZE_UNIT), ESV_S_DENIED);
	rig_free(r);
}

/* UNIT-40, UNIT-4: the session stays, its handles and tokens go, detached ones too; wrong scopes and objects. */
static void test_zeroize_session(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint32_t other = rig_open(r);

	rig_nonce(r, r->session, 32, NULL);
	rig_nonce(r, other, 32, NULL);
	rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST | ESV_CHILD_F_DETACH);
	assert_int_equal(rig_zeroize(r, r->session, ESV_ZEROIZE_SESSION), ESV_S_OK);
	assert_int_equal(r->dev.unit->handles.count, 1);
	assert_int_equal(r->dev.unit->nr_pending, 0);
	rig_nonce(r, r->session, 32, NULL);
	assert_int_equal(rig_zeroize(r, 0, ESV_ZEROIZE_SESSION), ESV_S_BAD_HANDLE);
	assert_int_equal(rig_zeroize(r, r->session, 0), ESV_S_BAD_FIELD);
	assert_int_equal(rig_zeroize(r, 12345, ESV_ZEROIZE_FUNCTION), ESV_S_BAD_HANDLE);
	rig_free(r);
}

/* UNIT-41: power-ons count from epochs of their own: odd, of 62 bits, each of which may be set or not. */
static void test_epoch(void **state)
{
	uint64_t ones = 0, zeros = 0, seen[16];

	for (unsigned int i = 0; i < 16; i++) {
		struct rig *r = rig_new(0, i + 1);

		seen[i] = esvc_unit_epoch(r->dev.unit);
		ones |= seen[i];
		zeros |= ~seen[i];
		for (unsigned int k = 0; k < i; k++)
			assert_true(seen[i] != seen[k]);
		assert_int_equal(rig_zeroize(r, 0, ESV_ZEROIZE_UNIT), ESV_S_OK);
		assert_true(esvc_unit_epoch(r->dev.unit) == seen[i] + 1);
		rig_free(r);
	}
	assert_true(ones == UINT64_MAX >> 2);
	assert_true(zeros == (UINT64_MAX & ~1ull));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_locked),
	cmocka_unit_test(test_locked_is_empty),
	cmocka_unit_test(test_random_stuck),
	cmocka_unit_test(test_random_goes_bad),
	cmocka_unit_test(test_zeroize),
	cmocka_unit_test(test_zeroize_borrowed),
	cmocka_unit_test(test_zeroize_function),
	cmocka_unit_test(test_zeroize_session),
	cmocka_unit_test(test_epoch),
};

RIG_MAIN(tests)
