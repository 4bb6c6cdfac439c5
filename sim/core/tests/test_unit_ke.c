// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key exchange methods (UNIT-15, UNIT-33, UNIT-74, UNIT-75, UNIT-82): what is
 * no value of theirs, and the commands. Vectors are in test_unit_alg.c.
 */
#include <openssl/bn.h>

#include "esvc_unit_kat.h"
#include "unit_rig.h"

/* The bytes of p + delta, or of delta itself when it is not negative and from_zero. */
static void modp_value(const struct esvc_ke_method *m, bool from_zero, long delta, uint8_t *out)
{
	BIGNUM *n = m->param == 2048 ? BN_get_rfc3526_prime_2048(NULL) : BN_get_rfc3526_prime_3072(NULL);

	if (from_zero)
		BN_zero(n);
	assert_true(delta < 0 ? BN_sub_word(n, (BN_ULONG)-delta) : BN_add_word(n, (BN_ULONG)delta));
	assert_int_equal(BN_bn2binpad(n, out, m->pub), m->pub);
	BN_free(n);
}

/*
 * UNIT-15, SP 800-56A 5.6.2.3.1. -1 has order 2 and -2 is no square, as p is 7 modulo 8:
 * both are out of the subgroup. 3 is in it or not; 4 is a square.
 */
static void test_modp_validation(void **state)
{
	static const struct {
		bool from_zero;
		long delta;
		int err;
	} cases[] = {
		{ true, 0, -EBADMSG }, { true, 1, -EBADMSG }, { true, 2, 0 }, { true, 4, 0 },
		{ false, -1, -EBADMSG }, { false, -2, -EBADMSG }, { false, 0, -EBADMSG },
		{ false, 1, -EBADMSG }, { false, 4, -EBADMSG },
	};

	for (unsigned int number = ESV_KE_MODP2048; number <= ESV_KE_MODP3072; number++) {
		const struct esvc_ke_method *m = esvc_ke_method(number);
		uint8_t priv[64], value[384], secret[384];

		memset(priv, 0x17, sizeof(priv));
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			modp_value(m, cases[i].from_zero, cases[i].delta, value);
			assert_int_equal(esvc_ke_shared(m, priv, value, secret), cases[i].err);
		}
	}
}

/* SP 800-56A 5.6.1: 0 < scalar < order of the group: the borders, and the last byte at them. */
static void test_usable(void **state)
{
	static const uint8_t order[] = {
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	const struct esvc_ke_method *ec = esvc_ke_method(ESV_KE_P256), *modp = esvc_ke_method(ESV_KE_MODP2048);
	uint8_t k[64] = { 0 };

	assert_false(esvc_ke_usable(ec, k));
	assert_false(esvc_ke_usable(modp, k));
	k[31] = 1;
	assert_true(esvc_ke_usable(ec, k));
	k[31] = 0;
	k[63] = 1;
	assert_false(esvc_ke_usable(modp, k));
	k[0] = 1;
	assert_true(esvc_ke_usable(modp, k));
	memcpy(k, order, sizeof(order));
	assert_false(esvc_ke_usable(ec, k));
	k[31]--;
	assert_true(esvc_ke_usable(ec, k));
	k[31] += 2;
	assert_false(esvc_ke_usable(ec, k));
	memset(k, 0xff, sizeof(k));
	assert_false(esvc_ke_usable(ec, k));
}

/* UNIT-33. */
static void test_pairwise(void **state)
{
	uint8_t scratch[2 * ESVC_KE_SECRET_MAX];

	for (unsigned int number = 1; number <= ESV_KE_ML_KEM_768; number++) {
		const struct esvc_ke_method *m = esvc_ke_method(number);
		uint8_t priv[64], other[64], pub[ESVC_KE_PUB_MAX];

		memset(priv, 0x21, sizeof(priv));
		memset(other, 0x22, sizeof(other));
		assert_int_equal(esvc_ke_public(m, priv, pub), 0);
		assert_int_equal(esvc_ke_pairwise(m, priv, pub, scratch), 0);
		assert_int_equal(esvc_ke_public(m, other, pub), 0);
		assert_int_equal(esvc_ke_pairwise(m, priv, pub, scratch), -EBADMSG);
		for (size_t i = 0; i < sizeof(scratch); i++)
			assert_int_equal(scratch[i], 0);
	}
}

struct value {
	uint64_t handle;
	size_t len;
	uint8_t bytes[ESV_KE_VALUE_MAX];
};

static enum esv_status gen(struct rig *r, unsigned int method, struct value *v)
{
	const struct esv_ke_gen in = { .method = htole16((uint16_t)method) };
	const struct esv_ke_out *out = (const void *)r->out;
	enum esv_status status = rig_run(r, ESV_OP_KE_GEN, r->session, &in, sizeof(in));

	v->handle = le64toh(out->handle);
	v->len = le16toh(out->len);
	memcpy(v->bytes, out->value, sizeof(v->bytes));
	return status;
}

static enum esv_status encap(struct rig *r, unsigned int method, const struct value *peer, struct value *v)
{
	struct esv_ke_encap in = { .method = htole16((uint16_t)method), .len = htole16((uint16_t)peer->len) };
	const struct esv_ke_out *out = (const void *)r->out;
	enum esv_status status;

	memcpy(in.value, peer->bytes, peer->len);
	status = rig_run(r, ESV_OP_KE_ENCAP, r->session, &in, offsetof(struct esv_ke_encap, value) + peer->len);
	v->handle = le64toh(out->handle);
	v->len = le16toh(out->len);
	memcpy(v->bytes, out->value, sizeof(v->bytes));
	return status;
}

static enum esv_status finish_ke(struct rig *r, uint64_t ke, const struct value *peer)
{
	struct esv_ke_finish in = { .handle = htole64(ke), .len = htole16((uint16_t)peer->len) };

	memcpy(in.value, peer->bytes, peer->len);
	return rig_run(r, ESV_OP_KE_FINISH, r->session, &in,
		       offsetof(struct esv_ke_finish, value) + peer->len);
}

struct found {
	unsigned int n;
	size_t len;
	uint8_t bytes[ESVC_KE_SECRET_MAX];
};

static void note_secret(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct found *f = arg;

	if (!strncmp(name, "secret[", 7)) {
		f->n++;
		f->len = len;
		memcpy(f->bytes, bytes, len);
	}
}

/* UNIT-74, UNIT-75, UNIT-82: two units agree by every method that capabilities name. */
static void test_two_units(void **state)
{
	for (unsigned int number = 1; number <= ESV_KE_ML_KEM_768; number++) {
		const struct esvc_ke_method *m = esvc_ke_method(number);
		struct rig *a = rig_new(ESV_MODE_TEST, 1), *b = rig_new(ESV_MODE_TEST, 2);
		struct found fa = { .n = 0 }, fb = { .n = 0 };
		static struct value va, vb;

		assert_true(a->dev.unit->ke_methods >> number & 1);
		assert_int_equal(gen(a, number, &va), ESV_S_OK);
		assert_int_equal(va.len, m->pub);
		if (m->kem) {
			assert_int_equal(encap(b, number, &va, &vb), ESV_S_OK);
		} else {
			assert_int_equal(gen(b, number, &vb), ESV_S_OK);
			assert_int_equal(finish_ke(b, vb.handle, &va), ESV_S_OK);
		}
		assert_int_equal(vb.len, m->answer);
		assert_int_equal(finish_ke(a, va.handle, &vb), ESV_S_OK);
		esvc_unit_test_secrets(a->dev.unit, note_secret, &fa);
		esvc_unit_test_secrets(b->dev.unit, note_secret, &fb);
		assert_int_equal(fa.n, 1);
		assert_int_equal(fb.n, 1);
		assert_int_equal(fa.len, m->secret);
		assert_memory_equal(fa.bytes, fb.bytes, m->secret);
		/* The private value went with the first use. */
		assert_int_equal(finish_ke(a, va.handle, &vb), ESV_S_BAD_HANDLE);
		rig_free(b);
		rig_free(a);
	}
}

/* UNIT-15, UNIT-82: refusals with their offsets; nothing is consumed by them. */
static void test_refusals(void **state)
{
	struct rig *r = rig_new(0, 1);
	static struct value v, peer, out;

	assert_int_equal(gen(r, 7, &v), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_ke_gen, method));
	assert_int_equal(gen(r, 0, &v), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(gen(r, 0xffff, &v), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(gen(r, ESV_KE_ML_KEM_768, &v), ESV_S_OK);
	peer.len = 1184;
	assert_int_equal(encap(r, ESV_KE_X25519, &peer, &out), ESV_S_BAD_FIELD);
	assert_int_equal(encap(r, 9, &peer, &out), ESV_S_UNSUPPORTED_VALUE);
	peer.len = 1183;
	assert_int_equal(encap(r, ESV_KE_ML_KEM_768, &peer, &out), ESV_S_BAD_PUBLIC_VALUE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_ke_encap, len));
	peer.len = 1184;
	memset(peer.bytes, 0xff, sizeof(peer.bytes));	/* coefficients above the modulus */
	assert_int_equal(encap(r, ESV_KE_ML_KEM_768, &peer, &out), ESV_S_BAD_PUBLIC_VALUE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_ke_encap, value));
	assert_int_equal(r->dev.unit->handles.count, 1);
	peer.len = 1087;
	assert_int_equal(finish_ke(r, v.handle, &peer), ESV_S_BAD_PUBLIC_VALUE);
	assert_int_equal(r->dev.unit->handles.count, 1);
	rig_free(r);
}

/* UNIT-15: one's own value, in every way that it can be written. */
static void test_reflection(void **state)
{
	struct rig *r = rig_new(0, 1);
	static struct value v;

	for (unsigned int number = 1; number < ESV_KE_ML_KEM_768; number++) {
		assert_int_equal(gen(r, number, &v), ESV_S_OK);
		assert_int_equal(finish_ke(r, v.handle, &v), ESV_S_BAD_PUBLIC_VALUE);
		assert_int_equal(r->cmd.err_off, offsetof(struct esv_ke_finish, value));
		if (number == ESV_KE_P256 || number == ESV_KE_P384) {
			v.bytes[v.len - 1] ^= 1;	/* x is what counts */
			assert_int_equal(finish_ke(r, v.handle, &v), ESV_S_BAD_PUBLIC_VALUE);
			assert_int_equal(r->dev.unit->handles.count, number);
		}
		if (number != ESV_KE_X25519)
			continue;
		v.bytes[31] ^= 0x80;
		assert_int_equal(finish_ke(r, v.handle, &v), ESV_S_BAD_PUBLIC_VALUE);
		v.bytes[31] ^= 0x80;
		v.bytes[0] ^= 1;	/* somebody else's */
		assert_int_equal(finish_ke(r, v.handle, &v), ESV_S_OK);
	}
	rig_free(r);
}

/* UNIT-15, RFC 7748 5: values from p on, which only small ones can be written as. */
static void test_x25519_same(void **state)
{
	const struct esvc_ke_method *m = esvc_ke_method(ESV_KE_X25519);
	uint8_t small[32] = { 9 }, p_plus[32], other[32] = { 10 };

	memset(p_plus, 0xff, sizeof(p_plus));
	p_plus[31] = 0x7f;
	p_plus[0] = 0xed + 9;
	assert_true(esvc_ke_reflected(m, small, p_plus));
	assert_true(esvc_ke_reflected(m, small, small));
	assert_false(esvc_ke_reflected(m, other, p_plus));
	p_plus[31] = 0xff;
	assert_true(esvc_ke_reflected(m, small, p_plus));
	assert_false(esvc_ke_reflected(m, p_plus, other));
}

/* UNIT-74, UNIT-79: a method that the device lacks is refused by name, and nothing else is. */
static void test_absent_method(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esvc_unit_config cfg = rig_config(r, r->dev.aead, 0);
	static struct value v;

	esvc_unit_free(r->dev.unit);
	cfg.ke_methods = ~(1u << ESV_KE_ML_KEM_768);
	r->dev.unit = esvc_unit_new(&cfg);
	r->session = rig_open(r);
	assert_int_equal(gen(r, ESV_KE_ML_KEM_768, &v), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(gen(r, ESV_KE_P256, &v), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_UNIT_STATUS, 0, NULL, 0), ESV_S_OK);
	assert_false(le32toh(((const struct esv_unit_status *)(const void *)r->out)->ke_methods) >>
		     ESV_KE_ML_KEM_768 & 1);
	rig_free(r);
}

/* UNIT-33: a pair that does not fit locks the unit, as a failed self-test does. */
static void test_pairwise_locks(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esvc_unit_config cfg = rig_config(r, r->dev.aead, 0);
	static struct value v;

	esvc_unit_free(r->dev.unit);
	cfg.fail_selftest = true;
	cfg.fail_n = ESVC_KAT_PAIRWISE;
	r->dev.unit = esvc_unit_new(&cfg);
	assert_int_equal(esvc_unit_failed(r->dev.unit), 0);
	r->session = rig_open(r);
	rig_nonce(r, r->session, 32, NULL);
	assert_int_equal(gen(r, ESV_KE_X25519, &v), ESV_S_SELFTEST_FAILED);
	assert_int_equal(v.handle, 0);
	assert_int_equal(esvc_unit_failed(r->dev.unit), ESVC_KAT_PAIRWISE);
	assert_int_equal(r->dev.unit->handles.count, 0);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_OPEN, 0, NULL, 0), ESV_S_SELFTEST_FAILED);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modp_validation), cmocka_unit_test(test_usable),
		cmocka_unit_test(test_pairwise), cmocka_unit_test(test_two_units),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_absent_method),
		cmocka_unit_test(test_reflection), cmocka_unit_test(test_x25519_same),
		cmocka_unit_test(test_pairwise_locks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("unit-ke", tests, NULL, NULL) ? 1 : 0;
}
