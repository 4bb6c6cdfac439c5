/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the library share. Nothing here is exported. */
#ifndef IPSECAPI_INTERNAL_H
#define IPSECAPI_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include <ipsecapi.h>
#include "../wire/slot.h"
#include "../wire/tlv.h"

#define EVENT_QUEUE	64	/* a power of two */

struct queued_event {
	uint32_t type;
	uint32_t reason;
	uint32_t remote;	/* handle of the flow at the broker, 0: none */
};

/* What the route of a socket's packets depends on besides addresses. */
struct sending {
	int mark, device, unicast_if, unicast_if6, tos, tclass;
};

struct ipsecapi_flow {
	struct ipsecapi *ctx;
	struct ipsecapi_flow *next;
	int fd;			/* the app's number, never closed or read by us */
	uint32_t remote;	/* handle at the broker; 0 while not attached */
	uint32_t stale;		/* enum ipsecapi_reason once the flow is dead */
	uint32_t generation;	/* last seen; survives the broker */
	struct ipsecapi_tuple tuple;
	struct sending sending;	/* as the broker was shown it */
};

struct ipsecapi {
	struct sockaddr_un addr;
	uint8_t *guard;		/* reads 1 in the opening process, 0 after fork() */
	int epoll;
	int sock;		/* -1: no broker */
	uint32_t version;
	uint32_t tag;
	uint32_t reason;
	void *page;
	size_t page_size;
	uint32_t slot_size, slots;	/* as checked when the page was mapped */
	uint64_t retry_at;	/* CLOCK_BOOTTIME ns of the next attempt to come back */
	struct ipsecapi_flow *flows;
	struct queued_event queue[EVENT_QUEUE];
	unsigned int head, tail;
	bool overflow;
};

/* fork.c */
uint8_t *guard_new(void);
void guard_free(uint8_t *guard);
static inline bool guard_ok(const uint8_t *guard)
{
	return *(const volatile uint8_t *)guard == 1;
}

/* clock.c */
uint64_t now_boottime(void);

/* context.c */
int context_enter(struct ipsecapi *ctx);
int context_fail(struct ipsecapi *ctx, int err, uint32_t reason);

/* channel.c: one connection to the broker */
struct request {
	uint16_t type;
	int fd;			/* descriptor to show, or -1 */
	uint32_t flow;		/* attribute FLOW unless 0 */
	uint32_t index;
	bool has_index;
};

struct reply {
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct wire_header hdr;
	struct tlv_set set;
	int fd;			/* descriptor received, or -1; the caller closes it */
};

int channel_connect(struct ipsecapi *ctx);
void channel_drop(struct ipsecapi *ctx);
/* Send and wait. Returns 0, the broker's errno, or -ENOLINK with the connection dropped. */
int channel_call(struct ipsecapi *ctx, const struct request *req, struct reply *rep);
/* Take in events that wait, without blocking. Returns 0 or -ENOLINK. */
int channel_drain(struct ipsecapi *ctx);

/* page.c: the status pages */
int page_map(struct ipsecapi *ctx, int fd, uint32_t size);
void page_unmap(struct ipsecapi *ctx);

/* session.c: a connection that comes back by itself */
int session_start(struct ipsecapi *ctx);
int session_resume(struct ipsecapi *ctx);
int session_call(struct ipsecapi *ctx, const struct request *req, struct reply *rep);
int session_struct(struct ipsecapi *ctx, const struct request *req, void *out, size_t size);
void session_lost(struct ipsecapi *ctx);

/* flow.c */
int flow_attach(struct ipsecapi_flow *flow);
struct ipsecapi_flow *flow_by_remote(struct ipsecapi *ctx, uint32_t remote);

/* event.c */
void event_push(struct ipsecapi *ctx, uint32_t type, uint32_t reason, uint32_t remote);

#endif
