// SPDX-License-Identifier: GPL-2.0-or-later
/* Which rules apply to a flow, and what is granted. */
#include <netinet/in.h>
#include <string.h>

#include "evaluator.h"
#include "prefix.h"
#include "records.h"

static bool in_prefix(const struct policy_prefix *p, uint16_t family, const uint8_t address[16])
{
	return !p->family || (p->family == family && prefix_match(address, p->address, p->bits));
}

static bool in_ports(const struct policy_ports *p, uint16_t port)
{
	return port >= p->from && port <= p->to;
}

static bool is_member(const struct policy *p, uint32_t group, uint32_t uid)
{
	const struct policy_group *g = &p->groups[group];
	uint32_t i;

	for (i = 0; i < g->n_members; i++)
		if (g->members[i] == uid)
			return true;
	return false;
}

bool policy_for_user(const struct policy *p, const struct policy_rule *r, uint32_t uid)
{
	uint32_t i;

	if (!r->n_users && !r->n_groups)
		return true;
	for (i = 0; i < r->n_users; i++)
		if (r->users[i] == uid)
			return true;
	for (i = 0; i < r->n_groups; i++)
		if (is_member(p, r->groups[i], uid))
			return true;
	return false;
}

/* Whoever has the socket. */
static bool selects_place(const struct policy_rule *r, const struct policy_facts *f)
{
	return (!r->protocol || r->protocol == f->protocol) &&
	       in_prefix(&r->local, f->family, f->local) &&
	       in_prefix(&r->remote, f->family, f->remote) &&
	       in_ports(&r->local_port, f->local_port) &&
	       in_ports(&r->remote_port, f->remote_port) &&
	       (!r->interface[0] || !strcmp(r->interface, f->interface));
}

static void find(const struct policy *p, const struct policy_facts *f, bool enforcing, struct policy_rules *r)
{
	const struct policy_rule *one;

	memset(r, 0, sizeof(*r));
	for (one = p->rules; one < p->rules + p->n_rules; one++)
		if (!r->at[one->layer] && (one->enforce || !enforcing) && selects_place(one, f) &&
		    policy_for_user(p, one, f->uid))
			r->at[one->layer] = one;
}

void policy_find(const struct policy *p, const struct policy_facts *f, struct policy_rules *r)
{
	find(p, f, false, r);
}

void policy_find_enforcing(const struct policy *p, const struct policy_facts *f, struct policy_rules *r)
{
	find(p, f, true, r);
}

bool policy_names_owners(const struct policy_rule *r)
{
	return r->n_users || r->n_groups;
}

bool policy_holds(const struct policy *p, const struct policy_facts *f, const struct policy_rule *r, int dir)
{
	const struct policy_rule *one;

	if (dir == DIR_OUT || f->protocol == IPPROTO_TCP)	/* which sends before it takes anything */
		return true;
	for (one = p->rules; one <= r; one++)
		if (one->layer == r->layer && one->enforce && policy_names_owners(one) && selects_place(one, f))
			return false;
	return true;
}

bool policy_enforces(const struct policy *p)
{
	uint32_t i;

	for (i = 0; i < p->n_rules; i++)
		if (p->rules[i].enforce)
			return true;
	return false;
}

void policy_accepts(const struct policy *p, const struct policy_rule *r, struct outcomes *o)
{
	if (!r || r->action == RULE_BYPASS)
		outcomes_all(o);
	else if (r->action == RULE_CLASS)
		*o = p->classes[r->class].set;
	else
		memset(o, 0, sizeof(*o));
}

static bool may_ask_less(const struct policy *p, const struct policy_rule *r, uint32_t uid)
{
	return r->less_group >= 0 && is_member(p, r->less_group, uid);
}

static void refuse(struct grant *g, uint32_t status, uint32_t layer)
{
	memset(g, 0, sizeof(*g));
	g->status = status;
	g->layer = layer;
}

void policy_evaluate(const struct policy *p, const struct policy_rules *r,
		     const struct policy_request *req, struct grant *g)
{
	static const uint32_t layers[LAYERS] = {
		[LAYER_APPLICATION] = IPSECAPI_POLICY_LAYER_APPLICATION,
		[LAYER_INTERFACE] = IPSECAPI_POLICY_LAYER_INTERFACE,
	};
	struct outcomes accepted;
	int i;

	memset(g, 0, sizeof(*g));
	outcomes_all(&g->set);
	for (i = 0; i < LAYERS; i++) {
		policy_accepts(p, r->at[i], &accepted);
		if (req && req->less && !outcomes_within(&req->set, &accepted)) {
			if (!may_ask_less(p, r->at[i], req->uid)) {
				refuse(g, GRANT_PRIVILEGE, layers[i]);
				return;
			}
			g->less = true;
			continue;
		}
		outcomes_intersect(&g->set, &accepted);
		if (outcomes_empty(&g->set)) {
			refuse(g, GRANT_EMPTY, layers[i]);
			return;
		}
	}
	if (req)
		outcomes_intersect(&g->set, &req->set);
	if (outcomes_empty(&g->set))
		refuse(g, GRANT_EMPTY, IPSECAPI_POLICY_LAYER_REQUEST);
	else
		g->status = GRANT_GIVEN;
}
