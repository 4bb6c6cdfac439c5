// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Latches that wait for SAs, and the IKE daemon: it is asked what it does for them, and has the
 * peer called where a rule says that programs may (api-rules 31). One question at a time, for the
 * latch that waits longest for one: so nobody's latches crowd out another's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <search.h>
#include <string.h>
#include <sys/socket.h>

#include "audit.h"
#include "channel.h"
#include "clock.h"
#include "front.h"
#include "ike.h"
#include "standing.h"

#define AGAIN_NS 10000000000ull	/* an answer stands so long */

struct choosing {
	uint64_t now;
	struct latch *latch;
};

static void choose(const void *node, VISIT which, void *arg)
{
	struct latch *l = *(struct latch *const *)node;
	struct choosing *c = arg;

	if ((which != postorder && which != leaf) || !latch_lacks_sas(l) || l->call_at > c->now)
		return;
	if (!c->latch || l->call_at < c->latch->call_at)
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

void calling_look(struct front *f)
{
	struct choosing c = { .now = now_ns() };
	struct ike_question q = { 0 };
	const struct flow_facts *facts;

	if (f->calling.asked)
		return;
	twalk_r(f->latches.tree, choose, &c);
	if (!c.latch)
		return;
	facts = &c.latch->facts;
	q.cookie = c.latch->cookie;
	q.family = facts->family;
	q.protocol = facts->protocol;
	q.local_port = ntohs(facts->local_port);
	q.peer_port = ntohs(facts->peer_port);
	q.instead = instead(f, c.latch);
	memcpy(q.local, facts->local, sizeof(q.local));
	memcpy(q.peer, facts->peer, sizeof(q.peer));
	if (chan_send(f->ike, &q, sizeof(q), -1, MSG_DONTWAIT))
		return;
	f->calling.asked = q.cookie;
	f->calling.uid = c.latch->record.uid;
	c.latch->call_at = c.now + AGAIN_NS;
}

/* The latch may have ended meanwhile, the peer is called all the same. */
static void note_call(struct front *f)
{
	uint32_t refused, uid = f->calling.uid;
	struct audit_fields fields = { .uid = uid };

	allowance_take(&f->calling.allowance, &allowance_calls, uid, now_ns(), &refused);
	if (!allowance_take(&f->records, &allowance_records, uid, now_ns(), &fields.left_out))
		f->counters.records_left_out++;
	else
		audit(AUDIT_IKE_STARTED, &fields, "user %u had IKE started, as rule %s lets", uid, f->calling.rule);
}

int calling_answered(struct front *f)
{
	struct ike_answer a;
	struct latch *l;

	if (chan_recv(f->ike, &a, sizeof(a), NULL, 0) != sizeof(a) || a.cookie != f->calling.asked)
		return -EPROTO;
	f->calling.asked = 0;
	COUNT(f->counters.ike, a.reason - IPSECAPI_REASON_IKE_ABSENT);
	if (a.reason == IPSECAPI_REASON_IKE_STARTED)
		note_call(f);
	l = latches_find(f, a.cookie);
	if (l) {
		l->ike = a.reason;
		l->ike_at = now_ns();
		flows_judge_socket(f, a.cookie);
	}
	calling_look(f);
	return 0;
}
