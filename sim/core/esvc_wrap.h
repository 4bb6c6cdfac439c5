/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wraps in which secrets come into the unit: HPKE and padded key wrap. */
#ifndef ESVC_WRAP_H
#define ESVC_WRAP_H

#include "esvc_prf.h"

#define ESVC_KEK_LEN	32
#define ESVC_HPKE_PRIV	32
#define ESVC_HPKE_TAG	16

/* Bytes of n wrapped bytes: a multiple of 8, and 8 for the length and the check (RFC 5649 4.1). */
#define ESVC_KWP_LEN(n)	(((n) + 7) / 8 * 8 + 8)

/* AES-256 key wrap with padding (RFC 5649). out: ESVC_KWP_LEN(len) bytes. 0 or -EIO. */
int esvc_kwp_wrap(const uint8_t kek[ESVC_KEK_LEN], const uint8_t *in, size_t len, uint8_t *out);
/* out has room for len bytes. 0 and *out_len; -EBADMSG: not wrapped under this key, out is zero; -EIO. */
int esvc_kwp_unwrap(const uint8_t kek[ESVC_KEK_LEN], const uint8_t *in, size_t len, uint8_t *out, size_t *out_len);

/*
 * HPKE base mode, one message (RFC 9180 6.1): DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, AES-256-GCM. sealed is the encapsulated key and the ciphertext; out has room
 * for as many bytes. Returns as esvc_kwp_unwrap().
 */
int esvc_hpke_open(const uint8_t priv[ESVC_HPKE_PRIV], struct esvc_bytes info, struct esvc_bytes aad,
		   struct esvc_bytes sealed, uint8_t *out, size_t *out_len);

#endif
