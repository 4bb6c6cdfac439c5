/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that a verdict is made from; no more, so that a verdict can be tested alone. */
#ifndef IPSECAPID_WORLD_H
#define IPSECAPID_WORLD_H

#include <stdbool.h>
#include "tables.h"

struct link {
	uint32_t ifindex;
	bool up;		/* administratively up and with carrier */
	uint64_t up_since;	/* CLOCK_BOOTTIME ns when that was first seen; 0: from the start */
	bool admin_up;
	bool loopback;
	bool virtual_xfrm;	/* an xfrm or vti interface: policies of its own */
	bool no_xfrm4;		/* sysctl disable_xfrm */
	bool no_policy4;	/* sysctl disable_policy */
	bool no_policy6;
	uint32_t offload;	/* IPSECAPI_OFFLOAD_ESP*, _GSO_ESP */
	char name[16];
	char driver[32];
};

struct route {
	bool found;
	bool local;		/* the peer's address is this host's own */
	bool multicast;
	uint32_t oif;
	uint8_t source[16];	/* address that the kernel would send from */
};

/* Where packets go that a tunnel has wrapped: by the route between its ends, not the flow's. */
struct outer_route {
	uint16_t family;
	uint8_t saddr[16], daddr[16];
	uint32_t mark;
	uint32_t oif;		/* 0: there is no route */
};

#define MAX_OUTER	4

/* What the kernel was told to hold for a latched socket. */
struct latched {
	uint64_t id;
	uint64_t since;		/* CLOCK_BOOTTIME ns when it said that it does */
	struct rec_policy policy[2];	/* by DIR_OUT, DIR_IN */
	bool gated;		/* outbound the system's policy decides, and the gate about its reqid */
	uint32_t reqid;		/* that passes the gate; 0: none */
};

struct flow_facts {
	uint16_t family;
	uint8_t protocol;
	uint8_t rsvd;
	uint16_t local_port, peer_port;	/* network byte order */
	uint8_t local[16], peer[16];
	uint32_t mark;
	uint32_t bound_ifindex;
	uint32_t uid;
	uint32_t tos;		/* or traffic class */
	struct route route;
	const struct latched *latch;	/* of the socket, or NULL */
	struct outer_route outer[MAX_OUTER];	/* as far as they were asked for */
	uint32_t n_outer;
};

/* The route of what @sa has wrapped of @f, or NULL when it was not asked for. */
const struct outer_route *flow_outer(const struct flow_facts *f, const struct rec_sa *sa);
/* The mark that decides about it. */
uint32_t flow_outer_mark(const struct flow_facts *f, const struct rec_sa *sa);

struct world {
	const struct tables *tables;
	const struct link *links;
	uint32_t n_links;
	bool links_unread;	/* they may not be so any more */
	bool all_no_xfrm4, all_no_policy4, all_no_policy6;
	const uint64_t *latches;	/* identifiers of those that the broker knows, ascending */
	uint32_t n_latches;
	uint32_t gate_mark;	/* a socket with this bit is gated */
	uint32_t ike_sockets;	/* root's sockets on the ports of IKE, per family */
};

const struct link *world_link(const struct world *w, uint32_t ifindex);

#endif
