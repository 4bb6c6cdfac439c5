// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every command of the interface with every secret marked as undefined, for memcheck: it then reports
 * each branch and each index that depends on one. What random source, device secret,
 * provisioned secrets and host keys give is secret, and all that comes of it, until it is
 * declared public below. constant_time.sh runs this and judges.
 *
 * What libcrypto does with secrets inside is its own business, and left out by
 * constant_time.supp.
 *
 * usage: unit [branch | index]: with an argument, a function of the core is replaced by one
 * that branches on a secret, or uses one as an index
 */
#include "every_command.h"

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <valgrind/memcheck.h>

#include "esvc_cms.h"
#include "esvc_idcert.h"
#include "esvc_p256.h"

static bool branches, indexes;
static volatile unsigned int sink;

static void mark(void *bytes, size_t len)
{
	VALGRIND_MAKE_MEM_UNDEFINED(bytes, len);
}

static void publish(const void *bytes, size_t len)
{
	VALGRIND_MAKE_MEM_DEFINED(bytes, len);
}

#define IN_FRONT_OF(function)	__typeof__(function) __real_##function, __wrap_##function

/* --- what becomes public, where and why: the whole list --- */

/* Answers, completions, events, shadows, received frames: the host may see them (UNIT-1; core-noninterference). */
static void on_public_dma(struct esvh_host *h, uint64_t addr, size_t len, bool write)
{
	if (write)
		publish(esvh_at(h, addr, len), len);
	on_dma(h, addr, len, write);
}

/* That two values are the same, or not, is the answer: of AUTH, tokens, weak keys, known host keys, self-tests. */
IN_FRONT_OF(CRYPTO_memcmp);
int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
	int differ = __real_CRYPTO_memcmp(a, b, len);

	publish(&differ, sizeof(differ));
	return differ;
}

/* Ciphertext and ICV go on the wire, or to the host. */
IN_FRONT_OF(esvc_aead_seal);
int __wrap_esvc_aead_seal(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12], const uint8_t *aad,
			  size_t aad_len, const uint8_t *in, uint8_t *out, size_t len, uint8_t icv[16])
{
	int err = __real_esvc_aead_seal(aead, ctx, nonce, aad, aad_len, in, out, len, icv);

	publish(out, len);
	publish(icv, 16);
	return err;
}

/* Text that is authentic goes to the host, and ESP's is judged by the SPD before. */
IN_FRONT_OF(esvc_aead_open);
int __wrap_esvc_aead_open(struct esvc_aead *aead, const void *ctx, const uint8_t nonce[12], const uint8_t *aad,
			  size_t aad_len, const uint8_t *in, uint8_t *out, size_t len, const uint8_t icv[16])
{
	int err = __real_esvc_aead_open(aead, ctx, nonce, aad, aad_len, in, out, len, icv);

	publish(out, len);
	return err;
}

/* Of a wrapped secret: what kind of a secret it is, whose, and how long. Whoever sends it tells the host. */
static void publish_header(const uint8_t *plain, size_t len)
{
	struct esv_secret_hdr h;

	publish(plain, len < sizeof(h) ? len : sizeof(h));
	if (len < sizeof(h))
		return;
	memcpy(&h, plain, sizeof(h));
	publish(plain + sizeof(h), le16toh(h.id_len) < len - sizeof(h) ? le16toh(h.id_len) : len - sizeof(h));
}

IN_FRONT_OF(esvc_hpke_open);
int __wrap_esvc_hpke_open(const uint8_t priv[ESVC_HPKE_PRIV], struct esvc_bytes info, struct esvc_bytes aad,
			  struct esvc_bytes sealed, uint8_t *out, size_t *out_len)
{
	int err = __real_esvc_hpke_open(priv, info, aad, sealed, out, out_len);

	if (!err)
		publish_header(out, *out_len);
	return err;
}

IN_FRONT_OF(esvc_kwp_unwrap);
int __wrap_esvc_kwp_unwrap(const uint8_t kek[ESVC_KEK_LEN], const uint8_t *in, size_t len, uint8_t *out,
			   size_t *out_len)
{
	int err = __real_esvc_kwp_unwrap(kek, in, len, out, out_len);

	if (!err)
		publish_header(out, *out_len);
	return err;
}

/* How long what was unwrapped is, which is told, and whether it was wrapped under this key, which is the answer. */
IN_FRONT_OF(EVP_CipherUpdate);
int __wrap_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *len, const unsigned char *in, int in_len)
{
	int ok = __real_EVP_CipherUpdate(ctx, out, len, in, in_len);

	publish(len, sizeof(*len));
	publish(&ok, sizeof(ok));
	return ok;
}

/* Whether a signature is right, and whether the halves of a pair fit, are the answers. */
IN_FRONT_OF(EVP_DigestVerify);
int __wrap_EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t sig_len, const unsigned char *data,
			    size_t len)
{
	int ok = __real_EVP_DigestVerify(ctx, sig, sig_len, data, len);

	publish(&ok, sizeof(ok));
	return ok;
}

IN_FRONT_OF(EVP_PKEY_pairwise_check);
int __wrap_EVP_PKEY_pairwise_check(EVP_PKEY_CTX *ctx)
{
	int ok = __real_EVP_PKEY_pairwise_check(ctx);

	publish(&ok, sizeof(ok));
	return ok;
}

/* That the random source fails its health tests locks the unit, which everybody sees. */
IN_FRONT_OF(esvc_rng_healthy);
bool __wrap_esvc_rng_healthy(struct esvc_rng *rng)
{
	bool healthy = __real_esvc_rng_healthy(rng);

	publish(&healthy, sizeof(healthy));
	return healthy;
}

/* A private value that is none is thrown away, and nothing is made of it (chance 2^-32). */
IN_FRONT_OF(esvc_ke_usable);
bool __wrap_esvc_ke_usable(const struct esvc_ke_method *m, const uint8_t *priv)
{
	bool usable = __real_esvc_ke_usable(m, priv);

	publish(&usable, sizeof(usable));
	return usable;
}

/* A signature, with its length, goes to the peer. */
IN_FRONT_OF(esvc_sig_sign);
int __wrap_esvc_sig_sign(unsigned int scheme, struct esvc_bytes der, struct esvc_bytes octets, uint8_t *out,
			 size_t *len)
{
	int err = __real_esvc_sig_sign(scheme, der, octets, out, len);

	publish(len, sizeof(*len));
	publish(out, *len);
	return err;
}

/* That the keys which attest fit is what self-test 22 tells. */
IN_FRONT_OF(esvc_p256_pairwise);
int __wrap_esvc_p256_pairwise(const uint8_t priv[ESVC_P256_PRIV], const uint8_t pub[ESVC_P256_PUB])
{
	int err = __real_esvc_p256_pairwise(priv, pub);

	publish(&err, sizeof(err));
	return err;
}

/* Certificates and what stands in them: the device id, public keys, signatures (UNIT-97). */
static int certified(int err, struct esvc_idcert *out)
{
	publish(&err, sizeof(err));
	publish(out, sizeof(*out));
	return err;
}

IN_FRONT_OF(i2d_X509);
int __wrap_i2d_X509(const X509 *cert, unsigned char **out)
{
	int len = __real_i2d_X509(cert, out);

	publish(&len, sizeof(len));
	return len;
}

IN_FRONT_OF(X509_sign_ctx);
int __wrap_X509_sign_ctx(X509 *cert, EVP_MD_CTX *ctx)
{
	int len = __real_X509_sign_ctx(cert, ctx);

	publish(&len, sizeof(len));
	return len;
}

IN_FRONT_OF(i2d_CMS_ContentInfo);
int __wrap_i2d_CMS_ContentInfo(const CMS_ContentInfo *cms, unsigned char **out)
{
	int len = __real_i2d_CMS_ContentInfo(cms, out);

	publish(&len, sizeof(len));
	return len;
}

IN_FRONT_OF(esvc_idcert_device);
int __wrap_esvc_idcert_device(const struct esvc_idcert_facts *facts, const struct esvc_signer *device,
			      struct esvc_idcert *out)
{
	publish(facts, sizeof(*facts));
	publish(device->pub, sizeof(device->pub));
	return certified(__real_esvc_idcert_device(facts, device, out), out);
}

IN_FRONT_OF(esvc_idcert_boot);
int __wrap_esvc_idcert_boot(const struct esvc_idcert_facts *facts, const struct esvc_signer *device,
			    const uint8_t boot[ESVC_P256_PUB], struct esvc_idcert *out)
{
	publish(boot, ESVC_P256_PUB);
	return certified(__real_esvc_idcert_boot(facts, device, boot, out), out);
}

/* A statement is for everybody to read; its signature has a length (UNIT-98). */
IN_FRONT_OF(esvc_cms_sign);
int __wrap_esvc_cms_sign(const struct esvc_signer *signer, const struct esvc_idcert *cert, const struct esvc_idcert *ca,
			 const void *content, size_t content_len, uint8_t *out, size_t *out_len)
{
	int err;

	publish(content, content_len);
	err = __real_esvc_cms_sign(signer, cert, ca, content, content_len, out, out_len);
	publish(&err, sizeof(err));
	publish(out_len, sizeof(*out_len));
	publish(out, *out_len);
	return err;
}

/* A MAC of a host's key, under a key that is for nothing else: its place in the table of known keys tells nothing. */
IN_FRONT_OF(esvc_import_fp);
int __wrap_esvc_import_fp(const struct esvc_prfs *prfs, const uint8_t *key, uint8_t dir, uint32_t spi,
			  const uint8_t *material, size_t len, uint8_t fp[ESVC_FP_LEN])
{
	int err = __real_esvc_import_fp(prfs, key, dir, spi, material, len, fp);

	publish(fp, ESVC_FP_LEN);
	return err;
}

/* Whether key material begins with the magic of tokens, which is public (TOK-2). */
IN_FRONT_OF(esvc_is_token);
bool __wrap_esvc_is_token(const uint8_t *bytes, size_t len)
{
	uint8_t copy[ESV_TOKEN_LEN];

	if (len > sizeof(copy))
		return __real_esvc_is_token(bytes, len);
	memcpy(copy, bytes, len);
	publish(copy, len);
	return __real_esvc_is_token(copy, len);
}

/* What a command gave out stays public where the unit keeps it: nonces, KE values, digests of them. */
static void publish_kept(struct end *e)
{
	struct esvc_unit *u = e->h->dev->unit;

	publish(u->provision_pub, sizeof(u->provision_pub));
	for (uint32_t i = 0; i < u->handles.max; i++) {
		const struct esvc_handle *h = &u->handles.h[i];
		union esvc_object *o = h->type ? esvc_handle_object(&u->handles, h) : NULL;

		if (h->type == ESV_H_NONCE)
			publish(o->nonce.bytes, sizeof(o->nonce.bytes));
		else if (h->type == ESV_H_KE)
			publish(o->ke.pub, sizeof(o->ke.pub));
		else if (h->type == ESV_H_SECRET)
			publish(&o->secret.seen, sizeof(o->secret.seen));
	}
}

/* --- the marks reach everything --- */

static unsigned int secrets_seen, secrets_public;

/* A held private key has a header and a public half in it. */
static void is_marked(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	static uint8_t v[ESV_SECRET_MAX];
	size_t undefined = 0, least = !strncmp(name, "held", 4) ? 32 : len;

	assert_in_range(VALGRIND_GET_VBITS(bytes, v, len), 1, 1);
	for (size_t i = 0; i < len; i++)
		undefined += v[i] != 0;	/* the top bit of an X25519 value is always 0 */
	secrets_seen++;
	if (undefined >= least)
		return;
	secrets_public++;
	print_message("# %s: %zu of %zu bytes are undefined\n", name, undefined, len);
}

/* All that the unit holds now. What lists it, in test mode, makes key schedules, and may branch as it likes. */
static void all_marked(const struct end *e)
{
	VALGRIND_DISABLE_ERROR_REPORTING;
	esvc_test_secrets(e->h->dev, is_marked, NULL);
	VALGRIND_ENABLE_ERROR_REPORTING;
}

static void on_command(struct end *e)
{
	publish_kept(e);
	if (e->w.t->step % 16 == 0)
		all_marked(e);
}

/* --- deliberately not constant in time --- */

IN_FRONT_OF(esvc_prf);
int __wrap_esvc_prf(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes key,
		    const struct esvc_bytes *parts, unsigned int nr_parts, uint8_t *out)
{
	static const unsigned int table[256] = { 1 };

	if (branches && *(const uint8_t *)key.p & 1)
		sink++;
	if (indexes)
		sink += table[*(const uint8_t *)key.p];
	return __real_esvc_prf(prfs, prf, key, parts, nr_parts, out);
}

static void run_all(void **state)
{
	struct world *w = world_new(1);

	w->a.h->on_dma = on_public_dma;
	w->b.h->on_dma = on_public_dma;
	every_command(w, NULL);
	trace_free(world_free(w));
	print_message("# %u secrets, %u of them not followed\n", secrets_seen, secrets_public);
	assert_in_range(secrets_seen, 1000, 1000000);
	assert_int_equal(secrets_public, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(run_all) };

	branches = argc > 1 && !strcmp(argv[1], "branch");
	indexes = argc > 1 && !strcmp(argv[1], "index");
	secret_hook = mark;
	command_hook = on_command;
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
