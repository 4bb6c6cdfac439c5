// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Latches: asking for one, waiting for it, giving it up. The socket is shown with each of these
 * requests, since the broker keeps no descriptor; so a broker that was restarted needs nothing
 * but the same request again.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

/* How long no event is waited for before the broker is asked again: events can be lost. */
#define SLICE_NS	1000000000ull

static int ask(struct ipsecapi_flow *flow, const struct wire_require *want)
{
	struct request req = { .type = WIRE_REQUIRE, .fd = flow->fd, .want = want };
	struct reply rep;

	return flow_call(flow, &req, &rep);
}

int ipsecapi_require(struct ipsecapi_flow *flow, const struct ipsecapi_req *req)
{
	int err;

	if (!flow || !req)
		return -EINVAL;
	flow->ready = false;
	err = ask(flow, &req->want);
	if (!err || err == -EINPROGRESS) {
		flow->asked = req->want;
		flow->requires = true;
	}
	return err;
}

/* Until an event says that asking again may help, or that the broker must be found again. */
static void wait_event(struct ipsecapi_flow *flow, uint64_t until)
{
	struct ipsecapi *ctx = flow->ctx;

	while (!flow->ready && ctx->state == SESSION_UP) {
		if (channel_drain(ctx)) {
			session_lost(ctx);
			return;
		}
		if (flow->ready || channel_wait(ctx, until))
			return;
	}
}

static uint64_t end_of(int timeout)
{
	return timeout < 0 ? UINT64_MAX : now_boottime() + timeout * 1000000ull;
}

int ipsecapi_wait(struct ipsecapi_flow *flow, int timeout)
{
	uint64_t end, now;
	int err;

	if (!flow || timeout < -1)
		return -EINVAL;
	if (!flow->requires)
		return context_fail(flow->ctx, -EINVAL, IPSECAPI_REASON_NONE);
	end = end_of(timeout);
	for (;;) {
		flow->ready = false;
		err = ask(flow, &flow->asked);
		now = now_boottime();
		if (err != -EINPROGRESS || now >= end)
			return err;
		wait_event(flow, end - now < SLICE_NS ? end : now + SLICE_NS);
	}
}

/* A broker that does not answer is found out before a connection is taken that it must latch. */
static int take_connection(struct ipsecapi_flow *listener, struct sockaddr *addr, uint32_t *length,
			   int flags)
{
	int err = context_enter(listener->ctx), fd;

	if (!err)
		err = flow_ready(listener);
	if (err)
		return err;
	fd = accept4(listener->fd, addr, length, flags);
	return fd < 0 ? -errno : fd;
}

int ipsecapi_accept(struct ipsecapi_flow *listener, struct sockaddr *addr, uint32_t *length,
		    int flags, struct ipsecapi_flow **flow)
{
	struct request req = { .type = WIRE_ACCEPT, .index = !!flow, .has_index = true };
	struct reply rep;
	int err;

	if (!listener || !addr != !length)
		return -EINVAL;
	req.fd = take_connection(listener, addr, length, flags);
	if (req.fd < 0)
		return req.fd;
	err = flow_call(listener, &req, &rep);
	if (!err && flow)
		err = flow_adopt(listener->ctx, req.fd, &rep, flow);
	if (err)
		close(req.fd);
	return err ? err : req.fd;
}

int ipsecapi_relax(struct ipsecapi_flow *flow)
{
	struct request req = { .type = WIRE_RELAX };
	struct reply rep;
	int err;

	if (!flow)
		return -EINVAL;
	req.fd = flow->fd;
	err = flow_call(flow, &req, &rep);
	if (!err)
		flow->requires = false;
	return err;
}
