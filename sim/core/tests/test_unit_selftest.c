// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every self-test of the unit can fail. A rig's fault (test_unit_power.c) forces a number, and would not notice a test
 * that always passes; here the linker puts functions in front of the primitives that change one bit of what they give,
 * or accept what they must refuse.
 */
#include "locked.h"

#include <errno.h>

#include "esvc_unit_kat.h"

#define IN_FRONT_OF(function)	__typeof__(function) __real_##function, __wrap_##function
IN_FRONT_OF(esvc_prf);
IN_FRONT_OF(esvc_ike_seed);
IN_FRONT_OF(esvc_ike_expand);
IN_FRONT_OF(esvc_child_keymat);
IN_FRONT_OF(esvc_ke_shared);
IN_FRONT_OF(esvc_ke_public);
IN_FRONT_OF(esvc_ke_encap);
IN_FRONT_OF(esvc_aead_setkey);
IN_FRONT_OF(esvc_aead_seal);
IN_FRONT_OF(esvc_aead_open);
IN_FRONT_OF(esvc_rng_startup);
IN_FRONT_OF(esvc_kwp_wrap);
IN_FRONT_OF(esvc_kwp_unwrap);
IN_FRONT_OF(esvc_hpke_open);
IN_FRONT_OF(esvc_sig_sign);
IN_FRONT_OF(esvc_sig_verify);
IN_FRONT_OF(esvc_p256_pairwise);
IN_FRONT_OF(esvc_identity_derive);

/* What is broken, and of which kind: a prf, a method, a key's length, a scheme. */
enum broken {
	NOTHING, PRF, SEED, EXPAND, KEYMAT, KE_SHARED, KE_PUBLIC, KE_PUBLIC_DRAWN, KEM_ANSWER, KEM_SECRET, SEAL_TEXT,
	SEAL_ICV, OPEN_TEXT, OPEN_ALWAYS, OPEN_NEVER, OPEN_LEAVES, RNG, WRAP, UNWRAP, UNWRAP_ALWAYS, HPKE, HPKE_ALWAYS, SIGN,
	VERIFY_ALWAYS, VERIFY_NEVER, PAIR, DERIVE,
};

static enum broken broken;
static unsigned int kind;

static void spoil(enum broken b, unsigned int k, uint8_t *out)
{
	if (broken == b && (!kind || kind == k))
		out[0] ^= 1;
}

int __wrap_esvc_prf(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key,
		    const struct esvc_bytes *parts, unsigned int n, uint8_t *out)
{
	int err = __real_esvc_prf(prfs, prf, key, parts, n, out);

	spoil(PRF, prf, out);
	return err;
}

int __wrap_esvc_ike_seed(const struct esvc_prfs *prfs, unsigned int prf, const struct esvc_nonces *n,
			 struct esvc_bytes secret, struct esvc_ike_scratch *s, uint8_t *out)
{
	int err = __real_esvc_ike_seed(prfs, prf, n, secret, s, out);

	spoil(SEED, prf, out);
	return err;
}

int __wrap_esvc_ike_expand(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes seed,
			   const struct esvc_nonces *n, const uint8_t spis[ESVC_SPI_PAIR], struct esvc_ike_scratch *s,
			   uint8_t *out, size_t len)
{
	int err = __real_esvc_ike_expand(prfs, prf, seed, n, spis, s, out, len);

	spoil(EXPAND, prf, out + len - 1);
	return err;
}

int __wrap_esvc_child_keymat(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes sk_d,
			     const struct esvc_nonces *n, const struct esvc_bytes *secrets, unsigned int nr_secrets,
			     uint8_t *block, uint8_t *out, size_t len)
{
	int err = __real_esvc_child_keymat(prfs, prf, sk_d, n, secrets, nr_secrets, block, out, len);

	spoil(KEYMAT, prf, out + len - 1);
	return err;
}

static unsigned int number_of(const struct esvc_ke_method *m)
{
	unsigned int n = ESV_KE_X25519;

	while (esvc_ke_method(n) != m)
		n++;
	return n;
}

int __wrap_esvc_ke_shared(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer, uint8_t *out)
{
	int err = __real_esvc_ke_shared(m, priv, peer, out);

	spoil(KE_SHARED, number_of(m), out);
	return err;
}

/* The known answer passes, the pair that is drawn after it does not fit. */
int __wrap_esvc_ke_public(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub)
{
	int err = __real_esvc_ke_public(m, priv, pub);

	spoil(KE_PUBLIC, number_of(m), pub);
	if (priv[0] != 0x5d)	/* of RFC 7748 6.1 */
		spoil(KE_PUBLIC_DRAWN, number_of(m), pub);
	return err;
}

int __wrap_esvc_ke_encap(const struct esvc_ke_method *m, const uint8_t *peer, const uint8_t entropy[ESVC_KE_ENTROPY],
			 uint8_t *answer, uint8_t *out)
{
	int err = __real_esvc_ke_encap(m, peer, entropy, answer, out);

	spoil(KEM_ANSWER, number_of(m), answer);
	spoil(KEM_SECRET, number_of(m), out);
	return err;
}

static unsigned int key_bytes;	/* of the context that was keyed last */

int __wrap_esvc_aead_setkey(struct esvc_aead *aead, void *ctx, const uint8_t *key, size_t key_len)
{
	key_bytes = (unsigned int)key_len;
	return __real_esvc_aead_setkey(aead, ctx, key, key_len);
}

int __wrap_esvc_aead_seal(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12], const uint8_t *aad,
			  size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len, uint8_t icv[ESVC_ICV_LEN])
{
	int err = __real_esvc_aead_seal(aead, ctx, nonce, aad, aad_len, src, dst, len, icv);

	spoil(SEAL_TEXT, key_bytes, dst + len - 1);
	spoil(SEAL_ICV, key_bytes, icv);
	return err;
}

int __wrap_esvc_aead_open(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12], const uint8_t *aad,
			  size_t aad_len, const uint8_t *src, uint8_t *dst, size_t len,
			  const uint8_t icv[ESVC_ICV_LEN])
{
	int err = __real_esvc_aead_open(aead, ctx, nonce, aad, aad_len, src, dst, len, icv);

	if (!err)
		spoil(OPEN_TEXT, key_bytes, dst + len - 1);
	if (err)
		spoil(OPEN_LEAVES, key_bytes, dst + len - 1);
	if (broken == OPEN_NEVER && kind == key_bytes)
		return -EBADMSG;
	return broken == OPEN_ALWAYS ? 0 : err;
}

int __wrap_esvc_rng_startup(struct esvc_rng *rng)
{
	return broken == RNG ? -EBADMSG : __real_esvc_rng_startup(rng);
}

int __wrap_esvc_kwp_wrap(const uint8_t kek[ESVC_KEK_LEN], const uint8_t *in, size_t len, uint8_t *out)
{
	int err = __real_esvc_kwp_wrap(kek, in, len, out);

	spoil(WRAP, 0, out);
	return err;
}

int __wrap_esvc_kwp_unwrap(const uint8_t kek[ESVC_KEK_LEN], const uint8_t *in, size_t len, uint8_t *out,
			   size_t *out_len)
{
	int err = __real_esvc_kwp_unwrap(kek, in, len, out, out_len);

	spoil(UNWRAP, 0, out);
	return broken == UNWRAP_ALWAYS ? 0 : err;
}

int __wrap_esvc_hpke_open(const uint8_t priv[ESVC_HPKE_PRIV], struct esvc_bytes info, struct esvc_bytes aad,
			  struct esvc_bytes sealed, uint8_t *out, size_t *out_len)
{
	int err = __real_esvc_hpke_open(priv, info, aad, sealed, out, out_len);

	spoil(HPKE, 0, out);
	return broken == HPKE_ALWAYS ? 0 : err;
}

int __wrap_esvc_sig_sign(unsigned int scheme, struct esvc_bytes key, struct esvc_bytes octets, uint8_t *out, size_t *len)
{
	int err = __real_esvc_sig_sign(scheme, key, octets, out, len);

	spoil(SIGN, scheme, out + *len - 1);
	return err;
}

/* kind: bytes of the SubjectPublicKeyInfo, which no two kinds of the tests share. */
int __wrap_esvc_sig_verify(struct esvc_bytes key, struct esvc_bytes octets, struct esvc_bytes auth)
{
	int err = __real_esvc_sig_verify(key, octets, auth);

	if (kind != key.len)
		return err;
	return broken == VERIFY_ALWAYS ? 0 : broken == VERIFY_NEVER ? -EBADMSG : err;
}

int __wrap_esvc_p256_pairwise(const uint8_t priv[ESVC_P256_PRIV], const uint8_t pub[ESVC_P256_PUB])
{
	uint8_t other[ESVC_P256_PUB];

	memcpy(other, pub, sizeof(other));
	spoil(PAIR, 0, other);
	return __real_esvc_p256_pairwise(priv, other);
}

int __wrap_esvc_identity_derive(const uint8_t secret[ESVC_DEVICE_SECRET], const char *label, uint32_t context,
				uint8_t *out, size_t len)
{
	int err = __real_esvc_identity_derive(secret, label, context, out, len);

	spoil(DERIVE, 0, out + len - 1);
	return err;
}

#define SPKI_P256	91
#define SPKI_P384	120
#define SPKI_ED25519	44
#define SPKI_RSA	294

static const struct fault {
	enum broken what;
	unsigned int kind;
	uint8_t test;		/* that must see it */
} faults[] = {
	{ PRF, ESV_PRF_HMAC_SHA2_256, ESVC_KAT_HMAC_SHA2_256 },
	{ PRF, ESV_PRF_HMAC_SHA2_384, ESVC_KAT_HMAC_SHA2_384 },
	{ PRF, ESV_PRF_HMAC_SHA2_512, ESVC_KAT_HMAC_SHA2_512 },
	{ SEED, 0, ESVC_KAT_IKE_KDF },
	{ EXPAND, 0, ESVC_KAT_IKE_KDF },
	{ KEYMAT, 0, ESVC_KAT_IKE_KDF },
	{ KE_SHARED, ESV_KE_X25519, ESVC_KAT_X25519 },
	{ KE_PUBLIC, ESV_KE_X25519, ESVC_KAT_X25519 },
	{ SEAL_TEXT, 16, ESVC_KAT_GCM_128 },
	{ SEAL_ICV, 16, ESVC_KAT_GCM_128 },
	{ OPEN_TEXT, 16, ESVC_KAT_GCM_128 },
	{ OPEN_NEVER, 16, ESVC_KAT_GCM_128 },
	{ SEAL_TEXT, 32, ESVC_KAT_GCM_256 },
	{ SEAL_ICV, 32, ESVC_KAT_GCM_256 },
	{ OPEN_TEXT, 32, ESVC_KAT_GCM_256 },
	{ OPEN_NEVER, 32, ESVC_KAT_GCM_256 },
	{ OPEN_ALWAYS, 0, ESVC_KAT_GCM_REJECT },
	{ OPEN_LEAVES, 32, ESVC_KAT_GCM_REJECT },
	{ RNG, 0, ESVC_KAT_RANDOM },
	{ KE_PUBLIC_DRAWN, ESV_KE_X25519, ESVC_KAT_PAIRWISE },
	{ KE_PUBLIC, ESV_KE_P256, ESVC_KAT_P256 },
	{ KE_SHARED, ESV_KE_P256, ESVC_KAT_P256 },
	{ KE_PUBLIC, ESV_KE_P384, ESVC_KAT_P384 },
	{ KE_SHARED, ESV_KE_P384, ESVC_KAT_P384 },
	{ KE_PUBLIC, ESV_KE_MODP2048, ESVC_KAT_MODP2048 },
	{ KE_SHARED, ESV_KE_MODP2048, ESVC_KAT_MODP2048 },
	{ KE_PUBLIC, ESV_KE_MODP3072, ESVC_KAT_MODP3072 },
	{ KE_SHARED, ESV_KE_MODP3072, ESVC_KAT_MODP3072 },
	{ KE_PUBLIC, ESV_KE_ML_KEM_768, ESVC_KAT_ML_KEM_768 },
	{ KE_SHARED, ESV_KE_ML_KEM_768, ESVC_KAT_ML_KEM_768 },
	{ KEM_ANSWER, ESV_KE_ML_KEM_768, ESVC_KAT_ML_KEM_768 },
	{ KEM_SECRET, ESV_KE_ML_KEM_768, ESVC_KAT_ML_KEM_768 },
	{ WRAP, 0, ESVC_KAT_KWP },
	{ UNWRAP, 0, ESVC_KAT_KWP },
	{ UNWRAP_ALWAYS, 0, ESVC_KAT_KWP },
	{ HPKE, 0, ESVC_KAT_HPKE },
	{ HPKE_ALWAYS, 0, ESVC_KAT_HPKE },
	{ SIGN, ESV_SIG_ECDSA_P256_SHA2_256, ESVC_KAT_ECDSA_P256 },
	{ VERIFY_ALWAYS, SPKI_P256, ESVC_KAT_ECDSA_P256 },
	{ VERIFY_NEVER, SPKI_P256, ESVC_KAT_ECDSA_P256 },
	{ SIGN, ESV_SIG_ECDSA_P384_SHA2_384, ESVC_KAT_ECDSA_P384 },
	{ VERIFY_ALWAYS, SPKI_P384, ESVC_KAT_ECDSA_P384 },
	{ VERIFY_NEVER, SPKI_P384, ESVC_KAT_ECDSA_P384 },
	{ SIGN, ESV_SIG_ED25519, ESVC_KAT_ED25519 },
	{ VERIFY_ALWAYS, SPKI_ED25519, ESVC_KAT_ED25519 },
	{ VERIFY_NEVER, SPKI_ED25519, ESVC_KAT_ED25519 },
	{ VERIFY_ALWAYS, SPKI_RSA, ESVC_KAT_RSA_PSS },
	{ VERIFY_NEVER, SPKI_RSA, ESVC_KAT_RSA_PSS },
	{ PAIR, 0, ESVC_KAT_ATTEST },
	{ DERIVE, 0, ESVC_KAT_KBKDF },
};

#define FAULTS	(sizeof(faults) / sizeof(faults[0]))

static void cause(const struct fault *f)
{
	broken = f->what;
	kind = f->kind;
}

static void mend(void)
{
	broken = NOTHING;
}

/* A unit that powered up with the fault; no session. */
static struct rig *power_up(const struct fault *f)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct esvc_unit_config cfg;

	r->seed = 1;
	r->dev.ops = &rig_ops;
	r->dev.opaque = r;
	r->dev.aead = esvc_aead_new(ESVC_AEAD_EVP);
	cfg = rig_config(r, r->dev.aead, ESV_MODE_HOST_KEYS);
	cause(f);
	r->dev.unit = esvc_unit_new(&cfg);
	mend();
	assert_non_null(r->dev.unit);
	return r;
}

/* UNIT-30, UNIT-31: at power-on. */
static void test_power_on(void **state)
{
	for (size_t i = 0; i < FAULTS; i++) {
		struct rig *r = power_up(&faults[i]);

		if (esvc_unit_failed(r->dev.unit) != faults[i].test)
			fail_msg("fault %u of kind %u: test %u failed instead of %u", faults[i].what, faults[i].kind,
				 esvc_unit_failed(r->dev.unit), faults[i].test);
		check_locked(r, faults[i].test);
		rig_free(r);
	}
}

/* UNIT-31: when SELFTEST runs them again (ADM-46), which takes the keys of a unit that works too. */
static void test_again(void **state)
{
	for (size_t i = 0; i < FAULTS; i++) {
		struct rig *r;
		uint64_t epoch;

		if (faults[i].test == ESVC_KAT_PAIRWISE)	/* of a pair that power-on draws */
			continue;
		r = rig_new(ESV_MODE_HOST_KEYS, 1);
		rig_ike_ready(r, r->session);
		epoch = esvc_unit_epoch(r->dev.unit);
		assert_int_equal(esvc_unit_selftest(r->dev.unit), 0);
		cause(&faults[i]);
		assert_int_equal(esvc_unit_selftest(r->dev.unit), faults[i].test);
		mend();
		assert_int_equal(r->dev.unit->handles.count, 0);
		assert_int_equal(r->dev.unit->sessions.count, 0);
		assert_true(esvc_unit_epoch(r->dev.unit) > epoch);
		check_locked(r, faults[i].test);
		rig_free(r);
	}
}

/* UNIT-31: no number is left out. */
static void test_all(void **state)
{
	for (unsigned int n = 1; n <= ESVC_KAT_KBKDF; n++) {
		bool seen = false;

		for (size_t i = 0; i < FAULTS; i++)
			seen |= faults[i].test == n;
		if (!seen)
			fail_msg("nothing makes test %u fail", n);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_power_on), cmocka_unit_test(test_again), cmocka_unit_test(test_all),
};

RIG_MAIN(tests)
