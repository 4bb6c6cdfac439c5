/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper: starts the other processes, forks a worker for each connection, and ends all of
 * them when one that is needed ends. It holds no state that a client could be after.
 */
#ifndef IPSECAPID_KEEPER_H
#define IPSECAPID_KEEPER_H

#include <stdint.h>
#include <sys/types.h>

#include "marks.h"

struct policy;
struct policy_source;

/* One byte from the keeper to the front. */
enum keeper_says {
	KEEPER_SESSION = 0,	/* with the channel of a worker */
	KEEPER_ASKS = 1,	/* do you work? */
	KEEPER_METRICS = 2,	/* with the channel of the process that shows figures */
};

/* One byte back. */
enum front_says {
	FRONT_READY = 0,	/* the tables are read; once */
	FRONT_WORKS = 1,	/* each time it is asked */
	/* of a policy that was read again */
	FRONT_TOOK = 2,		/* it is in force */
	FRONT_REFUSED = 3,	/* it has a mistake */
	FRONT_NOT_HELD = 4,	/* the kernel does not take its rules */
	FRONT_OVERTAKEN = 5,	/* another came first; the keeper is not told */
};

struct keeper_config {
	int listener;
	int metrics;	/* listener there, or -1 */
	uid_t uid;	/* to run as, (uid_t)-1: unchanged */
	gid_t gid;
	int records;	/* of latches, or -1 */
	const char *ike;	/* the IKE daemon's socket, or NULL: it is not asked */
	uint32_t pmtu_floor;	/* of paths to latched peers, in bytes; 0: none */
	struct marks marks;
	struct policy *policy;		/* of the system, as it is at the start */
	const struct policy_source *source;	/* where it comes from */
};

/* Run the broker until a signal ends it. The result is an exit status. */
int keeper_main(const struct keeper_config *config);

#endif
