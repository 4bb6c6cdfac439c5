/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control handles: nonces, key exchanges, shared secrets, IKE SAs and what was
 * provisioned. What a handle names lives in the arena; the table knows type, state and owner.
 * ESP keys are not here, their handles are made by esvc_key.c.
 */
#ifndef ESVC_HANDLE_H
#define ESVC_HANDLE_H

#include "esvc_arena.h"
#include "esvc_ike.h"
#include "esvc_ke.h"
#include "esvc_session.h"

struct esvc_nonce {
	uint16_t len;
	uint8_t bytes[ESV_NONCE_MAX];
};

struct esvc_ke {
	const struct esvc_ke_method *method;
	uint8_t priv[ESVC_KE_PRIV_MAX];
	uint8_t pub[ESVC_KE_PUB_MAX];
};

#define ESVC_SECRET_BYTES	1024	/* test mode: longer than any method's (CAVP has g^ir of 8192 bits) */

/* The values of a key exchange as they stood in the KE payloads: SHA-256 of group and value. */
struct esvc_ke_seen {
	bool known;		/* false: the secret was provisioned */
	uint8_t own[32];
	uint8_t peer[32];
};

struct esvc_secret {
	struct esvc_ke_seen seen;
	uint16_t len;
	uint8_t bytes[ESVC_SECRET_BYTES];
};

/* What PROVISION brought: the type is the handle's. */
struct esvc_held {
	uint8_t id_type;	/* 0: not bound to an identity */
	uint16_t id_len;
	uint16_t len;
	uint8_t id[ESV_ID_MAX];
	uint8_t bytes[ESV_SECRET_MAX];
};

/* Messages of one IKE SA's key; no daemon comes near it (a message ID has 32 bits). */
#define ESVC_IKE_MESSAGES	(1ull << 48)

struct esvc_ike_sa {
	uint8_t prf;
	uint8_t encr;
	uint8_t role;
	uint8_t vouch;
	uint64_t sealed;	/* messages so far: the next IV less one */
	bool first_closed;	/* a child was derived: the IKE SA's nonces are used up */
	uint8_t id_type;
	uint16_t id_len;
	uint8_t id[ESV_ID_MAX];
	uint16_t ni_len;
	uint16_t nr_len;
	uint8_t ni[ESV_NONCE_MAX];
	uint8_t nr[ESV_NONCE_MAX];
	uint8_t spis[ESVC_SPI_PAIR];
	struct esvc_ike_keys keys;
	struct esvc_ike_keys no_ppk;	/* from before PPK_APPLY: SK_d and SK_p only */
	bool ppk;
	bool rekeyed;			/* IKE_REKEY made it: there is no AUTH in it */
	bool own_peer;			/* the peer's nonce was this unit's: both ends are here, there is no AUTH either */
	uint8_t auths;			/* bit n: AUTH_SIGN with flags n was answered */
	struct esvc_ke_seen seen;	/* the first key exchange, in IKE_SA_INIT */
	uint8_t intauth_next;		/* enum esv_role: whose message is chained next */
	uint32_t intauths;		/* IKE_INTERMEDIATE exchanges that are chained */
	uint8_t intauth_i[ESVC_PRF_MAX];
	uint8_t intauth_r[ESVC_PRF_MAX];
};

union esvc_object {
	struct esvc_nonce nonce;
	struct esvc_ke ke;
	struct esvc_secret secret;
	struct esvc_ike_sa ike;
	struct esvc_held held;
};

struct esvc_handle {
	uint8_t type;		/* enum esv_handle_type, 0: free */
	uint8_t state;
	uint32_t gen;		/* of this entry's last use; survives zeroisation */
	uint32_t slot;		/* in the arena */
	struct esvc_session *owner;
	struct esvc_list link;	/* owner's handles, or the free list */
};

struct esvc_handles {
	struct esvc_arena *arena;
	struct esvc_handle *h;
	uint32_t max;
	uint32_t count;
	struct esvc_list free;
};

#define ESVC_HANDLE_ESP		0x80000000u	/* in the low half: names an ESP key */

/* 0 or -errno as esvc_arena_new(). */
int esvc_handles_init(struct esvc_handles *t, uint32_t max);
void esvc_handles_free(struct esvc_handles *t);
/* Before the first one is made: where generations begin. */
void esvc_handles_begin(struct esvc_handles *t, uint32_t gen);

/* A zeroed object in state NEW, or NULL: table is full. */
struct esvc_handle *esvc_handle_new(struct esvc_handles *t, struct esvc_session *owner,
				    unsigned int type);
/* Wipes what it names; the handle is stale from now on. */
void esvc_handle_drop(struct esvc_handles *t, struct esvc_handle *h);
uint64_t esvc_handle_value(const struct esvc_handles *t, const struct esvc_handle *h);
/*
 * The live handle of owner with this value. type: enum esv_handle_type or 0 for
 * any. NULL when it is unknown, stale, somebody else's or of another type (UNIT-7).
 */
struct esvc_handle *esvc_handle_get(struct esvc_handles *t, const struct esvc_session *owner,
				    uint64_t value, unsigned int type);
union esvc_object *esvc_handle_object(const struct esvc_handles *t, const struct esvc_handle *h);

#endif
