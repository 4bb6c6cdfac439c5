/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key exchange methods: X25519 (RFC 7748, RFC 8031). */
#ifndef ESVC_KE_H
#define ESVC_KE_H

#include <espvault/esv_unit.h>
#include <stddef.h>
#include <stdint.h>

#define ESVC_KE_PRIV_MAX	32
#define ESVC_KE_PUB_MAX		32
#define ESVC_KE_SECRET_MAX	32

#define ESVC_KE_METHODS		(1u << ESV_KE_X25519)

/* Bytes of private value, public value and shared secret; 0: method is not known. */
size_t esvc_ke_len(unsigned int method);

/* pub = the public value of priv. 0 or -EIO. */
int esvc_ke_public(unsigned int method, const uint8_t *priv, uint8_t *pub);

/*
 * out = the shared secret. 0; -EBADMSG: the peer's value gives the all-zero
 * secret (RFC 7748 6.1), out is zero; -EIO.
 */
int esvc_ke_shared(unsigned int method, const uint8_t *priv, const uint8_t *peer, uint8_t *out);

#endif
