// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A session: HELLO, and coming back after the broker was restarted. A flow
 * is attached again by showing its socket again; nothing that the broker knew is needed.
 */
#include <errno.h>
#include <unistd.h>

#include "internal.h"

#define RETRY_NS	250000000ull

static int hello(struct ipsecapi *ctx)
{
	const struct request req = { .type = WIRE_HELLO, .fd = -1 };
	struct reply rep;
	uint32_t size = 0;
	int err;

	ctx->version = 0;
	err = channel_call(ctx, &req, &rep);
	if (!err)
		err = tlv_u32(&rep.set, WIRE_ATTR_VERSION, &ctx->version);
	if (!err)
		err = tlv_u32(&rep.set, WIRE_ATTR_PAGE_SIZE, &size);
	if (!err)
		err = page_map(ctx, rep.fd, size);
	if (rep.fd >= 0)
		close(rep.fd);
	return err == -ENODATA || err == -EBADMSG ? -EPROTO : err;
}

int session_start(struct ipsecapi *ctx)
{
	int err;

	ctx->retry_at = now_boottime() + RETRY_NS;
	err = channel_connect(ctx);
	if (err)
		return context_fail(ctx, err, IPSECAPI_REASON_BROKER_LOST);
	err = hello(ctx);
	if (err)
		channel_drop(ctx);
	return err;
}

void session_lost(struct ipsecapi *ctx)
{
	struct ipsecapi_flow *flow;

	if (ctx->sock < 0)
		return;
	channel_drop(ctx);
	for (flow = ctx->flows; flow; flow = flow->next)
		flow->remote = 0;
	ctx->reason = IPSECAPI_REASON_BROKER_LOST;
	event_push(ctx, IPSECAPI_EVENT_BROKER_LOST, IPSECAPI_REASON_BROKER_LOST, 0);
}

int session_resume(struct ipsecapi *ctx)
{
	struct ipsecapi_flow *flow;
	int err;

	if (ctx->sock >= 0)
		return 0;
	err = session_start(ctx);
	if (err)
		return err;
	for (flow = ctx->flows; flow && ctx->sock >= 0; flow = flow->next)
		flow_attach(flow);
	if (ctx->sock < 0)
		return context_fail(ctx, -ENOLINK, IPSECAPI_REASON_BROKER_LOST);
	event_push(ctx, IPSECAPI_EVENT_BROKER_BACK, IPSECAPI_REASON_NONE, 0);
	return 0;
}

/* One attempt over a connection that may have died since, one over a new one. */
int session_call(struct ipsecapi *ctx, const struct request *req, struct reply *rep)
{
	bool was_up = ctx->sock >= 0;
	int err;

	rep->fd = -1;
	err = session_resume(ctx);
	if (!err)
		err = channel_call(ctx, req, rep);
	if (err == -ENOLINK && was_up && !req->flow) {
		err = session_resume(ctx);
		if (!err)
			err = channel_call(ctx, req, rep);
	}
	if (err == -ENOLINK)
		ctx->reason = IPSECAPI_REASON_BROKER_LOST;
	return err;
}

int session_struct(struct ipsecapi *ctx, const struct request *req, void *out, size_t size)
{
	struct reply rep;
	const struct tlv_value *v = &rep.set.at[WIRE_ATTR_STRUCT];
	int err;

	if (!out || !size)
		return -EINVAL;
	err = session_call(ctx, req, &rep);
	if (rep.fd >= 0)
		close(rep.fd);
	if (err)
		return err;
	if (!v->data)
		return -EPROTO;
	sized_copy_out(out, size, v->data, v->length);
	return 0;
}
