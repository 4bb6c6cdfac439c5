/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one policy changes against another. */
#ifndef IPSECAPID_POLICY_DIFF_H
#define IPSECAPID_POLICY_DIFF_H

#include "policy.h"

enum policy_change {
	CHANGE_NONE = 0,
	CHANGE_ADDED = 1,
	CHANGE_REMOVED = 2,
	CHANGE_TIGHTENED = 3,	/* accepts less, or lets fewer ask for less, for the same flows */
	CHANGE_LOOSENED = 4,	/* the reverse */
	CHANGE_OTHER = 5,	/* neither: both in part, other flows, another place in the order */
};

typedef void (*policy_tell)(const char *kind, const char *name, enum policy_change change, void *arg);

/*
 * Call @tell for each class and each rule that @uid may see and that is not the same in both;
 * @kind is as in the head of its section. Returns how many there were.
 */
uint32_t policy_diff(const struct policy *old, const struct policy *new, uint32_t uid,
		     policy_tell tell, void *arg);

#endif
