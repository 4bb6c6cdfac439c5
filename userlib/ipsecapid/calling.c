// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Latches that wait for SAs, and the IKE daemon: it is asked what it does for them, and has the
 * peer called where a rule says that programs may (api-rules 31). One question at a time, and of
 * the users that have one in turn: so nobody's latches crowd out another's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <search.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>

#include "audit.h"
#include "channel.h"
#include "clock.h"
#include "front.h"
#include "standing.h"

#define AGAIN_NS 10000000000ull	/* an answer stands so long */

struct choosing {
	uint64_t now;
	uint32_t last;		/* the user whose latch was asked for last */
	struct latch *latch;
};

/* Users in the order of their numbers, round and round; of one, the latch that waits longest. */
static bool comes_before(const struct choosing *c, const struct latch *a, const struct latch *b)
{
	uint32_t x = a->record.uid - c->last - 1, y = b->record.uid - c->last - 1;

	return x != y ? x < y : a->call_at < b->call_at;
}

static void choose(const void *node, VISIT which, void *arg)
{
	struct latch *l = *(struct latch *const *)node;
	struct choosing *c = arg;

	if ((which != postorder && which != leaf) || !latch_lacks_sas(l) || l->call_at > c->now)
		return;
	if (!c->latch || comes_before(c, l, c->latch))
		c->latch = l;
}

/* The rule that lets this latch's program have the peer called, or NULL. */
static const struct policy_rule *rule_of(struct front *f, const struct latch *l)
{
	struct policy_facts facts;
	struct policy_rules rules;
	const struct policy_rule *r;
	struct world w;

	front_world(f, &w);
	standing_facts(&w, &l->facts, &facts);
	policy_find(f->policy, &facts, &rules);
	r = rules.at[LAYER_APPLICATION];
	return r && r->callable ? r : NULL;
}

static uint32_t instead(struct front *f, const struct latch *l)
{
	const struct policy_rule *r = rule_of(f, l);

	if (!r)
		return IPSECAPI_REASON_IKE_NOT_CALLABLE;
	memcpy(f->calling.rule, r->name, sizeof(f->calling.rule));
	if (!allowance_has(&f->calling.allowance, &allowance_calls, l->record.uid, now_ns()))
		return IPSECAPI_REASON_IKE_LIMIT;
	return IPSECAPI_REASON_NONE;
}

static void fill(const struct latch *l, struct ike_question *q)
{
	const struct latch_spd *out = &l->record.spd[DIR_OUT];
	const struct flow_facts *facts = &l->facts;

	memset(q, 0, sizeof(*q));
	q->cookie = l->cookie;
	q->family = facts->family;
	q->protocol = facts->protocol;
	q->tunnel = out->mode == XFRM_MODE_TUNNEL;
	q->local_port = ntohs(facts->local_port);
	q->peer_port = ntohs(facts->peer_port);
	memcpy(q->local, facts->local, sizeof(q->local));
	memcpy(q->peer, facts->peer, sizeof(q->peer));
	q->called_family = q->tunnel ? out->family : q->family;
	memcpy(q->called, q->tunnel ? out->daddr : facts->peer, sizeof(q->called));
}

void calling_look(struct front *f)
{
	struct choosing c = { .now = now_ns(), .last = f->calling.uid };
	struct ike_question *q = &f->calling.question;

	if (f->calling.asked || !f->ready || f->stale)
		return;
	twalk_r(f->latches.tree, choose, &c);
	if (!c.latch)
		return;
	fill(c.latch, q);
	q->instead = instead(f, c.latch);
	if (chan_send(f->ike, q, sizeof(*q), -1, MSG_DONTWAIT))
		return;
	f->calling.asked = true;
	f->calling.uid = c.latch->record.uid;
	c.latch->call_at = c.now + AGAIN_NS;
}

/* The latch may have ended meanwhile, the peer is called all the same. */
static void note_call(struct front *f)
{
	uint32_t refused, uid = f->calling.uid;
	struct audit_fields fields = { .uid = uid };

	allowance_take(&f->calling.allowance, &allowance_calls, uid, now_ns(), &refused);
	if (record_due(f, &fields))
		audit(AUDIT_IKE_STARTED, &fields, "user %u had IKE started, as rule %s lets", uid, f->calling.rule);
}

static void take(struct front *f, struct latch *l, uint32_t reason)
{
	bool same = l->ike == reason;

	l->ike = reason;
	l->ike_at = now_ns();
	if (!same)
		flows_judge_socket(f, l->cookie);
}

struct telling {
	struct front *f;
	uint64_t now;
	uint32_t reason;
};

static void tell(const void *node, VISIT which, void *arg)
{
	struct latch *l = *(struct latch *const *)node;
	const struct telling *t = arg;

	if ((which != postorder && which != leaf) || !latch_lacks_sas(l) || l->call_at > t->now)
		return;
	l->call_at = t->now + AGAIN_NS;
	take(t->f, l, t->reason);
}

/* A daemon that is not there, or says nothing, is so for all that wait. */
static void tell_all(struct front *f, uint32_t reason)
{
	struct telling t = { .f = f, .now = now_ns(), .reason = reason };

	twalk_r(f->latches.tree, tell, &t);
}

/* It is still of the socket that was asked about, and of the same peer. */
static struct latch *answered(struct front *f)
{
	struct latch *l = latches_find(f, f->calling.question.cookie);
	struct ike_question now;

	if (!l || !latch_lacks_sas(l))
		return NULL;
	fill(l, &now);
	now.instead = f->calling.question.instead;
	return memcmp(&now, &f->calling.question, sizeof(now)) ? NULL : l;
}

int calling_answered(struct front *f)
{
	struct ike_answer a;
	struct latch *l;

	if (chan_recv(f->ike, &a, sizeof(a), NULL, 0) != sizeof(a) || !f->calling.asked ||
	    a.cookie != f->calling.question.cookie)
		return -EPROTO;
	f->calling.asked = false;
	COUNT(f->counters.ike, a.reason - IPSECAPI_REASON_IKE_ABSENT);
	if (a.begun)
		note_call(f);
	l = answered(f);
	if (l)
		take(f, l, a.reason);
	if (a.reason == IPSECAPI_REASON_IKE_ABSENT || a.reason == IPSECAPI_REASON_IKE_SILENT)
		tell_all(f, a.reason);
	calling_look(f);
	return 0;
}
