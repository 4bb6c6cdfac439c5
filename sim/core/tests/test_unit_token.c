// SPDX-License-Identifier: GPL-2.0-or-later
/* The token's form and its MAC (TOK-1..TOK-4). */
#include "unit_rig.h"

static struct esvc_prfs prfs;
static const uint8_t mac_key[ESVC_TOKEN_KEY] = "a secret of this epoch, 32 byte";

static const struct esvc_token_id sample = {
	.device_id = 0x1111222233334444ull, .epoch = 99, .slot = 0x01020304, .generation = 7,
	.function = 5, .dir = ESV_DIR_OUT, .suite = ESV_ALGO_AES_GCM_16_256,
};

static int read_back(const uint8_t token[ESV_TOKEN_LEN], uint64_t device, uint64_t epoch,
		     const uint8_t *key, struct esvc_token_id *id)
{
	*id = (struct esvc_token_id){ .device_id = device, .epoch = epoch };
	return esvc_token_read(&prfs, key, token, id);
}

/* TOK-1: what goes into a token comes out, each byte in its place. */
static void test_round_trip(void **state)
{
	uint8_t token[ESV_TOKEN_LEN];
	struct esvc_token_id id;

	assert_int_equal(esvc_token_make(&prfs, mac_key, &sample, token), 0);
	assert_true(esvc_is_token(token, sizeof(token)));
	assert_memory_equal(token, ESV_TOKEN_MAGIC, ESV_TOKEN_MAGIC_LEN);
	assert_memory_equal(token + 8, "\x04\x03\x02\x01\x07\0\0\0\x05\0\x01\x02", 12);
	assert_int_equal(read_back(token, sample.device_id, sample.epoch, mac_key, &id), 0);
	assert_int_equal(id.slot, sample.slot);
	assert_int_equal(id.generation, sample.generation);
	assert_int_equal(id.function, sample.function);
	assert_int_equal(id.dir, sample.dir);
	assert_int_equal(id.suite, sample.suite);
}

/* TOK-4: a token with any of its bits changed. */
static void test_every_bit(void **state)
{
	uint8_t token[ESV_TOKEN_LEN];
	struct esvc_token_id id;

	assert_int_equal(esvc_token_make(&prfs, mac_key, &sample, token), 0);
	for (unsigned int bit = 0; bit < 8 * ESV_TOKEN_LEN; bit++) {
		token[bit / 8] ^= 1u << bit % 8;
		assert_int_equal(read_back(token, sample.device_id, sample.epoch, mac_key, &id), -EBADMSG);
		token[bit / 8] ^= 1u << bit % 8;
	}
	assert_int_equal(read_back(token, sample.device_id, sample.epoch, mac_key, &id), 0);
}

/*
 * TOK-3: what Python's hmac makes with the key above of "espvault token 1" and its NUL, device id and epoch,
 * and the first 20 bytes of the token, each as test_round_trip() has them.
 */
static void test_mac(void **state)
{
	static const uint8_t want[16] = { 0xb4, 0x30, 0x84, 0x8a, 0x6a, 0x96, 0x6f, 0x31,
					  0xe0, 0xae, 0xcc, 0x37, 0x09, 0x62, 0xf7, 0x22 };
	uint8_t token[ESV_TOKEN_LEN];

	assert_int_equal(esvc_token_make(&prfs, mac_key, &sample, token), 0);
	assert_memory_equal(token + offsetof(struct esv_token, mac), want, sizeof(want));
}

/* TOK-3: device, epoch and secret are under the MAC. */
static void test_elsewhere(void **state)
{
	uint8_t token[ESV_TOKEN_LEN], other[ESVC_TOKEN_KEY];
	struct esvc_token_id id;

	memcpy(other, mac_key, sizeof(other));
	other[31] ^= 1;
	assert_int_equal(esvc_token_make(&prfs, mac_key, &sample, token), 0);
	assert_int_equal(read_back(token, sample.device_id + 1, sample.epoch, mac_key, &id), -EBADMSG);
	assert_int_equal(read_back(token, sample.device_id, sample.epoch + 1, mac_key, &id), -EBADMSG);
	assert_int_equal(read_back(token, sample.device_id, sample.epoch, other, &id), -EBADMSG);
}

/* TOK-2: the whole magic, and nothing else. */
static void test_magic(void **state)
{
	assert_false(esvc_is_token((const uint8_t *)ESV_TOKEN_MAGIC, 7));
	assert_true(esvc_is_token((const uint8_t *)ESV_TOKEN_MAGIC, 8));
	assert_false(esvc_is_token((const uint8_t *)"\xe5\x7a\x1dTOK\x02\x9b", 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_magic),
	};
	int failed;

	if (esvc_prfs_init(&prfs))
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests_name("token", tests, NULL, NULL);
	esvc_prfs_free(&prfs);
	return failed ? 1 : 0;
}
