/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors that come in clear and quote a packet of a latched flow. The flow's own packets are
 * ESP on the wire, so whoever quotes one in clear has made it up; and nobody who only sees the
 * wire may make a peer's path smaller than the administrator's floor (RFC 4301, 6 and 8.2).
 */
#ifndef IPSECAPID_QUOTEDSET_H
#define IPSECAPID_QUOTEDSET_H

#include <stdint.h>
#include <stdio.h>

enum quoted_kind {
	QUOTED_TO = 1,		/* what goes to this end: address, port, protocol */
	QUOTED_FROM = 2,	/* what TCP sends from this end; of any address where it is zero */
	QUOTED_PEER = 3,	/* the floor of paths to this address */
};

/* Compared as bytes: what a kind does not use is zero. */
struct quoted_end {
	uint16_t kind, family;
	uint16_t port, protocol;	/* the port in network order */
	uint8_t addr[16];
};

/* Print what makes sets and rules. @floor: in bytes, 0 for none. */
void quotedset_rules(FILE *to, uint32_t floor);
/* Print an element after @verb. */
void quotedset_print(FILE *to, const char *verb, const struct quoted_end *end);
/* Print what empties the sets, but for what the rules themselves put there. */
void quotedset_flush(FILE *to);

#endif
