/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which SAs may carry connections of a latched listener: pure functions of what is known. The
 * socket's own policy takes any ESP, since one policy can name one reqid; so what passes is
 * listed by reqid, and everything else is dropped.
 */
#ifndef IPSECAPID_LISTENERS_H
#define IPSECAPID_LISTENERS_H

#include "latch_record.h"
#include "listenset.h"
#include "verdict.h"

/*
 * List the reqids all of whose SAs are within what @r accepts, and which the system's policy does
 * not block. More than LISTEN_REQIDS for a direction are not listed.
 */
void listener_reqids(const struct world *w, const struct latch_record *r, struct listen_reqids *out);

#endif
