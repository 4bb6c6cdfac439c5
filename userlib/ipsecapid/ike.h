/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process before the IKE daemon. Who may speak to that daemon controls it: so this one does
 * it for all others, knows three requests (vici.h), and takes structures of one size. It asks the
 * daemon when it is asked, and holds no connection meanwhile: a daemon may end and begin as it
 * likes.
 */
#ifndef IPSECAPID_IKE_H
#define IPSECAPID_IKE_H

#include <stdint.h>

#define IKE_SOCKET "/run/charon.vici"
#define IKE_ANSWERS_NS 2000000000ull	/* at the latest, of a daemon that does not */

/* What would give this traffic SAs? */
struct ike_question {
	uint64_t cookie;	/* of the socket, repeated in the answer */
	uint16_t family;
	uint8_t protocol;
	uint8_t tunnel;		/* 1: the policy that it waits on is one; 0: transport */
	uint16_t local_port, peer_port;	/* host byte order; 0: not known yet */
	uint32_t instead;	/* enum ipsecapi_reason to give instead of beginning, or NONE: begin */
	uint8_t local[16], peer[16];
	uint16_t called_family;
	uint8_t rsvd[2];
	uint8_t called[16];	/* the address that may be called: the peer's, or of the tunnel's other end */
};

struct ike_answer {
	uint64_t cookie;
	uint32_t reason;	/* enum ipsecapi_reason */
	uint32_t begun;		/* 1: the daemon was told to negotiate, whatever it said to that */
};

/* Run until @sock closes; the result is an exit status. @path: of the daemon's socket, or NULL. */
int ike_main(int sock, const char *path);

#endif
