// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that are answered from what is known already. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../libipsecapi/wire/wire.h"
#include "channel.h"
#include "clock.h"
#include "close_within.h"
#include "front.h"
#include "policy_text.h"

static void no_entry(struct session *s, const struct sess_request *req)
{
	session_reply(s, req, -ENOENT, IPSECAPI_REASON_NO_SUCH_ENTRY, NULL, 0, 0);
}

static void give(struct session *s, const struct sess_request *req, const void *data, size_t n)
{
	session_reply(s, req, 0, IPSECAPI_REASON_NONE, data, n, 0);
}

static void hello(struct session *s, const struct sess_request *req)
{
	const struct wire_hello told = { .gate_mark = s->front->marks.gate };
	struct sess_reply r = { .type = req->type, .tag = req->tag, .length = sizeof(told) };

	if (!s->page) {
		s->flows = calloc(MAX_FLOWS_SESSION, sizeof(*s->flows));
		if (!s->flows || page_create(s)) {
			free(s->flows);
			s->flows = NULL;
			session_reply(s, req, -ENOMEM, IPSECAPI_REASON_BROKER_BUSY, NULL, 0, 0);
			return;
		}
	}
	r.reason = IPSECAPI_REASON_NONE;
	r.page_size = s->page_size;
	memcpy(r.data, &told, sizeof(told));
	s->front->counters.sessions_opened++;
	if (chan_send(s->channel, &r, sizeof(r), s->page_fd, MSG_DONTWAIT))
		s->dead = true;
}

/* Returns true when there is nothing true to tell, and has said so. */
static bool no_evidence(struct session *s, const struct sess_request *req)
{
	if (!s->front->stale && s->front->tables.read_at)
		return false;
	session_reply(s, req, -EAGAIN, IPSECAPI_REASON_EVIDENCE_STALE, NULL, 0, 0);
	return true;
}

static void caps(struct session *s, const struct sess_request *req)
{
	const struct front *f = s->front;
	struct ipsecapi_caps c = {
		.protocol = WIRE_VERSION_MAX,
		.evidence = IPSECAPI_BASIS_KERNEL | IPSECAPI_BASIS_DEVICE_COUNTERS,
		.interfaces = f->links.n,
		.classes = f->policy->n_classes,
		.units = f->tables.n_units,
		.max_flows_session = MAX_FLOWS_SESSION,
		.max_flows_user = MAX_FLOWS_USER,
		.max_sessions_user = MAX_SESSIONS_USER,
		.lease = LEASE_NS,
		.latching = f->latches.possible,
		.marks = marks_mask(&f->marks),
	};

	if (f->stale)
		c.evidence = c.units = 0;	/* not known at present */
	if (c.units)
		c.evidence |= IPSECAPI_BASIS_UNIT;
	give(s, req, &c, sizeof(c));
}

static const struct rec_unit *unit_of(const struct front *f, uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < f->tables.n_units; i++)
		if (f->tables.units[i].ifindex == ifindex)
			return &f->tables.units[i];
	return NULL;
}

static uint32_t offload_seen(const struct front *f, uint32_t ifindex)
{
	uint32_t i, seen = 0;

	for (i = 0; i < f->tables.n_sas; i++) {
		const struct rec_sa *sa = &f->tables.sas[i];

		if (sa->offload_ifindex != ifindex)
			continue;
		if (sa->offload == OFFLOAD_CRYPTO)
			seen |= IPSECAPI_OFFLOAD_CRYPTO_SEEN;
		else if (sa->offload == OFFLOAD_PACKET)
			seen |= IPSECAPI_OFFLOAD_PACKET_SEEN;
	}
	return seen;
}

/* A unit keys the ESP of its NIC; one behind a NIC without ESP gives nothing to offload to. */
static void tell_unit(struct ipsecapi_interface *i, const struct rec_unit *unit)
{
	i->unit_present = 1;
	i->test_mode = unit->test_mode;
	if (!(i->offload & IPSECAPI_OFFLOAD_ESP))
		return;
	i->offload |= IPSECAPI_OFFLOAD_PACKET;
	i->suites = unit->suites;
	i->best_custody = unit->best_custody;
	i->max_sas = unit->max_sas;
	i->max_policies = unit->max_policies;
	i->max_replay_window = unit->max_window;
}

static void interface(struct session *s, const struct sess_request *req)
{
	const struct front *f = s->front;
	const struct rec_unit *unit;
	const struct link *l;
	struct ipsecapi_interface i = { 0 };

	if (no_evidence(s, req))
		return;
	if (req->index >= f->links.n) {
		no_entry(s, req);
		return;
	}
	l = &f->links.at[req->index];
	unit = unit_of(f, l->ifindex);
	i.ifindex = l->ifindex;
	i.up = l->admin_up;
	i.offload = l->offload | offload_seen(f, l->ifindex);
	memcpy(i.name, l->name, sizeof(i.name));
	memcpy(i.driver, l->driver, sizeof(i.driver));
	i.best_custody = l->offload & IPSECAPI_OFFLOAD_ESP ? IPSECAPI_CUSTODY_L1 :
							     IPSECAPI_CUSTODY_L0;
	if (unit)
		tell_unit(&i, unit);
	give(s, req, &i, sizeof(i));
}

static void count_policies(const struct tables *t, struct ipsecapi_host *h)
{
	uint32_t i;

	for (i = 0; i < t->n_policies; i++) {
		const struct rec_policy *p = &t->policies[i];

		if (p->of_socket) {
			h->policies_socket++;
			continue;
		}
		if (p->dir == DIR_OUT)
			h->policies_out++;
		else if (p->dir == DIR_IN)
			h->policies_in++;
		else
			h->policies_forward++;
		if (p->offload_ifindex)
			h->policies_packet++;
	}
}

static void count_sas(const struct tables *t, struct ipsecapi_host *h)
{
	uint32_t i;

	for (i = 0; i < t->n_sas; i++) {
		const struct rec_sa *sa = &t->sas[i];

		h->sas++;
		if (sa->state == SA_ACQUIRING) {
			h->sas_acquiring++;
			continue;
		}
		if (sa->offload == OFFLOAD_PACKET)
			h->sas_packet++;
		else if (sa->offload == OFFLOAD_CRYPTO)
			h->sas_crypto++;
		else
			h->sas_software++;
		if (sa->custody < 8)
			h->sas_custody[sa->custody]++;
	}
}

void host_count(const struct tables *t, struct ipsecapi_host *h)
{
	count_policies(t, h);
	count_sas(t, h);
}

/* Whose marks are not theirs alone. */
static void count_marked(const struct tables *t, uint32_t marks, struct ipsecapi_host *h)
{
	uint32_t i;

	for (i = 0; i < t->n_policies; i++)
		h->policies_marked += !!(t->policies[i].mark_mask & marks);
	for (i = 0; i < t->n_sas; i++)
		h->sas_marked += !!((t->sas[i].mark_mask | t->sas[i].smark_mask) & marks);
}

static uint32_t system_policies(const struct tables *t)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->n_policies; i++)
		n += !t->policies[i].of_socket;
	return n;
}

static uint32_t visible_rules(const struct policy *p, uint32_t uid)
{
	uint32_t i, n = 0;

	for (i = 0; i < p->n_rules; i++)
		n += policy_visible(p, &p->rules[i], uid);
	return n;
}

void answer_host(struct session *s, const struct sess_request *req, bool read)
{
	const struct front *f = s->front;
	struct ipsecapi_host h = { .read_at = f->tables.read_at, .generation = f->generation };

	if (!read) {
		session_reply(s, req, -EAGAIN, IPSECAPI_REASON_EVIDENCE_STALE, NULL, 0, 0);
		return;
	}
	if (no_evidence(s, req))
		return;
	h.age = now_ns() - f->tables.read_at;
	h.default_out = f->tables.default_block[DIR_OUT];
	h.default_in = f->tables.default_block[DIR_IN];
	h.default_forward = f->tables.default_block[DIR_FWD];
	host_count(&f->tables, &h);
	count_marked(&f->tables, marks_mask(&f->marks), &h);
	h.flows = sessions_flows_of(f, req->uid);
	h.rules_visible = req->uid ? 0 : system_policies(&f->tables);
	h.policy_generation = f->policy_generation;
	h.policy_classes = f->policy->n_classes;
	h.policy_rules = visible_rules(f->policy, req->uid);
	h.policy_mistakes = f->policy_mistakes;
	give(s, req, &h, sizeof(h));
}

static const struct rec_policy *nth_policy(const struct tables *t, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < t->n_policies; i++)
		if (!t->policies[i].of_socket && !index--)
			return &t->policies[i];
	return NULL;
}

static void describe_rule(const struct rec_policy *p, struct ipsecapi_rule *r)
{
	r->direction = p->dir;
	r->priority = p->priority;
	r->action = p->action != ACTION_ALLOW ? 3 : p->templates ? 1 : 2;
	r->family = p->sel.family;
	r->protocol = p->sel.protocol;
	r->source_prefix = p->sel.prefix_s;
	r->destination_prefix = p->sel.prefix_d;
	r->source_port = p->sel.sport;
	r->source_port_mask = p->sel.sport_mask;
	r->destination_port = p->sel.dport;
	r->destination_port_mask = p->sel.dport_mask;
	memcpy(r->source, p->sel.saddr, 16);
	memcpy(r->destination, p->sel.daddr, 16);
	r->ifindex = p->offload_ifindex;
}

static void rule(struct session *s, const struct sess_request *req)
{
	const struct rec_policy *p = nth_policy(&s->front->tables, req->index);
	struct ipsecapi_rule r = { .generation = s->front->generation };
	struct world w;

	if (req->uid) {
		session_reply(s, req, -EACCES, IPSECAPI_REASON_NOT_PERMITTED, NULL, 0, 0);
		return;
	}
	if (no_evidence(s, req))
		return;
	if (!p) {
		no_entry(s, req);
		return;
	}
	front_world(s->front, &w);
	describe_rule(p, &r);
	r.sas = verdict_policy(&w, p, &r.state);
	give(s, req, &r, sizeof(r));
}

static void class(struct session *s, const struct sess_request *req)
{
	struct ipsecapi_class c;

	if (policy_describe_class(s->front->policy, req->index, &c))
		no_entry(s, req);
	else
		give(s, req, &c, sizeof(c));
}

/* One piece of the text, which is made anew for each: it is short, and nothing is kept for a user. */
static void policy(struct session *s, const struct sess_request *req)
{
	struct ipsecapi_policy_text t = { .generation = s->front->policy_generation };
	size_t length = 0, from = (size_t)req->index * sizeof(t.text);
	char *text = NULL;
	FILE *to = open_memstream(&text, &length);

	if (to) {
		policy_print(s->front->policy, req->uid, to);
		if (fclose(to))
			length = 0;
	}
	if (!to || !length) {
		session_reply(s, req, -ENOMEM, IPSECAPI_REASON_BROKER_BUSY, NULL, 0, 0);
	} else if (from >= length) {
		no_entry(s, req);
	} else {
		t.length = length - from < sizeof(t.text) ? length - from : sizeof(t.text);
		memcpy(t.text, text + from, t.length);
		give(s, req, &t, sizeof(t));
	}
	free(text);
}

/* Entry number @index of all rings merged, newest first, or NULL. */
static const struct ipsecapi_why *why_entry(const struct flow *flow, uint32_t index)
{
	uint32_t at[WHY_RINGS] = { 0 };
	const struct ipsecapi_why *newest;
	int i, of = 0;

	do {
		newest = NULL;
		for (i = 0; i < WHY_RINGS; i++) {
			const struct why_ring *r = &flow->why[i];

			if (at[i] == r->n || (newest && r->at[at[i]].last <= newest->last))
				continue;
			newest = &r->at[at[i]];
			of = i;
		}
		at[of]++;
	} while (newest && index--);
	return newest;
}

static void why(struct session *s, const struct sess_request *req)
{
	const struct flow *flow = flow_find(s, req);
	const struct ipsecapi_why *entry;

	if (!flow) {
		session_reply(s, req, -ESTALE, IPSECAPI_REASON_NO_SUCH_FLOW, NULL, 0, 0);
		return;
	}
	entry = why_entry(flow, req->index);
	if (entry)
		give(s, req, entry, sizeof(*entry));
	else
		no_entry(s, req);
}

static void answer_socket(struct session *s, const struct sess_request *req, int fd)
{
	if (req->type == WIRE_REQUIRE)
		require_begin(s, req, fd);
	else if (req->type == WIRE_ACCEPT)
		accept_begin(s, req, fd);
	else
		relax_begin(s, req, fd);
}

void answer(struct session *s, const struct sess_request *req, int fd)
{
	if (fd >= 0 && (!sess_hands_on(req->type) || !s->flows)) {	/* a worker that does not know what it does */
		close_within(fd);
		fd = -1;
	}
	if (req->type != WIRE_HELLO && !s->flows) {
		session_reply(s, req, -EPROTO, IPSECAPI_REASON_NO_HELLO, NULL, 0, 0);
		return;
	}
	switch (req->type) {
	case WIRE_HELLO: hello(s, req); break;
	case WIRE_FLOW_OPEN: flow_open(s, req); break;
	case WIRE_FLOW_CLOSE: flow_close(s, req); break;
	case WIRE_REPORT: report_begin(s, req); break;
	case WIRE_WHY: why(s, req); break;
	case WIRE_CAPS: caps(s, req); break;
	case WIRE_CLASS: class(s, req); break;
	case WIRE_INTERFACE: interface(s, req); break;
	case WIRE_HOST: host_begin(s, req); break;
	case WIRE_RULE: rule(s, req); break;
	case WIRE_POLICY: policy(s, req); break;
	case WIRE_REQUIRE:
	case WIRE_ACCEPT:
	case WIRE_RELAX: answer_socket(s, req, fd); break;
	case WIRE_RELOAD: reload_begin(s, req); break;
	case WIRE_RUN: confine_begin(s, req, fd); break;
	default:
		session_reply(s, req, -EOPNOTSUPP, IPSECAPI_REASON_UNKNOWN_REQUEST, NULL, 0, 0);
	}
}
