// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIT-2 for the keys that attest: libcrypto signs with memory of its own, and none of it holds a
 * private key when a statement is made, nor did when it was given back.
 */
#include "chunks.h"
#include "unit_rig.h"

static const uint8_t *watched;	/* a scalar; NULL: none */
static unsigned int leaked;	/* chunks that held it when they were freed */
static unsigned int held;	/* chunks that were ever seen to hold it while they lived */

/* As the arena has it, or in the words of a BIGNUM. */
static bool holds(const struct chunk *c)
{
	uint8_t turned[ESVC_P256_PRIV];

	for (unsigned int i = 0; i < sizeof(turned); i++)
		turned[i] = watched[sizeof(turned) - 1 - i];
	return memmem(c->data, c->len, watched, sizeof(turned)) || memmem(c->data, c->len, turned, sizeof(turned));
}

static unsigned int holders(void)
{
	unsigned int n = 0;

	for (const struct chunk *c = chunks; watched && c; c = c->next)
		n += holds(c);
	return n;
}

static void count_held(struct chunk *c)
{
	held += holders();
	memset(c->data, 0, c->len);	/* what malloc() left in it is nobody's */
}

static void count_leaked(const struct chunk *c)
{
	leaked += watched && holds(c);
}

static void watch(const uint8_t *scalar)
{
	watched = scalar;
	leaked = held = 0;
}

static void test_boot_key(void **state)
{
	struct rig *r = rig_new(0, 1);
	const struct esv_attest in = { .subject = ESV_SUBJECT_UNIT };

	watch(r->dev.unit->id->boot_key);
	assert_int_equal(holders(), 0);		/* of power-on */
	assert_int_equal(rig_run(r, ESV_OP_ATTEST, r->session, &in, sizeof(in)), ESV_S_OK);
	assert_int_not_equal(held, 0);		/* the tracker does see what libcrypto works with */
	assert_int_equal(leaked, 0);
	assert_int_equal(holders(), 0);
	watch(r->dev.unit->id->device_key);
	assert_int_equal(holders(), 0);
	watch(NULL);
	rig_free(r);
}

/* The device key signs at power-on; a unit of the same device does it again. */
static void test_device_key(void **state)
{
	const uint8_t secret[ESVC_DEVICE_SECRET] = { 1 };
	struct rig *r = rig_new(0, 1);
	struct esvc_unit_config cfg = rig_config(r, r->dev.aead, 0);
	struct esvc_identity id;

	assert_int_equal(esvc_identity_init(&id, secret, 0), 0);
	cfg.device_secret = secret;
	esvc_unit_free(r->dev.unit);
	watch(id.device_key);
	r->dev.unit = esvc_unit_new(&cfg);
	assert_non_null(r->dev.unit);
	assert_memory_equal(r->dev.unit->id->device_key, id.device_key, sizeof(id.device_key));
	assert_int_not_equal(held, 0);
	assert_int_equal(leaked, 0);
	assert_int_equal(holders(), 0);
	watch(NULL);
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_boot_key),
	cmocka_unit_test(test_device_key),
};

int main(void)
{
	on_chunk_get = count_held;
	on_chunk_put = count_leaked;
	if (!chunks_track())
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
