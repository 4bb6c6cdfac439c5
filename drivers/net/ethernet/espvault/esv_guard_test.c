// SPDX-License-Identifier: GPL-2.0
/* espvault: KUnit tests of the cipher guard, which the espvault module has put in place. */

#include <crypto/aead.h>
#include <kunit/test.h>
#include <linux/scatterlist.h>

#include <espvault/esv_unit.h>

#define ESV_TEST_AAD	(8 + 8)		/* ESP header and IV, as RFC 4106 has them */
#define ESV_TEST_TEXT	64
#define ESV_TEST_ICV	16
#define ESV_TEST_LEN	(ESV_TEST_AAD + ESV_TEST_TEXT + ESV_TEST_ICV)

static const char * const esv_guarded[] = {
	"seqiv(rfc4106(gcm(aes)))",
	"seqiv(rfc4543(gcm(aes)))",
	"seqiv(rfc7539esp(chacha20,poly1305))",
};

static struct crypto_aead *esv_test_aead(struct kunit *test, const char *name)
{
	struct crypto_aead *tfm = crypto_alloc_aead(name, 0, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tfm);
	KUNIT_ASSERT_EQ(test, crypto_aead_setauthsize(tfm, ESV_TEST_ICV), 0);
	return tfm;
}

/* One request on @buf, in place, and its end if it is asynchronous. */
static int esv_test_crypt(struct kunit *test, struct crypto_aead *tfm, u8 *buf, bool encrypt)
{
	u8 iv[16] __aligned(8) = { 1 };
	DECLARE_CRYPTO_WAIT(wait);
	struct aead_request *req;
	struct scatterlist sg;
	int err;

	req = aead_request_alloc(tfm, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req);
	sg_init_one(&sg, buf, ESV_TEST_LEN);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, 8);
	aead_request_set_crypt(req, &sg, &sg,
			       8 + ESV_TEST_TEXT + (encrypt ? 0 : ESV_TEST_ICV), iv);
	err = crypto_wait_req(encrypt ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req), &wait);
	aead_request_free(req);
	return err;
}

static void esv_test_token_keys_nothing(struct kunit *test)
{
	u8 token[ESV_TOKEN_LEN] = ESV_TOKEN_MAGIC;
	u8 *buf = kunit_kzalloc(test, ESV_TEST_LEN, GFP_KERNEL);
	struct crypto_aead *tfm;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < ARRAY_SIZE(esv_guarded); i++) {
		tfm = esv_test_aead(test, esv_guarded[i]);
		KUNIT_EXPECT_EQ(test, crypto_aead_setkey(tfm, token, sizeof(token)), 0);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, tfm, buf, true), -ENOKEY);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, tfm, buf, false), -ENOKEY);
		KUNIT_EXPECT_NE(test, crypto_aead_setkey(tfm, token, 20), 0);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, tfm, buf, true), -ENOKEY);
		KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, ESV_TEST_LEN));
		crypto_free_aead(tfm);
	}
}

static void esv_test_no_key_is_refused(struct kunit *test)
{
	u8 key[ESV_TOKEN_LEN] = { 0 };
	u8 *buf = kunit_kzalloc(test, ESV_TEST_LEN, GFP_KERNEL);
	struct crypto_aead *tfm;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < ARRAY_SIZE(esv_guarded); i++) {
		tfm = esv_test_aead(test, esv_guarded[i]);
		key[0] = 1;
		KUNIT_EXPECT_EQ(test, crypto_aead_setkey(tfm, key, sizeof(key)), 0);
		key[0] = 0;
		KUNIT_EXPECT_NE(test, crypto_aead_setkey(tfm, key, sizeof(key)), 0);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, tfm, buf, true), -ENOKEY);
		KUNIT_EXPECT_NE(test, crypto_aead_setkey(tfm, key, 0), 0);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, tfm, buf, true), -ENOKEY);
		crypto_free_aead(tfm);
	}
}

/* What the guarded name encrypts, another implementation decrypts, and the other way round. */
static void esv_test_ordinary_key_is_passed_on(struct kunit *test)
{
	u8 key[ESV_TOKEN_LEN] = { 7, 8, 9 };
	u8 *buf = kunit_kzalloc(test, ESV_TEST_LEN, GFP_KERNEL);
	struct crypto_aead *ours, *plain;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < ARRAY_SIZE(esv_guarded); i++) {
		ours = esv_test_aead(test, esv_guarded[i]);
		plain = crypto_alloc_aead(esv_guarded[i], 0, CRYPTO_ALG_NEED_FALLBACK);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, plain);
		KUNIT_EXPECT_PTR_NE(test, crypto_aead_alg(ours), crypto_aead_alg(plain));
		KUNIT_ASSERT_EQ(test, crypto_aead_setauthsize(plain, ESV_TEST_ICV), 0);
		KUNIT_EXPECT_EQ(test, crypto_aead_setkey(ours, key, sizeof(key)), 0);
		KUNIT_EXPECT_EQ(test, crypto_aead_setkey(plain, key, sizeof(key)), 0);
		memset(buf, 0x5a, ESV_TEST_LEN);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, ours, buf, true), 0);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, plain, buf, false), 0);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, plain, buf, true), 0);
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, ours, buf, false), 0);
		buf[ESV_TEST_LEN - 1] ^= 1;
		KUNIT_EXPECT_EQ(test, esv_test_crypt(test, ours, buf, false), -EBADMSG);
		crypto_free_aead(plain);
		crypto_free_aead(ours);
	}
}

static struct kunit_case esv_guard_cases[] = {
	KUNIT_CASE(esv_test_token_keys_nothing),
	KUNIT_CASE(esv_test_no_key_is_refused),
	KUNIT_CASE(esv_test_ordinary_key_is_passed_on),
	{ }
};

static struct kunit_suite esv_guard_suite = {
	.name = "espvault_guard",
	.test_cases = esv_guard_cases,
};

kunit_test_suite(esv_guard_suite);
