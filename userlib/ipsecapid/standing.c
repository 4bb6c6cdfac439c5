// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of a flow, compared with what its rules accept. */
#include <arpa/inet.h>
#include <string.h>
#include <linux/xfrm.h>

#include "judge_sa.h"
#include "standing.h"

void standing_facts(const struct world *w, const struct flow_facts *f, struct policy_facts *facts)
{
	const struct link *l = f->route.found ? world_link(w, f->route.oif) : NULL;

	memset(facts, 0, sizeof(*facts));
	facts->family = f->family;
	facts->protocol = f->protocol;
	facts->local_port = ntohs(f->local_port);
	facts->remote_port = ntohs(f->peer_port);
	memcpy(facts->local, f->local, sizeof(facts->local));
	memcpy(facts->remote, f->peer, sizeof(facts->remote));
	facts->uid = f->uid;
	facts->interface = l ? l->name : "";
}

/* The kernel does not know how long a key is that the driver took from it; only the unit does. */
static void suites_of(const struct rec_sa *sa, struct outcomes *o)
{
	uint8_t last = sa->cipher;

	if (sa->cipher == CIPHER_GCM_16_128 && !sa->host_key && sa->unit != UNIT_KNOWS)
		last = CIPHER_GCM_16_256;
	memset(o->suites, 0, sizeof(o->suites));
	do {
		o->suites[last] = 1u << sa->auth;
	} while (last-- > sa->cipher);
}

static uint8_t makers_of(uint32_t enforced_by)
{
	switch (enforced_by) {
	case IPSECAPI_ENFORCED_SOFTWARE: return MAKER_SOFTWARE;
	case IPSECAPI_ENFORCED_HW_CRYPTO: return MAKER_CRYPTO;
	case IPSECAPI_ENFORCED_HW_PACKET: return MAKER_PACKET;
	}
	return MAKER_ALL;
}

/* What packets of this SA may be. Who the peer is, nobody tells yet. */
static void outcomes_of_sa(const struct rec_sa *sa, const struct ipsecapi_direction *d, int dir,
			   struct outcomes *o)
{
	outcomes_all(o);
	suites_of(sa, o);
	if (sa->mode == XFRM_MODE_TRANSPORT || sa->mode == XFRM_MODE_BEET)
		o->modes = MODE_TRANSPORT;
	else if (sa->mode == XFRM_MODE_TUNNEL)
		o->modes = MODE_TUNNEL;
	/* outbound the packets have numbers; whether the peer looks at them is the peer's affair */
	o->replay = dir == DIR_IN && !sa->replay_window ? REPLAY_OFF : REPLAY_ON;
	if (sa->custody >= IPSECAPI_CUSTODY_L0 && sa->custody <= IPSECAPI_CUSTODY_L4)
		o->custody = CUSTODY_BIT(sa->custody);
	o->makers = makers_of(d->enforced_by);
	o->clear = d->caveats & IPSECAPI_CAVEAT_OPTIONAL;
}

#define MAX_KNOWN VERDICT_SAS

/* What is known of one direction: each of these sets may be what holds. */
struct known {
	struct outcomes at[MAX_KNOWN];
	uint32_t n;
	bool nested;		/* they hold together, not one or another */
};

static void know(const struct world *w, const struct verdict *v, int dir, struct known *k)
{
	const struct ipsecapi_direction *d = &v->dir[dir];
	uint32_t i;

	k->n = 0;
	k->nested = d->reason == IPSECAPI_REASON_NESTED;
	switch (d->protection) {
	case IPSECAPI_PROTECTION_BLOCKED:
	case IPSECAPI_PROTECTION_NEGOTIATING:
		return;		/* nothing passes */
	case IPSECAPI_PROTECTION_NONE:
		memset(&k->at[k->n], 0, sizeof(k->at[k->n]));
		k->at[k->n++].clear = true;
		return;
	case IPSECAPI_PROTECTION_UNKNOWN:
		break;
	default:
		for (i = 0; i < v->n_sas; i++)
			if (v->sa_dirs[i] >> dir & 1 && v->sa[i] < w->tables->n_sas)
				outcomes_of_sa(&w->tables->sas[v->sa[i]], d, dir, &k->at[k->n++]);
	}
	if (!k->n)
		outcomes_all(&k->at[k->n++]);
}

/* All of what is known within @accepted: satisfied. Nothing of it: refused. */
static uint32_t compare(const struct known *k, const struct outcomes *accepted)
{
	uint32_t i, within = 0, outside = 0;
	struct outcomes both;

	for (i = 0; i < k->n; i++) {
		both = k->at[i];
		outcomes_intersect(&both, accepted);
		within += outcomes_within(&k->at[i], accepted);
		outside += outcomes_empty(&both);
	}
	if (within == k->n)
		return IPSECAPI_STANDING_SATISFIED;
	/* what each of two nested SAs lacks, the other may have */
	return outside == k->n && !(k->nested && k->n > 1) ? IPSECAPI_STANDING_WOULD_REFUSE :
							     IPSECAPI_STANDING_UNCLEAR;
}

uint32_t standing_compare(const struct world *w, const struct verdict *v, int dir,
			  const struct outcomes *accepted)
{
	struct known k;

	know(w, v, dir, &k);
	return compare(&k, accepted);
}

bool standing_sa(const struct world *w, const struct rec_sa *sa, int dir, const struct outcomes *accepted)
{
	const struct rec_policy policy = { .dir = dir, .templates = 1,
		.offload_ifindex = sa->offload == OFFLOAD_PACKET ? sa->offload_ifindex : 0 };
	const struct sa_context c = { .world = w, .policy = &policy, .dir = dir };
	struct ipsecapi_direction d;
	struct outcomes o;

	judge_sa(&c, sa, &d);
	if (d.protection == IPSECAPI_PROTECTION_UNKNOWN)
		return false;
	outcomes_of_sa(sa, &d, dir, &o);
	return outcomes_within(&o, accepted);
}

static void judge(const struct policy *p, const struct policy_rules *r, const struct known *k,
		  struct ipsecapi_direction *d)
{
	static const uint32_t layers[LAYERS] = {
		[LAYER_APPLICATION] = IPSECAPI_POLICY_LAYER_APPLICATION,
		[LAYER_INTERFACE] = IPSECAPI_POLICY_LAYER_INTERFACE,
	};
	struct outcomes accepted;
	struct grant g;
	int i;

	policy_evaluate(p, r, NULL, &g);
	d->policy = compare(k, &g.set);
	for (i = 0; i < LAYERS && d->policy != IPSECAPI_STANDING_SATISFIED && !d->policy_layer; i++) {
		policy_accepts(p, r->at[i], &accepted);
		if (compare(k, &accepted) != IPSECAPI_STANDING_SATISFIED)
			d->policy_layer = layers[i];
	}
}

void standing_judge(const struct policy *p, const struct policy_rules *r, const struct world *w,
		    struct verdict *v)
{
	struct known k;
	int dir;

	for (dir = 0; dir < 2; dir++) {
		v->dir[dir].policy = IPSECAPI_STANDING_NO_RULE;
		v->dir[dir].policy_layer = 0;
		if (!r->at[LAYER_APPLICATION] && !r->at[LAYER_INTERFACE])
			continue;
		know(w, v, dir, &k);
		judge(p, r, &k, &v->dir[dir]);
	}
}
