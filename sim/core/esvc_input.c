// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inbound verdict (clauses SPD-41 to SPD-48): decrypt and
 * authorise what is ESP, judge what came in clear.
 */
#include <endian.h>
#include <string.h>

#include "esvc_bypass.h"
#include "esvc_esp.h"
#include "esvc_espid.h"
#include "esvc_selector.h"
#include "esvc_tunnel.h"

struct rx {
	struct esvc_ipsec *ips;
	struct esvc_buf *b;
	struct esvc_rx_meta *meta;
	struct esvc_pkt p;
	struct esvc_policy *pol;
	bool unicast;
	bool again;			/* came in clear before: nothing is decrypted */
};

static enum esv_counter by_mode(const struct esvc_ipsec *ips, enum esv_counter drop)
{
	return ips->strict ? drop : ESV_C_RX_OPEN;
}

/* A protect or drop entry decides about the frame; for a later fragment: could match it. */
static bool guarded(struct rx *r)
{
	bool later = r->p.frag == ESVC_FRAG_LATER;
	const struct esvc_policy *pol;

	pol = esvc_spd_find(r->ips->spd, ESV_DIR_IN, &r->p, later ? ESVC_ACTIONS_GUARD : ESVC_ACTIONS_ANY, later);
	return pol && pol->p.action != ESV_ACTION_ALLOW;
}

static enum esv_counter clear_fragment(struct rx *r)
{
	if (guarded(r))
		return ESV_C_RX_DROP_FRAGMENT;
	r->pol = esvc_spd_find(r->ips->spd, ESV_DIR_IN, &r->p, ESVC_ACTIONS_ANY, false);
	return r->pol ? ESV_C_RX_ALLOW : by_mode(r->ips, ESV_C_RX_DROP_NOMATCH);
}

static enum esv_counter clear_ip(struct rx *r)
{
	if (esvc_bypass_class(&r->p, r->b->data, r->b->len, ESV_DIR_IN, &r->ips->sadb) & r->ips->bypass)
		return ESV_C_RX_BYPASS;
	if (r->p.frag == ESVC_FRAG_LATER)
		return clear_fragment(r);
	r->pol = esvc_spd_find(r->ips->spd, ESV_DIR_IN, &r->p, ESVC_ACTIONS_ANY, false);
	if (!r->pol)
		return by_mode(r->ips, ESV_C_RX_DROP_NOMATCH);
	if (r->pol->p.action == ESV_ACTION_ALLOW)
		return ESV_C_RX_ALLOW;
	return r->pol->p.action == ESV_ACTION_DROP ? ESV_C_RX_DROP_POLICY : ESV_C_RX_DROP_CLEAR;
}

/* RFC 4301 5.2: the entry that the plain packet selects must ask for this very SA. */
static enum esv_counter fits_entry(const struct esvc_sa *sa, const struct esvc_policy_rule *e,
				   const struct esvc_pkt *p)
{
	const uint8_t *src = p->saddr, *dst = p->daddr;

	if (e->action == ESV_ACTION_DROP)
		return ESV_C_RX_DROP_POLICY;
	if (e->action != ESV_ACTION_PROTECT || e->reqid != sa->reqid)
		return ESV_C_RX_DROP_NOAUTHZ;
	if (e->mode != sa->mode)
		return ESV_C_RX_DROP_MODE;
	if (sa->mode == ESV_SA_TUNNEL) {
		if (e->family != sa->family)
			return ESV_C_RX_DROP_MODE;
		src = e->saddr;
		dst = e->daddr;
	}
	if (!esvc_addr_eq(sa->family, sa->saddr, src) || !esvc_addr_eq(sa->family, sa->daddr, dst))
		return ESV_C_RX_DROP_MODE;
	if ((sa->flags & ESV_SA_F_SEL) && !esvc_selector_match(&sa->cold->sel, p, false))
		return ESV_C_RX_DROP_SELECTOR;
	return ESV_C_RX_ESP;
}

static enum esv_counter authorise(struct rx *r, struct esvc_sa *sa)
{
	bool later = r->p.frag == ESVC_FRAG_LATER;
	enum esv_counter verdict;

	r->pol = esvc_spd_find(r->ips->spd, ESV_DIR_IN, &r->p, ESVC_ACTIONS_ANY, later);
	if (!r->pol)
		verdict = ESV_C_RX_DROP_NOAUTHZ;
	else if (later && esvc_selector_ports(&r->pol->p.sel))
		verdict = ESV_C_RX_DROP_FRAGMENT;
	else
		verdict = fits_entry(sa, &r->pol->p, &r->p);
	sa->cold->other_dropped += verdict != ESV_C_RX_ESP;
	return verdict;
}

/* ESP of nobody, or ESP in UDP of nobody: in open mode it may be the host's own software's. */
static enum esv_counter unknown_spi(struct rx *r, uint32_t spi, enum esv_counter drop)
{
	if (!r->ips->strict && !guarded(r))
		return clear_ip(r);
	esvc_ipsec_event(r->ips, ESV_EV_UNKNOWN_SPI, NULL, be32toh(spi), 0);
	return drop;
}

/* esp_off: of the ESP header; drop: what an unknown SPI counts as. */
static enum esv_counter esp_ip(struct rx *r, size_t esp_off, enum esv_counter drop)
{
	uint32_t spi = esvc_spi_at(&r->p, r->b->data, r->b->len, esp_off);
	enum esv_counter verdict;
	struct esvc_sa *sa;

	/* What comes out gets a right checksum, so a wrong one must not come in. */
	if (r->p.family == 4 && !esvc_ip4_checksum_ok(r->b->data + r->p.l3_off))
		return ESV_C_RX_DROP_PARSE;
	sa = esvc_sadb_find(&r->ips->sadb, ESV_DIR_IN, r->p.family, spi, r->p.daddr);
	if (!sa)
		return unknown_spi(r, spi, drop);
	/* An SA that is younger than the frame: it would be decrypted now, but was taken for somebody else's. */
	if (r->again)
		return drop;
	if (!r->unicast)
		return ESV_C_RX_DROP_NOTMINE;
	verdict = esvc_esp_in(r->ips, sa, r->b, &r->p, esp_off, &r->meta->seq_lo);
	if (verdict == ESV_C_RX_ESP)
		verdict = authorise(r, sa);
	if (verdict == ESV_C_RX_ESP)
		r->meta->sa_handle = sa->handle;
	return verdict;
}

/* Nobody puts fragments of ESP together here: while we hold inbound SAs they are dropped. */
static enum esv_counter esp_fragment(struct rx *r)
{
	if (r->ips->strict || r->ips->in_sas || guarded(r))
		return ESV_C_RX_DROP_FRAGMENT;
	return clear_ip(r);
}

static enum esv_counter judge_ip(struct rx *r)
{
	if (r->p.proto == ESVC_PROTO_ESP)
		return r->p.frag == ESVC_FRAG_NONE ? esp_ip(r, r->p.l4_off, ESV_C_RX_DROP_SPI) : esp_fragment(r);
	if (esvc_natt_kind(&r->p, r->b->data, r->b->len) == ESVC_NATT_ESP)
		return r->p.frag == ESVC_FRAG_NONE ? esp_ip(r, r->p.l4_off + 8u, ESV_C_RX_DROP_NATT) :
						     esp_fragment(r);
	return clear_ip(r);
}

static enum esv_counter judge(struct rx *r)
{
	switch (r->p.kind) {
	case ESVC_PKT_IP:
		return judge_ip(r);
	case ESVC_PKT_ARP:
		if (r->ips->bypass & ESV_BYPASS_ARP)
			return ESV_C_RX_BYPASS;
		return by_mode(r->ips, ESV_C_RX_DROP_ETHERTYPE);
	case ESVC_PKT_OTHER:
		return by_mode(r->ips, ESV_C_RX_DROP_ETHERTYPE);
	default:
		if (esvc_spd_guards(r->ips->spd, ESV_DIR_IN))
			return ESV_C_RX_DROP_PARSE;
		return by_mode(r->ips, ESV_C_RX_DROP_PARSE);
	}
}

static bool passes(enum esv_counter verdict)
{
	return verdict == ESV_C_RX_ESP || verdict == ESV_C_RX_ALLOW;
}

enum esv_counter esvc_ipsec_input(struct esvc_ipsec *ips, bool unicast, struct esvc_buf *b,
				  struct esvc_rx_meta *meta)
{
	struct rx r = { .ips = ips, .b = b, .meta = meta, .unicast = unicast };
	enum esv_counter verdict;
	size_t len = b->len;
	bool passed;

	memset(meta, 0, sizeof(*meta));
	if (!ips->started)
		return ESV_C_RX_DROP_DOWN;
	esvc_parse(&r.p, b->data, b->len, b->len);
	verdict = judge(&r);
	if (!r.pol)
		return verdict;
	passed = passes(verdict);
	meta->policy = passed ? r.pol->handle : 0;
	r.pol->packets += passed;
	r.pol->bytes += passed ? len : 0;
	r.pol->drops += !passed;
	return verdict;
}

/* The SA that decrypted the frame is still there, has its key, and is still asked for. */
static enum esv_counter authorise_again(struct rx *r)
{
	struct esvc_sa *sa = esvc_sadb_get(&r->ips->sadb, r->meta->sa_handle);

	if (!sa)
		return ESV_C_RX_DROP_SPI;
	return sa->key->epoch ? authorise(r, sa) : ESV_C_RX_DROP_AUTH;
}

enum esv_counter esvc_ipsec_input_again(struct esvc_ipsec *ips, struct esvc_buf *b, struct esvc_rx_meta *meta)
{
	struct rx r = { .ips = ips, .b = b, .meta = meta, .again = true };
	enum esv_counter verdict;

	if (!ips->started)
		return ESV_C_RX_DROP_DOWN;
	esvc_parse(&r.p, b->data, b->len, b->len);
	verdict = meta->sa_handle ? authorise_again(&r) : judge(&r);
	meta->policy = r.pol && passes(verdict) ? r.pol->handle : 0;
	if (r.pol)
		r.pol->drops += !passes(verdict);
	return verdict;
}
