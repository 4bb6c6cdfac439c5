// SPDX-License-Identifier: LGPL-2.1-or-later
/* The status of a flow, read from the shared page. No system call on this path. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static void say_unknown(struct ipsecapi_status *st, uint32_t reason)
{
	memset(st, 0, sizeof(*st));
	st->dir[IPSECAPI_OUT].reason = reason;
	st->dir[IPSECAPI_IN].reason = reason;
}

static void fill(struct ipsecapi_status *st, const struct slot_body *b, uint64_t now,
		 uint64_t lease_until)
{
	memcpy(st->dir, b->dir, sizeof(st->dir));
	st->read_at = b->read_at;
	st->age = now > b->read_at ? now - b->read_at : 0;
	st->lease = lease_until - now;
	st->latch = b->latch;
	st->generation = b->generation;
}

/* Returns the reason for which the slot must not be believed, or NONE with @st filled. */
static uint32_t read_slot(const struct ipsecapi_flow *flow, struct ipsecapi_status *st)
{
	const struct ipsecapi *ctx = flow->ctx;
	const struct slot *s;
	struct slot_body body;
	uint64_t until, now;

	if (!ctx->page || !flow->remote)
		return IPSECAPI_REASON_BROKER_LOST;
	s = slot_at(ctx->page, ctx->slot_size, flow->remote & 0xffff);
	until = slot_lease(s);
	now = now_boottime();
	if (now >= until)
		return IPSECAPI_REASON_BROKER_LOST;
	if (!slot_read(s, &body))
		return IPSECAPI_REASON_PAGE_BUSY;
	if (body.flow != flow->remote || body.state == SLOT_FREE)
		return IPSECAPI_REASON_NO_SUCH_FLOW;
	if (body.state == SLOT_CLOSED)
		return IPSECAPI_REASON_SOCKET_CLOSED;
	fill(st, &body, now, until);
	return IPSECAPI_REASON_NONE;
}

/* A caller of another version: less than there is, or zeroes behind it. */
static void finish(struct ipsecapi_status *out, size_t size, const struct ipsecapi_status *st)
{
	if (st == out)
		memset(out + 1, 0, size - sizeof(*out));
	else
		memcpy(out, st, size);
}

int ipsecapi_status(const struct ipsecapi_flow *flow, struct ipsecapi_status *out, size_t size)
{
	struct ipsecapi_status here, *st = size < sizeof(here) ? &here : out;
	uint32_t reason;

	if (!flow || !out || !size)
		return -EINVAL;
	if (!guard_ok(flow->ctx->guard))
		return -ECHILD;
	/* in place where there is room: what is copied once more costs as much as what was read */
	reason = flow->stale ? flow->stale : read_slot(flow, st);
	if (reason != IPSECAPI_REASON_NONE)
		say_unknown(st, reason);
	if (reason == IPSECAPI_REASON_SOCKET_CLOSED || flow->stale)
		st->latch = IPSECAPI_LATCH_CLOSED;
	st->tuple = flow->tuple;
	if (size != sizeof(*st))
		finish(out, size, st);
	return 0;
}
