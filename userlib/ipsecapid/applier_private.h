/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the applier share. */
#ifndef IPSECAPID_APPLIER_PRIVATE_H
#define IPSECAPID_APPLIER_PRIVATE_H

#include <stdbool.h>

#include "applier.h"
#include "confined.h"
#include "dropset.h"
#include "enforced.h"
#include "gateset.h"
#include "listenset.h"
#include "quotedset.h"
#include "sockdiag.h"

#define FOLLOWED_KINDS	3	/* protocols */

struct quoted_ends {
	struct quoted_end end;	/* kind 0: none */
	struct quoted_end peer;	/* where its ESP goes; kind 0: none */
};

struct tracked {
	uint64_t cookie;	/* first: the tree compares it */
	struct ipsecapi_tuple tuple;
	uint32_t ifindex;
	uint32_t seen;		/* number of the look that found it last */
	bool watched;		/* by the front, for a flow */
	bool moved;		/* a look found other ends than it had */
	struct latch_record *latch;	/* NULL: it has none */
	uint32_t slot;		/* of that */
	struct listen_reqids *listen;	/* what passes, of a latched listener; else NULL */
	struct ipsecapi_tuple dropped;	/* what the sets have of it; peer_port 0: nothing */
	struct gate gate;	/* the same, of what passes */
	struct quoted_ends quoted;	/* nobody may quote its packets in clear */
};

struct applier {
	int sock;
	int events;		/* sockets that were destroyed; only a hint, it may lose some */
	struct sockdiag diag;
	void *tree;		/* of struct tracked */
	void *quoted;		/* what may not be quoted in clear */
	uint32_t n[FOLLOWED_KINDS];	/* of them, by protocol */
	uint32_t look;
	bool listed[FOLLOWED_KINDS];	/* in this look */
	uint64_t looked_at;	/* when the last look ended */
	uint64_t look_cost;	/* ns */
	bool doubt;		/* something may have been lost: look soon */
	bool wary;		/* of a latch: of IPv6, which may come to speak IPv4, or not connected */
	int records;		/* the file, or -1 */
	uint8_t boot_id[16];
	struct nftable nft;
	bool settled;		/* the front has told what listeners of earlier lives let pass */
	struct confined_set confined;
	struct enforced enforced;
};

/* followed.c: the sockets that are followed */
struct tracked *followed_find(struct applier *a, uint64_t cookie);
/* It is made where there is none. NULL without memory. */
struct tracked *followed_get(struct applier *a, const struct ipsecapi_tuple *t);
/* What neither is watched nor has a latch is forgotten. */
void followed_release(struct applier *a, struct tracked *t);
uint32_t followed_count(const struct applier *a);
/* Look at all sockets: tell the front which of these are gone, and where latched ones are now. */
void followed_look(struct applier *a);
/*
 * It ended: tell the front, and free what it had. What a listener has stays for the connections
 * that it accepted, until the front finds that none is left.
 */
void followed_gone(struct applier *a, uint64_t cookie);
/* The same, for good. */
void followed_end(struct applier *a, uint64_t cookie);

/* applier_gates.c */
/* Let pass the gate what its latch lets pass, and nothing else. Returns 0 or a negative errno. */
int gates_follow(struct applier *a, struct tracked *t);
/* What the sets have of sockets that ended meanwhile goes. */
int gates_restore(struct applier *a);

/* applier_listeners.c */
/* Let this pass of a listener, or with NULL have it listen no more. Returns 0 or a negative errno. */
int listeners_set(struct applier *a, struct tracked *t, const struct listen_reqids *now);
void listeners_settle(struct applier *a);

/* applier_rules.c: the enforcing rules of the system policy */
void rules_take(struct applier *a, const struct apply_msg *m, int fd);
void rules_take_class(struct applier *a, const struct apply_listen *m);

/* applier_quoted.c */
/*
 * Nobody may quote in clear what a latched socket sends, wherever it is now; after the latch
 * anybody may. Returns 0 or a negative errno.
 */
int quoted_follow(struct applier *a, struct tracked *t);
/* Let the sets have what the latches of earlier lives need, and nothing else. */
int quoted_restore(struct applier *a);

/* applier_latches.c */
/* What earlier lives left, to the front. Returns a negative errno when the files fail. */
int latches_load(struct applier *a);
void latches_take(struct applier *a, const struct apply_msg *m, int fd);
void latches_take_listen(struct applier *a, const struct apply_listen *m);
/* The socket is gone: free the record and the drop. */
void latches_end(struct applier *a, struct tracked *t);
/* It has other ends than before: what is dropped follows. */
void latches_moved(struct applier *a, struct tracked *t);
/* The connection is no more; the socket may be open still, and keeps its latch. */
void latches_disconnected(struct applier *a, struct tracked *t);

#endif
