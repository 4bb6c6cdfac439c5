/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a policy comes from: the shipped file, then policy.conf of a directory, then
 * the files in its policy.d that end in .conf, in the order of their names' bytes.
 */
#ifndef IPSECAPID_POLICY_FILES_H
#define IPSECAPID_POLICY_FILES_H

#include <stdbool.h>

#include "policy.h"

struct policy_source {
	const char *shipped;	/* must be there */
	const char *text;	/* unless NULL what that file says, and nothing is read */
	size_t length;
	const char *directory;
	bool required;		/* the directory must be there too */
};

/*
 * Read a policy. Files and the directories that name them must belong to root, and nobody else
 * may write to them. Everything that is wrong is complained of. Returns 0, or -EINVAL when
 * anything was, and then *@policy is no policy.
 */
int policy_load(const struct policy_source *from, struct policy *policy, struct complaints *c);

#endif
