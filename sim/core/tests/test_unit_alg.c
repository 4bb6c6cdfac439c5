// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIT-101: vectors of Wycheproof, NIST and the authors of standards, and of implementations
 * that share nothing with libcrypto, through the command interface of a unit in test mode.
 */
#include "unit_rig.h"
#include "vectors.h"

struct answer {
	enum esv_status status;
	size_t len;
	uint8_t b[ESV_ADMIN_BUF];
};

static struct rig *rig;

static struct esvc_bytes word(const struct words *w, unsigned int i)
{
	return (struct esvc_bytes){ w->b[i], w->len[i] };
}

static unsigned int number(const struct words *w)
{
	return (unsigned int)atoi(w->text[0]);
}

/* The payload; its length. */
static size_t fill(struct esv_alg_test *in, unsigned int alg, unsigned int param, const struct esvc_bytes *part,
		   unsigned int parts)
{
	size_t at = 0;

	memset(in, 0, sizeof(*in));
	in->alg = htole16((uint16_t)alg);
	in->param = htole16((uint16_t)param);
	for (unsigned int i = 0; i < parts; at += part[i++].len) {
		assert_in_range(at + part[i].len, 0, sizeof(in->data));
		in->len[i] = htole16((uint16_t)part[i].len);
		if (part[i].len)
			memcpy(in->data + at, part[i].p, part[i].len);
	}
	return offsetof(struct esv_alg_test, data) + at;
}

static const struct answer *ask(unsigned int alg, unsigned int param, const struct esvc_bytes *part, unsigned int parts)
{
	static struct esv_alg_test in;
	static struct answer a;
	const struct esv_alg_tested *out = (const void *)rig->out;
	size_t len = fill(&in, alg, param, part, parts);

	a.status = rig_run(rig, ESV_OP_ALG_TEST, rig->session, &in, len);
	a.len = le16toh(out->len);
	memcpy(a.b, out->data, a.len);
	if (a.status == ESV_S_OK)
		assert_int_equal(rig->cmd.out_len, offsetof(struct esv_alg_tested, data) + a.len);
	else
		assert_int_equal(rig->cmd.out_len, 0);
	return &a;
}

#define ASK(alg, param, ...) \
	ask(alg, param, (const struct esvc_bytes[]){ __VA_ARGS__ }, \
	    sizeof((const struct esvc_bytes[]){ __VA_ARGS__ }) / sizeof(struct esvc_bytes))

static void is(const struct answer *a, struct esvc_bytes want)
{
	assert_int_equal(a->status, ESV_S_OK);
	assert_int_equal(a->len, want.len);
	assert_memory_equal(a->b, want.p, want.len);
}

/* RFC 2104; Wycheproof and RFC 4231. What it calls invalid has another tag. */
static void test_prf(void **state)
{
	static struct words w;
	unsigned int cases = 0, wrong = 0;
	FILE *f = vectors("unit_vectors.py", "hmac");

	for (; next(f, &w); cases++) {
		const struct answer *a = ASK(ESV_ALG_PRF, number(&w), word(&w, 1), word(&w, 2));

		assert_int_equal(a->status, ESV_S_OK);
		assert_int_equal(a->len, w.len[3]);
		if (strcmp(w.text[4], "invalid")) {
			assert_memory_equal(a->b, w.b[3], a->len);
			continue;
		}
		assert_memory_not_equal(a->b, w.b[3], a->len);
		wrong++;
	}
	assert_in_range(finish(f, cases, "Wycheproof"), 270, 10000);
	assert_in_range(wrong, 1, cases - 90);
}

/* RFC 7748 6.1, Wycheproof: acceptable ones agree unless the secret is all zero; then they are refused. */
static void test_x25519(void **state)
{
	static const uint8_t zero[32];
	static struct words w;
	unsigned int cases = 0, refused = 0;
	FILE *f = vectors("unit_vectors.py", "x25519");

	for (; next(f, &w); cases++) {
		const struct answer *a = ASK(ESV_ALG_KE_SHARED, ESV_KE_X25519, word(&w, 0), word(&w, 1));

		if (memcmp(w.b[2], zero, 32)) {
			is(a, word(&w, 2));
			continue;
		}
		assert_int_equal(a->status, ESV_S_BAD_PUBLIC_VALUE);
		refused++;
	}
	assert_in_range(finish(f, cases, "Wycheproof"), 500, 10000);
	assert_in_range(refused, 1, cases);
}

/* UNIT-74: P-256, P-384 and MODP, with nobody's arithmetic but Python's on the other side. */
static void test_groups(void **state)
{
	static struct words w;
	unsigned int cases = 0;
	FILE *f = vectors("ke_vectors.py", "reference 20261128 12");

	for (; next(f, &w); cases++) {
		is(ASK(ESV_ALG_KE_PUBLIC, number(&w), word(&w, 1)), word(&w, 2));
		is(ASK(ESV_ALG_KE_SHARED, number(&w), word(&w, 1), word(&w, 3)), word(&w, 4));
	}
	assert_int_equal(finish(f, cases, "python3"), 4 * 12);
}

/* UNIT-15: what Wycheproof or CAVP calls invalid is refused, and what they call valid agrees. */
static void test_ecdh(void **state)
{
	static struct words w;
	unsigned int cases = 0, refused = 0;
	FILE *f = vectors("ke_vectors.py", "ecdh");

	for (; next(f, &w); cases++) {
		const struct answer *a = ASK(ESV_ALG_KE_SHARED, number(&w), word(&w, 1), word(&w, 2));

		if (strcmp(w.text[4], "invalid")) {
			is(a, word(&w, 3));
			continue;
		}
		assert_int_equal(a->status, ESV_S_BAD_PUBLIC_VALUE);
		refused++;
	}
	assert_in_range(finish(f, cases, "Wycheproof"), 1150, 10000);
	assert_in_range(refused, 1, cases);
}

static void is_encap(const struct answer *a, const struct words *w, unsigned int ciphertext, unsigned int secret)
{
	assert_int_equal(a->status, ESV_S_OK);
	assert_int_equal(a->len, w->len[ciphertext] + w->len[secret]);
	assert_memory_equal(a->b, w->b[ciphertext], w->len[ciphertext]);
	assert_memory_equal(a->b + w->len[ciphertext], w->b[secret], w->len[secret]);
}

/* FIPS 203 7.1, 7.3: wrong ciphertexts among them, which are never refused. */
static void test_mlkem(void **state)
{
	static struct words w;
	unsigned int cases = 0, encaps = 0;
	FILE *f = vectors("ke_vectors.py", "mlkem");

	for (; next(f, &w); cases++) {
		is(ASK(ESV_ALG_KE_PUBLIC, ESV_KE_ML_KEM_768, word(&w, 0)), word(&w, 1));
		if (w.len[2])
			is(ASK(ESV_ALG_KE_SHARED, ESV_KE_ML_KEM_768, word(&w, 0), word(&w, 2)), word(&w, 3));
		if (!w.len[4])
			continue;
		is_encap(ASK(ESV_ALG_KE_ENCAP, ESV_KE_ML_KEM_768, word(&w, 1), word(&w, 4)), &w, 2, 3);
		encaps++;
	}
	finish(f, cases, "Wycheproof with ML-KEM");
	assert_in_range(cases, 300, 10000);
	assert_int_equal(encaps, 100);
}

/* FIPS 203 7.2: the modulus check. */
static void test_mlkem_encaps(void **state)
{
	static struct words w;
	unsigned int cases = 0, refused = 0;
	FILE *f = vectors("ke_vectors.py", "encaps");

	for (; next(f, &w); cases++) {
		const struct answer *a = ASK(ESV_ALG_KE_ENCAP, ESV_KE_ML_KEM_768, word(&w, 1), word(&w, 0));

		if (strcmp(w.text[4], "invalid")) {
			is_encap(a, &w, 2, 3);
			continue;
		}
		assert_int_equal(a->status, ESV_S_BAD_PUBLIC_VALUE);
		refused++;
	}
	finish(f, cases, "Wycheproof with ML-KEM");
	assert_in_range(refused, 1, cases);
}

/* UNIT-96, RFC 7427 3: ECDSA, Ed25519 and RSA-PSS of Wycheproof, ECDSA of CAVP. */
static void test_verify(void **state)
{
	unsigned int cases = 0, good[ESV_SIG_RSA_PSS_SHA2_512 + 1] = { 0 }, bad[ESV_SIG_RSA_PSS_SHA2_512 + 1] = { 0 };
	static struct words w;
	FILE *f = vectors("sig_vectors.py", "verify");

	for (; next(f, &w); cases++) {
		const struct answer *a = ASK(ESV_ALG_VERIFY, 0, word(&w, 1), word(&w, 2), word(&w, 3));
		bool valid = !strcmp(w.text[4], "valid");

		/* A point that is not on the curve is no key (CAVP's "Q changed"). */
		if (valid)
			assert_int_equal(a->status, ESV_S_OK);
		else
			assert_true(a->status == ESV_S_AUTH_FAILED || a->status == ESV_S_BAD_FIELD);
		assert_int_equal(a->len, 0);
		(valid ? good : bad)[number(&w)]++;
	}
	assert_in_range(finish(f, cases, "Wycheproof"), 1600, 10000);
	for (unsigned int s = ESV_SIG_ECDSA_P256_SHA2_256; s <= ESV_SIG_RSA_PSS_SHA2_512; s++) {
		assert_in_range(good[s], 60, 1000);
		assert_in_range(bad[s], 40, 1000);
	}
}

/* UNIT-95: RFC 6979 A.2.5 and A.2.6; the signatures that came with Ed25519. PSS has a salt, so no answer of its own. */
static void test_sign(void **state)
{
	unsigned int cases = 0, of[ESV_SIG_ED25519 + 1] = { 0 };
	static struct words w;
	FILE *f = vectors("sig_vectors.py", "sign");

	for (; next(f, &w); cases++) {
		is(ASK(ESV_ALG_SIGN, number(&w), word(&w, 1), word(&w, 2)), word(&w, 3));
		of[number(&w)]++;
	}
	assert_int_equal(finish(f, cases, "python3-cryptography-vectors"), 2 + 2 + 1024);
	assert_int_equal(of[ESV_SIG_ECDSA_P256_SHA2_256], 2);
	assert_int_equal(of[ESV_SIG_ECDSA_P384_SHA2_384], 2);
}

/* UNIT-92, RFC 5649, SP 800-38F: Wycheproof and CAVP. */
static void test_kwp(void **state)
{
	static struct words w;
	FILE *f = vectors("wrap_ref.py", "kwp-vectors");
	unsigned int cases = 0;

	for (; next(f, &w); cases++) {
		const struct answer *a = ASK(ESV_ALG_KWP_UNWRAP, 0, word(&w, 0), word(&w, 2));

		if (strcmp(w.text[3], "valid")) {
			assert_int_equal(a->status, ESV_S_AUTH_FAILED);
			continue;
		}
		is(a, word(&w, 1));
		is(ASK(ESV_ALG_KWP_WRAP, 0, word(&w, 0), word(&w, 1)), word(&w, 2));
	}
	assert_in_range(finish(f, cases, "Wycheproof"), 900, 10000);
}

/* UNIT-91, RFC 9180 A. */
static void test_hpke(void **state)
{
	static struct words w;
	FILE *f = vectors("wrap_ref.py", "hpke-vectors");
	unsigned int cases = 0;

	for (; next(f, &w); cases++) {
		is(ASK(ESV_ALG_HPKE_OPEN, 0, word(&w, 0), word(&w, 1), word(&w, 2), word(&w, 3)), word(&w, 4));
		w.b[3][40] ^= 1;
		assert_int_equal(ASK(ESV_ALG_HPKE_OPEN, 0, word(&w, 0), word(&w, 1), word(&w, 2), word(&w, 3))->status,
				 ESV_S_AUTH_FAILED);
	}
	assert_in_range(finish(f, cases, "the HPKE vectors"), 1, 10000);
}

/* Each refusal, and the field that it is about. */
static void test_refused(void **state)
{
	static const uint8_t bytes[1300];
	static const struct {
		unsigned int alg, param;
		uint16_t len[ESV_ALG_PARTS];
		enum esv_status status;
		size_t off;
	} cases[] = {
		{ 0, 0, { 0 }, ESV_S_UNSUPPORTED_VALUE, offsetof(struct esv_alg_test, alg) },
		{ ESV_ALG_HPKE_OPEN + 1, 0, { 0 }, ESV_S_UNSUPPORTED_VALUE, offsetof(struct esv_alg_test, alg) },
		{ ESV_ALG_PRF, 0, { 1, 1 }, ESV_S_UNSUPPORTED_VALUE, offsetof(struct esv_alg_test, param) },
		{ ESV_ALG_KE_PUBLIC, 99, { 32 }, ESV_S_UNSUPPORTED_VALUE, offsetof(struct esv_alg_test, param) },
		{ ESV_ALG_KE_ENCAP, ESV_KE_P256, { 64, 32 }, ESV_S_UNSUPPORTED_VALUE,
		  offsetof(struct esv_alg_test, param) },
		{ ESV_ALG_KWP_WRAP, 1, { 32, 8 }, ESV_S_BAD_FIELD, offsetof(struct esv_alg_test, param) },
		{ ESV_ALG_KE_PUBLIC, ESV_KE_P256, { 31 }, ESV_S_BAD_LENGTH, offsetof(struct esv_alg_test, len) },
		{ ESV_ALG_KE_PUBLIC, ESV_KE_P256, { 32, 1 }, ESV_S_BAD_LENGTH, offsetof(struct esv_alg_test, len) },
		{ ESV_ALG_KE_ENCAP, ESV_KE_ML_KEM_768, { 1184, 31 }, ESV_S_BAD_LENGTH,
		  offsetof(struct esv_alg_test, len) },
		{ ESV_ALG_KWP_WRAP, 0, { 16, 8 }, ESV_S_BAD_LENGTH, offsetof(struct esv_alg_test, len) },
		{ ESV_ALG_KWP_WRAP, 0, { 32, 0 }, ESV_S_BAD_LENGTH, offsetof(struct esv_alg_test, len) },
		{ ESV_ALG_HPKE_OPEN, 0, { 31, 0, 0, 64 }, ESV_S_BAD_LENGTH, offsetof(struct esv_alg_test, len) },
		{ ESV_ALG_HPKE_OPEN, 0, { 32, 0, 0, 8 }, ESV_S_AUTH_FAILED, offsetof(struct esv_alg_test, data) },
		{ ESV_ALG_KE_PUBLIC, ESV_KE_P256, { 32 }, ESV_S_KEY_WEAK, offsetof(struct esv_alg_test, data) },
		{ ESV_ALG_SIGN, ESV_SIG_ED25519, { 48, 1 }, ESV_S_BAD_FIELD, offsetof(struct esv_alg_test, data) },
		{ ESV_ALG_VERIFY, 0, { 44, 1, 80 }, ESV_S_BAD_FIELD, offsetof(struct esv_alg_test, data) },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct esvc_bytes part[ESV_ALG_PARTS];

		for (unsigned int p = 0; p < ESV_ALG_PARTS; p++)
			part[p] = (struct esvc_bytes){ bytes, cases[i].len[p] };
		assert_int_equal(ask(cases[i].alg, cases[i].param, part, ESV_ALG_PARTS)->status, cases[i].status);
		assert_int_equal(rig->cmd.err_off, cases[i].off);
	}
}

/* Parts that do not fill the payload, or more than it; the reserved field. */
static void test_payload(void **state)
{
	static struct esv_alg_test in;
	const struct esvc_bytes part[] = { { "key", 3 }, { "message", 7 } };
	size_t len = fill(&in, ESV_ALG_PRF, ESV_PRF_HMAC_SHA2_256, part, 2);

	assert_int_equal(rig_run(rig, ESV_OP_ALG_TEST, rig->session, &in, len), ESV_S_OK);
	assert_int_equal(rig_run(rig, ESV_OP_ALG_TEST, rig->session, &in, len + 1), ESV_S_BAD_LENGTH);
	assert_int_equal(rig_run(rig, ESV_OP_ALG_TEST, rig->session, &in, len - 1), ESV_S_BAD_LENGTH);
	in.rsvd = htole32(1);
	assert_int_equal(rig_run(rig, ESV_OP_ALG_TEST, rig->session, &in, len), ESV_S_RESERVED_NONZERO);
	in.rsvd = 0;
	assert_int_equal(rig_run(rig, ESV_OP_ALG_TEST, rig->session + 1, &in, len), ESV_S_BAD_HANDLE);
}

/* SHA-1 and a production unit: the one in test mode only, the other never. */
static void test_mode(void **state)
{
	const struct esvc_bytes part[] = { { "key", 3 }, { "message", 7 } };
	struct rig *r = rig_new(0, 1);
	static struct esv_alg_test in;
	size_t len = fill(&in, ESV_ALG_PRF, ESV_PRF_HMAC_SHA1, part, 2);

	assert_int_equal(rig_run(rig, ESV_OP_ALG_TEST, rig->session, &in, len), ESV_S_OK);
	for (unsigned int alg = 0; alg <= ESV_ALG_HPKE_OPEN + 1; alg++) {
		len = fill(&in, alg, 1, part, 2);
		assert_int_equal(rig_run(r, ESV_OP_ALG_TEST, r->session, &in, len), ESV_S_DENIED);
		assert_int_equal(r->cmd.out_len, 0);
	}
	rig_free(r);
}

static int set_up(void **state)
{
	rig = rig_new(ESV_MODE_TEST, 1);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prf), cmocka_unit_test(test_x25519), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_ecdh), cmocka_unit_test(test_mlkem), cmocka_unit_test(test_mlkem_encaps),
		cmocka_unit_test(test_verify), cmocka_unit_test(test_sign), cmocka_unit_test(test_kwp),
		cmocka_unit_test(test_hpke), cmocka_unit_test(test_refused), cmocka_unit_test(test_payload),
		cmocka_unit_test(test_mode),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("algorithms", tests, set_up, tear_down) ? 1 : 0;
}
