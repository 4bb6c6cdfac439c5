// SPDX-License-Identifier: LGPL-2.1-or-later
/* Flows: one observed socket each. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/wire.h"
#include "internal.h"

/* Not in all headers, or not without the kernel's; the numbers are its ABI. */
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef IP_UNICAST_IF
#define IP_UNICAST_IF 50
#endif
#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF 76
#endif

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) ? 0 : value;
}

static void read_sending(int fd, struct sending *s)
{
	memset(s, 0, sizeof(*s));
	s->mark = option(fd, SOL_SOCKET, SO_MARK);
	s->device = option(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	s->unicast_if = option(fd, IPPROTO_IP, IP_UNICAST_IF);
	s->unicast_if6 = option(fd, IPPROTO_IPV6, IPV6_UNICAST_IF);
	s->tos = option(fd, IPPROTO_IP, IP_TOS);
	s->tclass = option(fd, IPPROTO_IPV6, IPV6_TCLASS);
}

static bool sends_alike(const struct ipsecapi_flow *flow)
{
	struct sending now;

	read_sending(flow->fd, &now);
	now.mark ^= (now.mark ^ flow->sending.mark) & flow->ctx->gate_mark;	/* not its own */
	return !memcmp(&now, &flow->sending, sizeof(now));
}

/* Is @fd still the socket that the flow was opened on, connected as it was? */
static uint32_t socket_changed(const struct ipsecapi_flow *flow)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} peer = { 0 };
	socklen_t len = sizeof(peer), clen = sizeof(uint64_t);
	const struct ipsecapi_tuple *t = &flow->tuple;
	uint64_t cookie = 0;

	if (getsockopt(flow->fd, SOL_SOCKET, SO_COOKIE, &cookie, &clen) || cookie != t->cookie)
		return IPSECAPI_REASON_SOCKET_CLOSED;
	if (!t->peer_port)	/* shown before it was connected: see connected_since() */
		return sends_alike(flow) ? IPSECAPI_REASON_NONE : IPSECAPI_REASON_SOCKET_CHANGED;
	if (getpeername(flow->fd, &peer.sa, &len))
		/* TCP forgets its peer when it ends; the broker knows whether it lives */
		return t->protocol == IPPROTO_TCP ? IPSECAPI_REASON_NONE :
						    IPSECAPI_REASON_SOCKET_CHANGED;
	if (peer.sa.sa_family == AF_INET6 && t->family == AF_INET &&
	    !memcmp(&peer.in6.sin6_addr, mapped, 12)) {
		memcpy(&peer.in.sin_addr, (uint8_t *)&peer.in6.sin6_addr + 12, 4);
		peer.sa.sa_family = AF_INET;	/* the port is at the same place in both */
	}
	if (peer.sa.sa_family != t->family || peer.in.sin_port != t->peer_port)
		return IPSECAPI_REASON_SOCKET_CHANGED;
	if (t->family == AF_INET ? memcmp(&peer.in.sin_addr, t->peer, 4) :
				   memcmp(&peer.in6.sin6_addr, t->peer, 16))
		return IPSECAPI_REASON_SOCKET_CHANGED;
	return sends_alike(flow) ? IPSECAPI_REASON_NONE : IPSECAPI_REASON_SOCKET_CHANGED;
}

/* The handle and the tuple that the broker read. */
static int read_opened(struct ipsecapi_flow *flow, const struct reply *rep,
		       struct ipsecapi_tuple *tuple)
{
	const struct tlv_value *v = &rep->set.at[WIRE_ATTR_STRUCT];
	uint32_t remote;

	if (tlv_u32(&rep->set, WIRE_ATTR_FLOW, &remote) || !remote || !v->data ||
	    (remote & 0xffff) >= flow->ctx->slots)
		return -EPROTO;
	sized_copy_out(tuple, sizeof(*tuple), v->data, v->length);
	flow->remote = remote;
	return 0;
}

/* Was the socket shown before it had a peer, which it has now? */
static bool connected_since(const struct ipsecapi_flow *flow)
{
	struct sockaddr_in6 peer;
	socklen_t len = sizeof(peer);

	return !flow->tuple.peer_port && !getpeername(flow->fd, (struct sockaddr *)&peer, &len);
}

static struct request open_request(const struct ipsecapi_flow *flow)
{
	return (struct request){ .type = WIRE_FLOW_OPEN, .fd = flow->fd };
}

/* A socket that changed while the broker was gone ends the flow. */
int flow_attach(struct ipsecapi_flow *flow)
{
	const struct request req = open_request(flow);
	uint32_t changed = socket_changed(flow);
	int err;

	if (changed != IPSECAPI_REASON_NONE) {
		flow->stale = changed;
		return -ESTALE;
	}
	err = channel_send(flow->ctx, &req);
	if (err == -EBADF || err == -EINVAL) {
		flow->stale = IPSECAPI_REASON_SOCKET_CLOSED;
		return -ESTALE;
	}
	return err;
}

/* A refusal ends the flow, not the session. */
int flow_attached(struct ipsecapi_flow *flow, const struct reply *rep)
{
	struct ipsecapi_tuple tuple;

	if (!channel_answers(rep, WIRE_FLOW_OPEN))
		return -EPROTO;
	if (!rep->hdr.status) {
		int err = read_opened(flow, rep, &tuple);

		if (!err && !flow->tuple.peer_port)
			flow->tuple = tuple;
		return err;
	}
	flow->stale = rep->hdr.reason;
	return 0;
}

struct ipsecapi_flow *flow_by_remote(struct ipsecapi *ctx, uint32_t remote)
{
	struct ipsecapi_flow *flow;

	for (flow = ctx->flows; flow && remote; flow = flow->next)
		if (flow->remote == remote || flow->was_remote == remote)
			return flow;
	return NULL;
}

/* Returns what session_call() does, with the handle and the tuple taken. */
static int open_remote(struct ipsecapi_flow *flow)
{
	const struct request req = open_request(flow);
	struct reply rep;
	int err = session_call(flow->ctx, &req, &rep);

	if (!err)
		err = read_opened(flow, &rep, &flow->tuple);
	if (rep.fd >= 0)
		close(rep.fd);
	return err;
}

static struct ipsecapi_flow *new_flow(struct ipsecapi *ctx, int fd)
{
	struct ipsecapi_flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;
	flow->ctx = ctx;
	flow->fd = fd;
	read_sending(fd, &flow->sending);
	return flow;
}

static void link_flow(struct ipsecapi_flow *flow)
{
	flow->next = flow->ctx->flows;
	flow->ctx->flows = flow;
}

int flow_adopt(struct ipsecapi *ctx, int fd, const struct reply *rep, struct ipsecapi_flow **out)
{
	struct ipsecapi_flow *flow = new_flow(ctx, fd);
	int err;

	if (!flow)
		return -ENOMEM;
	err = read_opened(flow, rep, &flow->tuple);
	if (err) {
		free(flow);
		return err;
	}
	link_flow(flow);
	*out = flow;
	return 0;
}

int ipsecapi_flow_open(struct ipsecapi *ctx, int fd, struct ipsecapi_flow **out)
{
	struct ipsecapi_flow *flow;
	int err;

	err = context_enter(ctx);
	if (err)
		return err;
	if (!out)
		return -EINVAL;
	if (fd < 0)
		return -EBADF;
	flow = new_flow(ctx, fd);
	if (!flow)
		return -ENOMEM;
	err = open_remote(flow);
	if (err) {
		free(flow);
		return err;
	}
	link_flow(flow);
	*out = flow;
	return 0;
}

static void unlink_flow(struct ipsecapi_flow *flow)
{
	struct ipsecapi_flow **p;

	for (p = &flow->ctx->flows; *p; p = &(*p)->next) {
		if (*p == flow) {
			*p = flow->next;
			return;
		}
	}
}

static void close_remote(struct ipsecapi_flow *flow)
{
	const struct request req = { .type = WIRE_FLOW_CLOSE, .fd = -1, .flow = flow->remote };
	struct ipsecapi *ctx = flow->ctx;
	struct reply rep;

	/* a session that is coming up has another question open; let it begin again without us */
	if (ctx->state != SESSION_UP && (flow->remote || ctx->attaching == flow))
		session_abandon(ctx);
	if (ctx->state != SESSION_UP || !flow->remote)
		return;
	ctx->until = now_boottime() + CALL_NS;
	channel_call(ctx, &req, &rep);
	if (rep.fd >= 0)
		close(rep.fd);
}

void ipsecapi_flow_close(struct ipsecapi_flow *flow)
{
	if (!flow)
		return;
	unlink_flow(flow);
	if (guard_ok(flow->ctx->guard))
		close_remote(flow);
	free(flow);
}

/* Show the socket again, now that it is connected; its latch is the socket's, not the flow's. */
static int show_again(struct ipsecapi_flow *flow)
{
	struct request req = { .type = WIRE_FLOW_CLOSE, .fd = -1, .flow = flow->remote };
	struct ipsecapi *ctx = flow->ctx;
	struct reply rep;
	int err = open_remote(flow);

	flow->was_remote = req.flow;
	/* a session that was lost meanwhile has forgotten the old handle */
	if (err || ctx->state != SESSION_UP || flow->remote == req.flow)
		return err;
	channel_call(ctx, &req, &rep);
	if (rep.fd >= 0)
		close(rep.fd);
	ctx->reason = IPSECAPI_REASON_NONE;
	return 0;
}

int flow_ready(struct ipsecapi_flow *flow)
{
	uint32_t changed;
	int err;

	if (!flow->stale) {
		changed = socket_changed(flow);
		if (changed != IPSECAPI_REASON_NONE)
			flow->stale = changed;
	}
	err = flow->stale ? 0 : session_wait(flow->ctx);
	if (!err && !flow->stale && connected_since(flow))
		err = show_again(flow);
	if (err)
		return err;
	return flow->stale ? context_fail(flow->ctx, -ESTALE, flow->stale) : 0;
}

/* A flow's handle dies with the connection: after a loss, attach and ask once more. */
int flow_call(struct ipsecapi_flow *flow, struct request *req, struct reply *rep)
{
	bool was_up;
	int err;

	err = context_enter(flow->ctx);
	if (err)
		return err;
	do {
		was_up = flow->ctx->state == SESSION_UP;
		err = flow_ready(flow);
		if (err)
			return err;
		req->flow = flow->remote;
		err = session_call(flow->ctx, req, rep);
		if (rep->fd >= 0)
			close(rep->fd);
	} while (err == -ENOLINK && was_up);
	return err;
}

static int flow_struct(struct ipsecapi_flow *flow, struct request *req, void *out, size_t size)
{
	struct reply rep;
	int err;

	if (!flow)
		return -EINVAL;
	err = flow_call(flow, req, &rep);
	return err ? err : reply_struct(&rep, out, size);
}

int ipsecapi_report(struct ipsecapi_flow *flow, struct ipsecapi_report *rep, size_t size)
{
	struct request req = { .type = WIRE_REPORT, .fd = -1 };

	if (!rep || !size)
		return -EINVAL;
	return flow_struct(flow, &req, rep, size);
}

int ipsecapi_why(struct ipsecapi_flow *flow, uint32_t index, struct ipsecapi_why *why,
		 size_t size)
{
	struct request req = { .type = WIRE_WHY, .fd = -1, .index = index, .has_index = true };

	if (!why || !size)
		return -EINVAL;
	return flow_struct(flow, &req, why, size);
}
