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
/* A broker that takes longer than this is not working; the caller must not hang with it. */
#define CALL_NS		2000000000ull

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
	uint32_t was_remote;	/* the one before the socket was shown again: events may name it */
	uint32_t stale;		/* enum ipsecapi_reason once the flow is dead */
	uint32_t generation;	/* last seen; survives the broker */
	struct ipsecapi_tuple tuple;
	struct sending sending;	/* as the broker was shown it */
	struct wire_require asked;	/* by the last ipsecapi_require() */
	bool requires;
	bool ready;		/* an event said that asking again will do */
};

struct ipsecapi_req {
	struct wire_require want;
};

/* A session comes up step by step; no step waits. */
enum session_state {
	SESSION_DOWN = 0,	/* no connection */
	SESSION_HELLO,		/* connected, HELLO sent */
	SESSION_ATTACH,		/* flows are being opened again, one by one */
	SESSION_UP,
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
	uint32_t gate_mark;	/* bit of marks that the broker may set: a socket with it is no other */
	uint32_t slot_size, slots;	/* as checked when the page was mapped */
	enum session_state state;
	bool was_up;		/* once: coming up again is an event */
	struct ipsecapi_flow *attaching; /* whose reply is awaited */
	/* CLOCK_BOOTTIME ns */
	uint64_t until;		/* the current call waits no longer */
	uint64_t attempt_until;	/* the broker has so long for the next step */
	uint64_t retry_at;	/* next_event() begins the next attempt */
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
/* Begin a call: it has its time from now on. */
int context_enter(struct ipsecapi *ctx);
int context_fail(struct ipsecapi *ctx, int err, uint32_t reason);

/* channel.c: one connection to the broker */
struct request {
	uint16_t type;
	int fd;			/* descriptor to show, or -1 */
	uint32_t flow;		/* attribute FLOW unless 0 */
	uint32_t index;
	bool has_index;
	const struct wire_require *want;	/* attribute STRUCT, or NULL */
};

struct reply {
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct wire_header hdr;
	struct tlv_set set;
	int fd;			/* descriptor received, or -1; the caller closes it */
};

/* Waits for at most @wait_ns, which the listening socket's queue may take. */
int channel_connect(struct ipsecapi *ctx, uint64_t wait_ns);
void channel_drop(struct ipsecapi *ctx);
/* Returns 0, -EBADF or -EINVAL when the descriptor can't be shown, or -ENOLINK. Never waits. */
int channel_send(struct ipsecapi *ctx, const struct request *req);
/*
 * Take what waits up to the reply to the last request. Returns 1 with it, -EAGAIN when it is not
 * there yet, or another negative errno. Never waits.
 */
int channel_take(struct ipsecapi *ctx, struct reply *rep);
/* Is it a reply to a request of @type? */
bool channel_answers(const struct reply *rep, uint16_t type);
/* Wait for a message. Returns -ENOLINK when there is none until then. */
int channel_wait(struct ipsecapi *ctx, uint64_t until);
/* Send and wait. Returns 0, the broker's errno, or -ENOLINK with the session lost. */
int channel_call(struct ipsecapi *ctx, const struct request *req, struct reply *rep);
/* Take in events that wait, without blocking. Returns 0 or -ENOLINK. */
int channel_drain(struct ipsecapi *ctx);

/* page.c: the status pages */
int page_map(struct ipsecapi *ctx, int fd, uint32_t size);
void page_unmap(struct ipsecapi *ctx);

/* session.c: a connection that comes back by itself */
/* Go on as far as possible without waiting. Returns 0 when up, -EAGAIN, or another errno. */
int session_advance(struct ipsecapi *ctx, uint64_t wait_ns);
/* Come up, within the time of the current call. */
int session_wait(struct ipsecapi *ctx);
int session_call(struct ipsecapi *ctx, const struct request *req, struct reply *rep);
/* The structure that a reply has. Returns 0 or -EPROTO. */
int reply_struct(const struct reply *rep, void *out, size_t size);
int session_struct(struct ipsecapi *ctx, const struct request *req, void *out, size_t size);
/* The broker is gone. */
void session_lost(struct ipsecapi *ctx);
/* Begin again with the next step. */
void session_abandon(struct ipsecapi *ctx);

/* flow.c */
/* Show the flow's socket again. Returns -ESTALE when it is not what it was. */
int flow_attach(struct ipsecapi_flow *flow);
int flow_attached(struct ipsecapi_flow *flow, const struct reply *rep);
/* Make a flow of a socket that a reply has opened. Returns -ENOMEM or -EPROTO. */
int flow_adopt(struct ipsecapi *ctx, int fd, const struct reply *rep, struct ipsecapi_flow **out);
/* Is the flow alive, and attached? */
int flow_ready(struct ipsecapi_flow *flow);
/* Ask about it, again after a loss of the broker. @req: its flow is filled in. */
int flow_call(struct ipsecapi_flow *flow, struct request *req, struct reply *rep);
struct ipsecapi_flow *flow_by_remote(struct ipsecapi *ctx, uint32_t remote);

/* event.c */
void event_push(struct ipsecapi *ctx, uint32_t type, uint32_t reason, uint32_t remote);

#endif
