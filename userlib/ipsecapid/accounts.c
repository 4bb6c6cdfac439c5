// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Users and groups that rules name. Who is in a group is asked once, when the policy is read:
 * the process that applies the rules has no files.
 */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "policy_build.h"

static bool is_number(const char *s)
{
	size_t n = strlen(s);

	return n && strspn(s, "0123456789") == n;
}

bool account_user(struct policy_build *b, const struct place *at, const char *key, const char *name,
		  uint32_t *uid)
{
	const struct passwd *pw;

	if (is_number(name)) {
		if (!value_number(b, at, key, name, 0, 999999999, uid))
			return false;
	} else {
		pw = getpwnam(name);
		if (!pw) {
			complain(b->c, at, "%s: this host has no user '%s'; write a name that it has, or a number", key,
				 name);
			return false;
		}
		*uid = pw->pw_uid;
	}
	if (*uid == b->policy->overflow_uid) {
		complain(b->c, at, "%s: '%s' is user %u, which stands for users without a mapping here: nobody can be "
			 "told by it", key, name, *uid);
		return false;
	}
	return true;
}

static bool add_member(const struct policy *p, struct policy_group *g, uint32_t uid)
{
	uint32_t i;

	for (i = 0; i < g->n_members; i++)
		if (g->members[i] == uid)
			return true;
	if (uid == p->overflow_uid)
		return true;
	if (g->n_members == GROUP_MEMBERS)
		return false;
	g->members[g->n_members++] = uid;
	return true;
}

/* Returns false when there are too many. */
static bool find_members(const struct policy *p, struct policy_group *g, const struct group *gr)
{
	const struct passwd *pw;
	bool all = true;
	char **name;

	for (name = gr->gr_mem; *name; name++) {
		pw = getpwnam(*name);
		if (pw)
			all = add_member(p, g, pw->pw_uid) && all;
	}
	setpwent();
	while ((pw = getpwent()))
		if (pw->pw_gid == gr->gr_gid)
			all = add_member(p, g, pw->pw_uid) && all;
	endpwent();
	return all;
}

bool account_group(struct policy_build *b, const struct place *at, const char *key, const char *name,
		   uint32_t *group)
{
	struct policy *p = b->policy;
	const struct group *gr;
	uint32_t i;

	for (i = 0; i < p->n_groups; i++) {
		if (!strcmp(p->groups[i].name, name)) {
			*group = i;
			return true;
		}
	}
	gr = getgrnam(name);
	if (!gr || strlen(name) >= POLICY_NAME) {
		complain(b->c, at, "%s: this host has no group '%s'; write the name of one that it has", key, name);
		return false;
	}
	if (i == POLICY_GROUPS) {
		complain(b->c, at, "%s: group %s is one too many; all rules together name at most %d", key, name,
			 POLICY_GROUPS);
		return false;
	}
	strcpy(p->groups[i].name, name);
	if (!find_members(p, &p->groups[i], gr)) {
		complain(b->c, at, "%s: group %s has more than %d members; make a smaller one", key, name,
			 GROUP_MEMBERS);
		memset(&p->groups[i], 0, sizeof(p->groups[i]));
		return false;
	}
	*group = p->n_groups++;
	return true;
}
