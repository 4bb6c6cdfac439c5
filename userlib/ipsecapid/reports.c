// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports: the scrubber takes in what the kernel announced, reads the SAs of the flow again and
 * only then is the flow judged and the client answered.
 */
#include <errno.h>
#include <string.h>

#include "../libipsecapi/wire/wire.h"
#include "clock.h"
#include "front.h"

#define HOST_NS		(1000 * MS)

static void tell_latch(const struct front *f, const struct flow *flow, struct ipsecapi_report *r)
{
	const struct latch *l = latches_find(f, flow->tuple.cookie);

	r->latch = flow->latch;
	if (!l)
		return;
	memcpy(r->latch_class, l->record.want.class, sizeof(r->latch_class));
	r->latch_reason = flow->latch_reason;
	r->disposition = l->record.want.disposition ? l->record.want.disposition :
						      IPSECAPI_DISPOSITION_RESET;
	r->prior_data = l->record.prior_data;
}

/* Of both directions no more is said than is so of each. */
static uint32_t both_modes(const struct ipsecapi_direction d[2])
{
	if (d[0].policy_mode == d[1].policy_mode && d[0].policy_mode)
		return d[0].policy_mode;
	return d[0].policy_mode > IPSECAPI_POLICY_MODE_REPORT || d[1].policy_mode > IPSECAPI_POLICY_MODE_REPORT ?
	       IPSECAPI_POLICY_MODE_MIXED : IPSECAPI_POLICY_MODE_REPORT;
}

static void send_report(struct session *s, const struct flow *flow, bool read)
{
	struct ipsecapi_report r = { 0 };
	uint64_t now = now_ns();

	if (read)
		memcpy(r.dir, flow->verdict.dir, sizeof(r.dir));
	else
		r.dir[0].reason = r.dir[1].reason = IPSECAPI_REASON_EVIDENCE_STALE;
	r.tuple = flow->tuple;
	r.read_at = flow->read_at;
	r.age = flow->read_at && now > flow->read_at ? now - flow->read_at : 0;
	r.lease = LEASE_NS;
	tell_latch(s->front, flow, &r);
	r.identity_scope = IPSECAPI_IDENTITY_NOT_AVAILABLE;
	r.assurance = IPSECAPI_ASSURANCE_NONE;
	r.identity_reason = IPSECAPI_REASON_NO_PROVIDER;
	r.generation = flow->generation;
	if (flow->rule[LAYER_APPLICATION][0] || flow->rule[LAYER_INTERFACE][0])
		r.policy_mode = both_modes(r.dir);
	r.ifindex = flow->facts.route.found ? flow->facts.route.oif : 0;
	memcpy(r.application_rule, flow->rule[LAYER_APPLICATION], sizeof(r.application_rule));
	memcpy(r.interface_rule, flow->rule[LAYER_INTERFACE], sizeof(r.interface_rule));
	session_reply(s, &s->request, 0, IPSECAPI_REASON_NONE, &r, sizeof(r), flow->id);
}

/* @read: what the answer rests on could be read. */
static void finish(struct session *s, bool read)
{
	struct flow *flow;

	if (require_is(&s->request)) {
		require_finish(s, read);
		return;
	}
	s->pending = false;
	if (s->request.type == WIRE_HOST) {
		answer_host(s, &s->request, read);
		return;
	}
	flow = flow_find(s, &s->request);
	if (!flow)
		session_reply(s, &s->request, -ESTALE, IPSECAPI_REASON_NO_SUCH_FLOW, NULL, 0, 0);
	else if (flow->closed)
		session_reply(s, &s->request, -ESTALE, IPSECAPI_REASON_SOCKET_CLOSED, NULL, 0, 0);
	else
		send_report(s, flow, read);
}

bool report_tables_fresh(const struct session *s)
{
	const struct tables *t = &s->front->tables;

	return t->read_at >= s->began && !t->torn;
}

/*
 * What there is of the flow was read in a dump that began after the question. To read its SAs once
 * more would tell nothing that the dump did not, and where tables change all the time it would
 * begin again and again.
 */
static bool known_afresh(const struct session *s, const struct flow *flow)
{
	return report_tables_fresh(s) && !flow->verdict.unasked[0] && !flow->verdict.unasked[1];
}

static void ask(struct session *s, const struct flow *flow)
{
	if (require_is(&s->request))
		require_ask(s);
	else if (known_afresh(s, flow))
		finish(s, true);
	else
		s->scrub_tag = front_read(s->front, flow->verdict.sa, flow->verdict.n_sas);
}

void report_wait(struct session *s, bool sync)
{
	s->sync_needed = sync ? front_sync(s->front) : 0;
	s->pending = true;
	s->tries = 0;
	s->began = now_ns();
	s->deadline = s->began + REPORT_NS;
	if (!s->sync_needed)
		ask(s, flow_find(s, &s->request));
}

void report_begin(struct session *s, const struct sess_request *req)
{
	struct flow *flow = flow_find(s, req);
	struct world w;

	s->request = *req;
	if (!flow || flow->closed || s->front->stale) {
		finish(s, !s->front->stale);
		return;
	}
	evidence_look(s->front);
	front_world(s->front, &w);
	routes_flow(&s->front->links, &flow->facts);
	flow_judge(s, flow, &w);
	/* an SA that is being negotiated appears in the table without an event */
	report_wait(s, flow_waits(flow));
}

void reports_synced(struct front *f)
{
	struct session *s;
	struct flow *flow;

	for (s = f->sessions; s; s = s->next) {
		if (!s->pending || s->ticket || !s->sync_needed || !front_synced(f, s->sync_needed))
			continue;
		s->sync_needed = 0;
		flow = flow_find(s, &s->request);
		if (flow && !flow->closed)
			ask(s, flow);
		else	/* a flow that is gone, or figures of the host */
			finish(s, !f->unread);
	}
}

/*
 * Figures of the host rest on a dump. One that is young enough needs only what happened since:
 * who asks all the time must not keep the kernel's tables busy.
 */
void host_begin(struct session *s, const struct sess_request *req)
{
	bool old = now_ns() > s->front->tables.read_at + HOST_NS;

	s->request = *req;
	s->sync_needed = old ? front_sync(s->front) : 0;
	s->pending = true;
	s->deadline = now_ns() + REPORT_NS;
	if (!s->sync_needed)
		s->scrub_tag = front_read(s->front, NULL, 0);
}

static void progress(struct session *s, const struct rec_end *end)
{
	struct flow *flow = flow_find(s, &s->request);
	struct world w;

	if (!flow || flow->closed || s->request.type == WIRE_HOST) {
		/* figures are those of the last dump, however fast the tables move on */
		finish(s, !end->status || end->status == -EAGAIN);
		return;
	}
	front_world(s->front, &w);
	flow_judge(s, flow, &w);
	if (end->status == -EAGAIN && ++s->tries < REPORT_TRIES) {
		ask(s, flow);	/* the tables moved on meanwhile */
		return;
	}
	/* all of this flow was read again or found unchanged: not so the SAs of others */
	if (!end->status)
		flow->read_at = end->read_at;
	page_write(s, flow);
	finish(s, !end->status);
}

void reports_progress(struct front *f, const struct rec_end *end)
{
	struct session *s;

	for (s = f->sessions; s; s = s->next)
		if (s->pending && !s->ticket && !s->sync_needed && s->scrub_tag == end->tag)
			progress(s, end);
}

/* What the applier does late is done all the same: asking again is no harm. */
static void give_up(struct session *s)
{
	if (!s->ticket) {
		finish(s, false);
		return;
	}
	s->pending = false;
	s->ticket = 0;
	session_reply(s, &s->request, -EAGAIN, IPSECAPI_REASON_BROKER_BUSY, NULL, 0, 0);
}

void reports_expire(struct front *f, uint64_t now)
{
	struct session *s;

	for (s = f->sessions; s; s = s->next)
		if (s->pending && now >= s->deadline)
			give_up(s);
}
