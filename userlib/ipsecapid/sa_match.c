// SPDX-License-Identifier: GPL-2.0-or-later
/* Which SAs satisfy a template. */
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>

#include "sa_match.h"

static bool is_any(const uint8_t a[16])
{
	static const uint8_t zero[16];

	return !memcmp(a, zero, 16);
}

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

static bool out_fits(const struct rec_sa *sa, const struct rec_policy *pol,
		     const struct rec_template *t, const struct packet *p)
{
	const uint8_t *saddr = has_own_addresses(t) ? t->saddr : p->saddr;
	const uint8_t *daddr = has_own_addresses(t) ? t->daddr : p->daddr;
	uint16_t family = has_own_addresses(t) ? t->family : p->family;

	if (sa->dir == DIR_IN || sa->reqid != t->reqid || sa->if_id != pol->if_id ||
	    sa->wildrecv || sa->family != family)
		return false;
	/* policy and SA on the same device, or both in software or crypto mode */
	if (pol->offload_ifindex ? sa->offload != OFFLOAD_PACKET ||
				   sa->offload_ifindex != pol->offload_ifindex :
				   sa->offload == OFFLOAD_PACKET)
		return false;
	if ((pol->mark_value & pol->mark_mask & sa->mark_mask) != sa->mark_value)
		return false;
	return same(sa->daddr, daddr) &&
	       (same(sa->saddr, saddr) || is_any(saddr) || is_any(sa->saddr));
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
static bool in_fits(const struct rec_sa *sa, const struct rec_template *t, const struct packet *p)
{
	if (sa->dir == DIR_OUT || (t->reqid && sa->reqid != t->reqid))
		return false;
	if (t->mode != XFRM_MODE_TRANSPORT)
		return source_fits(sa, t, p->family);
	return sa->family == p->family && same(sa->daddr, p->daddr);
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

void sa_find(const struct tables *t, const struct rec_policy *pol, const struct rec_template *tmpl,
	     const struct packet *p, int dir, struct sa_fits *fits)
{
	uint32_t i;

	memset(fits, 0, sizeof(*fits));
	for (i = 0; i < t->n_sas; i++) {
		const struct rec_sa *sa = &t->sas[i];

		if (!kind_fits(sa, i, tmpl) ||
		    !(dir == DIR_OUT ? out_fits(sa, pol, tmpl, p) : in_fits(sa, tmpl, p)))
			continue;
		if (sa->state == SA_ACQUIRING)
			fits->acquiring = true;
		else if (sa->state == SA_VALID &&
			 (!sa->sel.family || selector_match(&sa->sel, p)))
			collect(fits, t, i);
	}
}

static bool could_fit(const struct rec_sa *sa, const struct rec_policy *pol,
		      const struct rec_template *t, int dir)
{
	if (sa->dir == (dir == DIR_OUT ? DIR_IN : DIR_OUT) ||
	    (sa->reqid != t->reqid && (dir == DIR_OUT || t->reqid)))
		return false;
	if (has_own_addresses(t))
		return sa->family == t->family && same(sa->daddr, t->daddr) &&
		       same(sa->saddr, t->saddr);
	return sa->family == pol->sel.family &&
	       prefix_match(sa->daddr, pol->sel.daddr, pol->sel.prefix_d) &&
	       prefix_match(sa->saddr, pol->sel.saddr, pol->sel.prefix_s);
}

void sa_find_any(const struct tables *t, const struct rec_policy *pol,
		 const struct rec_template *tmpl, int dir, struct sa_fits *fits)
{
	uint32_t i;

	memset(fits, 0, sizeof(*fits));
	for (i = 0; i < t->n_sas; i++) {
		const struct rec_sa *sa = &t->sas[i];

		if (!kind_fits(sa, i, tmpl) || !could_fit(sa, pol, tmpl, dir))
			continue;
		if (sa->state == SA_ACQUIRING)
			fits->acquiring = true;
		else if (sa->state == SA_VALID)
			collect(fits, t, i);
	}
}
