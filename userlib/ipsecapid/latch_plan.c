// SPDX-License-Identifier: GPL-2.0-or-later
/* Can a socket be latched, and on what? */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>

#include "latch_plan.h"
#include "latch_template.h"
#include "standing.h"

static void narrow(const struct wire_require *want, struct outcomes *o)
{
	if (want->protection == IPSECAPI_PROTECTION_ENCRYPTED)
		o->suites[CIPHER_NULL] = 0;
	if (want->hardware == IPSECAPI_HARDWARE_REQUIRE)
		o->makers &= MAKER_CRYPTO | MAKER_PACKET;
	if (want->custody)
		o->custody &= ~(CUSTODY_BIT(want->custody) - 1);
	if (want->flags & WANT_REPLAY)
		o->replay &= REPLAY_ON;
	o->clear = false;
	outcomes_tidy(o);
}

uint32_t latch_wanted(const struct policy *p, const struct wire_require *want, struct outcomes *set)
{
	int class = policy_class_by_name(p, want->class);

	if (class < 0)
		return IPSECAPI_REASON_NO_SUCH_CLASS;
	*set = p->classes[class].set;
	narrow(want, set);
	return outcomes_empty(set) ? IPSECAPI_REASON_NOTHING_LEFT : IPSECAPI_REASON_NONE;
}

void latch_policies(struct latched *l, const struct latch_record *r)
{
	int dir;

	l->id = r->id;
	l->gated = r->gated;
	l->reqid = r->waiting ? 0 : r->reqid[DIR_OUT];
	for (dir = DIR_OUT; dir <= DIR_IN; dir++) {
		struct rec_policy *p = &l->policy[dir];

		memset(p, 0, sizeof(*p));
		p->sel.family = r->tuple.family;
		p->dir = dir;
		p->of_socket = 1;
		p->latch = r->id;
		p->action = r->waiting ? ACTION_BLOCK : ACTION_ALLOW;
		if (r->waiting)
			continue;
		p->templates = 1;
		latch_template(r, dir, &p->tmpl[0]);
	}
}

static struct latch_spd describe(const struct rec_policy *p)
{
	const struct rec_template *t = p ? &p->tmpl[0] : NULL;
	struct latch_spd spd = { .kind = SPD_PROTECT };

	if (!p || (p->action == ACTION_ALLOW && !p->templates))
		return (struct latch_spd){ .kind = SPD_CLEAR };
	if (p->action != ACTION_ALLOW)
		return (struct latch_spd){ .kind = SPD_BLOCK };
	if (p->templates != 1 || t->proto != IPPROTO_ESP || t->optional ||
	    (t->mode != XFRM_MODE_TRANSPORT && t->mode != XFRM_MODE_TUNNEL))
		return (struct latch_spd){ .kind = SPD_OTHER };
	/* IKE daemons name the SPI of the moment as well; the latch holds on to the reqid */
	spd.reqid = t->reqid;
	spd.device = p->offload_ifindex;
	spd.family = t->family;
	spd.mode = t->mode;
	if (t->mode == XFRM_MODE_TUNNEL) {
		memcpy(spd.saddr, t->saddr, 16);
		memcpy(spd.daddr, t->daddr, 16);
	}
	return spd;
}

static uint32_t select_policy(const struct world *w, const struct flow_facts *f, int dir,
		       const struct rec_policy **p)
{
	struct packet packet;

	packet_of_flow(&packet, f, dir);
	return policy_select(w->tables, &packet, dir, p);
}

static uint32_t look_up(const struct world *w, const struct flow_facts *f, int dir,
			const struct rec_policy **p, struct latch_spd *spd)
{
	uint32_t reason = select_policy(w, f, dir, p);

	*spd = describe(*p);
	if (!*p && w->tables->default_block[dir])
		spd->kind = SPD_BLOCK;
	return reason;
}

uint32_t latch_system(const struct world *w, const struct flow_facts *f, int dir,
		      struct latch_spd *spd)
{
	const struct rec_policy *p;

	return look_up(w, f, dir, &p, spd);
}

static void refuse(struct latch_plan *plan, int err, uint32_t reason)
{
	plan->status = PLAN_REFUSED;
	plan->err = err;
	plan->reason = reason;
}

static uint32_t blocked_by(const struct rec_policy *p)
{
	return p ? IPSECAPI_REASON_LOCAL_POLICY_BLOCK : IPSECAPI_REASON_DEFAULT_BLOCK;
}

/* Outbound the way must be protected: only what the administrator set up can carry a latch. */
static bool plan_out(struct latch_plan *plan, const struct rec_policy *p)
{
	const struct latch_spd *spd = &plan->spd[DIR_OUT];

	if (spd->kind == SPD_BLOCK)
		refuse(plan, -EACCES, blocked_by(p));
	else if (spd->kind == SPD_CLEAR)
		refuse(plan, -ENOKEY, p ? IPSECAPI_REASON_BYPASS_POLICY : IPSECAPI_REASON_NO_POLICY);
	else if (spd->kind == SPD_OTHER)
		refuse(plan, -EOPNOTSUPP, IPSECAPI_REASON_TRANSFORMS);
	else if (!spd->reqid)
		refuse(plan, -EOPNOTSUPP, IPSECAPI_REASON_NO_REQID);
	else
		return true;
	return false;
}

/* Inbound the socket may ask for what the system does not, but gets nothing that it blocks. */
static bool plan_in(struct latch_plan *plan, const struct rec_policy *p)
{
	const struct latch_spd *spd = &plan->spd[DIR_IN];

	if (spd->kind == SPD_BLOCK)
		refuse(plan, -EACCES, blocked_by(p));
	else if (spd->kind == SPD_OTHER)
		refuse(plan, -EOPNOTSUPP, IPSECAPI_REASON_TRANSFORMS);
	else
		return true;
	return false;
}

/* Of a socket without a local port: would another policy apply with one? */
static bool needs_port(const struct world *w, const struct flow_facts *f, int dir)
{
	const struct rec_policy *pol;
	struct packet p;
	uint32_t i = 0;

	if (f->local_port)
		return false;
	packet_of_flow(&p, f, dir);
	while ((pol = tables_next_system(w->tables, &i))) {
		struct rec_selector sel = pol->sel;
		uint16_t *mask = dir == DIR_OUT ? &sel.sport_mask : &sel.dport_mask;

		if (pol->dir != dir || pol->if_id || !*mask)
			continue;
		*mask = 0;
		if (selector_match(&sel, &p))
			return true;
	}
	return false;
}

static bool plan_direction(const struct world *w, const struct flow_facts *f, int dir,
			   struct latch_plan *plan)
{
	const struct rec_policy *p;
	uint32_t reason;

	if (needs_port(w, f, dir)) {
		refuse(plan, -EINVAL, IPSECAPI_REASON_NOT_BOUND);
		return false;
	}
	reason = look_up(w, f, dir, &p, &plan->spd[dir]);
	if (reason != IPSECAPI_REASON_NONE) {
		refuse(plan, -EOPNOTSUPP, reason);
		return false;
	}
	return dir == DIR_OUT ? plan_out(plan, p) : plan_in(plan, p);
}

/* Are there SAs, and are they all within @set? */
static void plan_sas(const struct world *w, const struct flow_facts *f, const struct outcomes *set,
		     struct latch_plan *plan)
{
	/* no latch has this number */
	struct latch_record r = { .id = LATCH_ID_MARK << 32, .tuple.family = f->family };
	struct latched held = { .since = UINT64_MAX };
	struct flow_facts facts = *f;
	struct verdict v;
	int dir;

	r.gated = plan->gated;
	memcpy(r.reqid, plan->reqid, sizeof(r.reqid));
	memcpy(r.spd, plan->spd, sizeof(r.spd));
	latch_policies(&held, &r);
	facts.latch = &held;
	verdict_flow(w, &facts, &v);
	memcpy(plan->sas, v.sa, sizeof(plan->sas));
	plan->n_sas = v.n_sas;
	plan->unasked = v.unasked[0] || v.unasked[1];
	plan->status = PLAN_LATCH;
	plan->reason = IPSECAPI_REASON_NONE;
	for (dir = DIR_OUT; dir <= DIR_IN; dir++) {
		const struct ipsecapi_direction *d = &v.dir[dir];

		if (d->protection == IPSECAPI_PROTECTION_BLOCKED ||
		    d->protection == IPSECAPI_PROTECTION_NEGOTIATING) {
			plan->status = PLAN_WAIT;
			plan->reason = d->reason;
		} else if (standing_compare(w, &v, dir, set) != IPSECAPI_STANDING_SATISFIED) {
			refuse(plan, -EOPNOTSUPP, v.n_sas ? IPSECAPI_REASON_OUTSIDE_CLASS : d->reason);
			return;
		}
	}
}

/* What no policy of a socket can hold, and what can't be told at present. */
static bool plan_place(const struct world *w, const struct flow_facts *f, struct latch_plan *plan)
{
	const struct link *l = world_link(w, f->route.oif);

	if (!w->tables->read_at || w->links_unread)
		refuse(plan, -EAGAIN, IPSECAPI_REASON_EVIDENCE_STALE);
	else if (!f->route.found)
		refuse(plan, -ENETUNREACH, IPSECAPI_REASON_NO_ROUTE);
	else if (f->route.multicast)
		refuse(plan, -EOPNOTSUPP, IPSECAPI_REASON_MULTICAST);
	else if (l && l->virtual_xfrm)
		refuse(plan, -EOPNOTSUPP, IPSECAPI_REASON_VIRTUAL_INTERFACE);
	else
		return true;
	return false;
}

/*
 * A socket's policy finds no SA of a device, would send by a tunnel whatever the socket sends to
 * whom, and turns the loss of a datagram into an error. One that has the mark stays gated.
 */
static bool gated(const struct world *w, const struct flow_facts *f, const struct latch_spd *out)
{
	return f->mark & w->gate_mark || f->protocol != IPPROTO_TCP || out->device ||
	       out->mode == XFRM_MODE_TUNNEL;
}

void latch_plan(const struct world *w, const struct flow_facts *f, const struct outcomes *set,
		struct latch_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	if (!plan_place(w, f, plan) || !plan_direction(w, f, DIR_OUT, plan) ||
	    !plan_direction(w, f, DIR_IN, plan))
		return;
	plan->gated = gated(w, f, &plan->spd[DIR_OUT]);
	plan->reqid[DIR_OUT] = plan->spd[DIR_OUT].reqid;
	plan->reqid[DIR_IN] = plan->spd[DIR_IN].kind == SPD_PROTECT && plan->spd[DIR_IN].reqid ?
			      plan->spd[DIR_IN].reqid : plan->reqid[DIR_OUT];
	plan_sas(w, f, set, plan);
}
