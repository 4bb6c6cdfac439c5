// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests for a latch, and to give one up. Evidence is read first, as for a report; then it is
 * decided; then the applier acts on the descriptor, which is closed here as soon as it went there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../libipsecapi/wire/wire.h"
#include "front.h"
#include "latch_plan.h"

bool require_is(const struct sess_request *req)
{
	return req->type == WIRE_REQUIRE || req->type == WIRE_ACCEPT;
}

/* Of ACCEPT the flow is the listener's, and the descriptor another socket. */
static bool other_socket(const struct sess_request *req, const struct flow *flow)
{
	return req->type != WIRE_ACCEPT && req->sock.tuple.cookie != flow->tuple.cookie;
}

/* What the request alone is refused for. */
static bool refuse_request(struct session *s, const struct flow *flow)
{
	const struct sess_request *req = &s->request;

	if (!flow)
		ticket_refuse(s, -ESTALE, IPSECAPI_REASON_NO_SUCH_FLOW);
	else if (flow->closed)
		ticket_refuse(s, -ESTALE, IPSECAPI_REASON_SOCKET_CLOSED);
	else if (other_socket(req, flow))
		ticket_refuse(s, -ESTALE, IPSECAPI_REASON_SOCKET_CHANGED);
	else if (req->uid && req->uid != req->sock.owner)
		ticket_refuse(s, -EACCES, IPSECAPI_REASON_NOT_PERMITTED);
	else if (s->passed < 0)
		ticket_refuse(s, -EINVAL, IPSECAPI_REASON_NO_DESCRIPTOR);
	else if (handed_has_socket(&s->front->latches.handed, req->sock.tuple.cookie))
		ticket_refuse(s, -EAGAIN, IPSECAPI_REASON_BROKER_BUSY);
	else
		return false;
	return true;
}

static bool to_listen(const struct sess_request *req)
{
	return req->sock.listening || req->want.flags & WANT_LISTEN;
}

static bool refuse_listener(struct session *s)
{
	const struct sess_request *req = &s->request;

	if (req->sock.tuple.peer_port)
		ticket_refuse(s, -EISCONN, IPSECAPI_REASON_CONNECTED);
	else if (req->want.family)
		ticket_refuse(s, -EINVAL, IPSECAPI_REASON_LISTENING);
	else if (!req->sock.tuple.local_port)
		ticket_refuse(s, -EINVAL, IPSECAPI_REASON_NOT_BOUND);
	else
		return false;
	return true;
}

/* What kind of socket it is, and where to. */
static bool refuse_socket(struct session *s)
{
	const struct sess_request *req = &s->request;
	const struct ipsecapi_tuple *t = &req->sock.tuple;
	const struct wire_require *want = &req->want;

	if (req->sock.dual_stack)
		ticket_refuse(s, -EAFNOSUPPORT, IPSECAPI_REASON_DUAL_STACK);
	else if (t->protocol != IPPROTO_TCP && to_listen(req))
		ticket_refuse(s, -EOPNOTSUPP, IPSECAPI_REASON_DATAGRAM);
	else if (to_listen(req))
		return refuse_listener(s);
	else if (!t->peer_port && !want->family)
		ticket_refuse(s, -EDESTADDRREQ, IPSECAPI_REASON_NO_ADDRESS);
	else if (want->family && want->family != t->family)
		ticket_refuse(s, -EAFNOSUPPORT, IPSECAPI_REASON_OTHER_ADDRESS);
	else if (t->peer_port && want->family &&
		 (want->port != t->peer_port || memcmp(want->address, t->peer, 16)))
		ticket_refuse(s, -EISCONN, IPSECAPI_REASON_OTHER_ADDRESS);
	else
		return false;
	return true;
}

/* The record of what would be granted, and the plan for it. */
struct decision {
	struct latch_record record;
	struct flow_facts facts;
	struct latch_plan plan;
	struct latch *old;
	uint32_t reason;	/* of a refusal before any plan, or NONE */
	int err;
};

static bool deny(struct decision *d, int err, uint32_t reason)
{
	d->err = err;
	d->reason = reason;
	return false;
}

static int class_errno(uint32_t reason)
{
	return reason == IPSECAPI_REASON_NO_SUCH_CLASS ? -ENOENT : -EACCES;
}

/*
 * What was asked for, what enforcing rules accept, and what was granted before. Rules that only
 * report narrow nothing. What the kernel holds for everybody spares single connections, not what
 * a listener accepts: so that gets no less.
 */
static bool grant(const struct session *s, const struct world *w, struct decision *d)
{
	const struct policy *p = s->front->policy;
	struct policy_rules rules;
	struct policy_request want = {
		.uid = s->request.uid, .less = s->request.want.flags & WANT_LESS };
	struct grant g;
	uint32_t reason = latch_wanted(p, &s->request.want, &want.set);

	if (reason != IPSECAPI_REASON_NONE)
		return deny(d, class_errno(reason), reason);
	enforce_rules(s->front, w, &d->facts, d->record.listener, &rules);
	policy_evaluate(p, &rules, &want, &g);
	if (g.status == GRANT_PRIVILEGE || (g.less && d->record.listener))
		return deny(d, -EPERM, IPSECAPI_REASON_ASKS_LESS);
	if (g.status != GRANT_GIVEN)
		return deny(d, -EACCES, IPSECAPI_REASON_SYSTEM_POLICY);
	d->record.set = g.set;
	if (!d->old)
		return true;
	outcomes_intersect(&d->record.set, &d->old->record.set);
	return (!outcomes_empty(&d->record.set) &&
		d->old->record.listener == to_listen(&s->request)) ||
	       deny(d, -EACCES, IPSECAPI_REASON_OTHER_LATCH);
}

static bool room(const struct front *f, uint32_t uid, struct decision *d)
{
	if (d->old)
		return true;
	if (latches_of(f, uid) >= MAX_LATCHES_USER)
		return deny(d, -EDQUOT, IPSECAPI_REASON_LATCH_LIMIT_USER);
	if (latches_free_slot(f) == MAX_LATCHES)
		return deny(d, -EUSERS, IPSECAPI_REASON_LATCH_LIMIT);
	return true;
}

/* Who was granted it first keeps the say over it, until root asks for it, too. */
static void fill(const struct session *s, struct decision *d)
{
	const struct sess_request *req = &s->request;
	struct latch_record *r = &d->record;

	r->version = LATCH_RECORD_VERSION;
	r->tuple = req->sock.tuple;
	r->uid = d->old && req->uid ? d->old->record.uid : req->uid;
	r->owner = req->sock.owner;
	r->mark = req->sock.mark;
	r->bound_ifindex = req->sock.bound_ifindex;
	r->tos = req->sock.tos;
	r->want = req->want;
	r->listener = to_listen(req);
	r->gated = d->old && d->old->record.gated;
	r->id = d->old ? d->old->record.id : latches_new_id(s->front);
}

/* The mark of a gated socket may have it take another way, by another policy. */
static void plan(struct front *f, const struct world *w, struct decision *d)
{
	latch_tunnel_routes(f, w, &d->record, &d->facts);
	latch_plan(w, &d->facts, &d->record.set, &d->plan);
	if (!d->plan.gated || d->record.gated)
		return;
	d->record.gated = 1;
	latch_facts(f, &d->record, &d->facts);
	latch_tunnel_routes(f, w, &d->record, &d->facts);
	latch_plan(w, &d->facts, &d->record.set, &d->plan);
}

/* A latch that waits blocks everything: it needs no SAs, but to be planned again. */
static void decide(struct session *s, struct decision *d)
{
	struct world w;

	memset(d, 0, sizeof(*d));
	d->reason = IPSECAPI_REASON_NONE;
	d->old = latches_find(s->front, s->request.sock.tuple.cookie);
	if (!s->front->latches.possible) {
		deny(d, -EOPNOTSUPP, IPSECAPI_REASON_NO_LATCHES);
		return;
	}
	fill(s, d);
	latch_facts(s->front, &d->record, &d->facts);
	front_world(s->front, &w);
	if (!grant(s, &w, d) || !room(s->front, s->request.uid, d))
		return;
	if (d->record.listener) {	/* who may come is judged for as long as it listens */
		d->plan.status = PLAN_LATCH;
		return;
	}
	plan(s->front, &w, d);
	if (d->plan.status == PLAN_REFUSED) {
		deny(d, d->plan.err, d->plan.reason);
		return;
	}
	if (d->old && d->old->record.gated != d->record.gated) {
		deny(d, -EACCES, IPSECAPI_REASON_WAY_CHANGED);
		return;
	}
	memcpy(d->record.reqid, d->plan.reqid, sizeof(d->record.reqid));
	memcpy(d->record.spd, d->plan.spd, sizeof(d->record.spd));
	d->record.waiting = d->plan.status == PLAN_WAIT;
}

/* @slot: of the record, or NO_SLOT */
static void send_applier(struct session *s, struct apply_msg *m, uint32_t slot)
{
	struct handed_set *handed = &s->front->latches.handed;
	struct handed h = { .cookie = s->request.sock.tuple.cookie, .slot = slot };

	if (handed_full(handed)) {
		ticket_refuse(s, -EAGAIN, IPSECAPI_REASON_BROKER_BUSY);
		return;
	}
	if (!ticket_send(s, m))
		return;
	h.ticket = m->ticket;
	handed_add(handed, &h);
}

static void act(struct session *s, const struct decision *d)
{
	struct apply_msg m = { .type = APPLY_LATCH, .record = d->record };

	if (d->err) {
		ticket_refuse(s, d->err, d->reason);
		return;
	}
	if (d->record.waiting && s->request.type == WIRE_ACCEPT) {
		ticket_refuse(s, -ENOKEY, d->plan.reason);
		return;
	}
	s->waits_for = d->record.waiting ? d->plan.reason : IPSECAPI_REASON_NONE;
	m.slot = d->old ? d->old->slot : latches_free_slot(s->front);
	send_applier(s, &m, m.slot);
}

void require_finish(struct session *s, bool read)
{
	struct decision d;

	if (refuse_request(s, flow_find(s, &s->request)))
		return;
	if (!read) {
		ticket_refuse(s, -EAGAIN, IPSECAPI_REASON_EVIDENCE_STALE);
		return;
	}
	decide(s, &d);
	act(s, &d);
}

void require_ask(struct session *s)
{
	struct decision d;

	decide(s, &d);
	if (report_tables_fresh(s) && !d.plan.unasked)
		require_finish(s, true);
	else
		s->scrub_tag = front_read(s->front, d.plan.sas, d.plan.n_sas);
}

/*
 * Without evidence, or where more of it would change nothing. @known: what is known is enough to
 * give the latch. @d is decided if it is not settled.
 */
static bool settled_at_once(struct session *s, struct decision *d, bool known)
{
	if (s->front->stale) {
		ticket_refuse(s, -EAGAIN, IPSECAPI_REASON_EVIDENCE_STALE);
		return true;
	}
	decide(s, d);
	if (!(d->err && !d->plan.err) && !(known && d->plan.status == PLAN_LATCH))
		return false;
	act(s, d);
	return true;
}

void require_begin(struct session *s, const struct sess_request *req, int fd)
{
	struct flow *flow;
	struct decision d;

	ticket_begin(s, req, fd);
	flow = flow_find(s, req);
	if (refuse_request(s, flow) || refuse_socket(s))
		return;
	evidence_look(s->front);
	if (settled_at_once(s, &d, false))
		return;
	report_wait(s, d.plan.status == PLAN_WAIT);
}

/*
 * The listener's request is that of its connections. What came by an SA that the listener accepts
 * is nothing to be strict about, unless some came before it was latched. Evidence need not be
 * read again for each connection: what is known is as old as what the listener lets pass.
 */
void accept_begin(struct session *s, const struct sess_request *req, int fd)
{
	const struct flow *flow = flow_find(s, req);
	const struct latch *l = flow ? latches_find(s->front, flow->tuple.cookie) : NULL;
	struct decision d;

	ticket_begin(s, req, fd);
	if (refuse_request(s, flow))
		return;
	if (!l || !l->record.listener) {
		ticket_refuse(s, -ENOENT, IPSECAPI_REASON_NOT_LATCHED);
		return;
	}
	s->request.want = l->record.want;
	s->request.want.flags &= ~WANT_LISTEN;
	if (!l->record.prior_data)
		s->request.want.flags &= ~WANT_STRICT;
	if (refuse_socket(s))
		return;
	if (!settled_at_once(s, &d, true))
		report_wait(s, true);
}

void relax_begin(struct session *s, const struct sess_request *req, int fd)
{
	struct apply_msg m = { .type = APPLY_RELAX, .tuple = req->sock.tuple };
	struct latch *l = latches_find(s->front, req->sock.tuple.cookie);

	ticket_begin(s, req, fd);
	if (refuse_request(s, flow_find(s, req)))
		return;
	if (!l) {
		ticket_refuse(s, -ENOENT, IPSECAPI_REASON_NOT_LATCHED);
		return;
	}
	if (req->uid && req->uid != l->record.uid) {
		ticket_refuse(s, -EPERM, IPSECAPI_REASON_NOT_YOUR_LATCH);
		return;
	}
	s->waits_for = IPSECAPI_REASON_NONE;
	send_applier(s, &m, NO_SLOT);
}

/* What the applier says is so, whether the one who asked is still there or not. */
static void take_result(struct front *f, const struct apply_msg *m)
{
	uint64_t cookie = m->tuple.cookie;
	struct latch *l;
	struct world w;

	handed_answered(&f->latches.handed, m->ticket);
	if (m->record.version)
		latches_put(f, &m->record, m->slot);
	else if (!m->status)
		latches_drop(f, cookie);
	front_world(f, &w);
	l = latches_find(f, cookie);
	if (l)
		latch_judge(f, l, &w);
	flows_judge_socket(f, cookie);
	calling_look(f);
}

/* Who may ask for less than rules accept, and did. */
static void note_less(struct front *f, const struct apply_msg *m)
{
	const struct latch *l = latches_find(f, m->tuple.cookie);
	struct outcomes set;
	struct world w;
	bool less;

	if (m->status || !l)
		return;
	front_world(f, &w);
	if (enforce_latch(f, &w, l, &set, &less) && less)
		grant_note(f, l->record.uid);
}

void requires_applied(struct front *f, const struct apply_msg *m)
{
	struct session *s = ticket_answered(f, m->ticket);

	take_result(f, m);
	note_less(f, m);
	if (!s)
		return;
	if (!m->status && s->request.type == WIRE_ACCEPT && s->request.index)
		flow_open(s, &s->request);
	else if (m->status)
		session_reply(s, &s->request, m->status, m->reason, NULL, 0, 0);
	else if (s->waits_for != IPSECAPI_REASON_NONE)
		session_reply(s, &s->request, -EINPROGRESS, s->waits_for, NULL, 0, 0);
	else
		session_reply(s, &s->request, 0, IPSECAPI_REASON_NONE, NULL, 0, 0);
}
