/* SPDX-License-Identifier: GPL-2.0-or-later */
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

/* After RFC 8221; enum ipsecapi_strength. Sets what the algorithms give. */
uint8_t algorithms_judge(const struct sa_algorithms *a, uint8_t *encrypts, uint8_t *authenticates);

struct ipsecapi_class;
/* Class number @index, weakest first. Returns 0 or -ENOENT. */
int class_describe(uint32_t index, struct ipsecapi_class *cls);
#define CLASS_COUNT 3

#endif
