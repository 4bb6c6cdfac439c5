/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does what a latch was granted for still hold? Pure functions of what is known. */
#ifndef IPSECAPID_LATCH_CHECK_H
#define IPSECAPID_LATCH_CHECK_H

#include "latch_record.h"
#include "verdict.h"

enum latch_finding {
	LATCH_HOLDS = 1,	/* or nothing can be told that speaks against it: the kernel keeps it */
	LATCH_WAITS = 2,	/* there is no SA yet, or another obstacle, which `reason` names */
	LATCH_READY = 3,	/* of one that waits: it can be established now */
	LATCH_BREAKS = 4,	/* for `reason` */
	LATCH_MISSING = 5,	/* the kernel does not show it: the socket is gone, or somebody removed it */
};

/*
 * @f: of the socket, with its latch. @v: the verdict on it, made from the same @w.
 * @reason: enum ipsecapi_reason, set with WAITS and BREAKS.
 */
enum latch_finding latch_check(const struct world *w, const struct latch_record *r,
			       const struct flow_facts *f, const struct verdict *v, uint32_t *reason);

/* Does the newest reading of the kernel's tables show it? A listener's has one direction. */
bool latch_shown(const struct world *w, const struct latched *latch, bool listener);

#endif
