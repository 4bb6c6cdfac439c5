/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the front counts, and what it says when it is asked: numbers alone. Nobody who reads them
 * learns of a user, a socket, an address or a peer (api-rules 33).
 */
#ifndef IPSECAPID_COUNTERS_H
#define IPSECAPID_COUNTERS_H

#include <stdint.h>
#include <ipsecapi.h>

#define COUNTED_REQUESTS	32	/* by enum wire_type; what is above is 0 */
#define COUNTED_REASONS		128	/* by enum ipsecapi_reason, as above */
#define COUNTED_EVENTS		16	/* by enum ipsecapi_event_type, as above */
#define COUNTED_ENFORCED	8	/* by enum ipsecapi_enforced, as above */
#define COUNTED_IKE		9	/* by enum ipsecapi_reason, from IKE_ABSENT on */
#define DUMP_BOUNDS		8

/* A dump took at most so long; the last class has those that took longer. */
static const struct {
	uint64_t ns;
	const char *seconds;
} dump_bounds[DUMP_BOUNDS] = {
	{ 1000000, "0.001" }, { 5000000, "0.005" }, { 20000000, "0.02" }, { 100000000, "0.1" },
	{ 250000000, "0.25" }, { 500000000, "0.5" }, { 1000000000, "1.0" }, { 2500000000, "2.5" },
};

struct counters {
	/* since the front started */
	uint64_t started;	/* CLOCK_REALTIME s */
	uint64_t sessions_opened;
	uint64_t flows_opened;
	uint64_t requests[COUNTED_REQUESTS];
	uint64_t refusals[COUNTED_REASONS];
	uint64_t events[COUNTED_EVENTS];
	uint64_t dumps[DUMP_BOUNDS + 1];
	uint64_t dump_ns;
	uint64_t dumps_failed;
	uint64_t evidence_losses;
	uint64_t records_left_out;
	uint64_t ike[COUNTED_IKE];

	/* when it was asked; of the tables in force, however old */
	uint32_t sessions;
	uint32_t flows[2][COUNTED_ENFORCED];	/* by enum ipsecapi_direction_index */
	uint32_t stale;		/* there is no current evidence */
	uint32_t units;
	uint32_t units_silent;
	uint32_t interfaces;
	uint64_t read_ago;	/* ns since the tables were read; 0: never */
	struct ipsecapi_host host;
};

#define COUNT(counters, which) \
	((counters)[(which) < sizeof(counters) / sizeof((counters)[0]) ? (which) : 0]++)

#endif
