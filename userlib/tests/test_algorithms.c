// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strength of algorithms: RFC 8221 section 5 (encryption) and 6 (authentication), as the shipped
 * classes have it. api-rules 40: shipped classes are listed with their suites.
 */
#include <errno.h>
#include <ipsecapi.h>

#include "../ipsecapid/algorithms.h"
#include "shipped.h"
#include "unit.h"

struct expectation {
	struct sa_algorithms alg;
	uint8_t encrypts, authenticates;
	uint8_t strength;
};

enum { U = IPSECAPI_STRENGTH_UNKNOWN, N = IPSECAPI_STRENGTH_NONE, W = IPSECAPI_STRENGTH_WEAK,
       S = IPSECAPI_STRENGTH_STANDARD, X = IPSECAPI_STRENGTH_STRONG };

#define AEAD(name, key, icv) { .aead = name, .aead_key_bits = key, .aead_icv_bits = icv }
#define PAIR(c, key, a, trunc) { .cipher = c, .cipher_key_bits = key, .auth = a, \
				 .auth_trunc_bits = trunc }

static const struct expectation expected[] = {
	{ AEAD("rfc4106(gcm(aes))", 160, 128), 1, 1, S },
	{ AEAD("rfc4106(gcm(aes))", 224, 128), 1, 1, S },
	{ AEAD("rfc4106(gcm(aes))", 288, 128), 1, 1, X },
	{ AEAD("rfc4106(gcm(aes))", 288, 96), 1, 1, W },
	{ AEAD("rfc4106(gcm(aes))", 288, 64), 1, 1, W },
	/* a driver took the key: what is left is the least that the name allows */
	{ AEAD("rfc4106(gcm(aes))", 0, 128), 1, 1, S },
	{ AEAD("rfc4309(ccm(aes))", 280, 128), 1, 1, X },
	{ AEAD("rfc4309(ccm(aes))", 152, 64), 1, 1, S },
	{ AEAD("rfc7539esp(chacha20,poly1305)", 288, 128), 1, 1, X },
	{ AEAD("rfc4543(gcm(aes))", 288, 128), 0, 1, X },
	{ AEAD("rfc9999(new)", 288, 128), 2, 1, U },
	{ PAIR("cbc(aes)", 256, "hmac(sha256)", 128), 1, 1, X },
	{ PAIR("cbc(aes)", 128, "hmac(sha256)", 128), 1, 1, S },
	{ PAIR("aes", 256, "sha256", 128), 1, 1, X },
	{ PAIR("cbc(aes)", 256, "hmac(sha256)", 96), 1, 1, W },
	{ PAIR("cbc(aes)", 256, "hmac(sha512)", 256), 1, 1, X },
	{ PAIR("rfc3686(ctr(aes))", 288, "hmac(sha384)", 192), 1, 1, X },
	{ PAIR("rfc3686(ctr(aes))", 160, "hmac(sha384)", 192), 1, 1, S },
	{ PAIR("cbc(aes)", 256, "hmac(sha1)", 0), 1, 1, W },
	{ PAIR("cbc(aes)", 256, "hmac(md5)", 96), 1, 1, W },
	{ PAIR("cbc(aes)", 256, "xcbc(aes)", 96), 1, 1, S },
	{ PAIR("cbc(des3_ede)", 192, "hmac(sha256)", 128), 1, 1, W },
	{ PAIR("cbc(des)", 64, "hmac(sha256)", 128), 1, 1, W },
	{ PAIR("cbc(unheard)", 256, "hmac(sha256)", 128), 1, 1, U },
	{ PAIR("cbc(aes)", 256, "hmac(unheard)", 128), 1, 1, U },
	{ PAIR("ecb(cipher_null)", 0, "hmac(sha256)", 128), 0, 1, X },
	{ PAIR("ecb(cipher_null)", 0, "digest_null", 0), 0, 0, N },
	{ PAIR("cbc(aes)", 256, NULL, 0), 1, 0, W },
	{ PAIR(NULL, 0, "hmac(sha256)", 128), 0, 1, X },
	{ PAIR(NULL, 0, NULL, 0), 0, 0, N },
};

static void strengths_are_as_the_rfc_ranks_them(void **state)
{
	const struct policy *p = shipped_policy();
	struct suite suite;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct expectation *e = &expected[i];

		suite = algorithms_name(&e->alg);
		print_message("# case %zu: %s %s, %s\n", i, e->alg.aead ?: e->alg.cipher ?: "-",
			      cipher_name(suite.cipher), auth_name(suite.auth));
		assert_int_equal(policy_strength(p, suite.cipher, suite.auth), e->strength);
		assert_int_equal(suite.encrypts, e->encrypts);
		assert_int_equal(suite.authenticates, e->authenticates);
	}
}

static void classes_are_listed_weakest_first(void **state)
{
	const struct policy *p = shipped_policy();
	struct ipsecapi_class c;
	uint32_t i, last = 0;

	(void)state;
	for (i = 0; !policy_describe_class(p, i, &c); i++) {
		assert_true(c.strength > last);
		assert_true(c.name[0] && c.description[0] && c.version);
		last = c.strength;
	}
	assert_int_equal(i, 3);
	assert_int_equal(policy_describe_class(p, i, &c), -ENOENT);
}

/* Each of them accepts what the next does, and none what does not encrypt but the weakest. */
static void the_shipped_classes_are_nested(void **state)
{
	const struct policy *p = shipped_policy();
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_true(outcomes_within(&p->classes[i + 1].set, &p->classes[i].set));
		assert_false(outcomes_within(&p->classes[i].set, &p->classes[i + 1].set));
		assert_int_equal(p->classes[i + 1].set.suites[CIPHER_NULL], 0);
	}
	assert_false(p->classes[0].set.clear);
}

static void names_are_read_back(void **state)
{
	int i;

	(void)state;
	for (i = 1; i < CIPHERS; i++)
		assert_true(ciphers_by_name(cipher_name(i)) >> i & 1);
	for (i = 1; i < AUTHS; i++)
		assert_int_equal(auths_by_name(auth_name(i)), 1u << i);
	assert_int_equal(ciphers_by_name("ENCR_AES_CBC"), 7u << CIPHER_CBC_128);
	assert_int_equal(ciphers_by_name("ENCR_AES"), 0);
	assert_int_equal(ciphers_by_name("unknown"), 0);
	assert_int_equal(ciphers_by_name(""), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(strengths_are_as_the_rfc_ranks_them),
	cmocka_unit_test(classes_are_listed_weakest_first),
	cmocka_unit_test(the_shipped_classes_are_nested),
	cmocka_unit_test(names_are_read_back),
};
RUN(tests)
