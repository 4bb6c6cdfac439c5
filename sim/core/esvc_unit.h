/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trusted unit: makes, derives and holds keys in one locked arena. */
#ifndef ESVC_UNIT_H
#define ESVC_UNIT_H

#include "esvc_key.h"

struct esvc_cmd;
struct esvc_unit;

struct esvc_unit_config {
	struct esvc_aead *aead;		/* borrowed */
	const struct esvc_host_ops *ops;
	void *opaque;
	uint64_t device_id;
	const uint8_t *device_secret;	/* ESVC_DEVICE_SECRET bytes, copied; NULL: drawn, and gone with the unit */
	uint32_t key_max;		/* ESP key objects: installed, waiting for their install, waiting to be continued */
	uint32_t handle_max;		/* control handles */
	uint32_t functions;		/* that there can be; with more than one none gets more than half (UNIT-6) */
	uint32_t ke_methods;		/* bit n: enum esv_ke n may be offered; 0: all */
	uint32_t mode;			/* ESV_MODE_* */
	bool fail_selftest;		/* fault */
	uint32_t fail_n;
};

/* Runs the power-on self-tests. NULL with errno: no memory, memory can't be locked, no randomness. */
struct esvc_unit *esvc_unit_new(const struct esvc_unit_config *cfg);
void esvc_unit_free(struct esvc_unit *unit);

/*
 * Drop all sessions, handles, keys and tokens, wipe the arena, new token
 * secret, epoch + 1. A key that an SA still borrows goes dead in its hands
 * (epoch 0, no IV left, a cipher key that nobody knows) until it is released.
 */
void esvc_unit_zeroize(struct esvc_unit *unit);
uint64_t esvc_unit_epoch(const struct esvc_unit *unit);
/* Random, of this power-on, public: where generations of objects that are not the unit's may begin. */
uint8_t esvc_unit_generation(const struct esvc_unit *unit);
/* Drop tokens whose install time has passed; returns when to be called again (time_ns), 0: never. */
uint64_t esvc_unit_expire(struct esvc_unit *unit, uint64_t now_ns);
/* 0, or the number of the first self-test that failed: the unit is locked. */
unsigned int esvc_unit_failed(const struct esvc_unit *unit);
/* Run the known-answer tests again; a failure locks the unit for good. The same answer. */
unsigned int esvc_unit_selftest(struct esvc_unit *unit);
/*
 * The answer of a command could not be written: what it made goes again, inputs that it consumed do not come back.
 * cmd still has its payload.
 */
void esvc_unit_undo(struct esvc_unit *unit, const struct esvc_cmd *cmd);
int esvc_unit_test_secrets(struct esvc_unit *unit, esvc_secret_fn fn, void *arg);

#endif
