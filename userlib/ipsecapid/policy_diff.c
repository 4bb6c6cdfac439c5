// SPDX-License-Identifier: GPL-2.0-or-later
/* Comparing two policies, by names. */
#include <stdlib.h>
#include <string.h>

#include "evaluator.h"
#include "policy_diff.h"
#include "policy_text.h"

struct diff {
	const struct policy *old, *new;
	uint32_t uid;
	policy_tell tell;
	void *arg;
	uint32_t n;
};

static void tell(struct diff *d, const char *kind, const char *name, enum policy_change change)
{
	if (change == CHANGE_NONE)
		return;
	d->tell(kind, name, change, d->arg);
	d->n++;
}

/* Each policy numbers the peers that it names. Those that the old has no name for come after its own. */
static uint64_t peers_in_old(const struct diff *d, uint64_t set)
{
	uint32_t i, k, more = d->old->n_peers;
	uint64_t peers = 0;

	if (set == PEERS_ALL)
		return set;
	for (i = 1; i <= d->new->n_peers; i++) {
		for (k = 1; k <= d->old->n_peers && strcmp(d->old->peers[k], d->new->peers[i]); k++)
			;
		if (k > d->old->n_peers && more < POLICY_PEERS)
			k = ++more;
		if (set >> i & 1)
			peers |= 1ull << (k <= POLICY_PEERS ? k : POLICY_PEERS);
	}
	return peers;
}

static enum policy_change both(bool tighter, bool looser)
{
	if (tighter && looser)
		return CHANGE_OTHER;
	return tighter ? CHANGE_TIGHTENED : looser ? CHANGE_LOOSENED : CHANGE_NONE;
}

/* @new is as the new policy has it. */
static enum policy_change compare_sets(const struct diff *d, const struct outcomes *old,
				       struct outcomes new)
{
	new.peers = peers_in_old(d, new.peers);
	return both(!outcomes_within(old, &new), !outcomes_within(&new, old));
}

static void diff_class(struct diff *d, const struct policy_class *old, const struct policy_class *new)
{
	enum policy_change change = compare_sets(d, &old->set, new->set);

	if (change == CHANGE_NONE && (old->version != new->version || old->hardware != new->hardware ||
				      strcmp(old->description, new->description)))
		change = CHANGE_OTHER;
	tell(d, "class", new->name, change);
}

static void diff_classes(struct diff *d)
{
	uint32_t i;
	int k;

	for (i = 0; i < d->old->n_classes; i++) {
		k = policy_class_by_name(d->new, d->old->classes[i].name);
		if (k < 0)
			tell(d, "class", d->old->classes[i].name, CHANGE_REMOVED);
		else
			diff_class(d, &d->old->classes[i], &d->new->classes[k]);
	}
	for (i = 0; i < d->new->n_classes; i++)
		if (policy_class_by_name(d->old, d->new->classes[i].name) < 0)
			tell(d, "class", d->new->classes[i].name, CHANGE_ADDED);
}

static const struct policy_rule *same_rule(const struct policy *p, const struct policy_rule *r,
					   uint32_t uid)
{
	uint32_t i;

	for (i = 0; i < p->n_rules; i++)
		if (p->rules[i].layer == r->layer && !strcmp(p->rules[i].name, r->name))
			return policy_visible(p, &p->rules[i], uid) ? &p->rules[i] : NULL;
	return NULL;
}

static bool same_group(const struct diff *d, uint32_t old, uint32_t new)
{
	const struct policy_group *a = &d->old->groups[old], *b = &d->new->groups[new];

	return !strcmp(a->name, b->name) && a->n_members == b->n_members &&
	       !memcmp(a->members, b->members, a->n_members * sizeof(a->members[0]));
}

static bool same_owners(const struct diff *d, const struct policy_rule *a, const struct policy_rule *b)
{
	uint32_t i;

	if (a->n_users != b->n_users || a->n_groups != b->n_groups ||
	    memcmp(a->users, b->users, a->n_users * sizeof(a->users[0])))
		return false;
	for (i = 0; i < a->n_groups; i++)
		if (!same_group(d, a->groups[i], b->groups[i]))
			return false;
	return true;
}

/* How many rules that both have come before it: the first that selects a flow applies. */
static uint32_t rank(const struct diff *d, const struct policy *p, const struct policy_rule *r)
{
	const struct policy *other = p == d->old ? d->new : d->old;
	const struct policy_rule *before;
	uint32_t n = 0;

	for (before = p->rules; before < r; before++)
		n += before->layer == r->layer && same_rule(other, before, d->uid);
	return n;
}

static bool same_place(const struct diff *d, const struct policy_rule *a, const struct policy_rule *b)
{
	return a->protocol == b->protocol && !strcmp(a->interface, b->interface) &&
	       !memcmp(&a->local, &b->local, sizeof(a->local)) &&
	       !memcmp(&a->remote, &b->remote, sizeof(a->remote)) &&
	       !memcmp(&a->local_port, &b->local_port, sizeof(a->local_port)) &&
	       !memcmp(&a->remote_port, &b->remote_port, sizeof(a->remote_port)) &&
	       same_owners(d, a, b) && rank(d, d->old, a) == rank(d, d->new, b);
}

/* Of changes that say the same, that; of one and nothing, the one. */
static enum policy_change together(enum policy_change a, enum policy_change b)
{
	if (a == CHANGE_NONE || b == CHANGE_NONE)
		return a == CHANGE_NONE ? b : a;
	return a == b ? a : CHANGE_OTHER;
}

static enum policy_change compare_rules(const struct diff *d, const struct policy_rule *a,
					const struct policy_rule *b)
{
	enum policy_change set, less, mode, call;
	struct outcomes old, new;

	policy_accepts(d->old, a, &old);
	policy_accepts(d->new, b, &new);
	set = compare_sets(d, &old, new);
	less = both(a->less_group >= 0 && b->less_group < 0, a->less_group < 0 && b->less_group >= 0);
	if (a->less_group >= 0 && b->less_group >= 0 && !same_group(d, a->less_group, b->less_group))
		less = CHANGE_OTHER;
	call = a->callable == b->callable ? CHANGE_NONE : CHANGE_OTHER;
	mode = both(!a->enforce && b->enforce, a->enforce && !b->enforce);
	if (!same_place(d, a, b))
		return CHANGE_OTHER;
	return together(together(set, less), together(mode, call));
}

uint32_t policy_diff(const struct policy *old, const struct policy *new, uint32_t uid,
		     policy_tell how, void *arg)
{
	static const char *const kinds[] = { "application", "interface" };
	struct diff d = { .old = old, .new = new, .uid = uid, .tell = how, .arg = arg };
	const struct policy_rule *r, *other;

	diff_classes(&d);
	for (r = old->rules; r < old->rules + old->n_rules; r++) {
		if (!policy_visible(old, r, uid))
			continue;
		other = same_rule(new, r, uid);
		tell(&d, kinds[r->layer], r->name, other ? compare_rules(&d, r, other) : CHANGE_REMOVED);
	}
	for (r = new->rules; r < new->rules + new->n_rules; r++)
		if (policy_visible(new, r, uid) && !same_rule(old, r, uid))
			tell(&d, kinds[r->layer], r->name, CHANGE_ADDED);
	return d.n;
}
