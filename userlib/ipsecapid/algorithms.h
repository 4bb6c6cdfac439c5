/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The algorithms of ESP and AH, under the names of RFC 8221. How strong they are is not said
 * here: the classes of the policy say it.
 */
#ifndef IPSECAPID_ALGORITHMS_H
#define IPSECAPID_ALGORITHMS_H

#include <stdbool.h>
#include <stdint.h>

/* The algorithms of an SA by their kernel names; key material never comes here. */
struct sa_algorithms {
	const char *aead;	/* NULL: absent */
	unsigned int aead_key_bits; /* with salt, as xfrm counts; 0: not told */
	unsigned int aead_icv_bits;
	const char *cipher;
	unsigned int cipher_key_bits;
	const char *auth;
	unsigned int auth_trunc_bits; /* 0: the default of the algorithm */
};

/* Where the length of the key matters it is part of the value; one that is not told is the least. */
enum cipher {
	CIPHER_UNKNOWN = 0,
	CIPHER_NULL,
	CIPHER_GCM_16_128, CIPHER_GCM_16_192, CIPHER_GCM_16_256,
	CIPHER_GCM_12, CIPHER_GCM_8,
	CIPHER_CCM_16_128, CIPHER_CCM_16_192, CIPHER_CCM_16_256,
	CIPHER_CCM_12, CIPHER_CCM_8,
	CIPHER_CHACHA20_POLY1305,
	CIPHER_CBC_128, CIPHER_CBC_192, CIPHER_CBC_256,
	CIPHER_CTR_128, CIPHER_CTR_192, CIPHER_CTR_256,
	CIPHER_CAMELLIA_128, CIPHER_CAMELLIA_192, CIPHER_CAMELLIA_256,
	CIPHER_3DES, CIPHER_DES, CIPHER_CAST, CIPHER_BLOWFISH,
	CIPHER_SERPENT, CIPHER_TWOFISH, CIPHER_SM4,
	CIPHERS
};

enum auth {
	AUTH_UNKNOWN = 0,
	AUTH_NONE,		/* no algorithm beside the cipher's own */
	AUTH_SHA2_256_128, AUTH_SHA2_384_192, AUTH_SHA2_512_256,
	AUTH_GMAC_128, AUTH_GMAC_192, AUTH_GMAC_256,
	AUTH_CMAC_96, AUTH_XCBC_96,
	AUTH_SHA1_96, AUTH_MD5_96, AUTH_RIPEMD_96, AUTH_SM3,
	AUTH_TRUNCATED,		/* less of it travels than its RFC says */
	AUTHS
};

/* The algorithms of one SA in these terms, and what they give. */
struct suite {
	uint8_t cipher;		/* enum cipher */
	uint8_t auth;		/* enum auth */
	uint8_t encrypts;	/* 0 no, 1 yes, 2: an unknown AEAD, which may only authenticate */
	uint8_t authenticates;
};

/* Never fails: a name that is not known is UNKNOWN. */
struct suite algorithms_name(const struct sa_algorithms *a);

/* Has the cipher an integrity of its own? */
bool cipher_is_aead(uint8_t cipher);

/* Name after RFC 8221, with "/BITS" where the length of the key is part of it. Static. */
const char *cipher_name(uint8_t cipher);
const char *auth_name(uint8_t auth);

/*
 * The set of ciphers, 1 << enum cipher, that @name means: all lengths of key when it names
 * none. 0: there is no such name.
 */
uint32_t ciphers_by_name(const char *name);
/* The one algorithm, 1 << enum auth, or 0. */
uint32_t auths_by_name(const char *name);

#endif
