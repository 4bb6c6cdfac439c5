/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IKEv2 key schedule (RFC 7296 2.13-2.18, RFC 9370 2.2 for several key
 * exchanges). Fixed layouts: nobody chooses an offset or a length
 * but the negotiated suite.
 */
#ifndef ESVC_IKE_H
#define ESVC_IKE_H

#include "esvc_prf.h"

#define ESVC_SPI_PAIR	16	/* SPIi | SPIr */
#define ESVC_ENCR_MAX	36	/* AES-256 key and salt */
#define ESVC_KEYMAT_MAX	(2 * ESVC_ENCR_MAX)

/* Keys of an IKE SA. With an AEAD there are no SK_a (RFC 5282 7). */
struct esvc_ike_keys {
	uint8_t sk_d[ESVC_PRF_MAX];
	uint8_t sk_ei[ESVC_ENCR_MAX];
	uint8_t sk_er[ESVC_ENCR_MAX];
	uint8_t sk_pi[ESVC_PRF_MAX];
	uint8_t sk_pr[ESVC_PRF_MAX];
};

/* Intermediate secrets; in the arena, wiped by who calls. */
struct esvc_ike_scratch {
	uint8_t nonces[2 * ESV_NONCE_MAX];
	uint8_t seed[ESVC_PRF_MAX];
	uint8_t block[ESVC_PRF_MAX];
	uint8_t stream[3 * ESVC_PRF_MAX + 2 * ESVC_ENCR_MAX];
};

struct esvc_nonces {
	struct esvc_bytes ni;
	struct esvc_bytes nr;
};

/* Bytes of key and salt of an enum esv_algo; 0: not known. */
size_t esvc_encr_len(unsigned int algo);

/* out = SKEYSEED = prf(Ni | Nr, g^ir). 0 or -EIO. */
int esvc_ike_seed(const struct esvc_prfs *prfs, unsigned int prf, const struct esvc_nonces *n,
		  struct esvc_bytes secret, struct esvc_ike_scratch *s, uint8_t *out);
/* out = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr). */
int esvc_ike_expand(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes seed,
		    const struct esvc_nonces *n, const uint8_t spis[ESVC_SPI_PAIR],
		    struct esvc_ike_scratch *s, uint8_t *out, size_t len);
/*
 * out = the SKEYSEED of an IKE SA that an older one's SK_d vouches for: of a further
 * key exchange (RFC 9370 2.2.2) or of a new IKE SA (RFC 7296 2.18, RFC 9370
 * 2.2.4), in which case prf is the old one's. nr_secrets 1..ESV_SECRETS_MAX. 0, -EIO, -EINVAL.
 */
int esvc_ike_reseed(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes sk_d,
		    const struct esvc_nonces *n, const struct esvc_bytes *secrets, unsigned int nr_secrets,
		    uint8_t *out);
/* esvc_ike_expand() of a seed, cut into keys. encr: enum esv_algo. */
int esvc_ike_keys(const struct esvc_prfs *prfs, unsigned int prf, unsigned int encr,
		  const struct esvc_nonces *n, struct esvc_bytes seed,
		  const uint8_t spis[ESVC_SPI_PAIR], struct esvc_ike_scratch *s,
		  struct esvc_ike_keys *keys);
/*
 * out = prf+(SK_d, [SK(0) |] Ni | Nr [| SK(1) ...]); nr_secrets 0..ESV_SECRETS_MAX.
 * 0, -EIO, -EINVAL.
 */
int esvc_child_keymat(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes sk_d,
		      const struct esvc_nonces *n, const struct esvc_bytes *secrets,
		      unsigned int nr_secrets, uint8_t *block, uint8_t *out, size_t len);

#endif
