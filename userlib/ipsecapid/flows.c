// SPDX-License-Identifier: GPL-2.0-or-later
/* Flows: opening, judging, ending. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "../libipsecapi/wire/slot.h"
#include "../libipsecapi/wire/wire.h"
#include "clock.h"
#include "front.h"
#include "standing.h"

static struct flow *free_slot(struct session *s)
{
	uint32_t i;

	for (i = 0; i < MAX_FLOWS_SESSION; i++)
		if (!s->flows[i].id)
			return &s->flows[i];
	return NULL;
}

/* Possession of a descriptor is not ownership: the socket's user and the sender must agree. */
static bool may_see(const struct sess_request *req)
{
	return req->uid == 0 || req->uid == req->sock.owner;
}

static void set_facts(struct flow *flow, const struct sess_request *req)
{
	struct flow_facts *f = &flow->facts;
	const struct ipsecapi_tuple *t = &req->sock.tuple;

	flow->tuple = *t;
	memset(f, 0, sizeof(*f));
	f->family = t->family;
	f->protocol = t->protocol;
	f->local_port = t->local_port;
	f->peer_port = t->peer_port;
	memcpy(f->local, t->local, 16);
	memcpy(f->peer, t->peer, 16);
	f->mark = req->sock.mark;
	f->bound_ifindex = req->sock.bound_ifindex;
	f->uid = req->sock.owner;
	f->tos = req->sock.tos;
}

static bool tuple_valid(const struct ipsecapi_tuple *t)
{
	return (t->family == AF_INET || t->family == AF_INET6) &&
	       (t->peer_port || t->protocol == IPPROTO_TCP) &&
	       (t->protocol == IPPROTO_TCP || t->protocol == IPPROTO_UDP ||
		t->protocol == IPPROTO_UDPLITE);
}

/* A walk over the flows of a socket, in all sessions. */
struct socket_flows {
	struct session *s;
	uint32_t i;		/* the next slot */
};

static struct flow *next_flow(struct socket_flows *w, uint64_t cookie)
{
	for (; w->s; w->s = w->s->next, w->i = 0) {
		while (w->s->flows && w->i < MAX_FLOWS_SESSION) {
			struct flow *flow = &w->s->flows[w->i++];

			if (flow->id && flow->tuple.cookie == cookie)
				return flow;
		}
	}
	return NULL;
}

/* The flows of a socket, but those with the tuple @except, end. */
static void end_flows(struct front *f, uint64_t cookie, const struct ipsecapi_tuple *except,
		      uint32_t reason)
{
	struct socket_flows w = { .s = f->sessions };
	struct flow *flow;

	while ((flow = next_flow(&w, cookie))) {
		if (flow->closed || (except && !flow->tuple.peer_port) ||	/* it was to be connected */
		    (except && !memcmp(&flow->tuple, except, sizeof(*except))))
			continue;
		flow->closed = true;
		flow->generation++;
		page_write(w.s, flow);
		session_event(w.s, IPSECAPI_EVENT_CLOSED, reason, flow->id);
	}
}

/* Flows that were opened before there was a peer: now there is. */
static void connect_flows(struct front *f, const struct latch *l)
{
	struct socket_flows w = { .s = f->sessions };
	struct flow *flow;

	while ((flow = next_flow(&w, l->cookie))) {
		if (flow->closed || flow->tuple.peer_port)
			continue;
		flow->tuple = l->record.tuple;
		flow->facts = l->facts;
		flow->gated = l->record.gated;
	}
}

void flows_moved(struct front *f, const struct ipsecapi_tuple *t)
{
	const struct latch *l = latches_find(f, t->cookie);

	if (l && t->peer_port)
		connect_flows(f, l);
	end_flows(f, t->cookie, t, t->peer_port ? IPSECAPI_REASON_SOCKET_CHANGED :
						  IPSECAPI_REASON_SOCKET_CLOSED);
}

void flows_event(struct front *f, uint64_t cookie, uint32_t type, uint32_t reason)
{
	struct socket_flows w = { .s = f->sessions };
	struct flow *flow;

	while ((flow = next_flow(&w, cookie)))
		if (!flow->closed)
			session_event(w.s, type, reason, flow->id);
}

void flows_gone(struct front *f, uint64_t cookie)
{
	end_flows(f, cookie, NULL, IPSECAPI_REASON_SOCKET_CLOSED);
}

void flow_open(struct session *s, const struct sess_request *req)
{
	struct flow *flow;
	struct world w;

	if (!tuple_valid(&req->sock.tuple) || !may_see(req)) {
		session_reply(s, req, -EACCES, IPSECAPI_REASON_NOT_PERMITTED, NULL, 0, 0);
		return;
	}
	if (sessions_flows_of(s->front, req->uid) >= MAX_FLOWS_USER) {
		session_reply(s, req, -EDQUOT, IPSECAPI_REASON_FLOW_LIMIT_USER, NULL, 0, 0);
		return;
	}
	flow = free_slot(s);
	if (!flow) {
		session_reply(s, req, -EDQUOT, IPSECAPI_REASON_FLOW_LIMIT_SESSION, NULL, 0, 0);
		return;
	}
	flow->uses = flow->uses == 0xffff ? 1 : flow->uses + 1;
	*flow = (struct flow){ .uses = flow->uses, .uid = req->uid };
	end_flows(s->front, req->sock.tuple.cookie, &req->sock.tuple,
		  IPSECAPI_REASON_SOCKET_CHANGED);
	flow->id = (uint32_t)(flow - s->flows) | (uint32_t)flow->uses << 16;
	set_facts(flow, req);
	evidence_look(s->front);
	front_world(s->front, &w);
	routes_flow(&s->front->links, &flow->facts);
	flow_judge(s, flow, &w);
	evidence_ask_units(s->front);
	page_write(s, flow);
	slot_renew(page_slot(s, flow), now_ns() + LEASE_NS);
	tracking_begin(s->front, flow);
	s->front->counters.flows_opened++;
	session_reply(s, req, 0, IPSECAPI_REASON_NONE, &flow->tuple, sizeof(flow->tuple), flow->id);
}

struct flow *flow_find(struct session *s, const struct sess_request *req)
{
	uint32_t slot = req->flow & 0xffff;
	struct flow *flow;

	if (!req->flow || slot >= MAX_FLOWS_SESSION)
		return NULL;
	flow = &s->flows[slot];
	/* whoever asks now must be the user who opened it */
	if (flow->id != req->flow || (req->uid && req->uid != flow->uid))
		return NULL;
	return flow;
}

/* Two sessions may watch one socket; the applier forgets it with the last of them. */
static bool watched(const struct front *f, uint64_t cookie)
{
	struct socket_flows w = { .s = f->sessions };

	return next_flow(&w, cookie);
}

void flow_end(struct session *s, struct flow *flow)
{
	uint64_t cookie = flow->tuple.cookie;
	struct slot_body b = { .state = SLOT_FREE };

	slot_renew(page_slot(s, flow), 0);
	slot_write(page_slot(s, flow), &b);
	flow->id = 0;
	if (!watched(s->front, cookie))
		tracking_end(s->front, cookie);
}

void flow_close(struct session *s, const struct sess_request *req)
{
	struct flow *flow = flow_find(s, req);

	if (!flow) {
		session_reply(s, req, -ESTALE, IPSECAPI_REASON_NO_SUCH_FLOW, NULL, 0, 0);
		return;
	}
	flow_end(s, flow);
	session_reply(s, req, 0, IPSECAPI_REASON_NONE, NULL, 0, 0);
}

static void note_reason(struct why_ring *ring, uint32_t dir, uint32_t reason, uint64_t now)
{
	struct ipsecapi_why why = { .direction = dir, .reason = reason, .count = 1, .current = 1,
				    .first = now, .last = now };
	uint32_t i;

	if (ring->n && ring->at[0].current && ring->at[0].reason == reason) {
		ring->at[0].last = now;
		return;
	}
	if (ring->n)
		ring->at[0].current = 0;
	if (reason == IPSECAPI_REASON_NONE)
		return;
	why.layer = reason_layer(reason);
	why.origin = IPSECAPI_ORIGIN_LOCAL;
	/* the same reason again moves to the front and keeps its history */
	for (i = 0; i < ring->n && ring->at[i].reason != reason; i++)
		;
	if (i < ring->n) {
		why.first = ring->at[i].first;
		why.count = ring->at[i].count + 1;
	} else if (ring->n < WHY_MAX) {
		i = ring->n++;
	} else {
		i = WHY_MAX - 1;
	}
	memmove(&ring->at[1], &ring->at[0], i * sizeof(ring->at[0]));
	ring->at[0] = why;
}

/* Counters move all the time; a change is one of what they stand beside. */
static bool changed(const struct ipsecapi_direction *a, const struct ipsecapi_direction *b)
{
	struct ipsecapi_direction x = *a, y = *b;

	x.packets = y.packets = x.bytes = y.bytes = 0;
	return memcmp(&x, &y, sizeof(x));
}

/* Compare with the system policy. Its rules may be gone before the flow: their names stay. */
static void compare(const struct front *f, const struct world *w, struct flow *flow)
{
	struct policy_facts facts;
	struct policy_rules rules;
	int l;

	standing_facts(w, &flow->facts, &facts);
	policy_find(f->policy, &facts, &rules);
	standing_judge(f->policy, &rules, w, &flow->verdict);
	memset(flow->rule, 0, sizeof(flow->rule));
	for (l = 0; l < LAYERS; l++)
		if (rules.at[l])
			memcpy(flow->rule[l], rules.at[l]->name, sizeof(flow->rule[l]));
}

/*
 * Of a latch that is broken or waits nothing passes, whatever the kernel's policies say: of the
 * one there is a drop, of the other a block.
 */
static void judge_latch(const struct latch *l, struct flow *flow)
{
	bool broken = l && l->state == IPSECAPI_LATCH_BROKEN, dropped = broken && l->drop == DROP_ALL;
	int d;

	flow->latch = l ? l->state : IPSECAPI_LATCH_OBSERVED;
	flow->latch_reason = l ? l->reason : IPSECAPI_REASON_NONE;
	if (!broken && flow->latch != IPSECAPI_LATCH_NEGOTIATING)
		return;
	for (d = 0; d < 2; d++)
		flow->verdict.dir[d] = (struct ipsecapi_direction){
			.protection = dropped ? IPSECAPI_PROTECTION_BLOCKED :
				      broken ? IPSECAPI_PROTECTION_UNKNOWN :
					       IPSECAPI_PROTECTION_NEGOTIATING,
			.enforced_by = broken && !dropped ? IPSECAPI_ENFORCED_UNKNOWN :
							    IPSECAPI_ENFORCED_SOFTWARE,
			.basis = IPSECAPI_BASIS_KERNEL | IPSECAPI_BASIS_LATCH,
			.custody = IPSECAPI_CUSTODY_NO_KEY,
			.reason = flow->latch_reason,
		};
}

/* A latch may have given the socket a mark, by which another way may be its own. */
static void follow_mark(struct front *f, const struct latch *l, struct flow *flow)
{
	bool gated = l && l->record.gated;

	if (gated == flow->gated)
		return;
	flow->gated = gated;
	flow->facts.mark = gated ? flow->facts.mark | f->marks.gate : flow->facts.mark & ~f->marks.gate;
	routes_flow(&f->links, &flow->facts);
}

static void judge(struct front *f, const struct world *w, struct flow *flow)
{
	const struct latch *l = latches_find(f, flow->tuple.cookie);
	int d;

	follow_mark(f, l, flow);
	flow->facts.latch = l ? &l->held : NULL;
	verdict_flow(w, &flow->facts, &flow->verdict);
	if (routes_outer(&f->links, w->tables, &flow->verdict, &flow->facts))
		verdict_flow(w, &flow->facts, &flow->verdict);
	flow->facts.latch = NULL;	/* it may be gone by the next time */
	judge_latch(l, flow);
	enforce_flow(f, w, flow);
	compare(f, w, flow);
	if (!f->stale)
		return;
	flow->verdict.n_sas = 0;
	flow->verdict.unasked[0] = flow->verdict.unasked[1] = false;
	for (d = 0; d < 2; d++)
		flow->verdict.dir[d] = (struct ipsecapi_direction){
			.reason = IPSECAPI_REASON_EVIDENCE_STALE };
}

/*
 * Where nothing but a unit's word is missing, which will have been asked for before long, what
 * was last said stands, with its time: a change of other SAs is no change of this flow.
 */
static bool hold(struct flow *flow, const struct verdict *old)
{
	struct verdict *v = &flow->verdict;
	bool held = false;
	int d;

	for (d = 0; d < 2; d++) {
		if (!flow->generation || !v->unasked[d] ||
		    (v->dir[d].reason != IPSECAPI_REASON_NOT_YET &&
		     v->dir[d].reason != IPSECAPI_REASON_SEVERAL_SAS))
			continue;
		v->dir[d] = old->dir[d];
		held = true;
	}
	return held;
}

/* As long as there is nothing that could protect it. */
static void note_ike(const struct front *f, struct flow *flow)
{
	const struct latch *l = latches_find(f, flow->tuple.cookie);
	bool asked = l && latch_lacks_sas(l) && l->ike;

	note_reason(&flow->why[WHY_IKE], IPSECAPI_OUT, asked ? l->ike : IPSECAPI_REASON_NONE,
		    asked ? l->ike_at : 0);
}

/* It was said that the latch is broken, and now that it holds. */
static bool restored(uint32_t latch, const struct flow *flow)
{
	return latch == IPSECAPI_LATCH_BROKEN &&
	       (flow->latch == IPSECAPI_LATCH_ESTABLISHED || flow->latch == IPSECAPI_LATCH_LISTENER);
}

/* Who is told that something changed finds it in the page. */
void flow_judge(struct session *s, struct flow *flow, const struct world *w)
{
	struct verdict old = flow->verdict;
	uint32_t latch = flow->latch;
	uint64_t now = now_ns();
	bool news;
	int d;

	if (flow->closed)
		return;
	judge(s->front, w, flow);
	/* a report may have read this flow's part later than the tables */
	if (!hold(flow, &old) && flow->read_at < s->front->tables.read_at)
		flow->read_at = s->front->tables.read_at;
	for (d = 0; d < 2; d++)
		note_reason(&flow->why[d], d, flow->verdict.dir[d].reason, now);
	note_ike(s->front, flow);
	news = (changed(&old.dir[0], &flow->verdict.dir[0]) ||
		changed(&old.dir[1], &flow->verdict.dir[1])) && flow->generation++;
	page_write(s, flow);
	if (news)
		session_event(s, IPSECAPI_EVENT_CHANGED, IPSECAPI_REASON_NONE, flow->id);
	if (restored(latch, flow))
		session_event(s, IPSECAPI_EVENT_RESTORED, IPSECAPI_REASON_NONE, flow->id);
}

void flows_judge_socket(struct front *f, uint64_t cookie)
{
	struct socket_flows at = { .s = f->sessions };
	struct flow *flow;
	struct world w;

	front_world(f, &w);
	while ((flow = next_flow(&at, cookie)))
		flow_judge(at.s, flow, &w);
}

void flows_judge(struct front *f, bool routes)
{
	struct session *s;
	struct world w;
	uint32_t i;

	front_world(f, &w);
	latches_judge(f, &w, routes);
	enforce_judge(f, &w, routes);
	for (s = f->sessions; s; s = s->next) {
		for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++) {
			if (!s->flows[i].id)
				continue;
			if (routes)
				routes_flow(&f->links, &s->flows[i].facts);
			flow_judge(s, &s->flows[i], &w);
		}
	}
}

bool flow_waits(const struct flow *flow)
{
	int d;

	for (d = 0; d < 2; d++)
		if (flow->verdict.dir[d].reason == IPSECAPI_REASON_NO_SA ||
		    flow->verdict.dir[d].reason == IPSECAPI_REASON_ACQUIRING)
			return true;
	return false;
}

static bool any_flow(const struct front *f, bool waiting)
{
	const struct session *s;
	uint32_t i;

	for (s = f->sessions; s; s = s->next)
		for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++)
			if (s->flows[i].id && (!waiting || flow_waits(&s->flows[i])))
				return true;
	return false;
}

bool flows_waiting(const struct front *f)
{
	return any_flow(f, true);
}

bool flows_exist(const struct front *f)
{
	return any_flow(f, false);
}
