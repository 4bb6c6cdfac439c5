/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes, over the rtnetlink socket of the links. */
#ifndef IPSECAPID_ROUTES_H
#define IPSECAPID_ROUTES_H

#include "links.h"

/* Ask the kernel for the route of a flow. */
void routes_flow(struct links *l, struct flow_facts *f);

#endif
