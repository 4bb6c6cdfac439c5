// SPDX-License-Identifier: GPL-2.0-or-later
/* Which latches a new policy breaks, by which of its rules: the administrator is told. */
#include <search.h>

#include "audit.h"
#include "enforce.h"
#include "front.h"

static bool is_broken(const struct latch *l)
{
	return l->breaks == IPSECAPI_REASON_SYSTEM_POLICY;
}

static void note(const void *node, VISIT which, void *arg)
{
	struct latch *l = *(struct latch *const *)node;

	(void)arg;
	if (which == postorder || which == leaf)
		l->was_broken = is_broken(l);
}

void breaks_begin(struct front *f)
{
	twalk_r(f->latches.tree, note, NULL);
}

struct breaks {
	const struct front *f;
	struct world w;
	uint32_t by[POLICY_RULES];	/* how many each rule breaks */
};

/* Where each rule alone would let it be, the last of both is said. */
static const struct policy_rule *rule_against(const struct breaks *b, const struct latch *l)
{
	const struct policy_rule *found = NULL;
	struct policy_rules rules;
	struct outcomes accepted;
	int i;

	enforce_rules(b->f, &b->w, &l->facts, l->record.listener, &rules);
	for (i = 0; i < LAYERS; i++) {
		if (!rules.at[i])
			continue;
		found = rules.at[i];
		policy_accepts(b->f->policy, found, &accepted);
		if (!outcomes_within(&l->record.set, &accepted))
			break;
	}
	return found;
}

static void count(const void *node, VISIT which, void *arg)
{
	const struct latch *l = *(struct latch *const *)node;
	const struct policy_rule *r;
	struct breaks *b = arg;

	if ((which != postorder && which != leaf) || !is_broken(l) || l->was_broken)
		return;
	r = rule_against(b, l);
	if (r)
		b->by[r - b->f->policy->rules]++;
}

void breaks_tell(struct front *f)
{
	struct breaks b = { .f = f };
	uint32_t i;

	front_world(f, &b.w);
	twalk_r(f->latches.tree, count, &b);
	for (i = 0; i < f->policy->n_rules; i++)
		if (b.by[i])
			audit(AUDIT_POLICY_IN_FORCE, NULL, "rule %s breaks %u latch%s", f->policy->rules[i].name, b.by[i],
			      b.by[i] == 1 ? "" : "es");
}
