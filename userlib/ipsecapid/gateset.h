/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: what sockets send that no policy of their own can hold. An outbound socket policy
 * names neither a device nor the ends of a tunnel for one peer alone, and makes errors of
 * datagrams that should be lost. So the socket has a bit in its mark, which goes with it wherever
 * it is connected and which needs privilege to be changed; and of packets with that bit those
 * pass that the system's policies send by the reqid that is listed for their peer and ports.
 */
#ifndef IPSECAPID_GATESET_H
#define IPSECAPID_GATESET_H

#include <stdbool.h>
#include <stdint.h>
#include <ipsecapi.h>

#include "nftable.h"

/* Print what makes sets and rules. */
void gateset_rules(FILE *to);

/* A connection and the reqid by which its packets may leave. */
struct gate {
	struct ipsecapi_tuple tuple;	/* peer_port 0: none; local_port 0: not known yet, any passes */
	uint32_t reqid;
};

bool gate_same(const struct gate *a, const struct gate *b);

/*
 * Let this pass instead of that, in one step. Without a peer it is nothing; @was: or NULL.
 * Returns 0 or a negative errno: then nothing has changed.
 */
int gateset_change(struct nftable *nft, const struct gate *was, const struct gate *now);

/* Let these pass and no others, in one step. */
int gateset_replace(struct nftable *nft, const struct gate *at, uint32_t n);

#endif
