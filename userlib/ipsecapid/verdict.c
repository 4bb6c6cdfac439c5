// SPDX-License-Identifier: GPL-2.0-or-later
/* The verdict on a flow: policy, then SAs, then what else could carry or deliver its packets. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "judge_sa.h"
#include "verdict.h"

const struct link *world_link(const struct world *w, uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < w->n_links; i++)
		if (w->links[i].ifindex == ifindex)
			return &w->links[i];
	return NULL;
}

static void say(struct ipsecapi_direction *d, uint32_t protection, uint32_t by, uint32_t reason)
{
	memset(d, 0, sizeof(*d));
	d->protection = protection;
	d->enforced_by = by;
	d->reason = reason;
	d->basis = IPSECAPI_BASIS_KERNEL;
}

static void say_none(struct ipsecapi_direction *d, uint32_t reason)
{
	say(d, IPSECAPI_PROTECTION_NONE, IPSECAPI_ENFORCED_NONE, reason);
	d->custody = IPSECAPI_CUSTODY_NO_KEY;
	d->strength = IPSECAPI_STRENGTH_NONE;
	d->reach = IPSECAPI_REACH_NONE;
}

/* A block is the kernel's act even where a device holds a copy of the policy. */
static void say_blocked(struct ipsecapi_direction *d, uint32_t reason)
{
	say(d, reason == IPSECAPI_REASON_ACQUIRING ? IPSECAPI_PROTECTION_NEGOTIATING :
						     IPSECAPI_PROTECTION_BLOCKED,
	    IPSECAPI_ENFORCED_SOFTWARE, reason);
	d->custody = IPSECAPI_CUSTODY_NO_KEY;
}

/* Returns false when there are more than a report can read again. */
static bool remember(const struct sa_context *c, struct verdict *v, uint32_t sa)
{
	uint32_t i;

	if (!v)
		return true;
	if (c->world->tables->sas[sa].unit == UNIT_NOT_ASKED)
		v->unasked[c->dir] = true;
	for (i = 0; i < v->n_sas; i++)
		if (v->sa[i] == sa)
			break;
	if (i == VERDICT_SAS)
		return false;
	if (i == v->n_sas) {
		v->n_sas++;
		v->sa[i] = sa;
		v->sa_dirs[i] = 0;
	}
	v->sa_dirs[i] |= 1 << c->dir;
	return true;
}

/* All SAs that fit one template. Outbound the newest carries, but which is newest can tie. */
static void judge_fits(const struct sa_context *c, const struct sa_fits *fits, struct verdict *v,
		       struct ipsecapi_direction *d)
{
	const struct rec_sa *sas = c->world->tables->sas;
	struct ipsecapi_direction other;
	bool all = remember(c, v, fits->index[0]);
	uint32_t i;

	judge_sa(c, &sas[fits->index[0]], d);
	for (i = 1; i < fits->n && i < MAX_FITS; i++) {
		judge_sa(c, &sas[fits->index[i]], &other);
		join_alternative(d, &other);
		all = remember(c, v, fits->index[i]) && all;
	}
	if (fits->n > MAX_FITS || !all)
		say_unknown(d, IPSECAPI_REASON_SEVERAL_SAS);
}

struct template_walk {
	struct sa_context c;
	struct packet packet;
	struct ends at;
	struct verdict *v;
	uint32_t fits;		/* SAs, of the last template */
	bool by_interface;
	uint32_t required;	/* templates that must be satisfied */
	uint32_t found;
	uint32_t missing;	/* reason, or NONE */
};

static void walk_template(struct template_walk *w, const struct rec_template *t,
			  struct ipsecapi_direction *d)
{
	bool protects = t->proto == IPPROTO_ESP || t->proto == IPPROTO_AH;
	struct ipsecapi_direction one;
	struct sa_fits fits;

	if (!protects && t->proto != IPPROTO_COMP)
		return;
	if (w->c.flow)
		sa_find(w->c.world->tables, w->c.policy, t, &w->packet, &w->at, w->c.dir, &fits);
	else
		sa_find_any(w->c.world->tables, w->c.policy, t, w->c.dir, &fits);
	w->fits = fits.n;
	w->by_interface |= fits.by_interface;
	w->required += protects && !t->optional;
	if (fits.n || w->c.dir == DIR_IN)
		ends_pass(&w->at, t, w->c.dir);
	if (!fits.n) {
		if (!t->optional)
			w->missing = fits.acquiring ? IPSECAPI_REASON_ACQUIRING :
				     fits.expired ? IPSECAPI_REASON_SA_EXPIRED :
						    IPSECAPI_REASON_NO_SA;
		return;
	}
	if (!protects)	/* compression must be passed, but it protects nothing */
		return;
	judge_fits(&w->c, &fits, w->v, &one);
	if (w->found++)
		join_nested(d, &one);
	else
		*d = one;
}

/* An exotic transform that is required hides whatever else is known. */
static bool understood(const struct rec_policy *pol)
{
	unsigned int i;

	for (i = 0; i < pol->templates; i++) {
		const struct rec_template *t = &pol->tmpl[i];

		if (t->proto != IPPROTO_ESP && t->proto != IPPROTO_AH &&
		    t->proto != IPPROTO_COMP && !t->optional)
			return false;
	}
	return true;
}

static void conclude(const struct template_walk *w, struct ipsecapi_direction *d)
{
	if (w->by_interface) {
		say_unknown(d, IPSECAPI_REASON_UNSUPPORTED_POLICY);
	} else if (w->missing != IPSECAPI_REASON_NONE) {
		say_blocked(d, w->missing);
	} else if (w->c.dir == DIR_IN && !w->required) {
		/* whether a packet came through an SA or not, it is accepted */
		say_none(d, IPSECAPI_REASON_OPTIONAL_PROTECTION);
		d->caveats |= IPSECAPI_CAVEAT_OPTIONAL;
	} else if (!w->found) {
		say_none(d, IPSECAPI_REASON_OPTIONAL_NO_SA);
		d->caveats |= IPSECAPI_CAVEAT_OPTIONAL;
	} else if (!w->required) {
		d->caveats |= IPSECAPI_CAVEAT_OPTIONAL;
	}
}

/* Returns how many SAs fit the last template. Without a flow, those of any that is selected. */
static uint32_t judge_templates(const struct sa_context *c, struct verdict *v,
				struct ipsecapi_direction *d)
{
	struct template_walk w = { .c = *c, .v = v, .missing = IPSECAPI_REASON_NONE };
	unsigned int i;

	if (!understood(c->policy)) {
		say_unknown(d, IPSECAPI_REASON_UNSUPPORTED_TRANSFORM);
		return 0;
	}
	if (c->flow) {
		packet_of_flow(&w.packet, c->flow, c->dir);
		ends_of_packet(&w.at, &w.packet);
	}
	for (i = 0; i < c->policy->templates; i++)
		walk_template(&w, &c->policy->tmpl[i], d);
	conclude(&w, d);
	return w.fits;
}

/*
 * The kernel accepts what matches a packet-offloaded inbound policy and has no security path,
 * from any interface, because it takes the device to have checked it. Only where no other
 * interface can deliver is the device's word the whole truth. Loopback does not count: its
 * packets are local, and making one with the peer's address needs privilege.
 */
static void other_interfaces(const struct sa_context *c, struct ipsecapi_direction *d)
{
	const struct world *w = c->world;
	uint32_t i;

	for (i = 0; i < w->n_links; i++) {
		const struct link *l = &w->links[i];

		if (!l->admin_up || l->loopback || l->ifindex == c->policy->offload_ifindex)
			continue;
		d->protection = IPSECAPI_PROTECTION_UNKNOWN;
		d->enforced_by = IPSECAPI_ENFORCED_MIXED;
		d->reason = IPSECAPI_REASON_CLEARTEXT_OTHER_INTERFACES;
		return;
	}
	d->caveats |= IPSECAPI_CAVEAT_SINGLE_PORT;
}

static bool unit_answers(const struct tables *t, uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < t->n_units; i++)
		if (t->units[i].ifindex == ifindex)
			return !t->units[i].silent;
	return false;
}

/*
 * Inbound the kernel accepts clear packets that a packet-offloaded policy selects. NICs differ:
 * some let them pass. Only those with a trusted unit are known to drop them. What it says of SAs
 * was judged before.
 */
static void clear_inbound(const struct sa_context *c, struct ipsecapi_direction *d)
{
	if (c->dir != DIR_IN || !c->policy->offload_ifindex ||
	    d->enforced_by == IPSECAPI_ENFORCED_UNKNOWN || d->enforced_by == IPSECAPI_ENFORCED_NONE)
		return;
	if (unit_answers(c->world->tables, c->policy->offload_ifindex)) {
		other_interfaces(c, d);
		return;
	}
	d->protection = IPSECAPI_PROTECTION_UNKNOWN;
	d->enforced_by = IPSECAPI_ENFORCED_MIXED;
	d->reason = IPSECAPI_REASON_DEVICE_UNCONFIRMED;
}

static void judge_policy(const struct sa_context *c, struct verdict *v,
			 struct ipsecapi_direction *d)
{
	if (c->policy->action != ACTION_ALLOW) {
		say_blocked(d, IPSECAPI_REASON_LOCAL_POLICY_BLOCK);
		return;
	}
	if (!c->policy->templates) {
		say_none(d, IPSECAPI_REASON_BYPASS_POLICY);
		return;
	}
	judge_templates(c, v, d);
	clear_inbound(c, d);
}

/* IPsec switched off by sysctl, which no table shows. */
static bool switched_off(const struct world *w, const struct flow_facts *f, int dir)
{
	uint32_t i;

	if (dir == DIR_OUT) {
		const struct link *l = world_link(w, f->route.oif);

		return f->family == AF_INET && (w->all_no_xfrm4 || (l && l->no_xfrm4));
	}
	if (f->family == AF_INET ? w->all_no_policy4 : w->all_no_policy6)
		return true;
	if (f->route.local && f->family == AF_INET) {
		const struct link *l = world_link(w, f->route.oif);

		return l && l->no_policy4;
	}
	/* for an IPv6 address of ours the interface that has it decides, whichever that is */
	for (i = 0; i < w->n_links; i++) {
		const struct link *l = &w->links[i];

		if (l->admin_up && (!l->loopback || f->route.local) &&
		    (f->family == AF_INET ? l->no_policy4 : l->no_policy6))
			return true;
	}
	return false;
}

/* Policies of single sockets: the dump shows them, but not whose they are. */
static uint32_t socket_doubt(const struct world *w, const struct flow_facts *f,
			     const struct packet *p, int dir, uint32_t *caveats)
{
	uint32_t odd, n = socket_policies(w, p, dir, &odd);
	bool ike_port = f->local_port == htons(500) || f->local_port == htons(4500);

	if (!n)
		return IPSECAPI_REASON_NONE;
	/* an IKE daemon gives each of its own sockets a bypass, and nothing else */
	if (odd || n > w->ike_sockets || (ike_port && !f->uid))
		return IPSECAPI_REASON_SOCKET_POLICY;
	*caveats |= IPSECAPI_CAVEAT_SOCKET_POLICY;
	return IPSECAPI_REASON_NONE;
}

/* What must be clear before a policy is looked up. Returns true when @d is the answer. */
static bool special_case(const struct world *w, const struct flow_facts *f, int dir,
			 struct ipsecapi_direction *d)
{
	const struct link *l = world_link(w, f->route.oif);

	if (!w->tables->read_at) {
		say_unknown(d, IPSECAPI_REASON_NOT_YET);
	} else if (w->links_unread) {
		say_unknown(d, IPSECAPI_REASON_EVIDENCE_STALE);
	} else if (!f->peer_port) {
		say_unknown(d, IPSECAPI_REASON_NOT_CONNECTED);
	} else if (!f->route.found) {
		say_unknown(d, IPSECAPI_REASON_NO_ROUTE);
	} else if (f->route.multicast) {
		say_unknown(d, IPSECAPI_REASON_MULTICAST);
	} else if (l && l->virtual_xfrm) {
		say_unknown(d, IPSECAPI_REASON_VIRTUAL_INTERFACE);
	} else if (f->latch) {	/* the switches of interfaces are none of a socket's policy */
		return false;
	} else if (switched_off(w, f, dir)) {
		say_none(d, f->route.local ? IPSECAPI_REASON_LOOPBACK :
					     IPSECAPI_REASON_INTERFACE_NO_POLICY);
	} else {
		return false;
	}
	return true;
}

/*
 * What the kernel holds for the socket, by the newest reading of its tables. One that is older
 * than the latch can't have it yet.
 */
static const struct rec_policy *latch_policy(const struct world *w, const struct latched *latch,
					     int dir)
{
	const struct rec_policy *p = tables_latch(w->tables, latch->id, dir);

	return p || w->tables->read_at > latch->since ? p : &latch->policy[dir];
}

/*
 * The system's policy sends, and the gate lets its packets pass if they have the reqid. What it
 * would send in clear does not pass.
 */
static void judge_gated(struct sa_context *c, struct verdict *v, struct ipsecapi_direction *d)
{
	const struct flow_facts *f = c->flow;
	uint32_t reason;
	struct packet p;

	packet_of_flow(&p, f, c->dir);
	reason = policy_select(c->world->tables, &p, c->dir, &c->policy);
	if (reason != IPSECAPI_REASON_NONE)
		say_unknown(d, reason);
	else if (switched_off(c->world, f, c->dir))
		say_blocked(d, IPSECAPI_REASON_INTERFACE_NO_POLICY);
	else if (!c->policy || !c->policy->templates || c->policy->action != ACTION_ALLOW)
		say_blocked(d, c->policy ? IPSECAPI_REASON_LOCAL_POLICY_BLOCK : IPSECAPI_REASON_NO_POLICY);
	else if (c->policy->tmpl[0].reqid != f->latch->reqid)
		say_blocked(d, IPSECAPI_REASON_LOCAL_POLICY_BLOCK);
	else
		judge_policy(c, v, d);
	d->basis |= IPSECAPI_BASIS_LATCH;
}

/*
 * Inbound the kernel asks the socket's policy of every packet, whatever device it came from. Where
 * a device checks as well, by a policy of the system's own, what is in force is the device's.
 */
static void judge_socket_policy(struct sa_context *c, struct verdict *v, struct ipsecapi_direction *d)
{
	const struct rec_policy *held = latch_policy(c->world, c->flow->latch, c->dir), *system = NULL;
	struct rec_policy p;
	struct packet packet;

	if (!held) {
		say_unknown(d, IPSECAPI_REASON_LATCH_REMOVED);
		return;
	}
	p = *held;
	packet_of_flow(&packet, c->flow, c->dir);
	if (c->dir == DIR_IN && p.templates &&
	    policy_select(c->world->tables, &packet, c->dir, &system) == IPSECAPI_REASON_NONE && system)
		p.offload_ifindex = system->offload_ifindex;
	c->policy = &p;
	if (p.templates)
		judge_templates(c, v, d);
	else
		judge_policy(c, v, d);
	d->basis |= IPSECAPI_BASIS_LATCH;
}

static void judge_latched(struct sa_context *c, struct verdict *v, struct ipsecapi_direction *d)
{
	if (c->dir == DIR_OUT && c->flow->latch->gated)
		judge_gated(c, v, d);
	else
		judge_socket_policy(c, v, d);
}

static void judge_direction(const struct world *w, const struct flow_facts *f, int dir,
			    struct verdict *v)
{
	struct ipsecapi_direction *d = &v->dir[dir];
	struct sa_context c = { .world = w, .flow = f, .dir = dir };
	uint32_t reason, caveats = 0;
	struct packet p;

	if (special_case(w, f, dir, d))
		return;
	if (f->latch) {
		judge_latched(&c, v, d);
		return;
	}
	packet_of_flow(&p, f, dir);
	reason = socket_doubt(w, f, &p, dir, &caveats);
	if (reason == IPSECAPI_REASON_NONE)
		reason = policy_select(w->tables, &p, dir, &c.policy);
	if (reason != IPSECAPI_REASON_NONE)
		say_unknown(d, reason);
	else if (c.policy && f->route.local && c.policy->action == ACTION_ALLOW &&
		 c.policy->templates)
		say_unknown(d, IPSECAPI_REASON_LOOPBACK);
	else if (c.policy)
		judge_policy(&c, v, d);
	/* which does not hold for what goes out by the loopback device */
	else if (w->tables->default_block[dir] && (dir != DIR_OUT || !f->route.local))
		say_blocked(d, IPSECAPI_REASON_DEFAULT_BLOCK);
	else
		say_none(d, f->route.local ? IPSECAPI_REASON_LOOPBACK :
					     IPSECAPI_REASON_NO_POLICY);
	d->caveats |= caveats;
}

void verdict_flow(const struct world *w, const struct flow_facts *f, struct verdict *v)
{
	memset(v, 0, sizeof(*v));
	judge_direction(w, f, DIR_OUT, v);
	judge_direction(w, f, DIR_IN, v);
}

uint32_t verdict_policy(const struct world *w, const struct rec_policy *pol,
			struct ipsecapi_direction *d)
{
	struct sa_context c = { .world = w, .policy = pol, .dir = pol->dir };
	uint32_t n;

	if (pol->action != ACTION_ALLOW) {
		say_blocked(d, IPSECAPI_REASON_LOCAL_POLICY_BLOCK);
		return 0;
	}
	if (!pol->templates) {
		say_none(d, IPSECAPI_REASON_BYPASS_POLICY);
		return 0;
	}
	if (pol->templates > 1) {
		say_unknown(d, IPSECAPI_REASON_NESTED);
		return 0;
	}
	n = judge_templates(&c, NULL, d);
	clear_inbound(&c, d);
	return n;
}

uint32_t reason_layer(uint32_t reason)
{
	if (reason >= IPSECAPI_REASON_NO_POLICY && reason <= IPSECAPI_REASON_UNSUPPORTED_POLICY)
		return IPSECAPI_LAYER_POLICY;
	if (reason >= IPSECAPI_REASON_NO_SA && reason <= IPSECAPI_REASON_NESTED)
		return IPSECAPI_LAYER_SA;
	if ((reason >= IPSECAPI_REASON_PER_PACKET_FALLBACK &&
	     reason <= IPSECAPI_REASON_NO_SUCH_DEVICE) ||
	    reason == IPSECAPI_REASON_DEVICE_UNCONFIRMED)
		return IPSECAPI_LAYER_DEVICE;
	if (reason >= IPSECAPI_REASON_BROKER_LOST && reason <= IPSECAPI_REASON_NO_HELLO)
		return IPSECAPI_LAYER_BROKER;
	if (reason >= IPSECAPI_REASON_NOT_A_SOCKET && reason <= IPSECAPI_REASON_KERNEL_TOO_OLD)
		return IPSECAPI_LAYER_SOCKET;
	if (reason == IPSECAPI_REASON_OPTIONAL_PROTECTION ||
	    reason == IPSECAPI_REASON_UNSUPPORTED_TRANSFORM ||
	    reason == IPSECAPI_REASON_VIRTUAL_INTERFACE || reason == IPSECAPI_REASON_SYSTEM_POLICY)
		return IPSECAPI_LAYER_POLICY;
	if (reason >= IPSECAPI_REASON_NO_SUCH_CLASS && reason <= IPSECAPI_REASON_LATCH_REMOVED)
		return IPSECAPI_LAYER_LATCH;
	if (reason >= IPSECAPI_REASON_IKE_ABSENT && reason <= IPSECAPI_REASON_IKE_INSTALLED)
		return IPSECAPI_LAYER_IKE;
	return IPSECAPI_LAYER_UNKNOWN;
}
