/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The latches that the broker knows, whoever asked for them: by socket, for as long as the kernel
 * holds them.
 */
#ifndef IPSECAPID_LATCHES_H
#define IPSECAPID_LATCHES_H

#include <stdbool.h>

#include "applier.h"
#include "handed.h"
#include "verdict.h"

struct front;

/* What the applier drops of a latch that is or was broken. */
enum drop {
	DROP_NONE = 0,		/* nothing: it said so, or never had to */
	DROP_UNKNOWN,		/* it was told to, or not to, and has not answered */
	DROP_ALL,		/* everything, as it said */
};

struct latch {
	uint64_t cookie;	/* first: the tree compares it */
	struct latched held;
	struct latch_record record;
	struct flow_facts facts;
	struct verdict verdict;
	uint32_t slot;
	uint32_t state;		/* enum ipsecapi_latch; broken until the applier lets it pass again */
	uint32_t reason;	/* why it is negotiating or broken */
	uint32_t breaks;	/* for this reason, as it was judged last; or 0 */
	uint32_t told_breaks;	/* what the applier was told last of that */
	bool undropped;		/* the applier could not keep it from passing: it is told again */
	uint32_t ticket;	/* of that message: other answers are late ones */
	enum drop drop;
	bool ready;		/* the sessions were told that waiting is over */
	uint64_t call_at;	/* of one that waits: when the IKE daemon is asked next, CLOCK_BOOTTIME ns */
	uint32_t ike;		/* what it answered last: enum ipsecapi_reason, or 0 */
	uint64_t ike_at;	/* and when */
	bool unsure;		/* the kernel does not show it: the socket has ended, as a rule */
	bool checking;		/* the applier was asked whether the socket exists */
	struct listen_reqids *told;	/* what the applier lets pass of a listener; NULL: not told yet */
	bool was_broken;	/* by rules, before another policy came */
	bool removed;		/* it does, and the kernel does not hold the latch any more */
};

struct latch_set {
	void *tree;		/* of struct latch */
	uint32_t n, cap;
	uint64_t *ids;		/* of all, ascending */
	uint8_t slots[MAX_LATCHES / 8];	/* of the file, that are in use */
	struct handed_set handed;
	uint32_t unsure;	/* so many are */
	bool undropped;		/* some latch is */
	bool loaded;		/* those of earlier lives are here */
	bool settled;		/* and judged, as the applier knows */
	bool possible;		/* the applier can give more */
};

/* Nothing passes, for there are no SAs: nor any that won't do. */
static inline bool latch_lacks_sas(const struct latch *l)
{
	return l->state == IPSECAPI_LATCH_NEGOTIATING && !l->ready &&
	       (l->reason == IPSECAPI_REASON_NO_SA || l->reason == IPSECAPI_REASON_ACQUIRING ||
		l->reason == IPSECAPI_REASON_SA_EXPIRED);
}

struct latch *latches_find(const struct front *f, uint64_t cookie);
uint32_t latches_of(const struct front *f, uint32_t uid);
uint32_t latches_count(const struct front *f);
/* Is one broken, and it is not known that nothing passes? */
bool latches_undropped(const struct front *f);
/* A slot of the file that is free and not handed to anybody, or MAX_LATCHES. */
uint32_t latches_free_slot(const struct front *f);
/* An identifier that no latch has. */
uint64_t latches_new_id(const struct front *f);
/* The facts of a socket by what is written down of its latch. */
void latch_facts(struct front *f, const struct latch_record *r, struct flow_facts *facts);
/* Ask for the routes of what the tunnels of a device wrap of it, as far as they are not known. */
void latch_tunnel_routes(struct front *f, const struct world *w, const struct latch_record *r,
			 struct flow_facts *facts);

/* The applier gave it, or an earlier life had it. NULL without memory. */
struct latch *latches_put(struct front *f, const struct latch_record *r, uint32_t slot);
void latches_drop(struct front *f, uint64_t cookie);

/* Judge all of them by what is known now; @routes: these may have changed, too. */
void latches_judge(struct front *f, const struct world *w, bool routes);
void latch_judge(struct front *f, struct latch *l, const struct world *w);

/* Messages of the applier. */
void latches_from_applier(struct front *f, const struct apply_msg *m);
/* There is room again for what it was not told. */
void latches_resume(struct front *f);
/* The same, if it could not do something. */
void latches_retry(struct front *f);

#endif
