// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events: pulled by the application, queued in a ring that says so when it overflows. */
#include <errno.h>

#include "internal.h"

void event_push(struct ipsecapi *ctx, uint32_t type, uint32_t reason, uint32_t remote)
{
	struct queued_event *e;

	if (ctx->head - ctx->tail == EVENT_QUEUE) {
		ctx->overflow = true;
		return;
	}
	e = &ctx->queue[ctx->head++ % EVENT_QUEUE];
	e->type = type;
	e->reason = reason;
	e->remote = remote;
	if (type == IPSECAPI_EVENT_READY && flow_by_remote(ctx, remote))
		flow_by_remote(ctx, remote)->ready = true;
}

static void refresh(struct ipsecapi *ctx)
{
	if (ctx->state == SESSION_UP) {
		if (channel_drain(ctx))
			session_lost(ctx);
	} else if (ctx->state != SESSION_DOWN || now_boottime() >= ctx->retry_at) {
		session_advance(ctx, 0);
	}
	ctx->reason = IPSECAPI_REASON_NONE;
}

/* Returns false when the event concerns a flow that is closed already. */
static bool pop(struct ipsecapi *ctx, struct ipsecapi_event *ev)
{
	const struct queued_event *e = &ctx->queue[ctx->tail++ % EVENT_QUEUE];

	ev->type = e->type;
	ev->reason = e->reason;
	ev->flow = flow_by_remote(ctx, e->remote);
	if (e->remote && !ev->flow)
		return false;
	if (e->type == IPSECAPI_EVENT_CLOSED && ev->flow && ev->flow->remote == e->remote)
		ev->flow->stale = e->reason;
	return true;
}

int ipsecapi_next_event(struct ipsecapi *ctx, struct ipsecapi_event *out, size_t size)
{
	struct ipsecapi_event ev = { 0 };
	int err;

	err = context_enter(ctx);
	if (err)
		return err;
	if (!out || !size)
		return -EINVAL;
	refresh(ctx);
	if (ctx->overflow) {
		ctx->overflow = false;
		ctx->tail = ctx->head;
		ev.type = IPSECAPI_EVENT_RESYNC;
		ev.reason = IPSECAPI_REASON_NONE;
		sized_copy_out(out, size, &ev, sizeof(ev));
		return 1;
	}
	while (ctx->head != ctx->tail) {
		if (!pop(ctx, &ev))
			continue;
		sized_copy_out(out, size, &ev, sizeof(ev));
		return 1;
	}
	return 0;
}

int ipsecapi_get_timeout(const struct ipsecapi *ctx)
{
	uint64_t now, at;

	if (!ctx)
		return -EINVAL;
	if (!guard_ok(ctx->guard))
		return -ECHILD;
	if (ctx->overflow || ctx->head != ctx->tail)
		return 0;
	if (ctx->state == SESSION_UP)
		return -1;
	now = now_boottime();
	at = ctx->state == SESSION_DOWN ? ctx->retry_at : ctx->attempt_until;
	return now >= at ? 0 : (at - now) / 1000000 + 1;
}
