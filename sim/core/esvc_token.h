/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 36 bytes that stand for an ESP key outside of the unit (TOK-1..TOK-4). */
#ifndef ESVC_TOKEN_H
#define ESVC_TOKEN_H

#include "esvc_prf.h"
#include <stdbool.h>

#define ESVC_TOKEN_KEY	32	/* bytes of the per-epoch secret */

/* What a token may be used for; all of it is under the MAC. */
struct esvc_token_id {
	uint64_t device_id;
	uint64_t epoch;
	uint32_t slot;
	uint32_t generation;
	uint16_t function;
	uint8_t dir;
	uint8_t suite;
};

/* 0 or -EIO. key: ESVC_TOKEN_KEY bytes. */
int esvc_token_make(const struct esvc_prfs *prfs, const uint8_t *key,
		    const struct esvc_token_id *id, uint8_t token[ESV_TOKEN_LEN]);
/*
 * Read a token whose MAC is right under this key, device and epoch (both taken
 * from *id); the rest of *id is filled in. 0 or -EBADMSG. Constant time in the MAC.
 */
int esvc_token_read(const struct esvc_prfs *prfs, const uint8_t *key,
		    const uint8_t token[ESV_TOKEN_LEN], struct esvc_token_id *id);

#endif
