/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known-answer tests of every algorithm that the unit uses, run at power-on. */
#ifndef ESVC_UNIT_KAT_H
#define ESVC_UNIT_KAT_H

#include "esvc_aead.h"
#include "esvc_prf.h"

/* Numbers as UNIT_STATUS reports them (UNIT-31). */
enum esvc_kat {
	ESVC_KAT_HMAC_SHA2_256 = 1,
	ESVC_KAT_HMAC_SHA2_384 = 2,
	ESVC_KAT_HMAC_SHA2_512 = 3,
	ESVC_KAT_IKE_KDF = 4,
	ESVC_KAT_X25519 = 5,
	ESVC_KAT_GCM_128 = 6,
	ESVC_KAT_GCM_256 = 7,
	ESVC_KAT_GCM_REJECT = 8,
	ESVC_KAT_RANDOM = 9,
	ESVC_KAT_PAIRWISE = 10,	/* not at power-on: of a pair that was just made */
	ESVC_KAT_P256 = 11,
	ESVC_KAT_P384 = 12,
	ESVC_KAT_MODP2048 = 13,
	ESVC_KAT_MODP3072 = 14,
	ESVC_KAT_ML_KEM_768 = 15,
	ESVC_KAT_KWP = 16,
	ESVC_KAT_HPKE = 17,
	ESVC_KAT_ECDSA_P256 = 18,
	ESVC_KAT_ECDSA_P384 = 19,
	ESVC_KAT_ED25519 = 20,
	ESVC_KAT_RSA_PSS = 21,
	ESVC_KAT_ATTEST = 22,	/* esvc_attestor.c */
	ESVC_KAT_KBKDF = 23,
};

/* ke_methods: bit n: enum esv_ke n is in use. 0, or the number of the first test that failed. */
unsigned int esvc_kat_run(const struct esvc_prfs *prfs, struct esvc_aead *aead, uint32_t ke_methods);

/* esvc_ke_kat.c: the part of it that is about key exchange methods but X25519. */
unsigned int esvc_ke_kat(uint32_t methods);
/* esvc_auth_kat.c: wraps and signatures. */
unsigned int esvc_auth_kat(void);

#endif
