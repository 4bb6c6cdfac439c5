/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up what a process does not need. */
#ifndef IPSECAPID_SANDBOX_H
#define IPSECAPID_SANDBOX_H

#include <sys/types.h>

enum sandbox {
	SANDBOX_KEEPER,		/* forks and listens */
	SANDBOX_WORKER,		/* one client */
	SANDBOX_FRONT,		/* no capability */
	SANDBOX_APPLIER,	/* CAP_NET_ADMIN, on sockets that are open already */
	SANDBOX_SCRUBBER,	/* CAP_NET_ADMIN; opens unit nodes, hence stays uid 0 */
	SANDBOX_METRICS,	/* shows figures to scrapers */
	SANDBOX_IKE,		/* no capability; connects to a socket of root's, hence stays uid 0 */
	SANDBOX_READER,		/* no capability; opens root's policy files, hence stays uid 0 */
};

/* Who the processes become that do not stay uid 0. (uid_t)-1: stay who we are. */
void sandbox_identity(uid_t uid, gid_t gid);

/*
 * Drop capabilities and identity, forbid core dumps, tracing and new privileges, and allow
 * only the system calls that @kind needs. Irrevocable. Returns 0 or a negative errno.
 */
int sandbox_enter(enum sandbox kind);

#endif
