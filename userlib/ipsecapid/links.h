/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces, over an unprivileged rtnetlink socket. The kernel deletes the SAs and
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
	const struct link *old;	/* while reading: whose features stand */
	uint32_t n_old;
	bool unread;		/* the last reading failed */
	bool fell;		/* an event said that one is down; whoever judges resets it */
	struct {
		bool no_xfrm4, no_policy4, no_policy6;
	} all;			/* the host-wide switches as last read */
	uint32_t features;	/* number of the kernel's netdev features, 0: not asked yet */
	int bit_esp, bit_csum, bit_gso;	/* of the features of interest, -1: unknown */
};

/* Open everything; later calls open nothing. Returns 0 or a negative errno. */
int links_open(struct links *l);
void links_close(struct links *l);
/* Take in waiting events: links that go down are down from then on. Returns whether any came. */
bool links_drain(struct links *l);
/* Read all interfaces again. Returns 0, or a negative errno and what was known stays. */
int links_read(struct links *l);
/*
 * The same without the features, whose changes are announced, for what changes in silence: the
 * switches of IPsec. Returns whether anything is not as it was.
 */
bool links_poll(struct links *l);
/* Show them, and the host-wide switches, to @w. */
void links_show(struct links *l, struct world *w);

#endif
