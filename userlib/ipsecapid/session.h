/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between a worker, which holds one client's connection, and the front. The worker reads what
 * the client sent and looks at its descriptor; the front sees only these structures.
 */
#ifndef IPSECAPID_SESSION_H
#define IPSECAPID_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <ipsecapi.h>

#include "../libipsecapi/wire/wire.h"
#include "confinement.h"

#define MAX_SESSIONS_USER	16
#define MAX_SESSIONS		240	/* of all users but root, who has its share besides */
#define MAX_REFUSED		64	/* connections that wait to be told so */
/* Room is left for root, and for those that are on their way out. */
#define MAX_WORKERS		(MAX_SESSIONS + MAX_REFUSED + 4 * MAX_SESSIONS_USER)
#define MAX_FLOWS_SESSION	256	/* slots of the status pages */
#define MAX_FLOWS_USER		1024
#define LEASE_NS		1000000000ull

struct socket_facts {
	struct ipsecapi_tuple tuple;
	uint32_t owner;		/* uid of the socket */
	uint32_t mark;
	uint32_t bound_ifindex;	/* by which alone it sends */
	uint32_t tos;		/* or traffic class */
	uint32_t dual_stack;	/* 1: of IPv6, but can speak IPv4 as well */
	uint32_t listening;
};

/* First message: uid of the connecting process. The worker reads nothing before the reply. */
#define SESS_START 0
/* What a worker tells and gets no reply to. Types of the protocol are below. */
#define SESS_REFUSED 0x10000	/* it refused a message by itself; uid, index: enum ipsecapi_reason */
#define SESS_RESYNC 0x10001	/* its client lost events and was told so */

struct sess_request {
	uint32_t type;		/* SESS_START or enum wire_type */
	uint32_t tag;
	uint32_t uid;		/* of the process that sent this very message */
	uint32_t flow;
	uint32_t index;		/* RUN: enum ipsecapi_confine */
	uint32_t rsvd;
	struct socket_facts sock;	/* FLOW_OPEN; REQUIRE, RELAX and ACCEPT, with which the descriptor comes */
	struct wire_require want;	/* REQUIRE */
	struct confinement cgroup;	/* RUN; the descriptor comes with it */
};

/* The descriptor of such a request goes on to the front. */
static inline bool sess_hands_on(uint32_t type)
{
	return type == WIRE_REQUIRE || type == WIRE_RELAX || type == WIRE_ACCEPT ||
	       type == WIRE_RUN;
}

#define SESS_DATA_MAX 512

struct sess_reply {
	uint32_t type;		/* of the request (SESS_START too), or WIRE_EVENT */
	uint32_t tag;
	int32_t status;
	uint32_t reason;
	uint32_t flow;		/* 0: none */
	uint32_t page_size;	/* HELLO */
	uint32_t event;		/* WIRE_EVENT; its reason is in `reason` */
	uint32_t length;	/* of data */
	uint8_t data[SESS_DATA_MAX];
};

struct worker_config {
	int listener;
	int channel;		/* to the front */
	int accepted;		/* closed once the connection is taken */
	uint64_t netns_cookie;
	uint32_t overflow_uid;
};

/* Take one connection from the listener and serve it until it ends. An exit status. */
int worker_main(const struct worker_config *config);

/* Read the facts of a client's descriptor. Returns 0, or a negative errno with @reason set. */
int socket_inspect(int fd, uint64_t netns_cookie, struct socket_facts *facts, uint32_t *reason);

#endif
