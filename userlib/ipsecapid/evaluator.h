/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the system grants a flow: what its rules and the program's request all accept. Pure
 * functions of the policy, so that every combination can be tested.
 */
#ifndef IPSECAPID_EVALUATOR_H
#define IPSECAPID_EVALUATOR_H

#include "policy.h"

/* What rules select by. */
struct policy_facts {
	uint16_t family;
	uint8_t protocol;
	uint8_t rsvd;
	uint16_t local_port, remote_port;	/* host byte order */
	uint8_t local[16], remote[16];
	uint32_t uid;			/* of the socket's owner */
	const char *interface;		/* by which packets leave; "" when that is not known */
};

/* The rule of each layer that applies, or NULL: none does, and everything is accepted. */
struct policy_rules {
	const struct policy_rule *at[LAYERS];
};

void policy_find(const struct policy *p, const struct policy_facts *f, struct policy_rules *r);

/* The same among those that enforce: one that only reports, an exception in trial too, changes nothing. */
void policy_find_enforcing(const struct policy *p, const struct policy_facts *f, struct policy_rules *r);

/*
 * Can the kernel hold what this rule, found above, says of a flow in direction @dir, whatever
 * program it is? Inbound nobody knows whose a packet is unless something was sent before.
 */
bool policy_holds(const struct policy *p, const struct policy_facts *f, const struct policy_rule *r, int dir);

bool policy_enforces(const struct policy *p);

/* Does it select some users alone? */
bool policy_names_owners(const struct policy_rule *r);
/* Could the rule select sockets of this user? */
bool policy_for_user(const struct policy *p, const struct policy_rule *r, uint32_t uid);

/* What a rule, or none, accepts. */
void policy_accepts(const struct policy *p, const struct policy_rule *r, struct outcomes *o);

struct policy_request {
	struct outcomes set;
	bool less;		/* it shall hold even where it is less than the system's rules */
	uint32_t uid;		/* who asks */
};

enum grant_status {
	GRANT_UNKNOWN = 0,
	GRANT_GIVEN = 1,
	GRANT_EMPTY = 2,	/* nothing is left; `layer` took the last */
	GRANT_PRIVILEGE = 3,	/* less than the rule of `layer`, which does not let this user */
};

struct grant {
	uint32_t status;	/* enum grant_status */
	uint32_t layer;		/* enum ipsecapi_policy_layer */
	bool less;		/* a rule was left out, as it lets this user */
	struct outcomes set;	/* with GIVEN */
};

/*
 * Intersect what the application rule, the interface rule and the request accept. A request
 * that is not a subset of what a rule accepts is less than it: without `less` the rule narrows
 * it, with `less` the rule must allow that, and is then left out. @req: NULL when nothing is
 * asked for, which is never less.
 */
void policy_evaluate(const struct policy *p, const struct policy_rules *r,
		     const struct policy_request *req, struct grant *g);

#endif
