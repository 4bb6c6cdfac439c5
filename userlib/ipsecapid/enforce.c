// SPDX-License-Identifier: GPL-2.0-or-later
/* Enforcing rules: having them held, and what passes by classes. */
#include <errno.h>
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit.h"
#include "channel.h"
#include "class_reqids.h"
#include "enforce.h"
#include "front.h"
#include "standing.h"

/* --- policies ------------------------------------------------------------------------------- */

/* Returns a descriptor or a negative errno. */
static int memory_of(const void *data, size_t size)
{
	int fd = memfd_create("ipsecapi-rules", MFD_CLOEXEC);

	if (fd >= 0 && size && write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return -ENOMEM;
	}
	return fd < 0 ? -errno : fd;
}

/* It is told again when there is room, where it was not. */
static bool tell_memory(struct front *f, struct apply_msg *m, const void *data, size_t size)
{
	int fd = memory_of(data, size), err;

	if (fd < 0)
		return false;
	err = chan_send(f->applier, m, sizeof(*m), fd, MSG_DONTWAIT);
	close(fd);
	if (err == -EAGAIN)
		tracking_wait(f);
	return !err;
}

void enforce_resume(struct front *f)
{
	struct enforcing *e = &f->enforcing;
	const struct policy *p = e->next ? e->next : f->policy;
	struct apply_msg m = { .type = APPLY_ENFORCE };

	if (e->due && !e->ticket) {
		m.ticket = ticket_new(f);
		if (!tell_memory(f, &m, p, sizeof(*p)))
			return;
		e->due = false;
		e->ticket = m.ticket;
		e->sent = e->next;
		e->sent_asked = e->next_asked;
		e->next = NULL;
	}
	if (e->exempt_due)
		enforce_latches_changed(f);
}

void enforce_begin(struct front *f)
{
	f->enforcing.due = true;
	enforce_resume(f);
}

static void forget_told(struct enforcing *e)
{
	uint32_t i;

	for (i = 0; i < POLICY_CLASSES; i++) {
		free(e->told[i]);
		e->told[i] = NULL;
	}
	e->exempt_told = false;
}

static void put_in_force(struct front *f, struct policy *p)
{
	breaks_begin(f);
	free(f->policy);
	f->policy = p;
	f->policy_generation++;
	evidence_policy_changed(f);
	breaks_tell(f);
}

void enforce_policy(struct front *f, struct policy *p, uint32_t asked)
{
	struct enforcing *e = &f->enforcing;

	if (!policy_enforces(p) && !e->rules && e->settled && !e->ticket && !e->due) {
		put_in_force(f, p);
		reload_ended(f, asked, FRONT_TOOK);
		return;
	}
	if (e->next)
		reload_ended(f, e->next_asked, FRONT_OVERTAKEN);
	free(e->next);
	e->next = p;
	e->next_asked = asked;
	e->due = true;
	enforce_resume(f);
}

static void refuse(struct front *f)
{
	f->policy_mistakes = 1;
	free(f->enforcing.sent);
	f->enforcing.sent = NULL;
	audit(AUDIT_POLICY_REFUSED, NULL,
	      "the new policy is refused: the kernel does not hold its enforcing rules; the one before stays in force");
	reload_ended(f, f->enforcing.sent_asked, FRONT_NOT_HELD);
}

int enforce_answered(struct front *f, const struct apply_msg *m)
{
	struct enforcing *e = &f->enforcing;
	bool first = !e->settled;

	if (m->ticket != e->ticket)
		return 0;
	e->ticket = 0;
	if (m->status && first && !e->next) {
		audit(AUDIT_POLICY_REFUSED, NULL, "the kernel does not hold the enforcing rules of the policy, so nothing begins; "
		      "write mode = report until it does");
		return m->status;
	}
	if (m->status) {
		refuse(f);
	} else {
		e->settled = true;
		forget_told(e);
		e->rules = policy_enforces(e->sent ? e->sent : f->policy);
		if (e->sent) {
			put_in_force(f, e->sent);
			reload_ended(f, e->sent_asked, FRONT_TOOK);
		} else {
			flows_judge(f, false);
		}
		e->sent = NULL;
	}
	enforce_resume(f);
	front_begin(f);
	return 0;
}

/* --- what passes ---------------------------------------------------------------------------- */

static bool is_own(void *arg, uint16_t family, const uint8_t address[16])
{
	struct front *f = arg;
	struct own_address *o;
	uint32_t h = family;
	int i;

	for (i = 0; i < 16; i++)
		h = h * 31 + address[i];
	o = &f->enforcing.own[h % OWN_ADDRESSES];
	if (o->family != family || memcmp(o->address, address, 16)) {
		o->family = family;
		memcpy(o->address, address, 16);
		o->own = routes_own(&f->links, family, address);
	}
	return o->own;
}

static void tell_class(struct front *f, uint32_t class, const struct listen_reqids *now)
{
	struct enforcing *e = &f->enforcing;
	static struct apply_listen m;

	m = (struct apply_listen){ .type = APPLY_CLASS, .cookie = class, .reqids = *now };
	if (!e->told[class])
		e->told[class] = malloc(sizeof(*e->told[class]));
	if (!e->told[class])
		return;		/* the next reading tells */
	*e->told[class] = *now;
	if (!tracking_send(f, &m, sizeof(m))) {
		free(e->told[class]);
		e->told[class] = NULL;
	}
}

static bool is_used(const struct policy *p, uint32_t class)
{
	const struct policy_rule *r;

	for (r = p->rules; r < p->rules + p->n_rules; r++)
		if (r->enforce && r->action == RULE_CLASS && r->class == class)
			return true;
	return false;
}

/*
 * A dump asks no unit about more than some SAs. What is not asked stays as it was listed, so it is
 * asked now.
 */
uint32_t enforce_unasked(const struct front *f, uint32_t *sas, uint32_t n)
{
	uint32_t i;

	for (i = 0; f->enforcing.rules && i < f->tables.n_sas && n < READ_MAX; i++)
		if (f->tables.sas[i].unit == UNIT_NOT_ASKED)
			sas[n++] = i;
	return n;
}

/*
 * What earlier lives let pass does so until the tables are read, and units asked: rules are the
 * same, or have new sets.
 */
void enforce_judge(struct front *f, const struct world *w, bool addresses)
{
	struct enforcing *e = &f->enforcing;
	static struct listen_reqids now;
	uint32_t sas[READ_MAX], i;
	bool asked;

	if (addresses)
		memset(e->own, 0, sizeof(e->own));
	if (!e->rules || e->ticket || f->stale || !f->tables.read_at)
		return;
	asked = !enforce_unasked(f, sas, 0);
	for (i = 0; i < f->policy->n_classes; i++) {
		if (!is_used(f->policy, i) || !(e->told[i] || asked))
			continue;
		class_reqids(w, &f->policy->classes[i].set, is_own, f, e->told[i], &now);
		if (!e->told[i] || !listen_reqids_same(e->told[i], &now))
			tell_class(f, i, &now);
	}
	enforce_latches_changed(f);
}

/* --- latches -------------------------------------------------------------------------------- */

void enforce_rules(const struct front *f, const struct world *w, const struct flow_facts *flow, bool listener,
		   struct policy_rules *r)
{
	struct policy_facts facts;

	standing_facts(w, flow, &facts);
	if (listener)
		facts.interface = "";
	policy_find_enforcing(f->policy, &facts, r);
}

bool enforce_latch(const struct front *f, const struct world *w, const struct latch *l, struct outcomes *set,
		   bool *less)
{
	const struct policy_request req = {
		.set = l->record.set, .less = l->record.want.flags & WANT_LESS, .uid = l->record.uid };
	struct policy_rules rules;
	struct grant g;

	enforce_rules(f, w, &l->facts, l->record.listener, &rules);
	policy_evaluate(f->policy, &rules, &req, &g);
	*less = g.status == GRANT_GIVEN && g.less;
	*set = g.set;
	return g.status == GRANT_GIVEN;
}

struct exempting {
	struct front *f;
	struct world w;
	struct ipsecapi_tuple *at;
	uint32_t n;
};

static void add_exempt(const void *node, VISIT which, void *arg)
{
	const struct latch *l = *(struct latch *const *)node;
	struct exempting *x = arg;
	struct outcomes set;
	bool less;

	if ((which != postorder && which != leaf) || !(l->record.want.flags & WANT_LESS) || l->record.listener ||
	    !l->record.tuple.peer_port || !enforce_latch(x->f, &x->w, l, &set, &less) || !less)
		return;
	x->at[x->n++] = l->record.tuple;
}

static bool same_tuples(const struct ipsecapi_tuple *a, const struct ipsecapi_tuple *b, uint32_t n)
{
	return !n || !memcmp(a, b, n * sizeof(*a));
}

/* A connection that may be less than the rules is held by its latch, and by nothing else. */
void enforce_latches_changed(struct front *f)
{
	struct enforcing *e = &f->enforcing;
	struct exempting x = { .f = f };
	struct apply_msg m = { .type = APPLY_EXEMPT };

	e->exempt_due = e->rules;
	if (!e->rules || e->ticket || !f->latches.settled)
		return;
	x.at = calloc(f->latches.n + 1, sizeof(*x.at));
	if (!x.at)
		return;
	front_world(f, &x.w);
	twalk_r(f->latches.tree, add_exempt, &x);
	m.count = x.n;
	if (e->exempt_told && x.n == e->n_exempt && same_tuples(x.at, e->exempt, x.n)) {
		free(x.at);
	} else if (tell_memory(f, &m, x.at, x.n * sizeof(*x.at))) {
		free(e->exempt);
		e->exempt = x.at;
		e->n_exempt = x.n;
		e->exempt_told = true;
	} else {
		free(x.at);
		return;
	}
	e->exempt_due = false;
}

/* --- reports -------------------------------------------------------------------------------- */

static bool is_exempt(const struct enforcing *e, uint64_t cookie)
{
	uint32_t i;

	for (i = 0; i < e->n_exempt; i++)
		if (e->exempt[i].cookie == cookie)
			return true;
	return false;
}

/* IKE's own sockets, and what never leaves the host. */
static bool is_spared(const struct front *f, const struct flow *flow)
{
	const struct flow_facts *at = &flow->facts;

	return at->route.local || is_exempt(&f->enforcing, flow->tuple.cookie) ||
	       (at->protocol == IPPROTO_UDP && (at->local_port == htons(500) || at->local_port == htons(4500)));
}

static uint32_t mode_of(const struct policy_rules *named, const struct policy_rules *held)
{
	bool some = false, all = true;
	int i;

	if (!named->at[LAYER_APPLICATION] && !named->at[LAYER_INTERFACE])
		return IPSECAPI_POLICY_MODE_UNKNOWN;
	for (i = 0; i < LAYERS; i++) {
		some |= !!held->at[i];
		all &= held->at[i] == named->at[i];
	}
	return all ? IPSECAPI_POLICY_MODE_ENFORCE : some ? IPSECAPI_POLICY_MODE_MIXED : IPSECAPI_POLICY_MODE_REPORT;
}

/* What is in clear, and what no packet could satisfy. Of SAs their own numbers are judged, elsewhere. */
static bool is_blocked(const struct ipsecapi_direction *d, const struct outcomes *accepted)
{
	return outcomes_empty(accepted) || (d->protection == IPSECAPI_PROTECTION_NONE && !accepted->clear);
}

static void judge_direction(const struct front *f, const struct policy_facts *facts, const struct policy_rules *named,
			    const struct policy_rules *rules, int dir, struct ipsecapi_direction *d)
{
	struct policy_rules held = *rules;
	struct grant g;
	int i;

	for (i = 0; i < LAYERS; i++)
		if (held.at[i] && !policy_holds(f->policy, facts, held.at[i], dir))
			held.at[i] = NULL;
	policy_evaluate(f->policy, &held, NULL, &g);
	if (is_blocked(d, &g.set))
		*d = (struct ipsecapi_direction){
			.protection = IPSECAPI_PROTECTION_BLOCKED, .enforced_by = IPSECAPI_ENFORCED_SOFTWARE,
			.basis = IPSECAPI_BASIS_KERNEL, .custody = IPSECAPI_CUSTODY_NO_KEY,
			.reason = IPSECAPI_REASON_SYSTEM_POLICY,
		};
	d->policy_mode = mode_of(named, &held);
}

void enforce_flow(const struct front *f, const struct world *w, struct flow *flow)
{
	struct policy_rules named, rules = { { NULL, NULL } };
	struct policy_facts facts;
	int dir;

	standing_facts(w, &flow->facts, &facts);
	policy_find(f->policy, &facts, &named);
	if (f->enforcing.rules && !f->enforcing.ticket && !is_spared(f, flow))
		policy_find_enforcing(f->policy, &facts, &rules);
	for (dir = 0; dir < 2; dir++)
		judge_direction(f, &facts, &named, &rules, dir, &flow->verdict.dir[dir]);
}
