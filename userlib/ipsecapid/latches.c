// SPDX-License-Identifier: GPL-2.0-or-later
/* Latches: keeping them, judging them, and what follows. */
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <linux/xfrm.h>

#include "address.h"
#include "clock.h"
#include "cookie.h"
#include "front.h"
#include "latch_check.h"
#include "latch_plan.h"
#include "listeners.h"

/* --- the set -------------------------------------------------------------------------------- */

struct latch *latches_find(const struct front *f, uint64_t cookie)
{
	void *at = tfind(&cookie, &f->latches.tree, by_cookie);

	return at ? *(struct latch **)at : NULL;
}

uint32_t latches_count(const struct front *f)
{
	return f->latches.n;
}

struct count {
	uint32_t uid, n;
};

static void count_one(const void *node, VISIT which, void *arg)
{
	const struct latch *l = *(struct latch *const *)node;
	struct count *c = arg;

	if (which == postorder || which == leaf)
		c->n += l->record.uid == c->uid;
}

uint32_t latches_of(const struct front *f, uint32_t uid)
{
	struct count c = { .uid = uid };

	twalk_r(f->latches.tree, count_one, &c);
	return c.n;
}

static bool slot_taken(const struct latch_set *s, uint32_t slot)
{
	return s->slots[slot / 8] >> slot % 8 & 1 || handed_has_slot(&s->handed, slot);
}

uint32_t latches_free_slot(const struct front *f)
{
	const struct latch_set *s = &f->latches;
	uint32_t slot = 0;

	while (slot < MAX_LATCHES && slot_taken(s, slot))
		slot += s->slots[slot / 8] == 0xff && !(slot % 8) ? 8 : 1;
	return slot;
}

static uint32_t place_of(const struct latch_set *s, uint64_t id)
{
	uint32_t low = 0, high = s->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (s->ids[mid] < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool has_id(const struct latch_set *s, uint64_t id)
{
	uint32_t at = place_of(s, id);

	return at < s->n && s->ids[at] == id;
}

/* Not a count: sockets that outlived a lost file must not be taken for others. */
uint64_t latches_new_id(const struct front *f)
{
	uint32_t number;

	do {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return 0;
	} while (!number || has_id(&f->latches, LATCH_ID_MARK << 32 | number));
	return LATCH_ID_MARK << 32 | number;
}

static bool add_id(struct latch_set *s, uint64_t id)
{
	uint32_t at = place_of(s, id), cap;
	uint64_t *ids;

	if (s->n == s->cap) {
		cap = s->cap ? 2 * s->cap : 64;
		ids = reallocarray(s->ids, cap, sizeof(*ids));
		if (!ids)
			return false;
		s->ids = ids;
		s->cap = cap;
	}
	memmove(&s->ids[at + 1], &s->ids[at], (s->n - at) * sizeof(*s->ids));
	s->ids[at] = id;
	s->n++;
	return true;
}

static void remove_id(struct latch_set *s, uint64_t id)
{
	uint32_t at = place_of(s, id);

	s->n--;
	memmove(&s->ids[at], &s->ids[at + 1], (s->n - at) * sizeof(*s->ids));
}

/* A socket that is yet to be connected counts as connected to where it was said to go. */
void latch_facts(struct front *f, const struct latch_record *r, struct flow_facts *facts)
{
	const struct ipsecapi_tuple *t = &r->tuple;

	memset(facts, 0, sizeof(*facts));
	facts->family = t->family;
	facts->protocol = t->protocol;
	facts->local_port = t->local_port;
	facts->peer_port = t->peer_port ? t->peer_port : r->want.port;
	memcpy(facts->local, t->local, 16);
	memcpy(facts->peer, t->peer_port ? t->peer : r->want.address, 16);
	facts->mark = r->gated ? r->mark | f->marks.gate : r->mark;
	facts->bound_ifindex = r->bound_ifindex;
	facts->uid = r->owner;
	facts->tos = r->tos;
	routes_flow(&f->links, facts);
	if (address_is_any(facts->local))
		memcpy(facts->local, facts->route.source, sizeof(facts->local));
}

static struct latch *add(struct front *f, const struct latch_record *r, uint32_t slot)
{
	struct latch *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->cookie = r->tuple.cookie;
	l->slot = slot;
	if (!add_id(&f->latches, r->id)) {
		free(l);
		return NULL;
	}
	if (!tsearch(l, &f->latches.tree, by_cookie)) {
		remove_id(&f->latches, r->id);
		free(l);
		return NULL;
	}
	f->latches.slots[slot / 8] |= 1 << slot % 8;
	return l;
}

static void be_unsure(struct front *f, struct latch *l, bool unsure)
{
	f->latches.unsure += unsure - l->unsure;
	l->unsure = unsure;
}

struct latch *latches_put(struct front *f, const struct latch_record *r, uint32_t slot)
{
	struct latch *l = latches_find(f, r->tuple.cookie);

	if (!l)
		l = add(f, r, slot);
	if (!l)
		return NULL;
	l->record = *r;
	l->held.since = now_ns();
	latch_policies(&l->held, r);
	latch_facts(f, r, &l->facts);
	l->facts.latch = &l->held;
	l->breaks = l->told_breaks = r->broken;
	l->undropped = false;
	l->drop = r->broken ? DROP_ALL : DROP_NONE;
	l->reason = r->broken ? r->broken : IPSECAPI_REASON_NONE;
	l->state = r->broken ? IPSECAPI_LATCH_BROKEN :
		   r->listener ? IPSECAPI_LATCH_LISTENER :
		   r->waiting ? IPSECAPI_LATCH_NEGOTIATING : IPSECAPI_LATCH_ESTABLISHED;
	l->ready = l->checking = l->removed = false;
	be_unsure(f, l, false);
	f->enforcing.exempt_due |= r->want.flags & WANT_LESS;
	return l;
}

void latches_drop(struct front *f, uint64_t cookie)
{
	struct latch *l = latches_find(f, cookie);

	if (!l)
		return;
	be_unsure(f, l, false);
	f->enforcing.exempt_due |= l->record.want.flags & WANT_LESS;
	tdelete(l, &f->latches.tree, by_cookie);
	remove_id(&f->latches, l->record.id);
	f->latches.slots[l->slot / 8] &= ~(1 << l->slot % 8);
	free(l->told);
	free(l);
}

static void look_undropped(const void *node, VISIT which, void *arg)
{
	const struct latch *l = *(struct latch *const *)node;
	bool *found = arg;

	if ((which == postorder || which == leaf) && l->state == IPSECAPI_LATCH_BROKEN && l->drop != DROP_ALL &&
	    !l->undropped)	/* what can't be is tried on, and told as it is */
		*found = true;
}

bool latches_undropped(const struct front *f)
{
	bool found = false;

	twalk_r(f->latches.tree, look_undropped, &found);
	return found;
}

/* --- judging -------------------------------------------------------------------------------- */

/*
 * Each message has a number, which the answer repeats: what breaks, is mended and breaks again may
 * do so before the first answer. With a request for the socket on its way nothing is told: its
 * answer says what the socket has, and is judged.
 */
static void tell_applier(struct front *f, struct latch *l)
{
	struct apply_msg m = {
		.type = l->breaks ? APPLY_BREAK : APPLY_MEND, .reason = l->breaks,
		.tuple.cookie = l->cookie,
	};

	if ((l->breaks == l->told_breaks && !l->undropped) || handed_has_socket(&f->latches.handed, l->cookie))
		return;
	m.ticket = ticket_new(f);
	if (!tracking_tell(f, &m))
		return;
	if (!l->breaks || !l->told_breaks)	/* another reason changes nothing */
		l->drop = DROP_UNKNOWN;
	l->told_breaks = l->breaks;
	l->undropped = false;
	l->ticket = m.ticket;
}

static void break_it(struct front *f, struct latch *l, uint32_t reason)
{
	l->state = IPSECAPI_LATCH_BROKEN;
	l->reason = l->breaks = reason;
	l->ready = false;
	tell_applier(f, l);
}

/* Until the applier lets it pass again it is broken to everybody. */
static void hold(struct front *f, struct latch *l)
{
	l->breaks = 0;
	tell_applier(f, l);
	if (l->told_breaks || l->drop != DROP_NONE)
		return;
	l->state = l->record.listener ? IPSECAPI_LATCH_LISTENER : IPSECAPI_LATCH_ESTABLISHED;
	l->reason = IPSECAPI_REASON_NONE;
}

static void wait_on(struct front *f, struct latch *l, uint32_t reason, bool ready)
{
	l->state = IPSECAPI_LATCH_NEGOTIATING;
	l->reason = reason;
	l->breaks = 0;
	tell_applier(f, l);
	if (ready && !l->ready)
		flows_event(f, l->cookie, IPSECAPI_EVENT_READY, IPSECAPI_REASON_NONE);
	l->ready = ready;
}

static void have_checked(struct front *f, struct latch *l)
{
	const struct apply_msg m = { .type = APPLY_CHECK, .tuple.cookie = l->cookie };

	if (l->unsure && !l->checking)
		l->checking = tracking_tell(f, &m);
}

static void miss(struct front *f, struct latch *l)
{
	be_unsure(f, l, !l->removed);
	if (l->removed)
		break_it(f, l, IPSECAPI_REASON_LATCH_REMOVED);
	else
		have_checked(f, l);
}

static void tell_listener(struct front *f, struct latch *l, const struct listen_reqids *reqids)
{
	static struct apply_listen m;

	m = (struct apply_listen){ .type = APPLY_LISTEN, .cookie = l->cookie, .reqids = *reqids };
	if (!l->told)
		l->told = malloc(sizeof(*l->told));
	if (!l->told)
		return;		/* the next reading tells */
	*l->told = *reqids;
	if (!tracking_send(f, &m, sizeof(m))) {
		free(l->told);
		l->told = NULL;
	}
}

/* A listener breaks no more than its peers' SAs do: those that won't do carry nothing. */
static void judge_listener(struct front *f, struct latch *l, const struct world *w)
{
	static struct listen_reqids now;
	struct latch_record r = l->record;
	bool less;

	if (!latch_shown(w, &l->held, true) && w->tables->read_at) {
		miss(f, l);
		return;
	}
	hold(f, l);
	if (f->enforcing.rules)
		enforce_latch(f, w, l, &r.set, &less);
	listener_reqids(w, &r, &now);
	if (!l->told || !listen_reqids_same(l->told, &now))
		tell_listener(f, l, &now);
}

/* Whoever has a latch gets no more than rules accept that came later, and no less than was granted. */
static enum latch_finding check(struct front *f, const struct latch *l, const struct world *w, uint32_t *reason)
{
	enum latch_finding found = latch_check(w, &l->record, &l->facts, &l->verdict, reason);
	struct latch_record r = l->record;
	bool less;

	if (!f->enforcing.rules || found == LATCH_BREAKS || found == LATCH_MISSING)
		return found;
	if (enforce_latch(f, w, l, &r.set, &less)) {
		if (outcomes_within(&l->record.set, &r.set))
			return found;
		found = latch_check(w, &r, &l->facts, &l->verdict, reason);
	} else {
		found = LATCH_BREAKS;
	}
	if (found == LATCH_BREAKS)
		*reason = IPSECAPI_REASON_SYSTEM_POLICY;
	return found;
}

/* Of these it is known which SAs send when the flow is judged as if it had no latch. */
void latch_tunnel_routes(struct front *f, const struct world *w, const struct latch_record *r,
			 struct flow_facts *facts)
{
	const struct latched *latch = facts->latch;
	struct verdict v;

	if (!r->gated)
		return;
	facts->latch = NULL;
	verdict_flow(w, facts, &v);
	facts->latch = latch;
	routes_outer(&f->links, w->tables, &v, facts);
}

void latch_judge(struct front *f, struct latch *l, const struct world *w)
{
	enum latch_finding found;
	uint32_t reason;

	if (f->stale) {	/* nothing is known; the kernel holds on to what was */
		tell_applier(f, l);
		return;
	}
	if (l->record.listener) {
		judge_listener(f, l, w);
		return;
	}
	if (l->record.spd[DIR_OUT].device && l->record.spd[DIR_OUT].mode == XFRM_MODE_TUNNEL)
		latch_tunnel_routes(f, w, &l->record, &l->facts);
	verdict_flow(w, &l->facts, &l->verdict);
	found = check(f, l, w, &reason);
	if (found != LATCH_MISSING) {
		l->checking = l->removed = false;
		be_unsure(f, l, false);
	}
	switch (found) {
	case LATCH_HOLDS: hold(f, l); break;
	case LATCH_WAITS: wait_on(f, l, reason, false); break;
	case LATCH_READY: wait_on(f, l, reason, true); break;
	case LATCH_BREAKS: break_it(f, l, reason); break;
	case LATCH_MISSING: miss(f, l); break;
	}
	if (!latch_lacks_sas(l))	/* what the IKE daemon did for it is past */
		l->ike = 0;
}

struct judging {
	struct front *f;
	const struct world *w;
	bool routes;
};

static void judge_one(const void *node, VISIT which, void *arg)
{
	struct latch *l = *(struct latch *const *)node;
	const struct judging *j = arg;

	if (which != postorder && which != leaf)
		return;
	if (j->routes)
		routes_flow(&j->f->links, &l->facts);
	latch_judge(j->f, l, j->w);
}

void latches_judge(struct front *f, const struct world *w, bool routes)
{
	struct judging j = { f, w, routes };

	twalk_r(f->latches.tree, judge_one, &j);
}

/* --- the applier ---------------------------------------------------------------------------- */

static void tell_one(const void *node, VISIT which, void *arg)
{
	if (which != postorder && which != leaf)
		return;
	tell_applier(arg, *(struct latch *const *)node);
	have_checked(arg, *(struct latch *const *)node);
}

void latches_retry(struct front *f)
{
	if (f->latches.undropped)
		latches_resume(f);
}

void latches_resume(struct front *f)
{
	f->latches.undropped = false;
	twalk_r(f->latches.tree, tell_one, f);
}

/* What was dropped of it may not be what is to be dropped now: the applier is told again. */
static void doubt_drop(struct latch *l)
{
	if (!l->told_breaks)
		return;
	l->drop = DROP_UNKNOWN;
	l->undropped = true;
}

static void doubt_one(const void *node, VISIT which, void *arg)
{
	(void)arg;
	if (which == postorder || which == leaf)
		doubt_drop(*(struct latch *const *)node);
}

static void moved(struct front *f, const struct ipsecapi_tuple *t)
{
	struct latch *l = latches_find(f, t->cookie);
	struct world w;

	if (!l)
		return;
	l->record.tuple = *t;
	doubt_drop(l);
	l->ike = 0;	/* of the former peer */
	f->enforcing.exempt_due |= l->record.want.flags & WANT_LESS;
	latch_facts(f, &l->record, &l->facts);
	l->facts.latch = &l->held;
	flows_moved(f, t);
	front_world(f, &w);
	latch_judge(f, l, &w);
	flows_judge_socket(f, t->cookie);
}

static void alive(struct front *f, uint64_t cookie)
{
	struct latch *l = latches_find(f, cookie);
	struct world w;

	if (!l || !l->checking)
		return;
	l->removed = true;
	front_world(f, &w);
	latch_judge(f, l, &w);
	flows_judge_socket(f, cookie);
}

/* Only now it is true that nothing passes, and is told. If it is not, it is tried again. */
static void broken(struct front *f, const struct apply_msg *m)
{
	struct latch *l = latches_find(f, m->tuple.cookie);

	if (!l || l->ticket != m->ticket || l->drop == DROP_ALL)
		return;
	l->undropped = m->status;
	f->latches.undropped |= l->undropped;
	if (l->undropped) {
		front_open(f);
		return;
	}
	l->drop = DROP_ALL;
	flows_judge_socket(f, l->cookie);
	if (l->state == IPSECAPI_LATCH_BROKEN)
		flows_event(f, l->cookie, IPSECAPI_EVENT_BROKEN, l->reason);
	front_open(f);
}

/* Only now it passes again. If the drop could not be taken away, that is tried again. */
static void mended(struct front *f, const struct apply_msg *m)
{
	struct latch *l = latches_find(f, m->tuple.cookie);
	struct world w;

	if (!l || l->ticket != m->ticket)
		return;
	l->told_breaks = m->reason;
	l->drop = m->reason ? DROP_ALL : DROP_NONE;
	f->latches.undropped |= m->reason && !l->breaks;
	if (!m->reason) {
		front_world(f, &w);
		latch_judge(f, l, &w);
	}
	flows_judge_socket(f, l->cookie);
	front_open(f);
}

void latches_from_applier(struct front *f, const struct apply_msg *m)
{
	struct latch *l;

	switch (m->type) {
	case APPLY_LATCHED:
		requires_applied(f, m);
		break;
	case APPLY_ALIVE:
		alive(f, m->tuple.cookie);
		front_open(f);
		break;
	case APPLY_STOPPED:
		flows_gone(f, m->tuple.cookie);	/* the latch stays for what it accepted */
		break;
	case APPLY_BROKEN:
		broken(f, m);
		break;
	case APPLY_MENDED:
		mended(f, m);
		break;
	case APPLY_MOVED:
		moved(f, &m->tuple);
		break;
	case APPLY_RECORD:
		l = latches_put(f, &m->record, m->slot);
		if (l)
			l->held.since = 0;	/* the kernel must show it */
		break;
	case APPLY_RECORDS_END:
		f->latches.loaded = true;
		f->latches.possible = m->count;
		if (!m->count)	/* the sets may not have what the record has */
			twalk_r(f->latches.tree, doubt_one, NULL);
		flows_judge(f, false);	/* the tables may have been read before */
		front_open(f);
		break;
	}
}
