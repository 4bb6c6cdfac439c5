// SPDX-License-Identifier: GPL-2.0-or-later
/* What one SA gives: protection, strength, reach, and who enforces it on what evidence. */
#include <netinet/in.h>
#include <string.h>
#include <linux/xfrm.h>

#include "judge_sa.h"

void say_unknown(struct ipsecapi_direction *d, uint32_t reason)
{
	memset(d, 0, sizeof(*d));
	d->reason = reason;
}

static uint32_t protection_of(const struct rec_sa *sa)
{
	if (sa->encrypts == 2 || (!sa->encrypts && !sa->authenticates))
		return IPSECAPI_PROTECTION_UNKNOWN;
	if (!sa->encrypts)
		return IPSECAPI_PROTECTION_INTEGRITY;
	return sa->authenticates ? IPSECAPI_PROTECTION_ENCRYPTED :
				   IPSECAPI_PROTECTION_ENCRYPTED_ONLY;
}

static uint32_t reach_of(const struct sa_context *c, const struct rec_sa *sa)
{
	const struct flow_facts *f = c->flow;
	bool ends_here;

	if (sa->mode == XFRM_MODE_TRANSPORT || sa->mode == XFRM_MODE_BEET)
		return IPSECAPI_REACH_END_TO_END;
	if (sa->mode != XFRM_MODE_TUNNEL || !f)
		return IPSECAPI_REACH_UNKNOWN;
	ends_here = sa->family == f->family &&
		    !memcmp(sa->saddr, c->dir == DIR_OUT ? f->local : f->peer, 16) &&
		    !memcmp(sa->daddr, c->dir == DIR_OUT ? f->peer : f->local, 16);
	return ends_here ? IPSECAPI_REACH_END_TO_END : IPSECAPI_REACH_GATEWAY;
}

static void enforced(struct ipsecapi_direction *d, uint32_t by, uint32_t reason)
{
	d->enforced_by = by;
	d->reason = reason;
}

uint32_t flow_outer_mark(const struct flow_facts *f, const struct rec_sa *sa)
{
	if (!sa->smark_value && !sa->smark_mask)
		return 0;
	return (sa->smark_value & sa->smark_mask) | (f->mark & ~sa->smark_mask);
}

const struct outer_route *flow_outer(const struct flow_facts *f, const struct rec_sa *sa)
{
	uint32_t i, mark = flow_outer_mark(f, sa);

	for (i = 0; i < f->n_outer; i++) {
		const struct outer_route *o = &f->outer[i];

		if (o->family == sa->family && o->mark == mark &&
		    !memcmp(o->saddr, sa->saddr, 16) && !memcmp(o->daddr, sa->daddr, 16))
			return o;
	}
	return NULL;
}

/* Returns a reason when what the SA carries of the flow does not leave by its device. */
static uint32_t leaves_elsewhere(const struct sa_context *c, const struct rec_sa *sa)
{
	const struct outer_route *outer;
	uint32_t oif;

	if (c->dir != DIR_OUT || !c->flow)
		return IPSECAPI_REASON_NONE;
	oif = c->flow->route.oif;
	if (sa->mode != XFRM_MODE_TRANSPORT) {
		outer = flow_outer(c->flow, sa);
		if (!outer || !outer->oif)
			return IPSECAPI_REASON_NO_ROUTE;
		oif = outer->oif;
	}
	return oif == sa->offload_ifindex ? IPSECAPI_REASON_NONE : IPSECAPI_REASON_ROUTE_ELSEWHERE;
}

/*
 * Crypto mode: the kernel may do any packet itself, and counts both alike. Only a unit's own
 * count that reaches the kernel's shows that the device did them all.
 */
static void judge_crypto(const struct sa_context *c, const struct rec_sa *sa,
			 struct ipsecapi_direction *d)
{
	const struct link *l = world_link(c->world, sa->offload_ifindex);

	d->ifindex = sa->offload_ifindex;
	if (!l)
		enforced(d, IPSECAPI_ENFORCED_UNKNOWN, IPSECAPI_REASON_NO_SUCH_DEVICE);
	else if (c->dir == DIR_OUT && !(l->offload & IPSECAPI_OFFLOAD_ESP))
		enforced(d, IPSECAPI_ENFORCED_SOFTWARE, IPSECAPI_REASON_OFFLOAD_INACTIVE);
	else if (leaves_elsewhere(c, sa) != IPSECAPI_REASON_NONE)
		enforced(d, IPSECAPI_ENFORCED_SOFTWARE, leaves_elsewhere(c, sa));
	else if (sa->unit == UNIT_KNOWS && sa->unit_packets && sa->unit_packets >= sa->packets)
		enforced(d, IPSECAPI_ENFORCED_HW_CRYPTO, IPSECAPI_REASON_NONE);
	else
		enforced(d, IPSECAPI_ENFORCED_MIXED, IPSECAPI_REASON_PER_PACKET_FALLBACK);
	if (d->enforced_by == IPSECAPI_ENFORCED_HW_CRYPTO)
		d->basis |= IPSECAPI_BASIS_DEVICE_COUNTERS | IPSECAPI_BASIS_UNIT;
}

/* Returns a reason for which the device cannot be believed to protect. */
static uint32_t device_doubt(const struct sa_context *c, const struct rec_sa *sa)
{
	const struct link *l = world_link(c->world, sa->offload_ifindex);
	uint32_t reason;

	if (!l)
		return IPSECAPI_REASON_NO_SUCH_DEVICE;
	/* tables that were read before it came up again may show what it lost by going down */
	if (!l->up || c->world->tables->read_at < l->up_since)
		return IPSECAPI_REASON_LINK_DOWN;
	/* before 6.16 the kernel would send such a packet through the other port, in clear */
	reason = leaves_elsewhere(c, sa);
	if (reason != IPSECAPI_REASON_NONE)
		return reason;
	/* and look for the route of the outer packet with an address of the inner one's length */
	if (c->dir == DIR_OUT && c->flow && sa->family != c->flow->family)
		return IPSECAPI_REASON_ROUTE_ELSEWHERE;
	/* it takes what one transform of a device has made for finished */
	if (c->policy->templates > 1)
		return IPSECAPI_REASON_NESTED;
	/* nothing but a unit's driver takes the key out of the kernel: there is one, unseen */
	if (sa->unit == UNIT_SILENT || (sa->unit == UNIT_ABSENT && !sa->host_key))
		return IPSECAPI_REASON_UNIT_SILENT;
	if (sa->unit == UNIT_NOT_ASKED)
		return IPSECAPI_REASON_NOT_YET;
	if (sa->unit == UNIT_UNKNOWN_SA)
		return IPSECAPI_REASON_UNIT_DISAGREES;
	return IPSECAPI_REASON_NONE;
}

/* Packet mode: the device does all of ESP, or the packet is dropped. */
static void judge_packet(const struct sa_context *c, const struct rec_sa *sa,
			 struct ipsecapi_direction *d)
{
	uint32_t reason = device_doubt(c, sa);

	d->ifindex = sa->offload_ifindex;
	if (reason != IPSECAPI_REASON_NONE) {
		enforced(d, IPSECAPI_ENFORCED_UNKNOWN, reason);
		d->protection = IPSECAPI_PROTECTION_UNKNOWN;
		return;
	}
	/* counts of a packet-mode SA come from its driver; the kernel makes none itself */
	if (sa->unit == UNIT_KNOWS ? sa->unit_packets : sa->packets)
		d->basis |= IPSECAPI_BASIS_DEVICE_COUNTERS;
	if (sa->unit == UNIT_KNOWS)
		d->basis |= IPSECAPI_BASIS_UNIT;

	if (c->policy->offload_ifindex != sa->offload_ifindex)
		enforced(d, IPSECAPI_ENFORCED_MIXED, IPSECAPI_REASON_POLICY_IN_SOFTWARE);
	else if (c->dir == DIR_IN && sa->host_key)
		enforced(d, IPSECAPI_ENFORCED_MIXED, IPSECAPI_REASON_HOST_KEY_PRESENT);
	else
		enforced(d, IPSECAPI_ENFORCED_HW_PACKET, IPSECAPI_REASON_NONE);
	/* with the key in the kernel some of the counted packets may be the kernel's */
	if (c->dir == DIR_IN && sa->host_key && sa->unit != UNIT_KNOWS)
		d->basis &= ~IPSECAPI_BASIS_DEVICE_COUNTERS;
}

void judge_sa(const struct sa_context *c, const struct rec_sa *sa, struct ipsecapi_direction *d)
{
	bool asked = sa->unit == UNIT_KNOWS && sa->offload == OFFLOAD_PACKET;

	memset(d, 0, sizeof(*d));
	d->protection = protection_of(sa);
	d->basis = IPSECAPI_BASIS_KERNEL;
	d->custody = sa->custody;
	d->strength = sa->strength;
	d->reach = reach_of(c, sa);
	d->packets = asked ? sa->unit_packets : sa->packets;
	d->bytes = asked ? sa->unit_bytes : sa->bytes;
	if (sa->encap)
		d->caveats |= IPSECAPI_CAVEAT_NAT;
	if (!d->packets)
		d->caveats |= IPSECAPI_CAVEAT_NO_TRAFFIC;
	if (c->dir == DIR_IN) {
		d->replay_window = sa->replay_window;
		if (!sa->replay_window)
			d->caveats |= IPSECAPI_CAVEAT_NO_REPLAY;
	}

	if (sa->offload == OFFLOAD_PACKET)
		judge_packet(c, sa, d);
	else if (sa->offload == OFFLOAD_CRYPTO)
		judge_crypto(c, sa, d);
	else
		enforced(d, IPSECAPI_ENFORCED_SOFTWARE, IPSECAPI_REASON_NONE);
	if (d->protection == IPSECAPI_PROTECTION_UNKNOWN && d->reason == IPSECAPI_REASON_NONE)
		d->reason = IPSECAPI_REASON_UNKNOWN_ALGORITHM;
}

/* Of two values, what may be said of both: equal or unknown. */
static uint32_t agree(uint32_t a, uint32_t b)
{
	return a == b ? a : 0;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void join_common(struct ipsecapi_direction *d, const struct ipsecapi_direction *o,
			uint32_t reason)
{
	if (d->enforced_by != o->enforced_by) {
		d->enforced_by = d->enforced_by && o->enforced_by ? IPSECAPI_ENFORCED_MIXED :
								    IPSECAPI_ENFORCED_UNKNOWN;
		d->reason = reason;
	}
	/* a basis, and a custody level, must hold for both */
	d->basis &= o->basis;
	d->custody = d->custody == IPSECAPI_CUSTODY_NO_KEY ? o->custody :
						lower(d->custody, o->custody);
	d->caveats |= o->caveats;
	d->ifindex = agree(d->ifindex, o->ifindex);
}

void join_alternative(struct ipsecapi_direction *d, const struct ipsecapi_direction *other)
{
	uint32_t both = d->basis | other->basis;
	bool idle = d->caveats & other->caveats & IPSECAPI_CAVEAT_NO_TRAFFIC;

	join_common(d, other, IPSECAPI_REASON_SEVERAL_SAS);
	/* during a rekey the new SA has not counted yet; the device's counts stay evidence */
	if (d->enforced_by == IPSECAPI_ENFORCED_HW_PACKET)
		d->basis |= both & IPSECAPI_BASIS_DEVICE_COUNTERS;
	d->caveats |= IPSECAPI_CAVEAT_REKEY;
	if (!idle)
		d->caveats &= ~IPSECAPI_CAVEAT_NO_TRAFFIC;
	if (d->protection != other->protection) {
		d->protection = IPSECAPI_PROTECTION_UNKNOWN;
		d->reason = IPSECAPI_REASON_SEVERAL_SAS;
	}
	d->strength = lower(d->strength, other->strength);
	d->reach = agree(d->reach, other->reach);
	d->replay_window = lower(d->replay_window, other->replay_window);
	d->packets += other->packets;
	d->bytes += other->bytes;
}

static uint32_t protect_both(uint32_t a, uint32_t b)
{
	bool enc, auth;

	if (!a || !b)
		return IPSECAPI_PROTECTION_UNKNOWN;
	enc = a != IPSECAPI_PROTECTION_INTEGRITY || b != IPSECAPI_PROTECTION_INTEGRITY;
	auth = a != IPSECAPI_PROTECTION_ENCRYPTED_ONLY || b != IPSECAPI_PROTECTION_ENCRYPTED_ONLY;
	if (!enc)
		return IPSECAPI_PROTECTION_INTEGRITY;
	return auth ? IPSECAPI_PROTECTION_ENCRYPTED : IPSECAPI_PROTECTION_ENCRYPTED_ONLY;
}

void join_nested(struct ipsecapi_direction *d, const struct ipsecapi_direction *inner)
{
	join_common(d, inner, IPSECAPI_REASON_NESTED);
	d->protection = protect_both(d->protection, inner->protection);
	d->strength = lower(d->strength, inner->strength);
	d->reach = agree(d->reach, inner->reach);
	/* both count the same packets; the outer one's figures stay */
	if (d->reason == IPSECAPI_REASON_NONE)
		d->reason = IPSECAPI_REASON_NESTED;
}
