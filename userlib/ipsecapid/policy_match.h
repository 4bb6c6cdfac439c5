/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which policy the kernel applies to a flow. */
#ifndef IPSECAPID_POLICY_MATCH_H
#define IPSECAPID_POLICY_MATCH_H

#include "prefix.h"
#include "world.h"

/* A packet of the flow, as the kernel's lookup sees it. */
struct packet {
	uint16_t family;
	uint8_t protocol;
	uint16_t sport, dport;
	uint8_t saddr[16], daddr[16];
	uint32_t mark;
	bool mark_known;
};

void packet_of_flow(struct packet *p, const struct flow_facts *f, int dir);

bool selector_match(const struct rec_selector *sel, const struct packet *p);

/**
 * Select the policy for @p in direction @dir.
 * @policy: the policy, or NULL when none selects the packet.
 *
 * Returns IPSECAPI_REASON_NONE, or the reason for which it cannot be told.
 */
uint32_t policy_select(const struct tables *t, const struct packet *p, int dir,
		       const struct rec_policy **policy);

/*
 * Count socket policies that would select @p, but those of latches that the broker knows;
 * *odd: of them, those no IKE daemon's socket has.
 */
uint32_t socket_policies(const struct world *w, const struct packet *p, int dir, uint32_t *odd);

#endif
