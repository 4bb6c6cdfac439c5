/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit remembers about imported host keys, so that a key that comes
 * again goes on where it stopped (KEY-12..KEY-16).
 *
 * A sender's record belongs to the key alone: one IV space per key, whatever it is
 * bound to. A receiver's record belongs to key and SPI: one window for each.
 */
#ifndef ESVC_IMPORT_H
#define ESVC_IMPORT_H

#include "esvc_key.h"
#include "esvc_list.h"
#include "esvc_prf.h"

#define ESVC_FP_LEN		16
#define ESVC_IMPORT_MIN		4096	/* records that are kept at least */
#define ESVC_IMPORT_IVS		(1ull << 32)	/* IVs of an imported key, over all its installs (KEY-11) */

struct esvc_import {
	struct esvc_import *next;	/* in the bucket */
	struct esvc_list lru;		/* unlinked while live */
	uint8_t fp[ESVC_FP_LEN];
	bool live;			/* a key object has the state now */
	uint32_t spi;			/* of the last install */
	uint64_t iv;
	uint64_t iv_left;
	uint64_t seq;
	uint64_t packets;
	uint64_t bytes;
	uint64_t max_packets;		/* of a key that the host does not know: what SAs left of it */
	uint64_t max_bytes;
	struct esvc_replay replay;
};

struct esvc_imports {
	struct esvc_import **bucket;
	uint32_t mask;
	uint32_t count;
	uint32_t max;
	struct esvc_list lru;		/* oldest first */
};

/* 0 or -ENOMEM. */
int esvc_imports_init(struct esvc_imports *t, uint32_t key_max);
void esvc_imports_clear(struct esvc_imports *t);
void esvc_imports_free(struct esvc_imports *t);

/*
 * Keyed fingerprint of direction, SPI (receiver only), key and salt: the
 * identity of a record. key: 32 bytes. 0 or -EIO.
 */
int esvc_import_fp(const struct esvc_prfs *prfs, const uint8_t *key, uint8_t dir, uint32_t spi,
		   const uint8_t *material, size_t len, uint8_t fp[ESVC_FP_LEN]);
/* The record, or NULL. */
struct esvc_import *esvc_import_find(struct esvc_imports *t, const uint8_t fp[ESVC_FP_LEN]);
/* A new record, not live; pushes the oldest one out when full. NULL: no memory. */
struct esvc_import *esvc_import_add(struct esvc_imports *t, const uint8_t fp[ESVC_FP_LEN]);
void esvc_import_set_live(struct esvc_imports *t, struct esvc_import *imp, bool live);

#endif
