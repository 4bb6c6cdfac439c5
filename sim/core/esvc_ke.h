/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key exchange methods of IKEv2, each in a file of its own. Values have the
 * form in which a KE payload carries them (RFC 7296 3.4, RFC 5903 7, RFC 8031 3.1,
 * draft-ietf-ipsecme-ikev2-mlkem 2).
 *
 * A method is a Diffie-Hellman, in which both sides send a public value, or a
 * KEM, in which the initiator sends an encapsulation key and the responder
 * answers it with a ciphertext.
 */
#ifndef ESVC_KE_H
#define ESVC_KE_H

#include "esvc_prf.h"

#include <espvault/esv_unit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESVC_KE_PRIV_MAX	64
#define ESVC_KE_PUB_MAX		1184
#define ESVC_KE_SECRET_MAX	384
#define ESVC_KE_ENTROPY		32	/* bytes that an encapsulation consumes */

struct esvc_ke_ops;

/* Lengths in bytes. */
struct esvc_ke_method {
	const char *name;
	uint16_t group;		/* transform id in a KE payload (RFC 7296 3.3.2) */
	uint16_t priv;
	uint16_t pub;		/* what KE_GEN gives */
	uint16_t answer;	/* what KE_FINISH takes; KEM: what KE_ENCAP gives */
	uint16_t secret;
	bool kem;
	int param;		/* for the ops: libcrypto's name of a curve or group */
	const struct esvc_ke_ops *ops;
};

/* digest = SHA-256 of the group (2 bytes, network order) and a value, as a KE payload holds them. */
void esvc_ke_digest(uint16_t group, struct esvc_bytes value, uint8_t digest[32]);
/* Those methods of allowed (0: of all) whose algorithms libcrypto has; bit n: enum esv_ke n. */
uint32_t esvc_ke_methods(uint32_t allowed);
/* NULL: no such number. Whether libcrypto has it is another question. */
const struct esvc_ke_method *esvc_ke_method(unsigned int method);

/* Random bytes that can be a private value. Does not depend on them in time. */
bool esvc_ke_usable(const struct esvc_ke_method *m, const uint8_t *priv);
/* pub = the public value of priv. 0 or -EIO. */
int esvc_ke_public(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub);
/* The peer's value is one's own public value coming back, however it is written: no peer. */
bool esvc_ke_reflected(const struct esvc_ke_method *m, const uint8_t *pub, const uint8_t *peer);
/*
 * out = the shared secret of priv and the peer's value. 0; -EBADMSG: the value
 * is not acceptable (SP 800-56A 5.6.2.3, RFC 7748 6.1; no ciphertext is
 * refused, FIPS 203 6.3), out is zero; -EIO.
 */
int esvc_ke_shared(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer, uint8_t *out);
/* KEM: answer and out from the peer's encapsulation key. 0; -EBADMSG: FIPS 203 7.2; -EIO. */
int esvc_ke_encap(const struct esvc_ke_method *m, const uint8_t *peer, const uint8_t entropy[ESVC_KE_ENTROPY],
		  uint8_t *answer, uint8_t *out);
/*
 * Do priv and pub belong together? scratch: 2 * ESVC_KE_SECRET_MAX bytes, wiped.
 * 0, -EBADMSG: they don't, -EIO.
 */
int esvc_ke_pairwise(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *pub,
		     uint8_t *scratch);

#endif
