// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy lookup, as the kernel does it.
 *
 * Without packet offload the rule is simple: lowest priority value, then oldest. Policies with
 * packet offload are put at the head of their list whatever their priority, and the lists are
 * searched in an order and with a cut-off that assume sorted lists. Both are computed here; when
 * they name different policies the answer depends on details that cannot be read back, and the
 * truth is "unknown".
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cookie.h"
#include "policy_match.h"

#define MAX_MATCHES 256

void packet_of_flow(struct packet *p, const struct flow_facts *f, int dir)
{
	bool out = dir == DIR_OUT;

	memset(p, 0, sizeof(*p));
	p->family = f->family;
	p->protocol = f->protocol;
	p->sport = out ? f->local_port : f->peer_port;
	p->dport = out ? f->peer_port : f->local_port;
	memcpy(p->saddr, out ? f->local : f->peer, 16);
	memcpy(p->daddr, out ? f->peer : f->local, 16);
	/*
	 * Any rule may mark an arriving packet. One that leaves is looked up with its socket's mark,
	 * and again, as if for the first time, where a rule changes it.
	 */
	p->mark = f->mark;
	p->mark_known = false;
}

bool selector_match(const struct rec_selector *sel, const struct packet *p)
{
	return sel->family == p->family &&
	       prefix_match(sel->saddr, p->saddr, sel->prefix_s) &&
	       prefix_match(sel->daddr, p->daddr, sel->prefix_d) &&
	       !((sel->sport ^ p->sport) & sel->sport_mask) &&
	       !((sel->dport ^ p->dport) & sel->dport_mask) &&
	       (!sel->protocol || sel->protocol == p->protocol);
}

/* The kernel's five places to look, in its order. */
enum place { EXACT, BOTH, BY_SADDR, BY_DADDR, ANY, PLACES };

static enum place place_of(const struct rec_selector *s)
{
	/* shorter prefixes are kept in the list for any address */
	unsigned int any = s->family == AF_INET ? 16 : 48;
	unsigned int full = s->family == AF_INET ? 32 : 128;

	if (s->prefix_s == full && s->prefix_d == full)
		return EXACT;
	if (s->prefix_d < any)
		return s->prefix_s < any ? ANY : BY_SADDR;
	return s->prefix_s < any ? BY_DADDR : BOTH;
}

struct list {
	const struct rec_policy *at[MAX_MATCHES];
	unsigned int n;
};

/* Insert the way the kernel does; policies come oldest first. */
static void insert(struct list *l, const struct rec_policy *p)
{
	unsigned int pos = 0, i;

	if (!p->offload_ifindex)
		for (i = 0; i < l->n; i++)
			if (p->priority >= l->at[i]->priority)
				pos = i + 1;
	memmove(&l->at[pos + 1], &l->at[pos], (l->n - pos) * sizeof(l->at[0]));
	l->at[pos] = p;
	l->n++;
}

/* Policies lie in an array by age: a smaller address is older. */
static const struct rec_policy *search(const struct list *l, const struct rec_policy *prefer)
{
	const struct rec_policy *p = l->n ? l->at[0] : NULL;

	if (!p || (prefer && p->priority > prefer->priority))
		return prefer;
	if (prefer && p->priority == prefer->priority && prefer < p)
		return prefer;
	return p;
}

static const struct rec_policy *as_kernel(const struct list lists[PLACES])
{
	const struct rec_policy *p = lists[EXACT].n ? lists[EXACT].at[0] : NULL;
	int i;

	if (p && p->offload_ifindex)
		return p;
	for (i = BOTH; i < PLACES; i++)
		p = search(&lists[i], p);
	return p;
}

static const struct rec_policy *by_priority(const struct list lists[PLACES])
{
	const struct rec_policy *best = NULL;
	unsigned int i, k;

	for (i = 0; i < PLACES; i++) {
		for (k = 0; k < lists[i].n; k++) {
			const struct rec_policy *p = lists[i].at[k];

			if (!best || p->priority < best->priority ||
			    (p->priority == best->priority && p < best))
				best = p;
		}
	}
	return best;
}

/* Returns a reason when whether @pol applies depends on what cannot be seen from here. */
static uint32_t doubt(const struct rec_policy *pol, const struct packet *p)
{
	if (pol->has_label)
		return IPSECAPI_REASON_SECURITY_LABEL;
	if (pol->sub || pol->sel.ifindex || (pol->mark_mask && !p->mark_known))
		return IPSECAPI_REASON_UNSUPPORTED_POLICY;
	return IPSECAPI_REASON_NONE;
}

uint32_t policy_select(const struct tables *t, const struct packet *p, int dir,
		       const struct rec_policy **policy)
{
	struct list lists[PLACES] = { 0 };
	const struct rec_policy *pol;
	uint32_t i = 0, n = 0, reason;

	*policy = NULL;
	while ((pol = tables_next_system(t, &i))) {
		if (pol->dir != dir || pol->if_id || !selector_match(&pol->sel, p))
			continue;
		reason = doubt(pol, p);
		if (reason != IPSECAPI_REASON_NONE)
			return reason;
		if ((p->mark & pol->mark_mask) != pol->mark_value)
			continue;
		if (n++ == MAX_MATCHES)
			return IPSECAPI_REASON_AMBIGUOUS_POLICY;
		insert(&lists[place_of(&pol->sel)], pol);
	}
	*policy = by_priority(lists);
	return *policy == as_kernel(lists) ? IPSECAPI_REASON_NONE :
					     IPSECAPI_REASON_AMBIGUOUS_POLICY;
}

static bool plain_bypass(const struct rec_policy *p)
{
	return p->action == ACTION_ALLOW && !p->templates && !p->sel.prefix_s &&
	       !p->sel.prefix_d && !p->sel.protocol && !p->sel.sport_mask && !p->sel.dport_mask;
}

/* Of another socket: that of the flow was looked for before. */
static bool is_latch(const struct world *w, const struct rec_policy *p)
{
	return p->latch && w->n_latches &&
	       bsearch(&p->latch, w->latches, w->n_latches, sizeof(p->latch), by_cookie);
}

uint32_t socket_policies(const struct world *w, const struct packet *p, int dir, uint32_t *odd)
{
	const struct tables *t = w->tables;
	uint32_t i, n = 0;

	*odd = 0;
	for (i = 0; i < t->n_policies; i++) {
		const struct rec_policy *pol = &t->policies[i];

		if (!pol->of_socket || pol->dir != dir || !selector_match(&pol->sel, p) ||
		    is_latch(w, pol))
			continue;
		n++;
		if (!plain_bypass(pol))
			(*odd)++;
	}
	return n;
}
