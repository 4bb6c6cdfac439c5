// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A session: HELLO, and coming back after the broker was restarted. A flow is attached again by
 * showing its socket again; nothing that the broker knew is needed. Each step sends a request or
 * takes the reply to it, so that a broker that does not answer holds up nobody who did not ask.
 */
#include <errno.h>
#include <unistd.h>

#include "internal.h"

#define RETRY_NS	250000000ull

static void drop(struct ipsecapi *ctx, uint64_t retry_at)
{
	struct ipsecapi_flow *flow;

	channel_drop(ctx);
	for (flow = ctx->flows; flow; flow = flow->next)
		flow->remote = 0;
	ctx->state = SESSION_DOWN;
	ctx->attaching = NULL;
	ctx->retry_at = retry_at;
}

void session_lost(struct ipsecapi *ctx)
{
	drop(ctx, 0);
	ctx->reason = IPSECAPI_REASON_BROKER_LOST;
	event_push(ctx, IPSECAPI_EVENT_BROKER_LOST, IPSECAPI_REASON_BROKER_LOST, 0);
}

void session_abandon(struct ipsecapi *ctx)
{
	drop(ctx, 0);
}

static void enter(struct ipsecapi *ctx, enum session_state state)
{
	ctx->state = state;
	ctx->attempt_until = now_boottime() + CALL_NS;
}

static int say_hello(struct ipsecapi *ctx, uint64_t wait_ns)
{
	const struct request req = { .type = WIRE_HELLO, .fd = -1 };
	int err = channel_connect(ctx, wait_ns);

	if (err)
		return err;
	ctx->version = 0;
	enter(ctx, SESSION_HELLO);
	return channel_send(ctx, &req);
}

static int read_hello(struct ipsecapi *ctx, const struct reply *rep)
{
	struct wire_hello told;
	uint32_t size = 0;

	if (!channel_answers(rep, WIRE_HELLO))
		return -EPROTO;
	if (rep->hdr.status)
		return context_fail(ctx, rep->hdr.status, rep->hdr.reason);
	if (tlv_u32(&rep->set, WIRE_ATTR_VERSION, &ctx->version) ||
	    tlv_u32(&rep->set, WIRE_ATTR_PAGE_SIZE, &size))
		return -EPROTO;
	ctx->gate_mark = reply_struct(rep, &told, sizeof(told)) ? WIRE_GATE_MARK : told.gate_mark;
	return page_map(ctx, rep->fd, size);
}

static int take_hello(struct ipsecapi *ctx)
{
	struct reply rep;
	int err = channel_take(ctx, &rep);

	if (err != 1)
		return err;
	err = read_hello(ctx, &rep);
	if (rep.fd >= 0)
		close(rep.fd);
	if (!err)
		enter(ctx, SESSION_ATTACH);
	return err;
}

static struct ipsecapi_flow *next_detached(struct ipsecapi *ctx)
{
	struct ipsecapi_flow *flow;

	for (flow = ctx->flows; flow; flow = flow->next)
		if (!flow->remote && !flow->stale)
			return flow;
	return NULL;
}

static void come_up(struct ipsecapi *ctx)
{
	ctx->state = SESSION_UP;
	if (ctx->was_up)
		event_push(ctx, IPSECAPI_EVENT_BROKER_BACK, IPSECAPI_REASON_NONE, 0);
	ctx->was_up = true;
}

static int attach_next(struct ipsecapi *ctx)
{
	struct ipsecapi_flow *flow = next_detached(ctx);
	int err;

	if (!flow) {
		come_up(ctx);
		return 0;
	}
	err = flow_attach(flow);
	if (!err)
		ctx->attaching = flow;
	return err == -ESTALE ? 0 : err;
}

static int take_attached(struct ipsecapi *ctx)
{
	struct reply rep;
	int err = channel_take(ctx, &rep);

	if (err != 1)
		return err;
	err = flow_attached(ctx->attaching, &rep);
	if (rep.fd >= 0)
		close(rep.fd);
	ctx->attaching = NULL;
	enter(ctx, SESSION_ATTACH);
	return err;
}

static int step(struct ipsecapi *ctx, uint64_t wait_ns)
{
	if (ctx->state == SESSION_DOWN)
		return say_hello(ctx, wait_ns);
	if (ctx->state == SESSION_HELLO)
		return take_hello(ctx);
	return ctx->attaching ? take_attached(ctx) : attach_next(ctx);
}

int session_advance(struct ipsecapi *ctx, uint64_t wait_ns)
{
	int err = 0;

	while (!err && ctx->state != SESSION_UP)
		err = step(ctx, wait_ns);
	if (err == -EAGAIN) {
		if (now_boottime() < ctx->attempt_until)
			return err;
		err = -ENOLINK;
	}
	if (err)
		drop(ctx, now_boottime() + RETRY_NS);
	if (err == -ENOLINK)
		ctx->reason = IPSECAPI_REASON_BROKER_LOST;
	return err;
}

int session_wait(struct ipsecapi *ctx)
{
	uint64_t now, until;
	int err;

	while (ctx->state != SESSION_UP) {
		now = now_boottime();
		if (now >= ctx->until)	/* the attempt goes on without us */
			return context_fail(ctx, -ENOLINK, IPSECAPI_REASON_BROKER_LOST);
		err = session_advance(ctx, ctx->until - now);
		if (err && err != -EAGAIN)
			return err;
		until = ctx->until < ctx->attempt_until ? ctx->until : ctx->attempt_until;
		if (err)
			channel_wait(ctx, until);
	}
	return 0;
}

/* One attempt over a connection that may have died since, one over a new one. */
int session_call(struct ipsecapi *ctx, const struct request *req, struct reply *rep)
{
	bool was_up;
	int err;

	do {
		was_up = ctx->state == SESSION_UP;
		rep->fd = -1;
		err = session_wait(ctx);
		if (!err)
			err = channel_call(ctx, req, rep);
	} while (err == -ENOLINK && was_up && !req->flow);
	return err;
}

int reply_struct(const struct reply *rep, void *out, size_t size)
{
	const struct tlv_value *v = &rep->set.at[WIRE_ATTR_STRUCT];

	if (!v->data)
		return -EPROTO;
	sized_copy_out(out, size, v->data, v->length);
	return 0;
}

int session_struct(struct ipsecapi *ctx, const struct request *req, void *out, size_t size)
{
	struct reply rep;
	int err;

	if (!out || !size)
		return -EINVAL;
	err = session_call(ctx, req, &rep);
	if (rep.fd >= 0)
		close(rep.fd);
	return err ? err : reply_struct(&rep, out, size);
}
