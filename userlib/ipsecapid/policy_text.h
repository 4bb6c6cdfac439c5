/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as text in the form of its files, for those who may see it. */
#ifndef IPSECAPID_POLICY_TEXT_H
#define IPSECAPID_POLICY_TEXT_H

#include "policy.h"

/* May this user see the rule? All may that it could select; root may see all. */
bool policy_visible(const struct policy *p, const struct policy_rule *r, uint32_t uid);

/*
 * Write all classes, the shipped ones first, and the rules that @uid may see. Read as one
 * shipped file it gives the same policy. Users are numbers in it.
 */
void policy_print(const struct policy *p, uint32_t uid, FILE *to);

/* The lines of a class, from mode to peers. @p: for the names of the peers. */
void outcomes_print(const struct policy *p, const struct outcomes *o, FILE *to);

#endif
