/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The applier: acts on sockets that are not ours, by sock_diag. It follows whether the sockets
 * of flows still exist; what acts on them (latches) belongs here as well.
 *
 * The kernel tells which sockets end, but not reliably. So it is asked for all sockets each
 * minute, and whenever a message was lost or a socket was not found where it should be.
 */
#ifndef IPSECAPID_APPLIER_H
#define IPSECAPID_APPLIER_H

#include <stdint.h>
#include <ipsecapi.h>

enum apply_type {
	APPLY_TRACK = 1,	/* tell when this socket ends or is connected elsewhere */
	APPLY_FORGET = 2,
	APPLY_COUNT_IKE = 3,	/* -> IKE_COUNT */
	APPLY_GONE = 4,
	APPLY_IKE_COUNT = 5,
};

struct apply_msg {
	uint32_t type;
	uint32_t count;		/* IKE_COUNT */
	uint32_t ifindex;	/* TRACK: device that the socket is bound to, or 0 */
	uint32_t rsvd;
	struct ipsecapi_tuple tuple;	/* TRACK; FORGET and GONE: cookie only */
};

/* Run until @sock closes; the result is an exit status. */
int applier_main(int sock);

#endif
