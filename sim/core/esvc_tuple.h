/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tuple space of one direction and family of the SPD: nodes are found by
 * prefix lengths, masked addresses and protocol. What esvc_spd.h promises
 * about the cost of a lookup is kept here.
 */
#ifndef ESVC_TUPLE_H
#define ESVC_TUPLE_H

#include "esvc_hash.h"
#include "esvc_spd.h"

/* Addresses as two 64-bit numbers each, so that a prefix is a mask. IPv4 is at the top. */
struct esvc_addrs {
	uint64_t w[4];		/* source high, low, destination high, low */
};

struct esvc_tuple {
	uint8_t plen_s;
	uint8_t plen_d;
	uint8_t any_proto;
	uint32_t nodes;
	uint32_t best_prio;	/* not worse than any entry in the tuple */
	uint64_t best_age;
	struct esvc_addrs mask;
};

struct esvc_spd_node {
	struct esvc_spd_node *next;
	struct esvc_tuple *tuple;
	struct esvc_tuples *table;
	struct esvc_addrs addrs;	/* masked */
	uint8_t proto;
	struct esvc_policy *first;
};

/* One direction and family. */
struct esvc_tuples {
	struct esvc_tuple **tuples;	/* best first */
	uint32_t nr_tuples;
	uint32_t room_tuples;
	struct esvc_spd_node **hash;
	uint32_t hash_mask;
	uint32_t nr_nodes;
	struct esvc_hash seed;
};

/* Order of entries and of the best entries of tuples (SPD-5). */
static inline bool esvc_spd_before(uint32_t prio_a, uint64_t age_a, uint32_t prio_b, uint64_t age_b)
{
	return prio_a != prio_b ? prio_a < prio_b : age_a < age_b;
}

/* The node of a selector, made if it is not there; NULL: no memory. */
struct esvc_spd_node *esvc_tuples_add(struct esvc_tuples *ts, const struct esv_selector *sel);
/* The node goes if its last entry has gone, and its tuple with its last node. */
void esvc_tuples_put(struct esvc_spd_node *n);
/* An entry of the node is in force now: its tuple may be looked at earlier. */
void esvc_tuples_best(struct esvc_spd_node *n, uint32_t prio, uint64_t age);
/* The packet's node in one tuple, NULL: none. addrs: esvc_addrs_of(). */
struct esvc_spd_node *esvc_tuples_find(const struct esvc_tuples *ts, const struct esvc_tuple *t,
				       const struct esvc_addrs *addrs, uint8_t proto);
struct esvc_addrs esvc_addrs_of(uint8_t family, const uint8_t *saddr, const uint8_t *daddr);
/* Zeroed before. 0 or -EIO. */
int esvc_tuples_init(struct esvc_tuples *ts);
/* Nodes and tuples go at once, whatever their entries. */
void esvc_tuples_flush(struct esvc_tuples *ts);
void esvc_tuples_free(struct esvc_tuples *ts);

#endif
