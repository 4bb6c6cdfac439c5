/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trusted unit from inside. Only its own files include this. */
#ifndef ESVC_UNIT_PRIV_H
#define ESVC_UNIT_PRIV_H

#include "esvc_aead.h"
#include "esvc_arena.h"
#include "esvc_auth.h"
#include "esvc_idcert.h"
#include "esvc_handle.h"
#include "esvc_identity.h"
#include "esvc_ike.h"
#include "esvc_import.h"
#include "esvc_rng.h"
#include "esvc_session.h"
#include "esvc_sig.h"
#include "esvc_token.h"
#include "esvc_unit.h"
#include "esvc_wrap.h"

#define ESVC_ESP_MATERIAL	36	/* AES-256 key and salt */
#define ESVC_SALT_LEN		4

/*
 * Largest use of one derived key (KEY-3). The IV field has 64 bits; the limit
 * keeps the integrity bound of GCM (SP 800-38D B) far away.
 */
#define ESVC_KEY_PACKETS	(1ull << 48)
#define ESVC_KEY_BYTES		(1ull << 56)

/* The unit's own secrets and every intermediate value: one slot of the arena. */
struct esvc_unit_secrets {
	uint8_t token_key[ESVC_TOKEN_KEY];
	uint8_t import_key[32];
	uint8_t provision_key[ESVC_HPKE_PRIV];
	struct esvc_rng rng;
	struct esvc_ike_scratch ike;	/* this and what follows: zero between commands */
	uint8_t keymat[ESVC_KEYMAT_MAX];
	uint8_t dead[ESVC_ESP_MATERIAL];
	uint8_t entropy[ESVC_KE_ENTROPY];
	uint8_t pairwise[2 * ESVC_KE_SECRET_MAX];
	uint8_t nonce[12];
	_Alignas(8) uint8_t wrapped[ESV_ADMIN_BUF];
	uint8_t octets[ESVC_AUTH_OCTETS];	/* what an AUTH is made over, and what it must be */
	uint8_t auth[ESVC_SIG_AUTH_MAX];
	_Alignas(ESVC_ARENA_ALIGN) uint8_t cipher[ESVC_AEAD_CTX_SIZE];
};

enum esvc_keyslot_state {
	ESVC_SLOT_FREE,
	ESVC_SLOT_PENDING,	/* token was made, no SA yet */
	ESVC_SLOT_LIVE,		/* an SA borrows the key */
	ESVC_SLOT_RELEASED,	/* token that can be installed again */
	ESVC_SLOT_DEAD,		/* zeroised while an SA borrowed it: goes when that lets go */
};

/* Whom a key is shared with, as vouch has it. */
struct esvc_peer {
	uint8_t id_type;		/* RFC 7296 3.5 */
	uint16_t id_len;
	uint8_t id[];
};

/* One ESP key object. What is secret lies in the arena: cipher context, salt, in test mode the raw key. */
struct esvc_keyslot {
	struct esvc_key key;
	uint8_t state;
	bool detached;			/* outlives the session */
	bool bound;			/* was installed at least once */
	bool fixed;			/* the binding came with the key, before any install (UNIT-100) */
	uint32_t gen;			/* survives zeroisation */
	uint32_t arena;
	uint64_t deadline_ns;		/* PENDING */
	struct esvc_import *import;	/* host key */
	struct esvc_peer *peer;		/* NULL: nobody knows */
	struct esvc_session *owner;	/* NULL: nobody */
	struct esvc_list owned;		/* owner's keys */
	struct esvc_list link;		/* free, pending or released list */
};

/* Public halves of the identity. Power-on makes them, and nothing changes them. */
struct esvc_attestor {
	struct esvc_idcert_facts facts;
	struct esvc_signer device;
	struct esvc_signer boot;
	struct esvc_idcert device_cert;
	struct esvc_idcert boot_cert;
};

struct esvc_unit {
	struct esvc_unit_config cfg;
	struct esvc_prfs prfs;
	uint32_t ke_methods;		/* bit n: enum esv_ke n can be used */
	struct esvc_arena *own;		/* one slot: struct esvc_unit_secrets */
	struct esvc_unit_secrets *sec;
	struct esvc_arena *id_arena;	/* one slot, wiped only with the unit: struct esvc_identity */
	struct esvc_identity *id;
	uint8_t provision_pub[32];
	struct esvc_attestor attestor;
	struct esvc_sessions sessions;
	struct esvc_handles handles;
	uint32_t session_handles;	/* quota of one session */
	uint32_t session_pending;
	uint32_t function_sessions;	/* quota of one function, UINT32_MAX: there is only one */
	uint32_t function_handles;
	uint32_t function_pending;

	struct esvc_arena *key_arena;
	size_t salt_off;		/* in a slot of the arena */
	size_t raw_off;
	struct esvc_keyslot *slot;
	uint32_t slots_used;		/* entries that were ever taken */
	struct esvc_list free;
	struct esvc_list pending;
	struct esvc_list released;	/* oldest first */
	struct esvc_imports imports;
	uint32_t nr_pending;
	uint32_t nr_live;
	uint64_t next_expiry_ns;	/* 0: none */

	uint64_t epoch;
	uint64_t life;			/* drawn with the first epoch: where this power-on's generations begin (UNIT-5) */
	uint64_t resets;
	uint8_t selftest_failed;	/* number of the test, 0: all passed */
};

/* Parts of life. Handles of control objects and keys differ in their lower half. */
static inline uint32_t esvc_life_sessions(const struct esvc_unit *unit)
{
	return (uint32_t)unit->life & 0xffffff;
}

static inline uint32_t esvc_life_handles(const struct esvc_unit *unit)
{
	return (uint32_t)(unit->life >> 24);
}

/* Custody of a key that was derived here, by who vouched for the peer (UNIT-20). */
static inline uint8_t esvc_derived_custody(uint8_t vouch)
{
	return vouch == ESV_VOUCH_UNIT ? ESV_CUSTODY_L4 : vouch == ESV_VOUCH_HOST ? ESV_CUSTODY_L3 : ESV_CUSTODY_UNKNOWN;
}

/* esvc_keyslot.c */
int esvc_keys_init(struct esvc_unit *unit);
void esvc_keys_free(struct esvc_unit *unit);
/* Drop every key of function (of all functions: -1). Keys that SAs borrow die in their hands. */
void esvc_keys_kill(struct esvc_unit *unit, int function);
/* Put key material into a free slot. The caller fills in the rest. NULL: no slot. */
struct esvc_keyslot *esvc_keyslot_new(struct esvc_unit *unit, const uint8_t *material, size_t len);
void esvc_keyslot_state(struct esvc_unit *unit, struct esvc_keyslot *slot, enum esvc_keyslot_state state);
/* NULL: no slot. material: key and salt of an AES-256-GCM key, ESVC_ESP_MATERIAL bytes. */
struct esvc_keyslot *esvc_key_make(struct esvc_unit *unit, struct esvc_session *owner, uint8_t dir,
				const uint8_t *material);
void esvc_key_drop(struct esvc_unit *unit, struct esvc_keyslot *slot);
void esvc_key_disown(struct esvc_keyslot *slot);
/* A pending token is dropped at that time. */
void esvc_key_deadline(struct esvc_unit *unit, struct esvc_keyslot *slot, uint64_t at_ns);
/* All keys and all that is known of imports. */
void esvc_keys_zeroize(struct esvc_unit *unit);
/* How many slots esvc_key_make() could give now. */
uint32_t esvc_key_room(const struct esvc_unit *unit);
uint64_t esvc_key_handle(const struct esvc_unit *unit, const struct esvc_keyslot *slot);
struct esvc_keyslot *esvc_key_get(struct esvc_unit *unit, const struct esvc_session *owner,
			       uint64_t handle);
/* enum esv_handle_state, as HANDLE_QUERY and statements show it (UNIT-10). */
uint8_t esvc_keyslot_shown(const struct esvc_keyslot *slot);
const uint8_t *esvc_key_raw(const struct esvc_unit *unit, const struct esvc_keyslot *slot);

/*
 * esvc_key.c: a key that came wrapped, with its binding; PENDING, its IV and counters go on if it was
 * here before (KEY-14). KEY_WEAK, KEY_REJECTED, NO_RESOURCE, NO_RANDOM, SELFTEST_FAILED.
 */
enum esv_status esvc_key_wrapped(struct esvc_unit *unit, struct esvc_session *owner, const uint8_t *material,
				 size_t len, const struct esvc_binding *bind, struct esvc_keyslot **slot);
/* 0 or -EIO. */
int esvc_key_token(struct esvc_unit *unit, const struct esvc_keyslot *slot,
		   uint8_t token[ESV_TOKEN_LEN]);

/* esvc_unit.c: wipe what is a session's own and no SA borrows; detached: detached tokens as well. */
void esvc_unit_wipe(struct esvc_unit *unit, struct esvc_session *s, bool detached);
/* Wipe, but leave detached tokens to their install time, and close. */
void esvc_unit_close(struct esvc_unit *unit, struct esvc_session *s);
void esvc_unit_zeroize_function(struct esvc_unit *unit, uint16_t function);
/* Random bytes for a command: OK, NO_RANDOM, SELFTEST_FAILED (unit is locked and empty). */
enum esv_status esvc_unit_random(struct esvc_unit *unit, void *buf, size_t len);
/* A self-test failed while the unit ran: it is locked and empty from now on. */
void esvc_unit_fail(struct esvc_unit *unit, unsigned int test);

/* esvc_keyslot.c: record whom a key is shared with. 0 or -ENOMEM. */
int esvc_key_set_peer(struct esvc_keyslot *slot, uint8_t id_type, const uint8_t *id, uint16_t id_len);

/*
 * esvc_attestor.c: boot key and certificates, once. 0; -EBADMSG: the random source failed its
 * tests; -EKEYREJECTED: a pair does not sign and verify; -EIO.
 */
int esvc_attestor_init(struct esvc_unit *unit);
/* Do both pairs still sign and verify? 0 or -EKEYREJECTED. */
int esvc_attestor_selftest(struct esvc_unit *unit);

/* esvc_unit_secrets.c: AES key schedule (its bytes, at most 240, are returned) and GHASH key. */
size_t esvc_aes_schedule(const uint8_t *key, size_t key_len, uint8_t *w);
int esvc_ghash_key(const uint8_t *key, size_t key_len, uint8_t h[16]);

#endif
