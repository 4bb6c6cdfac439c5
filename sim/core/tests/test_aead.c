// SPDX-License-Identifier: GPL-2.0-or-later
/* AES-GCM of both backends against vectors that nobody here made. */
#include <libgen.h>
#include <sys/wait.h>

#include "ipsec_rig.h"

#define TEXT_MAX 8192

struct vector {
	uint8_t key[32], nonce[12], aad[TEXT_MAX], msg[TEXT_MAX], ct[TEXT_MAX], tag[16];
	size_t key_len, aad_len, len;
	bool valid;
};

struct under_test {
	struct esvc_aead *aead;
	void *ctx;
};

static const char *here;

static void setup(struct under_test *t, enum esvc_backend backend)
{
	t->aead = esvc_aead_new(backend);
	if (!t->aead && backend == ESVC_AEAD_IPSEC_MB && errno == ENOTSUP) {
		print_message("# skip: this machine's processor lacks what libipsec-mb needs\n");
		skip();
	}
	assert_non_null(t->aead);
	t->ctx = aligned_alloc(64, (esvc_aead_ctx_size(t->aead) + 63) / 64 * 64);
	assert_non_null(t->ctx);
}

static void teardown(struct under_test *t)
{
	esvc_aead_free(t->aead);
	free(t->ctx);
}

/* Seal and open, apart and in place, and open with a wrong ICV. */
static void check(struct under_test *t, const struct vector *v)
{
	static uint8_t buf[TEXT_MAX];
	static const uint8_t zero[TEXT_MAX];
	uint8_t icv[16], bad[16];

	assert_int_equal(esvc_aead_setkey(t->aead, t->ctx, v->key, v->key_len), 0);
	if (v->valid) {
		assert_int_equal(esvc_aead_seal(t->aead, t->ctx, v->nonce, v->aad, v->aad_len, v->msg, buf, v->len, icv), 0);
		assert_memory_equal(buf, v->ct, v->len);
		assert_memory_equal(icv, v->tag, 16);
		memcpy(buf, v->msg, v->len);
		assert_int_equal(esvc_aead_seal(t->aead, t->ctx, v->nonce, v->aad, v->aad_len, buf, buf, v->len, icv), 0);
		assert_memory_equal(buf, v->ct, v->len);
		assert_int_equal(esvc_aead_open(t->aead, t->ctx, v->nonce, v->aad, v->aad_len, buf, buf, v->len, icv), 0);
		assert_memory_equal(buf, v->msg, v->len);
		assert_int_equal(esvc_aead_open(t->aead, t->ctx, v->nonce, v->aad, v->aad_len, v->ct, buf, v->len, v->tag), 0);
		assert_memory_equal(buf, v->msg, v->len);
	}
	memcpy(bad, v->tag, 16);
	bad[15] ^= v->valid;
	memset(buf, 0xaa, v->len);
	assert_int_equal(esvc_aead_open(t->aead, t->ctx, v->nonce, v->aad, v->aad_len, v->ct, buf, v->len, bad), -EBADMSG);
	assert_memory_equal(buf, zero, v->len);
}

static int unhex(const char *word, uint8_t *out, size_t max)
{
	size_t n = 0;

	if (!strcmp(word, "-"))
		return 0;
	for (; word[0] && word[1]; word += 2) {
		unsigned int byte;

		if (n == max || sscanf(word, "%2x", &byte) != 1)
			return -1;
		out[n++] = (uint8_t)byte;
	}
	return (int)n;
}

static bool parse(char *line, struct vector *v)
{
	char *word[7], *save = NULL;
	int n[6];

	for (int i = 0; i < 7; i++) {
		word[i] = strtok_r(i ? NULL : line, " \n", &save);
		assert_non_null(word[i]);
	}
	n[0] = unhex(word[0], v->key, sizeof(v->key));
	n[1] = unhex(word[1], v->nonce, sizeof(v->nonce));
	n[2] = unhex(word[2], v->aad, sizeof(v->aad));
	n[3] = unhex(word[3], v->msg, sizeof(v->msg));
	n[4] = unhex(word[4], v->ct, sizeof(v->ct));
	n[5] = unhex(word[5], v->tag, sizeof(v->tag));
	v->key_len = (size_t)n[0];
	v->aad_len = (size_t)n[2];
	v->len = (size_t)n[4];
	v->valid = !strcmp(word[6], "valid");
	return n[1] == 12 && n[5] == 16 && (n[3] == n[4] || !v->valid);
}

/* Every vector of a source. */
static void run_source(enum esvc_backend backend, const char *source, unsigned int at_least)
{
	static char line[8 * TEXT_MAX];
	static struct vector v;
	struct under_test t;
	unsigned int n = 0;
	char cmd[8192];
	FILE *f;
	int rc;

	setup(&t, backend);
	snprintf(cmd, sizeof(cmd), "python3 %s/aead_vectors.py %s", here, source);
	f = popen(cmd, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		assert_true(parse(line, &v));
		check(&t, &v);
		n++;
	}
	rc = pclose(f);
	if (WEXITSTATUS(rc) == 77) {
		teardown(&t);
		print_message("# skip: the vectors of %s are not installed\n", source);
		skip();
	}
	assert_int_equal(rc, 0);
	print_message("# %s: %u vectors on %s\n", source, n, esvc_aead_name(t.aead));
	assert_true(n >= at_least);
	teardown(&t);
}

/* SA-54, SP 800-38D: what is valid agrees both ways, what is not gives no text (Wycheproof). */
static void wycheproof(enum esvc_backend backend)
{
	run_source(backend, "wycheproof", 100);
}

/* SA-54, RFC 4106: the vectors of the kernel's own rfc4106(gcm(aes)). */
static void testmgr(enum esvc_backend backend)
{
	run_source(backend, "testmgr", 15);
}

/* SA-54, SP 800-38D: NIST's CAVP vectors, those that must fail among them. */
static void cavp(enum esvc_backend backend)
{
	run_source(backend, "cavp", 1000);
}

/* UNIT-2: a context is all that is kept of a key: another one seals otherwise, wiped bytes seal nothing. */
static void contexts(enum esvc_backend backend)
{
	uint8_t key[2][32] = { { 1 }, { 2 } }, nonce[12] = { 3 }, msg[100] = { 4 }, icv[3][16];
	struct under_test t;
	uint8_t out[100];
	void *other;
	size_t size;

	setup(&t, backend);
	size = (esvc_aead_ctx_size(t.aead) + 63) / 64 * 64;
	other = aligned_alloc(64, size);
	assert_int_equal(esvc_aead_setkey(t.aead, t.ctx, key[0], 32), 0);
	assert_int_equal(esvc_aead_setkey(t.aead, other, key[1], 32), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(esvc_aead_seal(t.aead, i == 1 ? other : t.ctx, nonce, NULL, 0, msg, out, 100,
						icv[i]), 0);
	assert_memory_equal(icv[0], icv[2], 16);
	assert_memory_not_equal(icv[0], icv[1], 16);
	memset(other, 0, size);
	assert_int_not_equal(esvc_aead_seal(t.aead, other, nonce, NULL, 0, msg, out, 100, icv[0]), 0);
	assert_int_equal(esvc_aead_setkey(t.aead, other, key[0], 24), -EINVAL);
	free(other);
	teardown(&t);
}

struct found {
	uint8_t key[32], rounds[240], ghash[16];
	size_t key_len, rounds_len;
};

static void note_secret(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct found *f = arg;

	if (!strcmp(name, "key")) {
		f->key_len = len;
		memcpy(f->key, bytes, len);
	} else if (!strcmp(name, "round-keys")) {
		f->rounds_len = len;
		memcpy(f->rounds, bytes, len);
	} else {
		assert_string_equal(name, "ghash-key");
		memcpy(f->ghash, bytes, len);
	}
}

/* FIPS 197 appendix A.1 and A.3; H is the encryption of zero, which the empty GCM message shows. */
static void schedule(enum esvc_backend backend)
{
	static const uint8_t k128[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88,
					  0x09, 0xcf, 0x4f, 0x3c };
	static const uint8_t k256[32] = { 0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0,
					  0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7,
					  0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4 };
	static const uint8_t last128[16] = { 0xd0, 0x14, 0xf9, 0xa8, 0xc9, 0xee, 0x25, 0x89, 0xe1, 0x3f, 0x0c, 0xc8,
					     0xb6, 0x63, 0x0c, 0xa6 };
	static const uint8_t last256[16] = { 0xfe, 0x48, 0x90, 0xd1, 0xe6, 0x18, 0x8d, 0x0b, 0x04, 0x6d, 0xf3, 0x44,
					     0x70, 0x6c, 0x63, 0x1e };
	/* SP 800-38D test case 1: H of the zero key. */
	static const uint8_t zero[16], h[16] = { 0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b, 0x88, 0x4c, 0xfa,
						 0x59, 0xca, 0x34, 0x2b, 0x2e };
	struct under_test t;
	struct found f;

	setup(&t, backend);
	memset(t.ctx, 0, esvc_aead_ctx_size(t.aead));
	assert_int_equal(esvc_aead_schedule(t.aead, t.ctx, note_secret, &f), -ENOKEY);
	assert_int_equal(esvc_aead_setkey(t.aead, t.ctx, k128, 16), 0);
	assert_int_equal(esvc_aead_schedule(t.aead, t.ctx, note_secret, &f), 0);
	assert_int_equal(f.key_len, 16);
	assert_int_equal(f.rounds_len, 160);
	assert_memory_equal(f.key, k128, 16);
	assert_memory_equal(f.rounds + 144, last128, 16);
	assert_int_equal(esvc_aead_setkey(t.aead, t.ctx, k256, 32), 0);
	assert_int_equal(esvc_aead_schedule(t.aead, t.ctx, note_secret, &f), 0);
	assert_int_equal(f.rounds_len, 208);
	assert_memory_equal(f.rounds + 192, last256, 16);
	assert_int_equal(esvc_aead_setkey(t.aead, t.ctx, zero, 16), 0);
	assert_int_equal(esvc_aead_schedule(t.aead, t.ctx, note_secret, &f), 0);
	assert_memory_equal(f.ghash, h, 16);
	teardown(&t);
}

/* Both backends give the same for random lengths and keys. */
static void agree(uint64_t seed)
{
	static uint8_t msg[2000], out[2][2000];
	uint8_t key[32], nonce[12], aad[12], icv[2][16];
	struct under_test t[2];

	setup(&t[1], ESVC_AEAD_IPSEC_MB);
	setup(&t[0], ESVC_AEAD_EVP);
	for (unsigned int i = 0; i < 2000; i++) {
		size_t len = rnd(&seed) % sizeof(msg), key_len = rnd(&seed) % 2 ? 16 : 32, aad_len = 8 + rnd(&seed) % 2 * 4;

		for (size_t j = 0; j < sizeof(key); j++)
			key[j] = (uint8_t)rnd(&seed);
		for (size_t j = 0; j < 12; j++)
			nonce[j] = aad[j] = (uint8_t)rnd(&seed);
		for (size_t j = 0; j < len; j++)
			msg[j] = (uint8_t)rnd(&seed);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(esvc_aead_setkey(t[k].aead, t[k].ctx, key, key_len), 0);
			assert_int_equal(esvc_aead_seal(t[k].aead, t[k].ctx, nonce, aad, aad_len, msg, out[k], len, icv[k]), 0);
		}
		assert_memory_equal(out[0], out[1], len);
		assert_memory_equal(icv[0], icv[1], 16);
		assert_int_equal(esvc_aead_open(t[1].aead, t[1].ctx, nonce, aad, aad_len, out[0], out[0], len, icv[0]), 0);
		assert_memory_equal(out[0], msg, len);
	}
	teardown(&t[0]);
	teardown(&t[1]);
}

/* SA-54: both backends make the same ciphertext and ICV, and open them. */
static void test_backends_agree(void **state)
{
	agree(1234567);
	agree(fresh_seed("backends agree"));
}

/* Each is a test on either backend, so that what one lacks is skipped by name. */
#define ON_BOTH(fn) \
	static void test_##fn##_evp(void **state) { (void)state; fn(ESVC_AEAD_EVP); } \
	static void test_##fn##_ipsec_mb(void **state) { (void)state; fn(ESVC_AEAD_IPSEC_MB); }
#define BOTH(fn) cmocka_unit_test(test_##fn##_evp), cmocka_unit_test(test_##fn##_ipsec_mb)

ON_BOTH(wycheproof)
ON_BOTH(testmgr)
ON_BOTH(cavp)
ON_BOTH(contexts)
ON_BOTH(schedule)

int main(void)
{
	static char path[4096];
	const struct CMUnitTest tests[] = {
		BOTH(wycheproof),
		BOTH(testmgr),
		BOTH(cavp),
		BOTH(contexts),
		BOTH(schedule),
		cmocka_unit_test(test_backends_agree),
	};

	snprintf(path, sizeof(path), "%s", __FILE__);
	here = dirname(path);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("aead", tests, NULL, NULL);
}
