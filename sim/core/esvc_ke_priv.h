/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a key exchange method does; returns as in esvc_ke.h. */
#ifndef ESVC_KE_PRIV_H
#define ESVC_KE_PRIV_H

#include "esvc_ke.h"

struct esvc_ke_ops {
	/* libcrypto has the algorithm. NULL: always. */
	bool (*present)(const struct esvc_ke_method *m);
	/* NULL: any bytes will do. */
	bool (*usable)(const struct esvc_ke_method *m, const uint8_t *priv);
	int (*public)(const struct esvc_ke_method *m, const uint8_t *priv, uint8_t *pub);
	int (*shared)(const struct esvc_ke_method *m, const uint8_t *priv, const uint8_t *peer, uint8_t *out);
	/* NULL: a value is written in one way only, and its bytes are compared. */
	bool (*same)(const struct esvc_ke_method *m, const uint8_t *a, const uint8_t *b);
	/* KEM only. */
	int (*encap)(const struct esvc_ke_method *m, const uint8_t *peer, const uint8_t *entropy, uint8_t *answer,
		     uint8_t *out);
};

extern const struct esvc_ke_ops esvc_ke_x25519;
extern const struct esvc_ke_ops esvc_ke_ec;
extern const struct esvc_ke_ops esvc_ke_modp;
extern const struct esvc_ke_ops esvc_ke_mlkem;

#endif
