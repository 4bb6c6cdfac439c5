/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a device this one: a secret for its life, which a real device has
 * in fuses. Everything else is derived from it and none of it is zeroised with
 * the unit (SP 800-108 4.1: HMAC-SHA-256 in counter mode).
 */
#ifndef ESVC_IDENTITY_H
#define ESVC_IDENTITY_H

#include "esvc_arena.h"
#include "esvc_p256.h"

#include <stddef.h>
#include <stdint.h>

#define ESVC_DEVICE_SECRET	32

struct esvc_identity {
	uint8_t secret[ESVC_DEVICE_SECRET];
	uint8_t storage_key[32];	/* wraps what is stored outside (UNIT-92) */
	uint8_t device_key[ESVC_P256_PRIV];	/* signs the boot key's certificate (UNIT-97) */
	uint8_t boot_key[ESVC_P256_PRIV];	/* signs statements; drawn at power-on */
};

/* out = KDF(secret, label, context). 0 or -EIO. */
int esvc_identity_derive(const uint8_t secret[ESVC_DEVICE_SECRET], const char *label, uint32_t context, uint8_t *out,
			 size_t len);

/* The id that UNIT_STATUS shows. 0 or -EIO. */
int esvc_identity_device(const uint8_t secret[ESVC_DEVICE_SECRET], uint64_t *device_id);

/* A test-mode unit and a production one have nothing in common but the id. 0 or -EIO. */
int esvc_identity_init(struct esvc_identity *id, const uint8_t secret[ESVC_DEVICE_SECRET], uint32_t mode);

#endif
