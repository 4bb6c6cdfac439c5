// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key schedule against answers that nobody here wrote: CAVP samples where they
 * are installed, and Python's own hmac.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "esvc_ike.h"
#include "vectors.h"

/* A CAVP file of an nss source package; the first of these that is there. */
static const char *const fax_files[] = {
	"/usr/src/nss/ikev2.fax",
	"/usr/share/espvault/vectors/ikev2.fax",
};

static struct esvc_prfs prfs;

static struct esvc_bytes word(const struct words *w, unsigned int i)
{
	return (struct esvc_bytes){ w->b[i], w->len[i] };
}

static void check_kdf(const struct words *w)
{
	const struct esvc_nonces n = { word(w, 1), word(w, 2) };
	const struct esvc_bytes new = word(w, 4);
	unsigned int prf = (unsigned int)atoi(w->text[0]);
	static uint8_t out[BYTES_MAX];
	struct esvc_ike_scratch s;
	struct esvc_bytes sk_d = { w->b[7], esvc_prf_len(prf) };

	assert_int_equal(w->n, 10);
	assert_int_equal(w->len[5], ESVC_SPI_PAIR);
	assert_int_equal(w->len[6], esvc_prf_len(prf));
	assert_int_equal(esvc_ike_seed(&prfs, prf, &n, word(w, 3), &s, s.seed), 0);
	assert_memory_equal(s.seed, w->b[6], w->len[6]);
	assert_int_equal(esvc_ike_expand(&prfs, prf, word(w, 6), &n, w->b[5], &s, out, w->len[7]), 0);
	assert_memory_equal(out, w->b[7], w->len[7]);
	assert_int_equal(esvc_child_keymat(&prfs, prf, sk_d, &n, NULL, 0, s.block, out, w->len[8]), 0);
	assert_memory_equal(out, w->b[8], w->len[8]);
	assert_int_equal(esvc_child_keymat(&prfs, prf, sk_d, &n, &new, 1, s.block, out, w->len[9]), 0);
	assert_memory_equal(out, w->b[9], w->len[9]);
}

/* The fixed cut of the stream (RFC 7296 2.14), with no SK_a for an AEAD. */
static void check_cut(const struct words *w)
{
	const struct esvc_nonces n = { word(w, 1), word(w, 2) };
	unsigned int prf = (unsigned int)atoi(w->text[0]);
	size_t p = esvc_prf_len(prf);
	const uint8_t *dkm = w->b[7];
	struct esvc_ike_scratch s;
	struct esvc_ike_keys k;

	assert_int_equal(esvc_ike_keys(&prfs, prf, 2, &n, word(w, 6), w->b[5], &s, &k), 0);
	assert_memory_equal(k.sk_d, dkm, p);
	assert_memory_equal(k.sk_ei, dkm + p, 36);
	assert_memory_equal(k.sk_er, dkm + p + 36, 36);
	assert_memory_equal(k.sk_pi, dkm + p + 72, p);
	assert_memory_equal(k.sk_pr, dkm + 2 * p + 72, p);
}

/* UNIT-14, UNIT-76, UNIT-77, RFC 7296 2.13, 2.14, 2.17: the stream and its cut, by Python's hmac. */
static void test_kdf_python(void **state)
{
	static struct words w;
	unsigned int cases = 0;
	FILE *f = vectors("unit_vectors.py", "kdf 20260101 300");

	for (; next(f, &w); cases++) {
		check_kdf(&w);
		check_cut(&w);
	}
	assert_int_equal(finish(f, cases, "python3"), 300);
}

/* UNIT-76, UNIT-77: the same stream by NIST's samples. */
static void test_kdf_cavp(void **state)
{
	static struct words w;
	const char *path = getenv("ESV_IKEV2_FAX");
	unsigned int cases = 0;
	char args[512];
	FILE *f;

	for (unsigned int i = 0; !path && i < 2; i++)
		path = access(fax_files[i], R_OK) ? NULL : fax_files[i];
	if (!path) {
		print_message("# skipped: no ikev2.fax of an nss source package is installed\n");
		skip();
		return;
	}
	snprintf(args, sizeof(args), "cavp '%s'", path);
	f = vectors("unit_vectors.py", args);
	for (; next(f, &w); cases++)
		check_kdf(&w);
	assert_in_range(finish(f, cases, path), 600, 1000000);
}

/* RFC 7296 2.13: 255 blocks, not one byte more. */
static void test_prf_plus_limit(void **state)
{
	static uint8_t out[255 * 32 + 1];
	uint8_t block[ESVC_PRF_MAX];
	struct esvc_bytes key = { "k", 1 };

	assert_int_equal(esvc_prf_plus(&prfs, 1, key, NULL, 0, block, out, 255 * 32), 0);
	assert_int_equal(esvc_prf_plus(&prfs, 1, key, NULL, 0, block, out, 255 * 32 + 1), -EINVAL);
	for (unsigned int i = 0; i < sizeof(block); i++)
		assert_int_equal(block[i], 0);
}

/* UNIT-17, RFC 9370 2.2.4: further secrets follow the nonces. */
static void test_child_many_secrets(void **state)
{
	const struct esvc_nonces n = { { "NNNNNNNNNNNNNNNN", 16 }, { "RRRRRRRRRRRRRRRR", 16 } };
	const struct esvc_bytes secret[] = { { "zero", 4 }, { "one", 3 }, { "two", 3 } };
	const struct esvc_bytes flat = { "zeroNNNNNNNNNNNNNNNNRRRRRRRRRRRRRRRRonetwo", 42 };
	const struct esvc_bytes sk_d = { "dddddddddddddddddddddddddddddddd", 32 };
	uint8_t a[72], b[72], block[ESVC_PRF_MAX];

	assert_int_equal(esvc_child_keymat(&prfs, 1, sk_d, &n, secret, 3, block, a, sizeof(a)), 0);
	assert_int_equal(esvc_prf_plus(&prfs, 1, sk_d, &flat, 1, block, b, sizeof(b)), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(esvc_child_keymat(&prfs, 1, sk_d, &n, secret, 9, block, a, sizeof(a)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kdf_python),
		cmocka_unit_test(test_kdf_cavp),
		cmocka_unit_test(test_prf_plus_limit),
		cmocka_unit_test(test_child_many_secrets),
	};
	int failed;

	if (esvc_prfs_init(&prfs))
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests_name("kdf", tests, NULL, NULL);
	esvc_prfs_free(&prfs);
	return failed ? 1 : 0;
}
