/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces and routes, over an unprivileged rtnetlink socket. The kernel deletes the SAs and
 * policies of a device that goes down without telling anyone, so link events are evidence.
 */
#ifndef IPSECAPID_LINKS_H
#define IPSECAPID_LINKS_H

#include "world.h"

struct links {
	int events;
	int query;
	int inet;		/* for ethtool requests */
	int all_no_xfrm4, all_no_policy4, all_no_policy6;	/* sysctl files */
	uint32_t seq;
	struct link *at;
	uint32_t n, cap;
	uint32_t features;	/* number of the kernel's netdev features, 0: not asked yet */
	int bit_esp, bit_csum, bit_gso;	/* of the features of interest, -1: unknown */
};

/* Open everything; later calls open nothing. Returns 0 or a negative errno. */
int links_open(struct links *l);
void links_close(struct links *l);
/* Swallow waiting events. Returns whether any came. */
bool links_drain(struct links *l);
/* Read all interfaces again. Returns 0 or a negative errno. */
int links_read(struct links *l);
/* Show them, and the host-wide switches, to @w. */
void links_show(struct links *l, struct world *w);
/* Ask the kernel for the route of a flow. */
void links_route(struct links *l, struct flow_facts *f);

#endif
