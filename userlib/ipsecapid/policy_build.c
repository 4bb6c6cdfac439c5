// SPDX-License-Identifier: GPL-2.0-or-later
/* Sections of policy files, and what only shows when all are read. */
#include <errno.h>
#include <string.h>

#include "inifile.h"
#include "policy_build.h"

static const char *const ranked[POLICY_RANKED] = { "weak", "standard", "strong" };

bool policy_key(struct policy_build *b, const struct place *at, const struct policy_key *keys, size_t n,
		const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(keys[i].name, key))
			continue;
		if (b->given >> i & 1)
			complain(b->c, at, "the section has %s already; keep one of the two lines", key);
		else
			keys[i].take(b, at, value);
		b->given |= 1u << i;
		return true;
	}
	return false;
}

/* One section of a name in each file. Returns whether it is the first in this one. */
static bool opened_once(struct policy_build *b, const struct place *at, const char *kind,
			const char *name, unsigned int *in_file)
{
	if (*in_file == b->files) {
		complain(b->c, at, "this file has [%s %s] already; make one section of the two", kind, name);
		return false;
	}
	*in_file = b->files;
	return true;
}

static struct policy_class *find_class(struct policy_build *b, const struct place *at,
				       const char *name)
{
	struct policy *p = b->policy;
	int i = policy_class_by_name(p, name);

	if (i >= 0 && p->classes[i].shipped && !b->shipped) {
		complain(b->c, at, "class %s belongs to the shipped file, so that programs mean the same by it "
			 "everywhere; give yours another name", name);
		return NULL;
	}
	if (i >= 0)
		return &p->classes[i];
	if (p->n_classes == POLICY_CLASSES) {
		complain(b->c, at, "class %s is one too many; there are at most %d", name, POLICY_CLASSES);
		return NULL;
	}
	i = p->n_classes++;
	strcpy(p->classes[i].name, name);
	p->classes[i].shipped = b->shipped;
	class_defaults(&p->classes[i]);
	return &p->classes[i];
}

static bool open_class(struct policy_build *b, const struct place *at, const char *name)
{
	struct policy_class *c;
	uint32_t i;

	if (!value_name_valid(name, POLICY_CLASS_NAME) || !strcmp(name, "bypass") ||
	    !strcmp(name, "block")) {
		complain(b->c, at, "'%s' can't name a class: take 1 to %d letters, digits, '-', '_' or '.', and "
			 "neither bypass nor block", name, POLICY_CLASS_NAME - 1);
		return false;
	}
	c = find_class(b, at, name);
	if (!c)
		return false;
	i = c - b->policy->classes;
	b->class_at[i] = *at;
	b->class = c;
	return opened_once(b, at, "class", name, &b->class_file[i]);
}

/* Rules of both layers have names of their own: a report names them. */
static bool open_rule(struct policy_build *b, const struct place *at, const char *name, int layer)
{
	static const char *const kinds[] = { "application", "interface" };
	struct policy *p = b->policy;
	uint32_t i;

	if (!value_name_valid(name, POLICY_NAME)) {
		complain(b->c, at, "'%s' can't name a rule: take 1 to %d letters, digits, '-', '_' or '.'", name,
			 POLICY_NAME - 1);
		return false;
	}
	for (i = 0; i < p->n_rules; i++)
		if (p->rules[i].layer == layer && !strcmp(p->rules[i].name, name))
			break;
	if (i == POLICY_RULES) {
		complain(b->c, at, "rule %s is one too many; there are at most %d", name, POLICY_RULES);
		return false;
	}
	b->rule = &p->rules[i];
	if (i == p->n_rules) {
		p->n_rules++;
		strcpy(b->rule->name, name);
		rule_defaults(b->rule, layer);
		b->rule_at[i] = *at;	/* and then where it says what it uses */
	}
	return opened_once(b, at, kinds[layer], name, &b->rule_file[i]);
}

static bool on_section(void *arg, const struct place *at, const char *kind, const char *name)
{
	struct policy_build *b = arg;

	b->class = NULL;
	b->rule = NULL;
	b->given = 0;
	if (!strcmp(kind, "class"))
		return open_class(b, at, name);
	if (!strcmp(kind, "application"))
		return open_rule(b, at, name, LAYER_APPLICATION);
	if (!strcmp(kind, "interface"))
		return open_rule(b, at, name, LAYER_INTERFACE);
	complain(b->c, at, "there are no sections of kind '%s'; write [class NAME], [application NAME] or "
		 "[interface NAME]", kind);
	return false;
}

static void on_key(void *arg, const struct place *at, const char *key, const char *value)
{
	struct policy_build *b = arg;

	if (b->class && !class_key(b, at, key, value))
		complain(b->c, at, "a class has no '%s'; it has: %s", key, class_key_names);
	if (b->rule && !rule_key(b, at, key, value))
		complain(b->c, at, "a rule has no '%s'; it has: %s", key, rule_key_names);
}

void policy_build_begin(struct policy_build *b, struct policy *policy, struct complaints *c)
{
	memset(b, 0, sizeof(*b));
	memset(policy, 0, sizeof(*policy));
	policy->overflow_uid = 65534;	/* unless the caller knows better */
	b->policy = policy;
	b->c = c;
}

void policy_build_file(struct policy_build *b, const char *file, bool shipped, const char *text,
		       size_t length)
{
	const struct ini_handler h = { .section = on_section, .key = on_key, .arg = b };

	b->file = file;
	b->shipped = shipped;
	b->files++;
	ini_parse(file, text, length, &h, b->c);
}

/* Reports rank by the three shipped classes, each of which takes what the next does. */
static void rank(struct policy_build *b)
{
	const struct place nowhere = { .file = "the shipped policy" };
	struct policy *p = b->policy;
	const struct policy_class *last = NULL;
	uint32_t i;

	for (i = 0; i < POLICY_RANKED; i++) {
		if (i >= p->n_classes || strcmp(p->classes[i].name, ranked[i]) || !p->classes[i].shipped) {
			complain(b->c, &nowhere, "it does not begin with the classes weak, standard and strong in "
				 "this order; install the file of this version of ipsecapid again");
			return;
		}
		p->classes[i].strength = IPSECAPI_STRENGTH_WEAK + i;
		if (last && (p->classes[i].ciphers & ~last->ciphers || p->classes[i].auths & ~last->auths))
			complain(b->c, &b->class_at[i], "class %s takes algorithms that %s does not", ranked[i],
				 ranked[i - 1]);
		last = &p->classes[i];
	}
}

/* The least that any of its suites has. */
static uint8_t strength_of(const struct policy *p, const struct policy_class *c)
{
	uint8_t least = UINT8_MAX, one;
	int cipher, auth;

	if (c->set.clear)
		return IPSECAPI_STRENGTH_NONE;
	for (cipher = 0; cipher < CIPHERS; cipher++) {
		for (auth = 0; auth < AUTHS; auth++) {
			if (!(c->set.suites[cipher] >> auth & 1))
				continue;
			one = policy_strength(p, cipher, auth);
			if (one < least)
				least = one;
		}
	}
	return least == UINT8_MAX ? IPSECAPI_STRENGTH_UNKNOWN : least;
}

/* Insertion: few rules, and those of one priority must stay as they were read. */
static void order_rules(struct policy *p)
{
	struct policy_rule r;
	uint32_t i, k;

	for (i = 1; i < p->n_rules; i++) {
		r = p->rules[i];
		for (k = i; k && (p->rules[k - 1].layer > r.layer ||
				  (p->rules[k - 1].layer == r.layer &&
				   p->rules[k - 1].priority > r.priority)); k--)
			p->rules[k] = p->rules[k - 1];
		p->rules[k] = r;
	}
}

int policy_build_end(struct policy_build *b)
{
	struct policy *p = b->policy;
	uint32_t i;

	for (i = 0; i < p->n_classes; i++)
		class_finish(b, &p->classes[i], &b->class_at[i]);
	rank(b);
	for (i = POLICY_RANKED; i < p->n_classes; i++)
		p->classes[i].strength = strength_of(p, &p->classes[i]);
	for (i = 0; i < p->n_rules; i++)
		rule_finish(b, i);
	order_rules(p);
	return b->c->n ? -EINVAL : 0;
}
