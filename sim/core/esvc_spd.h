/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security policy database of the device (RFC 4301 4.4.1; clauses SPD-1 ff).
 *
 * Order: a lower priority value wins, then the older entry (SPD-5). Among
 * entries whose selectors are equal in all bits that count only the oldest is in
 * force (SPD-6). Lookup is a tuple space search: entries with the same prefix
 * lengths and the same kind of protocol field share one tuple, a hash of the
 * masked addresses and the protocol finds their node, the node's entries are
 * ordered. Tuples are ordered by the best entry that they ever held, so the
 * search ends as soon as no later tuple can win.
 *
 * Bound: one hash probe for each tuple of the packet's direction and family
 * whose best priority is not worse than the verdict's, plus the entries of the
 * nodes found, i.e. those that differ in ports only; to add or delete one walks
 * the entries of its node. At most 33 * 33 * 2
 * tuples for IPv4 and 129 * 129 * 2 for IPv6, in practice some dozens.
 */
#ifndef ESVC_SPD_H
#define ESVC_SPD_H

#include "esvc_parse.h"
#include <espvault/esv_if.h>

struct esvc_spd;
struct esvc_spd_node;
struct esvc_objtab;

/* What an entry asks for, in host order. */
struct esvc_policy_rule {
	struct esv_selector sel;
	uint8_t dir;
	uint8_t action;
	uint8_t mode;
	uint8_t family;			/* tunnel: of the endpoints */
	uint32_t priority;
	uint32_t reqid;
	uint8_t saddr[16];
	uint8_t daddr[16];
};

struct esvc_policy {
	struct esvc_policy_rule p;
	uint32_t cookie;		/* little-endian, the driver's */
	uint16_t function;		/* little-endian */
	uint32_t handle;
	uint64_t age;			/* order of insertion */
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops;
	struct esvc_spd_node *node;
	struct esvc_policy *next;	/* next entry in force of the node */
	struct esvc_policy *shadow;	/* next younger one with equal selectors */
};

#define ESVC_ACTION_BIT(a)	(1u << (a))
#define ESVC_ACTIONS_ANY	(~0u)
#define ESVC_ACTIONS_GUARD	(ESVC_ACTION_BIT(ESV_ACTION_PROTECT) | ESVC_ACTION_BIT(ESV_ACTION_DROP))

/* NULL: no memory or no random numbers. max: 1..2^24 entries. */
struct esvc_spd *esvc_spd_new(uint32_t max);
void esvc_spd_free(struct esvc_spd *spd);
void esvc_spd_flush(struct esvc_spd *spd);

/* p was checked. NO_RESOURCE: table is full or no memory. */
enum esv_status esvc_spd_add(struct esvc_spd *spd, const struct esv_policy_params *p, uint32_t *handle);
struct esvc_policy *esvc_spd_get(struct esvc_spd *spd, uint32_t handle);
void esvc_spd_delete(struct esvc_spd *spd, struct esvc_policy *pol);
/* PROTECT becomes DROP, for good (SPD-8). */
void esvc_spd_freeze(struct esvc_spd *spd, struct esvc_policy *pol);
/* The entry as a query shows it; a frozen one says DROP and keeps the rest. */
struct esv_policy_params esvc_spd_params(const struct esvc_policy *pol);
const struct esvc_objtab *esvc_spd_objects(const struct esvc_spd *spd);

/*
 * The entry in force that decides about p among those whose action is in
 * actions; NULL: none. ignore_ports: any entry that could match.
 */
struct esvc_policy *esvc_spd_find(struct esvc_spd *spd, unsigned int dir, const struct esvc_pkt *p,
				  unsigned int actions, bool ignore_ports);

/* True if the direction has a protect or drop entry at all. */
bool esvc_spd_guards(const struct esvc_spd *spd, unsigned int dir);

#endif
