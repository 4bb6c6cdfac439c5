/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security association database (RFC 4301 4.4.2).
 *
 * What every packet needs of an SA are two cache lines in one flat array;
 * outbound frames find them by handle, inbound ones by a hash over (daddr,
 * SPI, family). The rest is apart. Keys, counters of sequence and IV, and the
 * replay window belong to the key object of the unit.
 */
#ifndef ESVC_SADB_H
#define ESVC_SADB_H

#include "esvc_hash.h"
#include "esvc_key.h"
#include "esvc_objtab.h"

struct esvc_sa_limits {
	uint64_t soft_packets;
	uint64_t hard_packets;
	uint64_t soft_bytes;
	uint64_t hard_bytes;
};

/* What only events, commands and errors touch. */
struct esvc_sa_cold {
	struct esv_selector sel;
	struct esvc_sa_limits limits;	/* as the host set them */
	uint64_t key_packets;		/* what the key still allowed at install */
	uint64_t key_bytes;
	uint32_t window;
	uint64_t auth_failed;
	uint64_t replay_dropped;
	uint64_t replay_old;
	uint64_t other_dropped;
};

/* Told once, so that a silent driver is not flooded. */
#define ESVC_SA_TOLD_NEXTHOP	0x1
#define ESVC_SA_TOLD_SEQ	0x2

struct esvc_sa {
	/* First line: what decides and where the key is. */
	struct esvc_key *key;
	struct esvc_sa_cold *cold;
	uint32_t handle;		/* 0: free */
	uint32_t hash_next;		/* index + 1 */
	uint32_t spi;			/* network order */
	uint32_t reqid;
	uint16_t flags;			/* ESV_SA_F_* */
	uint8_t family;
	uint8_t mode;
	uint8_t dir;
	uint8_t algo;
	uint8_t state;			/* enum esv_sa_state */
	uint8_t told;
	uint8_t nexthop[6];
	uint8_t nexthop_valid;
	uint8_t pad[17];
	/* Second line: addresses and counting. */
	uint8_t saddr[16];
	uint8_t daddr[16];
	uint64_t packets;
	uint64_t bytes;
	uint64_t next_packets;		/* nothing to do below these two */
	uint64_t next_bytes;
};

_Static_assert(sizeof(struct esvc_sa) == 128, "an SA is two cache lines");

struct esvc_sadb {
	struct esvc_objtab tab;
	struct esvc_sa *sa;		/* tab.max of them, 64-byte aligned */
	void *mem;
	uint32_t *hash;			/* index + 1 */
	uint32_t hash_mask;
	struct esvc_hash seed;
};

/* 0, -ENOMEM or -EIO. */
int esvc_sadb_init(struct esvc_sadb *db, uint32_t max);
void esvc_sadb_fini(struct esvc_sadb *db);

/* By handle; NULL: none, or another generation. */
struct esvc_sa *esvc_sadb_get(const struct esvc_sadb *db, uint32_t handle);
/* By what a packet shows. spi in network order, daddr 4 or 16 bytes. */
struct esvc_sa *esvc_sadb_find(const struct esvc_sadb *db, uint8_t dir, uint8_t family, uint32_t spi,
			       const uint8_t *daddr);

/* A fresh SA that only has its handle; NULL: full. Fill it, then insert it. */
struct esvc_sa *esvc_sadb_alloc(struct esvc_sadb *db);
void esvc_sadb_insert(struct esvc_sadb *db, struct esvc_sa *sa);
/* Out of the hash, for a change of addresses. */
void esvc_sadb_unhash(struct esvc_sadb *db, struct esvc_sa *sa);
/* All of them, before all of them are freed. */
void esvc_sadb_unhash_all(struct esvc_sadb *db);
/* The key is the caller's to release. unhash it first if it was inserted. */
void esvc_sadb_free(struct esvc_sadb *db, struct esvc_sa *sa);

#endif
