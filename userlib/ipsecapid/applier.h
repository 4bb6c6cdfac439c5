/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The applier: acts on sockets that are not ours. It follows whether the sockets of flows still
 * exist, gives sockets their latches, and lets nothing pass where one broke.
 *
 * The kernel tells which sockets end, but not reliably. So it is asked for all sockets each
 * minute, and whenever a message was lost or a socket was not found where it should be.
 */
#ifndef IPSECAPID_APPLIER_H
#define IPSECAPID_APPLIER_H

#include <stdint.h>
#include <ipsecapi.h>

#include "confinement.h"
#include "latch_record.h"
#include "listenset.h"
#include "marks.h"

enum apply_type {
	/* of the front */
	APPLY_TRACK = 1,	/* tell when this socket ends or is connected elsewhere */
	APPLY_FORGET = 2,	/* a latched one is followed on */
	APPLY_COUNT_IKE = 3,	/* -> IKE_COUNT */
	APPLY_LATCH = 6,	/* record, slot and the socket -> LATCHED */
	APPLY_RELAX = 7,	/* cookie and the socket: take the latch away -> LATCHED */
	APPLY_BREAK = 8,	/* cookie, reason: let nothing pass -> BROKEN */
	APPLY_MEND = 9,		/* cookie: let it pass again -> MENDED */
	APPLY_CHECK = 10,	/* cookie -> GONE or ALIVE */
	APPLY_LISTEN = 16,	/* struct apply_listen */
	APPLY_SETTLED = 17,	/* all listeners of earlier lives were told of */
	APPLY_CONFINE = 19,	/* a cgroup and its directory -> CONFINED */
	APPLY_ENFORCE = 32,	/* and a struct policy in a memory file: hold its rules -> ENFORCED */
	APPLY_CLASS = 33,	/* struct apply_listen; the cookie is the class's number */
	APPLY_EXEMPT = 34,	/* count, and so many struct ipsecapi_tuple in a memory file */
	/* of the applier */
	APPLY_GONE = 4,
	APPLY_IKE_COUNT = 5,
	APPLY_LATCHED = 11,	/* cookie, status; reason of a refusal, or the record as it is now */
	APPLY_ALIVE = 12,
	APPLY_BROKEN = 21,	/* cookie: nothing of it passes, from here on; or with a status: it may yet */
	APPLY_MENDED = 22,	/* cookie: nothing is dropped; or with a reason: all is yet, for that */
	APPLY_MOVED = 13,	/* a latched socket has these ends now */
	APPLY_RECORD = 14,	/* a latch of an earlier life, with its slot */
	APPLY_RECORDS_END = 15,	/* count: 1 when latches can be had */
	APPLY_STOPPED = 18,	/* a latched listener was closed; what it accepted may be open */
	APPLY_CONFINED = 20,	/* status; reason of a refusal */
	APPLY_ENFORCED = 35,	/* status: the rules are held; or those from before are */
};

struct apply_msg {
	uint32_t type;
	uint32_t count;		/* IKE_COUNT, RECORDS_END, EXEMPT */
	uint32_t ifindex;	/* TRACK: device that the socket is bound to, or 0 */
	uint32_t slot;		/* of the record */
	int32_t status;		/* LATCHED, CONFINED, ENFORCED, BROKEN: 0 or a negative errno */
	uint32_t ticket;	/* LATCH, RELAX, BREAK, MEND, CONFINE: repeated in the answer */
	uint32_t rsvd;
	uint32_t reason;	/* BREAK, MENDED; LATCHED with a status: enum ipsecapi_reason */
	struct ipsecapi_tuple tuple;	/* TRACK, MOVED; else its cookie alone */
	struct latch_record record;	/* LATCH, RECORD, LATCHED */
	struct confinement cgroup;	/* CONFINE */
};

/* What passes to and from a latched listener, or by a class that rules ask for. */
struct apply_listen {
	uint32_t type;		/* APPLY_LISTEN, APPLY_CLASS */
	uint32_t rsvd;
	uint64_t cookie;
	struct listen_reqids reqids;
};

/*
 * Run until @sock closes; the result is an exit status. @records: of latches, or -1. @pmtu_floor:
 * what comes in clear makes no path to a latched peer smaller, in bytes.
 */
int applier_main(int sock, int records, uint32_t pmtu_floor, const struct marks *marks);

#endif
