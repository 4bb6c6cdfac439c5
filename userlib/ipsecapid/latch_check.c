// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does a latch still hold? RFC 5660, 2.2: a change of policy that alters or bypasses the
 * protection, and SAs of another quality, break it; the absence of SAs does not.
 */
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>

#include "address.h"
#include "latch_check.h"
#include "latch_plan.h"
#include "standing.h"

bool latch_shown(const struct world *w, const struct latched *latch, bool listener)
{
	const struct tables *t = w->tables;

	return t->read_at <= latch->since ||
	       ((listener || latch->gated || tables_latch(t, latch->id, DIR_OUT)) &&
		tables_latch(t, latch->id, DIR_IN));
}

/* Nothing is known that speaks for or against it, and packets can't pass or the kernel checks them. */
static bool no_evidence(uint32_t reason)
{
	return reason == IPSECAPI_REASON_NOT_YET || reason == IPSECAPI_REASON_EVIDENCE_STALE ||
	       reason == IPSECAPI_REASON_NO_ROUTE || reason == IPSECAPI_REASON_NOT_CONNECTED;
}

/* Where the system had no policy inbound, one that asks for the same changes nothing. */
static bool same_system(const struct latch_record *r, int dir, const struct latch_spd *now)
{
	const struct latch_spd *then = &r->spd[dir];

	if (now->kind == SPD_PROTECT && then->kind == SPD_CLEAR)
		return now->reqid == r->reqid[dir] && now->mode == r->spd[DIR_OUT].mode;
	return !memcmp(now, then, sizeof(*now));
}

static uint32_t check_direction(const struct world *w, const struct latch_record *r,
				const struct flow_facts *f, const struct verdict *v, int dir)
{
	const struct ipsecapi_direction *d = &v->dir[dir];
	struct latch_spd now;
	uint32_t reason;

	if (no_evidence(d->reason) || v->unasked[dir])
		return IPSECAPI_REASON_NONE;
	if (d->reason == IPSECAPI_REASON_VIRTUAL_INTERFACE || d->reason == IPSECAPI_REASON_MULTICAST)
		return d->reason;	/* the kernel asks no policy of sockets there */
	reason = latch_system(w, f, dir, &now);
	if (reason != IPSECAPI_REASON_NONE)
		return reason;
	if (!same_system(r, dir, &now))
		return IPSECAPI_REASON_POLICY_CHANGED;
	return standing_compare(w, v, dir, &r->set) == IPSECAPI_STANDING_SATISFIED ?
	       IPSECAPI_REASON_NONE : IPSECAPI_REASON_OUTSIDE_CLASS;
}

/* The kernel asks the policies of a socket of IPv6 nothing about IPv4. */
static bool speaks_ipv4(const struct ipsecapi_tuple *t)
{
	return t->family == AF_INET6 && address_is_mapped(t->peer);
}

static enum latch_finding check_waiting(const struct world *w, const struct latch_record *r,
					const struct flow_facts *f, uint32_t *reason)
{
	struct latch_plan plan;

	latch_plan(w, f, &r->set, &plan);
	*reason = plan.reason;
	return plan.status == PLAN_LATCH ? LATCH_READY : LATCH_WAITS;
}

enum latch_finding latch_check(const struct world *w, const struct latch_record *r,
			       const struct flow_facts *f, const struct verdict *v, uint32_t *reason)
{
	int dir;

	*reason = IPSECAPI_REASON_NONE;
	if (w->tables->read_at && !latch_shown(w, f->latch, false))
		return LATCH_MISSING;
	if (speaks_ipv4(&r->tuple)) {
		*reason = IPSECAPI_REASON_DUAL_STACK;
		return LATCH_BREAKS;
	}
	if (r->waiting)
		return check_waiting(w, r, f, reason);
	for (dir = DIR_OUT; dir <= DIR_IN; dir++) {
		*reason = check_direction(w, r, f, v, dir);
		if (*reason != IPSECAPI_REASON_NONE)
			return LATCH_BREAKS;
	}
	return LATCH_HOLDS;
}
