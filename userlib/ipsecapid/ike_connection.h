/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the IKE daemon is configured for, and what it does already: read from its own messages
 * (vici.h). SPIs are in them, and are passed over.
 */
#ifndef IPSECAPID_IKE_CONNECTION_H
#define IPSECAPID_IKE_CONNECTION_H

#include "ike_selector.h"
#include "vici.h"

#define IKE_NAME 256

/* A CHILD_SA that would protect some traffic, and the connection that has it. */
struct ike_choice {
	struct ike_end local, remote;	/* of the traffic */
	struct ike_end called;		/* the address that IKE may be spoken to */
	bool tunnel;			/* what the traffic waits for is one */
	char ike[IKE_NAME], child[IKE_NAME];	/* "": there is none */
};

/*
 * Take one message of VICI_LIST_CONNS. The first connection is chosen that has a child for the
 * traffic, in the right mode, and calls the right address: the first that is listed for the peer
 * and is one. Whom a name calls can't be told, so a name is none. @choice: struct ike_choice.
 * Returns 0 or -EBADMSG.
 */
int ike_connection_look(struct vici_reader *r, void *choice);

enum ike_progress {
	IKE_IDLE = 0,
	IKE_UNDER_WAY = 1,	/* it negotiates the child now */
	IKE_INSTALLED = 2,	/* its SAs are in the kernel */
};

struct ike_progress_of {
	const char *child;
	enum ike_progress progress;
};

/* Take one message of VICI_LIST_SAS. @of: struct ike_progress_of. Returns 0 or -EBADMSG. */
int ike_connection_progress(struct vici_reader *r, void *of);

#endif
