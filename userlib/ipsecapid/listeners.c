// SPDX-License-Identifier: GPL-2.0-or-later
/* Which SAs may carry connections of a latched listener. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/xfrm.h>

#include "address.h"
#include "latch_plan.h"
#include "listeners.h"
#include "standing.h"

/* Of the peer's port nothing is known: one that clients use is as good as another. */
#define SOME_PORT htons(65535)

/* A connection that this SA could carry. Returns false where there is none. */
static bool facts_of(const struct latch_record *r, const struct rec_sa *sa, int dir,
		     struct flow_facts *f)
{
	const uint8_t *local = dir == DIR_OUT ? sa->saddr : sa->daddr;
	const uint8_t *peer = dir == DIR_OUT ? sa->daddr : sa->saddr;

	if (sa->family != r->tuple.family || sa->proto != IPPROTO_ESP || !sa->reqid ||
	    sa->mode != XFRM_MODE_TRANSPORT || sa->state != SA_VALID ||
	    sa->dir == (dir == DIR_OUT ? DIR_IN : DIR_OUT) ||
	    (!address_is_any(r->tuple.local) && memcmp(local, r->tuple.local, 16)))
		return false;
	memset(f, 0, sizeof(*f));
	f->family = sa->family;
	f->protocol = IPPROTO_TCP;
	f->local_port = r->tuple.local_port;
	f->peer_port = SOME_PORT;
	memcpy(f->local, local, 16);
	memcpy(f->peer, peer, 16);
	/* what leaves elsewhere than by the SA's device the device's policies don't send by it */
	f->route.found = true;
	f->route.oif = sa->offload == OFFLOAD_PACKET ? sa->offload_ifindex : 0;
	return true;
}

/* What the system's policy says: outbound it must protect, by this reqid. */
static bool system_agrees(const struct world *w, const struct flow_facts *f, uint32_t reqid, int dir)
{
	struct latch_spd spd;

	if (latch_system(w, f, dir, &spd) != IPSECAPI_REASON_NONE)
		return false;
	if (spd.kind == SPD_CLEAR)
		return dir == DIR_IN;
	return spd.kind == SPD_PROTECT && spd.mode == XFRM_MODE_TRANSPORT &&
	       (spd.reqid == reqid || (dir == DIR_IN && !spd.reqid));
}

/* Within the class? */
static bool fits(const struct world *w, const struct latch_record *r, const struct flow_facts *f,
		 uint32_t reqid, int dir)
{
	const struct latch_record child = { .id = LATCH_ID_MARK << 32, .tuple.family = f->family,
					    .gated = 1, .reqid = { reqid, reqid } };
	struct latched held = { .since = UINT64_MAX };
	struct flow_facts facts = *f;
	struct verdict v;

	latch_policies(&held, &child);
	facts.latch = &held;
	verdict_flow(w, &facts, &v);
	return standing_compare(w, &v, dir, &r->set) == IPSECAPI_STANDING_SATISFIED;
}

/*
 * One SA that will not do spoils its reqid: nothing tells their packets apart. Outbound the
 * kernel uses none that the system's policy does not name, and of many SAs it is not known
 * whether they are outbound at all; inbound an SA delivers whatever the system's policy says.
 */
static void list(const struct world *w, const struct latch_record *r, int dir, struct reqids *good)
{
	struct reqids bad = { 0 };
	struct flow_facts f;
	uint32_t i;

	good->n = 0;
	for (i = 0; i < w->tables->n_sas; i++) {
		const struct rec_sa *sa = &w->tables->sas[i];

		bool agreed;

		if (!facts_of(r, sa, dir, &f))
			continue;
		agreed = system_agrees(w, &f, sa->reqid, dir);
		if (agreed || dir == DIR_IN)
			reqids_insert(agreed && fits(w, r, &f, sa->reqid, dir) ? good : &bad, sa->reqid);
	}
	reqids_take_out(good, &bad);
}

void listener_reqids(const struct world *w, const struct latch_record *r, struct listen_reqids *out)
{
	list(w, r, DIR_OUT, &out->dir[DIR_OUT]);
	list(w, r, DIR_IN, &out->dir[DIR_IN]);
}
