/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is no mistake in a policy, but may not be what its author thinks. */
#ifndef IPSECAPID_POLICY_NOTES_H
#define IPSECAPID_POLICY_NOTES_H

#include <stdio.h>

#include "policy.h"

/* A line for each thing that an enforcing rule does not hold. Returns how many rules enforce. */
uint32_t policy_notes(const struct policy *p, FILE *to);

#endif
