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
	bool expired;			/* one has reached its limit */
	bool by_interface;		/* one that selects by interface, which can't be judged */
};

/* Between which addresses the SA of a transport template stands; family 0: it can't be told. */
struct ends {
	uint16_t family;
	uint8_t saddr[16], daddr[16];
};

void ends_of_packet(struct ends *e, const struct packet *p);
/* Behind template @t, which was satisfied: a tunnel's ends are those of what comes next. */
void ends_pass(struct ends *e, const struct rec_template *t, int dir);

/**
 * Collect the SAs that satisfy template @tmpl of @pol for packet @p, wrapped as far as @at says.
 * Outbound the kernel wants equality; inbound a template is a pattern, and an SA held by a
 * device as well as one in software may deliver.
 */
void sa_find(const struct tables *t, const struct rec_policy *pol, const struct rec_template *tmpl,
	     const struct packet *p, const struct ends *at, int dir, struct sa_fits *fits);

/* The same for a policy without a packet: SAs that some packet of its selector could use. */
void sa_find_any(const struct tables *t, const struct rec_policy *pol,
		 const struct rec_template *tmpl, int dir, struct sa_fits *fits);

#endif
