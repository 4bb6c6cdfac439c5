/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which SAs are within a class: pure functions of what is known. Rules of nftables tell packets
 * apart by the reqid of their SA, not by the SA.
 */
#ifndef IPSECAPID_CLASS_REQIDS_H
#define IPSECAPID_CLASS_REQIDS_H

#include "listenset.h"
#include "outcomes.h"
#include "world.h"

/* Is this one of the host's own addresses? */
typedef bool (*address_own)(void *arg, uint16_t family, const uint8_t address[16]);

/*
 * List the reqids all of whose SAs are within @set. More than LISTEN_REQIDS for a direction are not
 * listed. @before: what was listed, which an SA that its unit was not asked about does not change;
 * or NULL.
 */
void class_reqids(const struct world *w, const struct outcomes *set, address_own own, void *arg,
		  const struct listen_reqids *before, struct listen_reqids *out);

#endif
