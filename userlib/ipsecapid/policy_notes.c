// SPDX-License-Identifier: GPL-2.0-or-later
/* What is no mistake in a policy, but may not be what its author thinks. */
#include <netinet/in.h>
#include <stdbool.h>

#include "policy_notes.h"

static bool has_port(const struct policy_ports *ports, uint16_t port)
{
	return ports->from && port >= ports->from && port <= ports->to;
}

static bool names_ike(const struct policy_rule *r)
{
	return (!r->protocol || r->protocol == IPPROTO_UDP) && (has_port(&r->local_port, 500) || has_port(&r->local_port, 4500));
}

/* Of datagrams that come, whose they are is not known. */
static bool lets_datagrams(const struct policy_rule *r, bool owners)
{
	return owners && r->protocol != IPPROTO_TCP && r->action != RULE_BYPASS;
}

uint32_t policy_notes(const struct policy *p, FILE *to)
{
	const struct policy_rule *r;
	bool owners = false;
	uint32_t n = 0;

	for (r = p->rules; r < p->rules + p->n_rules; r++) {
		if (!r->enforce)
			continue;
		n++;
		owners = r->layer == LAYER_APPLICATION && (owners || r->n_users || r->n_groups);
		if (lets_datagrams(r, owners))
			fprintf(to, "note: rule %s names users or comes after one that does: of datagrams it holds what is "
				"sent, but not all that comes\n", r->name);
		if (names_ike(r) && r->action != RULE_BYPASS)
			fprintf(to, "note: rule %s selects port 500 or 4500: what user 0 sends from there, and what comes for "
				"it, passes all the same, for IKE\n", r->name);
	}
	return n;
}
