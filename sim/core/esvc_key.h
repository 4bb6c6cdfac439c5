/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ESP key objects: what the trusted unit gives to the ESP engine.
 *
 * A key object owns its cipher context, salt, IV counter, sequence number,
 * limits and replay state, so no delete, re-add or update of an SA can rewind
 * them (KEY-1). It belongs to the unit; an SA borrows it.
 */
#ifndef ESVC_KEY_H
#define ESVC_KEY_H

#include "esvc_aead.h"
#include "esvc_replay.h"
#include <espvault/esv_if.h>

struct esvc_unit;

/* What the first install binds a token to; any other binding is refused (TOK-5). */
struct esvc_binding {
	uint16_t function;
	uint32_t spi;			/* network order */
	uint8_t family;
	uint8_t mode;
	uint8_t dir;
	uint8_t algo;
	uint8_t saddr[16];
	uint8_t daddr[16];
};

struct esvc_key {
	void *aead_ctx;			/* in the arena */
	uint8_t *salt;			/* 4 bytes, in the arena */
	uint64_t iv;			/* last IV used; the next packet uses iv + 1 */
	uint64_t iv_left;		/* IVs that may still be used */
	uint64_t seq;			/* out: last sequence number used */
	uint64_t max_packets;		/* device's and CHILD_DERIVE's maximum; a host can only lower */
	uint64_t max_bytes;
	uint64_t packets;		/* over the key's life */
	uint64_t bytes;
	struct esvc_replay replay;	/* in */
	struct esvc_binding bind;
	uint8_t custody;		/* enum esv_custody */
	uint8_t vouch;			/* enum esv_vouch */
	bool installed;			/* an SA borrows it now */
	uint64_t epoch;
	uint32_t slot;			/* unit's own */
};

/*
 * Take the key that a token names, bind it at first use, or continue it for an
 * identical binding. OK, KEY_REJECTED (unknown, stale, other direction, other
 * binding, already installed by a live SA with another handle), SELFTEST_FAILED.
 * *continued: counters and window go on.
 */
enum esv_status esvc_key_from_token(struct esvc_unit *unit, const uint8_t token[ESV_TOKEN_LEN],
				    const struct esvc_binding *bind, struct esvc_key **key, bool *continued);

/*
 * Import host key material (key and salt). Keyed fingerprints of live and
 * recent imports make a re-import a continuation; the IV starts at a random
 * 64-bit value per import (KEY-10). KEY_WEAK: empty or all zero. DENIED: host
 * keys are switched off. NO_RESOURCE: no slot.
 */
enum esv_status esvc_key_from_host(struct esvc_unit *unit, const uint8_t *material, size_t len,
				   const struct esvc_binding *bind, struct esvc_key **key, bool *continued);

/* The SA is gone. The key object stays for continuation until the unit drops it. */
void esvc_key_release(struct esvc_unit *unit, struct esvc_key *key);

/* True if the bytes carry the token magic. */
bool esvc_is_token(const uint8_t *bytes, size_t len);

#endif
