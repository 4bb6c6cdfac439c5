/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes, over the rtnetlink socket of the links. */
#ifndef IPSECAPID_ROUTES_H
#define IPSECAPID_ROUTES_H

#include "links.h"
#include "verdict.h"

/* Ask the kernel for the route of a flow. */
void routes_flow(struct links *l, struct flow_facts *f);

/* Is it an address of this host? */
bool routes_own(struct links *l, uint16_t family, const uint8_t address[16]);

/*
 * Ask for the routes of what tunnels on devices wrap of a flow, as far as its verdict rests on
 * such and they are not known. Returns whether any was asked for: then the flow is judged anew.
 */
bool routes_outer(struct links *l, const struct tables *t, const struct verdict *v,
		  struct flow_facts *f);

#endif
