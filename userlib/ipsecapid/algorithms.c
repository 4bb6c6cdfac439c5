// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strength of algorithms, after RFC 8221 sections 5 and 6. What the RFC forbids, discourages or
 * does not list is weak; what it requires or recommends is standard; with 256-bit keys and at
 * least 128 bits of integrity it is strong. An unknown name has an unknown strength.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <ipsecapi.h>

#include "algorithms.h"

enum { U = IPSECAPI_STRENGTH_UNKNOWN, W = IPSECAPI_STRENGTH_WEAK,
       S = IPSECAPI_STRENGTH_STANDARD, X = IPSECAPI_STRENGTH_STRONG };

struct aead_rule {
	const char *name;
	unsigned int salt_bits;
	unsigned int standard_icv; /* fewer bits are weak */
	uint8_t encrypts;
};

static const struct aead_rule aeads[] = {
	{ "rfc4106(gcm(aes))", 32, 128, 1 },
	{ "rfc4309(ccm(aes))", 24, 64, 1 },
	{ "rfc7539esp(chacha20,poly1305)", 32, 128, 1 },
	{ "rfc4543(gcm(aes))", 32, 128, 0 },
};

static uint8_t judge_aead(const struct sa_algorithms *a, uint8_t *encrypts)
{
	const struct aead_rule *r;
	size_t i;

	for (i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++) {
		r = &aeads[i];
		if (strcmp(a->aead, r->name))
			continue;
		*encrypts = r->encrypts;
		if (a->aead_icv_bits < r->standard_icv)
			return W;
		if (a->aead_icv_bits < 128 || a->aead_key_bits < 256 + r->salt_bits)
			return S;
		return X;
	}
	*encrypts = 2;
	return U;
}

struct cipher_rule {
	const char *name;
	uint8_t strength;	/* at best */
	unsigned int salt_bits;
};

static const struct cipher_rule ciphers[] = {
	{ "cbc(aes)", X, 0 },		{ "rfc3686(ctr(aes))", X, 32 },
	{ "cbc(camellia)", X, 0 },	{ "cbc(des3_ede)", W, 0 },
	{ "cbc(des)", W, 0 },		{ "cbc(cast5)", W, 0 },
	{ "cbc(blowfish)", W, 0 },	{ "cbc(serpent)", W, 0 },
	{ "cbc(twofish)", W, 0 },	{ "cbc(sm4)", W, 0 },
};

/* Kernels accept the bare name for the CBC mode as well. */
static bool cipher_is(const char *given, const char *name)
{
	size_t n = strlen(given);

	if (!strcmp(given, name))
		return true;
	return !strncmp(name, "cbc(", 4) && !strncmp(given, name + 4, n) &&
	       !strcmp(name + 4 + n, ")");
}

static uint8_t judge_cipher(const struct sa_algorithms *a)
{
	const struct cipher_rule *r;
	unsigned int bits;
	size_t i;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		r = &ciphers[i];
		if (!cipher_is(a->cipher, r->name))
			continue;
		if (r->strength == W)
			return W;
		bits = a->cipher_key_bits - r->salt_bits;
		return a->cipher_key_bits >= 256 + r->salt_bits && bits <= 256 ? X : S;
	}
	return U;
}

struct auth_rule {
	const char *name;
	unsigned int full_bits;	/* truncation of the RFC that defines its use in ESP */
	uint8_t strength;
};

static const struct auth_rule auths[] = {
	{ "hmac(sha256)", 128, X },	{ "hmac(sha384)", 192, X },
	{ "hmac(sha512)", 256, X },	{ "cmac(aes)", 96, S },
	{ "xcbc(aes)", 96, S },		{ "hmac(sha1)", 96, W },
	{ "hmac(md5)", 96, W },		{ "hmac(rmd160)", 96, W },
	{ "hmac(sm3)", 256, W },
};

static bool auth_is(const char *given, const char *name)
{
	size_t n = strlen(given);

	if (!strcmp(given, name))
		return true;
	return !strncmp(name, "hmac(", 5) && !strncmp(given, name + 5, n) &&
	       !strcmp(name + 5 + n, ")");
}

static uint8_t judge_auth(const struct sa_algorithms *a)
{
	const struct auth_rule *r;
	size_t i;

	for (i = 0; i < sizeof(auths) / sizeof(auths[0]); i++) {
		r = &auths[i];
		if (!auth_is(a->auth, r->name))
			continue;
		/* 96 bits of SHA-256 are a draft's mistake that old peers still make */
		return a->auth_trunc_bits && a->auth_trunc_bits < r->full_bits ? W : r->strength;
	}
	return U;
}

static bool is_null(const char *name, const char *alias)
{
	return !strcmp(name, "ecb(cipher_null)") || !strcmp(name, "cipher_null") ||
	       !strcmp(name, "digest_null") || !strcmp(name, alias);
}

uint8_t algorithms_judge(const struct sa_algorithms *a, uint8_t *encrypts, uint8_t *authenticates)
{
	uint8_t cipher = X, auth = X;

	*encrypts = 0;
	*authenticates = 0;
	if (a->aead) {
		*authenticates = 1;
		return judge_aead(a, encrypts);
	}
	if (a->cipher && !is_null(a->cipher, "null")) {
		*encrypts = 1;
		cipher = judge_cipher(a);
	}
	if (a->auth && !is_null(a->auth, "null")) {
		*authenticates = 1;
		auth = judge_auth(a);
	}
	if (!*encrypts && !*authenticates)
		return IPSECAPI_STRENGTH_NONE;
	/* encryption without integrity is weak whatever the cipher */
	if (!*authenticates)
		return W;
	return cipher < auth ? cipher : auth;
}

static const struct ipsecapi_class classes[CLASS_COUNT] = {
	{ W, 1, "weak", "what RFC 8221 forbids, discourages or does not list: DES, 3DES, MD5, "
	  "SHA-1, truncated ICVs, encryption without integrity" },
	{ S, 1, "standard", "what RFC 8221 requires or recommends: AES-128 with GCM-16, CCM-8 or "
	  "longer, or CBC/CTR with HMAC-SHA2-256-128 or better, AES-XCBC or AES-CMAC" },
	{ X, 1, "strong", "256-bit keys and at least 128 bits of integrity: AES-256-GCM-16, "
	  "AES-256-CCM-16, ChaCha20-Poly1305, AES-256 with HMAC-SHA2-256-128 or better" },
};

int class_describe(uint32_t index, struct ipsecapi_class *cls)
{
	if (index >= CLASS_COUNT)
		return -ENOENT;
	*cls = classes[index];
	return 0;
}
