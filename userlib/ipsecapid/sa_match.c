// SPDX-License-Identifier: GPL-2.0-or-later
/* Which SAs satisfy a template. */
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>

#include "address.h"
#include "sa_match.h"

static bool same(const uint8_t a[16], const uint8_t b[16])
{
	return !memcmp(a, b, 16);
}

static bool has_own_addresses(const struct rec_template *t)
{
	return t->mode == XFRM_MODE_TUNNEL || t->mode == XFRM_MODE_BEET;
}

/* What holds in both directions. */
static bool kind_fits(const struct rec_sa *sa, uint32_t index, const struct rec_template *t)
{
	return sa->proto == t->proto && sa->mode == t->mode &&
	       (!t->has_spi || t->spi_sa == index);
}

/* Outbound, all but the addresses. */
static bool out_kind_fits(const struct rec_sa *sa, const struct rec_policy *pol,
			  const struct rec_template *t)
{
	if (sa->dir == DIR_IN || sa->reqid != t->reqid || sa->if_id != pol->if_id || sa->wildrecv)
		return false;
	/* policy and SA on the same device, or both in software or crypto mode */
	if (pol->offload_ifindex ? sa->offload != OFFLOAD_PACKET ||
				   sa->offload_ifindex != pol->offload_ifindex :
				   sa->offload == OFFLOAD_PACKET)
		return false;
	return (pol->mark_value & pol->mark_mask & sa->mark_mask) == sa->mark_value;
}

static bool stands_between(const struct rec_sa *sa, const struct ends *e)
{
	return sa->family == e->family && same(sa->daddr, e->daddr) &&
	       (same(sa->saddr, e->saddr) || address_is_any(e->saddr) || address_is_any(sa->saddr));
}

void ends_of_packet(struct ends *e, const struct packet *p)
{
	e->family = p->family;
	memcpy(e->saddr, p->saddr, 16);
	memcpy(e->daddr, p->daddr, 16);
}

static void ends_of_template(struct ends *e, const struct rec_template *t)
{
	e->family = t->family;
	memcpy(e->saddr, t->saddr, 16);
	memcpy(e->daddr, t->daddr, 16);
}

void ends_pass(struct ends *e, const struct rec_template *t, int dir)
{
	if (dir == DIR_OUT && has_own_addresses(t))
		ends_of_template(e, t);
	else if (dir == DIR_IN && t->mode != XFRM_MODE_TRANSPORT)
		e->family = 0;
}

static bool out_fits(const struct rec_sa *sa, const struct rec_policy *pol,
		     const struct rec_template *t, const struct ends *at)
{
	struct ends e = *at;

	if (has_own_addresses(t))
		ends_of_template(&e, t);
	return out_kind_fits(sa, pol, t) && stands_between(sa, &e);
}

/* The kernel compares as much of a source as an address of the inner packet has. */
static bool source_fits(const struct rec_sa *sa, const struct rec_template *t, uint16_t family)
{
	static const uint8_t any[16];
	size_t n = family == AF_INET ? 4 : 16;

	return !memcmp(t->saddr, any, n) || !memcmp(t->saddr, sa->saddr, n);
}

/*
 * What arrives found its SA by destination and SPI, whoever it came from and whatever the SA's
 * interface identifier. Then the kernel checks the kind of the SA, its reqid if the template has
 * one and, of tunnels, the source: no more. So another peer's SA may deliver.
 */
static bool in_fits(const struct rec_sa *sa, const struct rec_template *t, const struct packet *p,
		    const struct ends *at)
{
	if (sa->dir == DIR_OUT || (t->reqid && sa->reqid != t->reqid))
		return false;
	if (t->mode != XFRM_MODE_TRANSPORT)
		return source_fits(sa, t, p->family);
	return !at->family || (sa->family == at->family && same(sa->daddr, at->daddr));
}

/* Newest first: of several valid SAs the kernel sends on the one added last. */
static void collect(struct sa_fits *fits, const struct tables *t, uint32_t index)
{
	uint32_t i = fits->n < MAX_FITS ? fits->n : MAX_FITS - 1;

	fits->n++;
	while (i && t->sas[fits->index[i - 1]].add_time < t->sas[index].add_time) {
		fits->index[i] = fits->index[i - 1];
		i--;
	}
	if (i < MAX_FITS)
		fits->index[i] = index;
}

/* Sort in an SA whose kind and addresses fit. @fits_packet: its own selector does too. */
static void consider(struct sa_fits *fits, const struct tables *t, uint32_t index, bool fits_packet)
{
	const struct rec_sa *sa = &t->sas[index];

	if (sa->state == SA_ACQUIRING) {
		fits->acquiring = true;
		return;
	}
	if (!fits_packet)
		return;
	if (sa->state != SA_VALID) {
		fits->expired = true;
		return;
	}
	fits->by_interface |= sa->sel.family && sa->sel.ifindex;
	collect(fits, t, index);
}

void sa_find(const struct tables *t, const struct rec_policy *pol, const struct rec_template *tmpl,
	     const struct packet *p, const struct ends *at, int dir, struct sa_fits *fits)
{
	uint32_t i;

	memset(fits, 0, sizeof(*fits));
	for (i = 0; i < t->n_sas; i++) {
		const struct rec_sa *sa = &t->sas[i];

		if (kind_fits(sa, i, tmpl) &&
		    (dir == DIR_OUT ? out_fits(sa, pol, tmpl, at) : in_fits(sa, tmpl, p, at)))
			consider(fits, t, i, !sa->sel.family || selector_match(&sa->sel, p));
	}
}

/* Some packet of the policy's selector may meet the SA. */
static bool could_fit(const struct rec_sa *sa, const struct rec_policy *pol,
		      const struct rec_template *t, int dir)
{
	const struct packet p = { .family = pol->sel.family };
	const struct ends anywhere = { 0 };
	struct ends e;

	if (dir == DIR_OUT && has_own_addresses(t)) {
		ends_of_template(&e, t);
		return out_kind_fits(sa, pol, t) && stands_between(sa, &e);
	}
	if (dir == DIR_OUT ? !out_kind_fits(sa, pol, t) : !in_fits(sa, t, &p, &anywhere))
		return false;
	if (dir != DIR_OUT && t->mode != XFRM_MODE_TRANSPORT)
		return true;
	return sa->family == pol->sel.family &&
	       prefix_match(sa->daddr, pol->sel.daddr, pol->sel.prefix_d) &&
	       (dir != DIR_OUT || address_is_any(sa->saddr) ||
		prefix_match(sa->saddr, pol->sel.saddr, pol->sel.prefix_s));
}

void sa_find_any(const struct tables *t, const struct rec_policy *pol,
		 const struct rec_template *tmpl, int dir, struct sa_fits *fits)
{
	uint32_t i;

	memset(fits, 0, sizeof(*fits));
	for (i = 0; i < t->n_sas; i++)
		if (kind_fits(&t->sas[i], i, tmpl) && could_fit(&t->sas[i], pol, tmpl, dir))
			consider(fits, t, i, true);
}
