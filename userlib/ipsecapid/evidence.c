// SPDX-License-Identifier: GPL-2.0-or-later
/* Evidence as it arrives: tables from the scrubber, events of links. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "channel.h"
#include "clock.h"
#include "front.h"

#define BATCH_MAX 64

static void begin(struct front *f, const struct record *r)
{
	tables_free(&f->incoming);
	f->incoming_generation = r->generation;
	f->incoming_failed = false;
}

/* The scrubber names algorithms; how strong they are is the policy's to say. */
static struct rec_sa ranked(const struct front *f, const struct rec_sa *told)
{
	struct rec_sa sa = *told;

	sa.strength = policy_strength(f->policy, sa.cipher, sa.auth);
	return sa;
}

static int add_sa(struct front *f, const struct rec_sa *told)
{
	const struct rec_sa sa = ranked(f, told);

	return tables_add_sa(&f->incoming, &sa);
}

static void add(struct front *f, const struct record *r)
{
	int err = 0;

	if (r->generation != f->incoming_generation)
		return;
	if (r->type == REC_POLICY)
		err = tables_add_policy(&f->incoming, &r->body.policy);
	else if (r->type == REC_SA)
		err = add_sa(f, &r->body.sa);
	else if (r->type == REC_UNIT)
		err = tables_add_unit(&f->incoming, &r->body.unit);
	if (err)
		f->incoming_failed = true;
}

/* Somebody's sockets have policies: learn how many sockets of IKE daemons may explain them. */
static void count_ike(struct front *f)
{
	uint32_t i;

	f->socket_policies = false;
	for (i = 0; i < f->tables.n_policies; i++)
		if (f->tables.policies[i].of_socket)
			f->socket_policies = true;
	if (f->socket_policies)
		tracking_count_ike(f);
}

static uint32_t add_unasked(const struct tables *t, const struct verdict *v, uint32_t *sas,
			    uint32_t n)
{
	uint32_t i, k;

	for (i = 0; i < v->n_sas && n < READ_MAX; i++) {
		if (v->sa[i] >= t->n_sas || t->sas[v->sa[i]].unit != UNIT_NOT_ASKED)
			continue;
		for (k = 0; k < n && sas[k] != v->sa[i]; k++)
			;
		if (k == n)
			sas[n++] = v->sa[i];
	}
	return n;
}

/*
 * A dump asks no more than some units about no more than some SAs. The rest is asked for flows
 * that rest on it, READ_MAX at a time; the answer makes room for the next.
 */
void evidence_ask_units(struct front *f)
{
	uint32_t sas[READ_MAX], n = 0, i;
	struct session *s;

	if (f->units_tag)
		return;
	for (s = f->sessions; s; s = s->next)
		for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++)
			if (s->flows[i].id && !s->flows[i].closed)
				n = add_unasked(&f->tables, &s->flows[i].verdict, sas, n);
	if (!n)
		n = enforce_unasked(f, sas, n);
	if (n)
		f->units_tag = front_read(f, sas, n);
}

static void answered(struct front *f, uint32_t tag)
{
	asking_answered(f, tag);
	if (f->stale && !f->unread)
		evidence_back(f);
}

/* What is in force may be so no longer, until a dump succeeds. */
static void unread(struct front *f)
{
	f->unread = true;
	f->counters.dumps_failed++;
	if (!f->stale)
		evidence_lost(f, "what the kernel has could not be read");
}

static void end(struct front *f, const struct record *r)
{
	const struct rec_end *e = &r->body.end;
	bool same;

	if (!e->status && !f->incoming_failed && r->generation == f->incoming_generation) {
		tables_order_policies(&f->incoming);
		tables_index(&f->incoming);
		memcpy(f->incoming.default_block, e->default_block, sizeof(e->default_block));
		f->incoming.generation = r->generation;
		f->incoming.read_at = e->read_at;
		f->incoming.torn = e->torn;
		same = tables_equal(&f->tables, &f->incoming);
		tables_free(&f->tables);
		f->tables = f->incoming;
		memset(&f->incoming, 0, sizeof(f->incoming));
		f->unread = false;
		if (!same) {
			f->generation++;
			count_ike(f);
		}
		flows_judge(f, false);
		evidence_ask_units(f);
	} else {
		unread(f);
	}
	answered(f, e->tag);
	reports_synced(f);
	front_open(f);
	front_begin(f);
}

static void read_sa(struct front *f, const struct record *r)
{
	struct rec_sa *sa, now = ranked(f, &r->body.sa);

	if (r->generation != f->tables.generation || r->index >= f->tables.n_sas)
		return;
	sa = &f->tables.sas[r->index];
	if (sa->unit != now.unit || !tables_same_sa(sa, &now))
		f->sa_changed = true;
	*sa = now;
}

static void read_end(struct front *f, const struct rec_end *e)
{
	if (e->status && e->status != -EAGAIN)
		unread(f);
	answered(f, e->tag);
	if (f->sa_changed)
		flows_judge(f, false);
	f->sa_changed = false;
	reports_progress(f, e);
	if (f->units_tag && (int32_t)(e->tag - f->units_tag) >= 0) {
		f->units_tag = 0;
		evidence_ask_units(f);
	}
}

int evidence_from_scrubber(struct front *f)
{
	static struct record batch[BATCH_MAX];
	ssize_t n = chan_recv(f->scrubber, batch, sizeof(batch), NULL, MSG_DONTWAIT);
	size_t i;

	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n ? (int)n : -EPIPE;
	for (i = 0; i < n / sizeof(batch[0]); i++) {
		const struct record *r = &batch[i];

		switch (r->type) {
		case REC_BEGIN: begin(f, r); break;
		case REC_END: end(f, r); break;
		case REC_READ_SA: read_sa(f, r); break;
		case REC_READ_END: read_end(f, &r->body.end); break;
		default: add(f, r); break;
		}
	}
	return 0;
}

void evidence_look(struct front *f)
{
	if (links_drain(&f->links))
		evidence_links_changed(f);
	else if (links_poll(&f->links))
		flows_judge(f, true);
}

/*
 * The event of a link that goes down is sent before the kernel flushes the device's SAs and
 * policies, and the flush itself is silent. So: believe the link at once, dump now, and dump
 * again shortly after.
 */
void evidence_links_changed(struct front *f)
{
	if (f->links.fell)
		flows_judge(f, false);
	f->links.fell = false;
	links_read(&f->links);
	flows_judge(f, true);
	front_sync(f);
	f->settling = 0;
	sd_event_source_set_time(f->settle, now_ns() / 1000 + 100000);
	sd_event_source_set_enabled(f->settle, SD_EVENT_ONESHOT);
}

void evidence_policy_changed(struct front *f)
{
	uint32_t i;

	for (i = 0; i < f->tables.n_sas; i++)
		f->tables.sas[i] = ranked(f, &f->tables.sas[i]);
	for (i = 0; i < f->incoming.n_sas; i++)
		f->incoming.sas[i] = ranked(f, &f->incoming.sas[i]);
	flows_judge(f, false);
}
