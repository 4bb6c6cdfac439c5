// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The outbound verdict (clauses SPD-10 to SPD-19): from the frame's headers,
 * the SA that the descriptor names, and the SPD.
 */
#include <string.h>

#include "esvc_bypass.h"
#include "esvc_esp.h"
#include "esvc_espid.h"
#include "esvc_selector.h"

struct tx {
	struct esvc_ipsec *ips;
	const struct esvc_pkt *p;
	const uint8_t *hdr;
	size_t hdr_len;
	struct esvc_policy *pol;	/* entry that decides, NULL: none */
};

/* What an unlisted kind of frame gets. */
static enum esv_counter by_mode(const struct esvc_ipsec *ips, enum esv_counter drop)
{
	return ips->strict ? drop : ESV_C_TX_OPEN;
}

/* A protect or drop entry decides about the frame; for a later fragment: could match it. */
static bool guarded(struct tx *t)
{
	bool later = t->p->frag == ESVC_FRAG_LATER;
	const struct esvc_policy *pol;

	pol = esvc_spd_find(t->ips->spd, ESV_DIR_OUT, t->p, later ? ESVC_ACTIONS_GUARD : ESVC_ACTIONS_ANY, later);
	return pol && pol->p.action != ESV_ACTION_ALLOW;
}

/* ESP that the host made, bare or in UDP: never in strict mode, in open mode only where it can't be ours. */
static bool host_esp_refused(struct tx *t, uint32_t spi)
{
	return t->ips->strict || guarded(t) ||
	       (spi && esvc_sadb_find(&t->ips->sadb, ESV_DIR_OUT, t->p->family, spi, t->p->daddr));
}

static enum esv_counter check_host_esp(struct tx *t)
{
	const struct esvc_pkt *p = t->p;
	uint32_t spi = 0;

	if (p->proto == ESVC_PROTO_ESP || p->proto == ESVC_PROTO_AH) {
		if (p->proto == ESVC_PROTO_ESP)
			spi = esvc_spi_at(p, t->hdr, t->hdr_len, p->l4_off);
		return host_esp_refused(t, spi) ? ESV_C_TX_DROP_HOST_ESP : ESV_C_TX_OPEN;
	}
	if (esvc_natt_kind(p, t->hdr, t->hdr_len) == ESVC_NATT_ESP) {
		spi = esvc_spi_at(p, t->hdr, t->hdr_len, p->l4_off + 8u);
		return host_esp_refused(t, spi) ? ESV_C_TX_DROP_NATT : ESV_C_TX_OPEN;
	}
	return ESV_C_TX_OPEN;
}

/* Non-first fragments show no ports: closed if a guard could match, open only by an entry without ports. */
static enum esv_counter untagged_fragment(struct tx *t)
{
	if (guarded(t))
		return ESV_C_TX_DROP_FRAGMENT;
	t->pol = esvc_spd_find(t->ips->spd, ESV_DIR_OUT, t->p, ESVC_ACTIONS_ANY, false);
	return t->pol ? ESV_C_TX_ALLOW : by_mode(t->ips, ESV_C_TX_DROP_NOMATCH);
}

static enum esv_counter untagged_ip(struct tx *t)
{
	enum esv_counter verdict = check_host_esp(t);

	if (verdict != ESV_C_TX_OPEN)
		return verdict;
	if (esvc_bypass_class(t->p, t->hdr, t->hdr_len, ESV_DIR_OUT, &t->ips->sadb) & t->ips->bypass)
		return ESV_C_TX_BYPASS;
	if (t->p->frag == ESVC_FRAG_LATER)
		return untagged_fragment(t);
	t->pol = esvc_spd_find(t->ips->spd, ESV_DIR_OUT, t->p, ESVC_ACTIONS_ANY, false);
	if (!t->pol)
		return by_mode(t->ips, ESV_C_TX_DROP_NOMATCH);
	if (t->pol->p.action == ESV_ACTION_ALLOW)
		return ESV_C_TX_ALLOW;
	return t->pol->p.action == ESV_ACTION_DROP ? ESV_C_TX_DROP_POLICY : ESV_C_TX_DROP_NOTAG;
}

/* Does the SA do what the entry asks for this very packet? */
static bool sa_fits(const struct esvc_sa *sa, const struct esvc_policy_rule *e, const struct esvc_pkt *p)
{
	const uint8_t *src = p->saddr, *dst = p->daddr;

	if (sa->dir != ESV_DIR_OUT || sa->reqid != e->reqid || sa->mode != e->mode || sa->family != p->family)
		return false;
	if (sa->mode == ESV_SA_TUNNEL) {
		if (e->family != sa->family)
			return false;
		src = e->saddr;
		dst = e->daddr;
	}
	if (!esvc_addr_eq(sa->family, sa->saddr, src) || !esvc_addr_eq(sa->family, sa->daddr, dst))
		return false;
	return !(sa->flags & ESV_SA_F_SEL) || esvc_selector_match(&sa->cold->sel, p, false);
}

/*
 * Linux ignores the order of offloaded policies, so it tags neighbour discovery
 * although an allow entry comes first. What would pass untagged passes (SPD-40).
 */
static enum esv_counter tagged_but_allowed(struct tx *t)
{
	if (esvc_bypass_class(t->p, t->hdr, t->hdr_len, ESV_DIR_OUT, &t->ips->sadb) & t->ips->bypass & ESV_BYPASS_ND)
		return ESV_C_TX_BYPASS;
	return ESV_C_TX_DROP_TAG_ALLOW;
}

static enum esv_counter tagged_ip(struct tx *t, const struct esvc_sa *sa)
{
	bool later = t->p->frag == ESVC_FRAG_LATER;
	const struct esvc_policy_rule *e;

	/* For a later fragment the best entry that could match must be sure to match. */
	t->pol = esvc_spd_find(t->ips->spd, ESV_DIR_OUT, t->p, ESVC_ACTIONS_ANY, later);
	if (!t->pol)
		return ESV_C_TX_DROP_TAG_NOMATCH;
	e = &t->pol->p;
	if (later && esvc_selector_ports(&e->sel))
		return ESV_C_TX_DROP_FRAGMENT;
	if (e->action == ESV_ACTION_ALLOW)
		return tagged_but_allowed(t);
	if (e->action == ESV_ACTION_DROP)
		return ESV_C_TX_DROP_POLICY;
	if (!sa_fits(sa, e, t->p))
		return ESV_C_TX_DROP_TAG_FIT;
	/* RFC 4303 3.3.4: transport mode takes whole datagrams only. */
	if (sa->mode == ESV_SA_TRANSPORT && t->p->frag != ESVC_FRAG_NONE)
		return ESV_C_TX_DROP_FRAGMENT;
	return ESV_C_TX_ESP;
}

static enum esv_counter judge_tagged(struct tx *t, uint32_t handle, struct esvc_tx_verdict *v)
{
	const struct esvc_sa *sa = esvc_sadb_get(&t->ips->sadb, handle);

	if (!sa)
		return ESV_C_TX_DROP_TAG_STALE;
	v->sa = handle;
	if (t->p->kind == ESVC_PKT_BAD)
		return ESV_C_TX_DROP_PARSE;
	return t->p->kind == ESVC_PKT_IP ? tagged_ip(t, sa) : ESV_C_TX_DROP_TAG_NOMATCH;
}

static enum esv_counter judge_untagged(struct tx *t)
{
	switch (t->p->kind) {
	case ESVC_PKT_IP:
		return untagged_ip(t);
	case ESVC_PKT_ARP:
		if (t->ips->bypass & ESV_BYPASS_ARP)
			return ESV_C_TX_BYPASS;
		return by_mode(t->ips, ESV_C_TX_DROP_ETHERTYPE);
	case ESVC_PKT_OTHER:
		return by_mode(t->ips, ESV_C_TX_DROP_ETHERTYPE);
	default:
		/* It might be anything, so also what an entry protects. */
		if (esvc_spd_guards(t->ips->spd, ESV_DIR_OUT))
			return ESV_C_TX_DROP_PARSE;
		return by_mode(t->ips, ESV_C_TX_DROP_PARSE);
	}
}

void esvc_ipsec_classify(struct esvc_ipsec *ips, const uint8_t *hdr, size_t hdr_len, size_t frame_len,
			 bool tagged, uint32_t sa_handle, struct esvc_tx_verdict *v)
{
	struct esvc_pkt p;
	struct tx t = { .ips = ips, .p = &p, .hdr = hdr, .hdr_len = hdr_len };

	memset(v, 0, sizeof(*v));
	if (!ips->started) {
		v->counter = ESV_C_TX_DROP_DOWN;
		return;
	}
	esvc_parse(&p, hdr, hdr_len, frame_len);
	v->l3_off = p.l3_off;
	v->l4_off = p.l4_off;
	v->family = p.family;
	v->counter = tagged ? judge_tagged(&t, sa_handle, v) : judge_untagged(&t);
	if (!t.pol)
		return;
	v->policy = t.pol->handle;
	if (v->counter != ESV_C_TX_ESP && v->counter != ESV_C_TX_ALLOW)
		t.pol->drops++;
}

/* Count for the entry that let the frame through, or did not in the end. */
static void count_entry(struct esvc_ipsec *ips, uint32_t handle, size_t len, bool passed)
{
	struct esvc_policy *pol = esvc_spd_get(ips->spd, handle);

	if (!pol)
		return;
	pol->packets += passed;
	pol->bytes += passed ? len : 0;
	pol->drops += !passed;
}

enum esv_counter esvc_ipsec_output(struct esvc_ipsec *ips, const struct esvc_tx_verdict *v, struct esvc_buf *b)
{
	enum esv_counter result = v->counter;
	struct esvc_sa *sa = NULL;
	size_t len = b->len;

	switch (v->counter) {
	case ESV_C_TX_ESP:
		sa = esvc_sadb_get(&ips->sadb, v->sa);
		result = sa ? esvc_esp_out(ips, sa, b) : ESV_C_TX_DROP_TAG_STALE;
		if (sa)
			sa->cold->other_dropped += result != ESV_C_TX_ESP;
		count_entry(ips, v->policy, len, result == ESV_C_TX_ESP);
		break;
	case ESV_C_TX_ALLOW:
		count_entry(ips, v->policy, len, true);
		break;
	default:
		break;
	}
	return result;
}

enum esv_counter esvc_ipsec_output_again(struct esvc_ipsec *ips, const struct esvc_tx_verdict *v, struct esvc_buf *b)
{
	const struct esvc_sa *sa = esvc_sadb_get(&ips->sadb, v->sa);

	return sa ? esvc_esp_out_again(ips, sa, b) : ESV_C_TX_DROP_TAG_STALE;
}
