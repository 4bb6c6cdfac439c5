/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which SAs satisfy a template. */
#ifndef IPSECAPID_SA_MATCH_H
#define IPSECAPID_SA_MATCH_H

#include "policy_match.h"

#define MAX_FITS 16

struct sa_fits {
	uint32_t index[MAX_FITS];	/* newest first */
	uint32_t n;			/* may exceed MAX_FITS: more exist */
	bool acquiring;			/* one is being negotiated */
};

/**
 * Collect the SAs that satisfy template @tmpl of @pol for packet @p.
 * Outbound the kernel wants equality; inbound a template is a pattern, and an SA held by a
 * device as well as one in software may deliver.
 */
void sa_find(const struct tables *t, const struct rec_policy *pol, const struct rec_template *tmpl,
	     const struct packet *p, int dir, struct sa_fits *fits);

/* The same for a policy without a packet: SAs that some packet of its selector could use. */
void sa_find_any(const struct tables *t, const struct rec_policy *pol,
		 const struct rec_template *tmpl, int dir, struct sa_fits *fits);

#endif
