/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the AUTH payload of either side is made over (RFC 7296 2.15, RFC 9242 3.3.2). */
#ifndef ESVC_AUTH_H
#define ESVC_AUTH_H

#include "esvc_handle.h"

/* Message and identity of one command, nonce, MAC of the identity, IntAuth. */
#define ESVC_AUTH_OCTETS	(ESV_ADMIN_BUF + ESV_NONCE_MAX + 3 * ESVC_PRF_MAX + 4)

struct esvc_auth {
	const struct esvc_ike_sa *ike;
	uint8_t role;			/* of who makes the AUTH */
	bool no_ppk;
	uint8_t id_type;
	struct esvc_bytes id;		/* of who makes it */
	struct esvc_bytes message;	/* its IKE_SA_INIT message, the last one if there were several */
};

/*
 * Is the message what its sender's IKE_SA_INIT must have been, given the nonces, SPIs and
 * key exchange values that the keys of the IKE SA were made from?
 */
bool esvc_auth_message_fits(const struct esvc_auth *a);
/* The octets to be signed. out: ESVC_AUTH_OCTETS bytes. 0 or -EIO. */
int esvc_auth_octets(const struct esvc_prfs *prfs, const struct esvc_auth *a, uint8_t *out, size_t *len);
/* out = prf(prf(PSK, "Key Pad for IKEv2"), octets); key: scratch in the arena, wiped. 0 or -EIO. */
int esvc_auth_psk(const struct esvc_prfs *prfs, unsigned int prf, struct esvc_bytes psk, struct esvc_bytes octets,
		  uint8_t key[ESVC_PRF_MAX], uint8_t *out);

#endif
