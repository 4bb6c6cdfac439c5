/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of outcomes. An outcome is how the packets of a flow may travel: in clear, or with an
 * algorithm for each purpose, a mode, replay protection or none, a custody level, a maker of the
 * cipher and a peer. What a policy accepts, and what is known of a flow, are such sets.
 *
 * The protected part is a product: each quality is a set of its own, but for the suites, where
 * each cipher has its own set of integrity algorithms. So are all sets that intersections give.
 */
#ifndef IPSECAPID_OUTCOMES_H
#define IPSECAPID_OUTCOMES_H

#include <stdbool.h>
#include <stdint.h>
#include <ipsecapi.h>

#include "algorithms.h"

enum { MODE_TRANSPORT = 1, MODE_TUNNEL = 2, MODE_ALL = 3 };
enum { REPLAY_OFF = 1, REPLAY_ON = 2, REPLAY_ALL = 3 };
enum { MAKER_SOFTWARE = 1, MAKER_CRYPTO = 2, MAKER_PACKET = 4, MAKER_ALL = 7 };
#define CUSTODY_BIT(level)	(1u << (level))	/* enum ipsecapi_custody */
#define CUSTODY_ALL		(CUSTODY_BIT(IPSECAPI_CUSTODY_L0) | CUSTODY_BIT(IPSECAPI_CUSTODY_L1) | \
				 CUSTODY_BIT(IPSECAPI_CUSTODY_L2) | CUSTODY_BIT(IPSECAPI_CUSTODY_L3) | \
				 CUSTODY_BIT(IPSECAPI_CUSTODY_L4))
#define AUTHS_ALL		((1u << AUTHS) - 1)
/* Bit 0: all peers that the policy has no name for. */
#define PEERS_ALL		UINT64_MAX

struct outcomes {
	uint64_t peers;			/* 1 << number of the policy's name */
	uint16_t suites[CIPHERS];	/* by enum cipher: 1 << enum auth */
	uint8_t modes;
	uint8_t replay;
	uint8_t custody;
	uint8_t makers;
	bool clear;
};

/* Every outcome there is. What no name is known for is in it as well. */
void outcomes_all(struct outcomes *o);
/* No suite is left: a product with an empty part has nothing in it. Brings sets into one form. */
void outcomes_tidy(struct outcomes *o);
bool outcomes_empty(const struct outcomes *o);
/* Is all of @a in @b? Both tidy, as all that follow. */
bool outcomes_within(const struct outcomes *a, const struct outcomes *b);
/* @o becomes what is in both; it stays tidy. */
void outcomes_intersect(struct outcomes *o, const struct outcomes *other);

#endif
