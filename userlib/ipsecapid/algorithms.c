// SPDX-License-Identifier: GPL-2.0-or-later
/* From the kernel's names of algorithms to those of RFC 8221 and the IANA registry. */
#include <string.h>

#include "algorithms.h"

#define SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const cipher_names[CIPHERS] = {
	[CIPHER_UNKNOWN] = "unknown",
	[CIPHER_NULL] = "ENCR_NULL",
	[CIPHER_GCM_16_128] = "ENCR_AES_GCM_16/128",
	[CIPHER_GCM_16_192] = "ENCR_AES_GCM_16/192",
	[CIPHER_GCM_16_256] = "ENCR_AES_GCM_16/256",
	[CIPHER_GCM_12] = "ENCR_AES_GCM_12",
	[CIPHER_GCM_8] = "ENCR_AES_GCM_8",
	[CIPHER_CCM_16_128] = "ENCR_AES_CCM_16/128",
	[CIPHER_CCM_16_192] = "ENCR_AES_CCM_16/192",
	[CIPHER_CCM_16_256] = "ENCR_AES_CCM_16/256",
	[CIPHER_CCM_12] = "ENCR_AES_CCM_12",
	[CIPHER_CCM_8] = "ENCR_AES_CCM_8",
	[CIPHER_CHACHA20_POLY1305] = "ENCR_CHACHA20_POLY1305",
	[CIPHER_CBC_128] = "ENCR_AES_CBC/128",
	[CIPHER_CBC_192] = "ENCR_AES_CBC/192",
	[CIPHER_CBC_256] = "ENCR_AES_CBC/256",
	[CIPHER_CTR_128] = "ENCR_AES_CTR/128",
	[CIPHER_CTR_192] = "ENCR_AES_CTR/192",
	[CIPHER_CTR_256] = "ENCR_AES_CTR/256",
	[CIPHER_CAMELLIA_128] = "ENCR_CAMELLIA_CBC/128",
	[CIPHER_CAMELLIA_192] = "ENCR_CAMELLIA_CBC/192",
	[CIPHER_CAMELLIA_256] = "ENCR_CAMELLIA_CBC/256",
	[CIPHER_3DES] = "ENCR_3DES",
	[CIPHER_DES] = "ENCR_DES",
	[CIPHER_CAST] = "ENCR_CAST",
	[CIPHER_BLOWFISH] = "ENCR_BLOWFISH",
	/* the kernel has these, the registry has not */
	[CIPHER_SERPENT] = "ENCR_SERPENT_CBC",
	[CIPHER_TWOFISH] = "ENCR_TWOFISH_CBC",
	[CIPHER_SM4] = "ENCR_SM4_CBC",
};

static const char *const auth_names[AUTHS] = {
	[AUTH_UNKNOWN] = "unknown",
	[AUTH_NONE] = "AUTH_NONE",
	[AUTH_SHA2_256_128] = "AUTH_HMAC_SHA2_256_128",
	[AUTH_SHA2_384_192] = "AUTH_HMAC_SHA2_384_192",
	[AUTH_SHA2_512_256] = "AUTH_HMAC_SHA2_512_256",
	[AUTH_GMAC_128] = "AUTH_AES_128_GMAC",
	[AUTH_GMAC_192] = "AUTH_AES_192_GMAC",
	[AUTH_GMAC_256] = "AUTH_AES_256_GMAC",
	[AUTH_CMAC_96] = "AUTH_AES_CMAC_96",
	[AUTH_XCBC_96] = "AUTH_AES_XCBC_96",
	[AUTH_SHA1_96] = "AUTH_HMAC_SHA1_96",
	[AUTH_MD5_96] = "AUTH_HMAC_MD5_96",
	[AUTH_RIPEMD_96] = "AUTH_HMAC_RIPEMD_160_96",
	[AUTH_SM3] = "AUTH_HMAC_SM3",
	[AUTH_TRUNCATED] = "AUTH_TRUNCATED",
};

/* Which of three neighbours it is; a length that is not told, or none that exists, is the least. */
static uint8_t by_key(uint8_t least, unsigned int bits, unsigned int salt)
{
	return bits == 256 + salt ? least + 2 : bits == 192 + salt ? least + 1 : least;
}

static uint8_t name_gcm(const struct sa_algorithms *a)
{
	switch (a->aead_icv_bits) {
	case 128: return by_key(CIPHER_GCM_16_128, a->aead_key_bits, 32);
	case 96: return CIPHER_GCM_12;
	case 64: return CIPHER_GCM_8;
	}
	return CIPHER_UNKNOWN;
}

static uint8_t name_ccm(const struct sa_algorithms *a)
{
	switch (a->aead_icv_bits) {
	case 128: return by_key(CIPHER_CCM_16_128, a->aead_key_bits, 24);
	case 96: return CIPHER_CCM_12;
	case 64: return CIPHER_CCM_8;
	}
	return CIPHER_UNKNOWN;
}

static struct suite aead(uint8_t cipher)
{
	return (struct suite){ .cipher = cipher, .auth = cipher ? AUTH_NONE : AUTH_UNKNOWN,
			       .encrypts = cipher ? 1 : 2, .authenticates = 1 };
}

static struct suite name_aead(const struct sa_algorithms *a)
{
	if (!strcmp(a->aead, "rfc4106(gcm(aes))"))
		return aead(name_gcm(a));
	if (!strcmp(a->aead, "rfc4309(ccm(aes))"))
		return aead(name_ccm(a));
	if (!strcmp(a->aead, "rfc7539esp(chacha20,poly1305)"))
		return aead(a->aead_icv_bits == 128 ? CIPHER_CHACHA20_POLY1305 : CIPHER_UNKNOWN);
	if (!strcmp(a->aead, "rfc4543(gcm(aes))"))
		return (struct suite){ .cipher = CIPHER_NULL, .authenticates = 1,
				       .auth = a->aead_icv_bits < 128 ? AUTH_TRUNCATED :
					       by_key(AUTH_GMAC_128, a->aead_key_bits, 32) };
	return aead(CIPHER_UNKNOWN);
}

struct cipher_rule {
	const char *name;
	uint8_t cipher;		/* of three the one with the least key */
	bool lengths;
	unsigned int salt_bits;
};

static const struct cipher_rule ciphers[] = {
	{ "cbc(aes)", CIPHER_CBC_128, true, 0 },
	{ "rfc3686(ctr(aes))", CIPHER_CTR_128, true, 32 },
	{ "cbc(camellia)", CIPHER_CAMELLIA_128, true, 0 },
	{ "cbc(des3_ede)", CIPHER_3DES, false, 0 },	{ "cbc(des)", CIPHER_DES, false, 0 },
	{ "cbc(cast5)", CIPHER_CAST, false, 0 },	{ "cbc(blowfish)", CIPHER_BLOWFISH, false, 0 },
	{ "cbc(serpent)", CIPHER_SERPENT, false, 0 },	{ "cbc(twofish)", CIPHER_TWOFISH, false, 0 },
	{ "cbc(sm4)", CIPHER_SM4, false, 0 },
};

/* Kernels accept the bare name for the usual mode as well. */
static bool called(const char *given, const char *name, const char *mode)
{
	size_t n = strlen(given), m = strlen(mode);

	if (!strcmp(given, name))
		return true;
	return !strncmp(name, mode, m) && !strncmp(given, name + m, n) && !strcmp(name + m + n, ")");
}

static uint8_t name_cipher(const struct sa_algorithms *a)
{
	size_t i;

	for (i = 0; i < SIZE(ciphers); i++)
		if (called(a->cipher, ciphers[i].name, "cbc("))
			return ciphers[i].lengths ? by_key(ciphers[i].cipher, a->cipher_key_bits,
							   ciphers[i].salt_bits) : ciphers[i].cipher;
	return CIPHER_UNKNOWN;
}

struct auth_rule {
	const char *name;
	unsigned int full_bits;	/* truncation of the RFC that defines its use in ESP */
	uint8_t auth;
};

static const struct auth_rule auths[] = {
	{ "hmac(sha256)", 128, AUTH_SHA2_256_128 },	{ "hmac(sha384)", 192, AUTH_SHA2_384_192 },
	{ "hmac(sha512)", 256, AUTH_SHA2_512_256 },	{ "cmac(aes)", 96, AUTH_CMAC_96 },
	{ "xcbc(aes)", 96, AUTH_XCBC_96 },		{ "hmac(sha1)", 96, AUTH_SHA1_96 },
	{ "hmac(md5)", 96, AUTH_MD5_96 },		{ "hmac(rmd160)", 96, AUTH_RIPEMD_96 },
	{ "hmac(sm3)", 256, AUTH_SM3 },
};

static uint8_t name_auth(const struct sa_algorithms *a)
{
	size_t i;

	for (i = 0; i < SIZE(auths); i++) {
		if (!called(a->auth, auths[i].name, "hmac("))
			continue;
		/* 96 bits of SHA-256 are a draft's mistake that old peers still make */
		return a->auth_trunc_bits && a->auth_trunc_bits < auths[i].full_bits ?
		       AUTH_TRUNCATED : auths[i].auth;
	}
	return AUTH_UNKNOWN;
}

static bool is_null(const char *name, const char *alias)
{
	return !strcmp(name, "ecb(cipher_null)") || !strcmp(name, "cipher_null") ||
	       !strcmp(name, "digest_null") || !strcmp(name, alias);
}

struct suite algorithms_name(const struct sa_algorithms *a)
{
	struct suite s = { .cipher = CIPHER_NULL, .auth = AUTH_NONE };

	if (a->aead)
		return name_aead(a);
	if (a->cipher && !is_null(a->cipher, "null")) {
		s.cipher = name_cipher(a);
		s.encrypts = 1;
	}
	if (a->auth && !is_null(a->auth, "null")) {
		s.auth = name_auth(a);
		s.authenticates = 1;
	}
	return s;
}

bool cipher_is_aead(uint8_t cipher)
{
	return cipher >= CIPHER_GCM_16_128 && cipher <= CIPHER_CHACHA20_POLY1305;
}

const char *cipher_name(uint8_t cipher)
{
	return cipher_names[cipher < CIPHERS ? cipher : CIPHER_UNKNOWN];
}

const char *auth_name(uint8_t auth)
{
	return auth_names[auth < AUTHS ? auth : AUTH_UNKNOWN];
}

uint32_t ciphers_by_name(const char *name)
{
	size_t n = strlen(name);
	uint32_t set = 0;
	int i;

	for (i = CIPHER_NULL; i < CIPHERS; i++)
		if (!strncmp(cipher_names[i], name, n) &&
		    (!cipher_names[i][n] || cipher_names[i][n] == '/'))
			set |= 1u << i;
	return n ? set : 0;
}

uint32_t auths_by_name(const char *name)
{
	int i;

	for (i = AUTH_NONE; i < AUTHS; i++)
		if (!strcmp(auth_names[i], name))
			return 1u << i;
	return 0;
}
