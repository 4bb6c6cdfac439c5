/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte and packet limits of an SA (clauses SA-20 to SA-24). A limit is looked
 * at when a packet has been counted: the packet that reaches it passes, the
 * next one does not.
 */
#ifndef ESVC_LIFETIME_H
#define ESVC_LIFETIME_H

#include "esvc_ipsec_priv.h"

/*
 * Limits of a new SA. The SA counts from its install, the key over its life:
 * whichever ends first is the hard limit. False: the key is used up already.
 */
bool esvc_lifetime_start(struct esvc_sa *sa, const struct esvc_sa_limits *limits);
/*
 * What the SA may still carry is from now on all that its key may, so that no other SA gets more (KEY-1). For good:
 * when nothing can refuse the SA any more.
 */
void esvc_lifetime_lower(struct esvc_sa *sa);
/* Other limits for a live SA; those that are passed by now take effect at once. */
void esvc_lifetime_change(struct esvc_ipsec *ips, struct esvc_sa *sa, const struct esvc_sa_limits *limits);
/* Counters may be at a limit: events, and expiry. */
void esvc_lifetime_reached(struct esvc_ipsec *ips, struct esvc_sa *sa);

/* Count one packet of the SA and of its key. */
static inline void esvc_lifetime_count(struct esvc_ipsec *ips, struct esvc_sa *sa, size_t bytes)
{
	sa->packets++;
	sa->bytes += bytes;
	sa->key->packets++;
	sa->key->bytes += bytes;
	if (sa->packets >= sa->next_packets || sa->bytes >= sa->next_bytes)
		esvc_lifetime_reached(ips, sa);
}

#endif
