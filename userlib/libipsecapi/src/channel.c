// SPDX-License-Identifier: LGPL-2.1-or-later
/* One connection to the broker: send a request, wait for its reply, queue events meanwhile. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "internal.h"

static int set_patience(int sock, uint64_t wait_ns)
{
	uint64_t us = wait_ns / 1000 + 1;	/* 0 would be for ever */
	const struct timeval tv = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };

	/* what connect() goes by, when the queue of the listening socket is full */
	return setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

int channel_connect(struct ipsecapi *ctx, uint64_t wait_ns)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int sock, err;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (wait_ns ? 0 : SOCK_NONBLOCK), 0);
	if (sock < 0)
		return -errno;
	if ((wait_ns && set_patience(sock, wait_ns)) ||
	    connect(sock, (struct sockaddr *)&ctx->addr, sizeof(ctx->addr))) {
		err = context_fail(ctx, -ENOLINK, IPSECAPI_REASON_BROKER_LOST);
		goto close_sock;
	}
	if (epoll_ctl(ctx->epoll, EPOLL_CTL_ADD, sock, &ev)) {
		err = -errno;
		goto close_sock;
	}
	ctx->sock = sock;
	return 0;

close_sock:
	close(sock);
	return err;
}

void channel_drop(struct ipsecapi *ctx)
{
	page_unmap(ctx);
	if (ctx->sock >= 0)
		close(ctx->sock);	/* leaves the epoll set with it */
	ctx->sock = -1;
}

int channel_send(struct ipsecapi *ctx, const struct request *req)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct wire_header hdr = { .type = req->type, .version = ctx->version, .tag = ++ctx->tag };
	uint8_t buf[192];
	struct iovec iov = { .iov_base = buf };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct tlv_writer w;

	tlv_begin(&w, buf, sizeof(buf), &hdr);
	if (req->type == WIRE_HELLO) {
		tlv_put_u32(&w, WIRE_ATTR_MIN_VERSION, WIRE_VERSION_MIN);
		tlv_put_u32(&w, WIRE_ATTR_MAX_VERSION, WIRE_VERSION_MAX);
	}
	if (req->flow)
		tlv_put_u32(&w, WIRE_ATTR_FLOW, req->flow);
	if (req->has_index)
		tlv_put_u32(&w, WIRE_ATTR_INDEX, req->index);
	if (req->want)
		tlv_put(&w, WIRE_ATTR_STRUCT, req->want, sizeof(*req->want));
	iov.iov_len = tlv_finish(&w);

	if (req->fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &req->fd, sizeof(int));
	}
	/* a broker that left no room for it has not read for long */
	if (sendmsg(ctx->sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == EBADF || errno == EINVAL ? -errno : -ENOLINK;
	return 0;
}

/* Returns the message's length, -EAGAIN when none waits, -ENOLINK when the broker is gone. */
static ssize_t receive(struct ipsecapi *ctx, struct reply *rep)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = rep->buf, .iov_len = sizeof(rep->buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c;
	ssize_t n;

	rep->fd = -1;
	n = recvmsg(ctx->sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ENOLINK;
	if (n == 0)
		return -ENOLINK;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&rep->fd, CMSG_DATA(c), sizeof(int));
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EPROTO;
	return n;
}

static void take_event(struct ipsecapi *ctx, const struct reply *rep)
{
	uint32_t remote = 0, what[2];

	tlv_u32(&rep->set, WIRE_ATTR_FLOW, &remote);
	if (rep->set.at[WIRE_ATTR_EVENT].length != sizeof(what))
		return;
	memcpy(what, rep->set.at[WIRE_ATTR_EVENT].data, sizeof(what));
	event_push(ctx, what[0], what[1], remote);
}

/* Returns 1 when @rep holds the reply with our tag, 0 to go on, or a negative errno. */
static int take_message(struct ipsecapi *ctx, struct reply *rep)
{
	ssize_t n = receive(ctx, rep);
	int err = n < 0 ? n : 0;

	if (!err && tlv_parse(rep->buf, n, &rep->hdr, &rep->set))
		err = -EPROTO;
	else if (!err && rep->hdr.type == WIRE_EVENT)
		take_event(ctx, rep);
	else if (!err && rep->hdr.tag == ctx->tag)
		return 1;
	/* an event, the late reply to a request that was given up, or nonsense */
	if (rep->fd >= 0)
		close(rep->fd);
	rep->fd = -1;
	return err;
}

int channel_take(struct ipsecapi *ctx, struct reply *rep)
{
	int err;

	do {
		err = take_message(ctx, rep);
	} while (!err);
	return err;
}

bool channel_answers(const struct reply *rep, uint16_t type)
{
	return rep->hdr.type == (type | WIRE_REPLY) && rep->hdr.status <= 0;
}

int channel_wait(struct ipsecapi *ctx, uint64_t until)
{
	struct pollfd pfd = { .fd = ctx->sock, .events = POLLIN };
	uint64_t now = now_boottime();

	if (now >= until)
		return -ENOLINK;
	poll(&pfd, 1, (until - now) / 1000000 + 1);
	return 0;
}

int channel_call(struct ipsecapi *ctx, const struct request *req, struct reply *rep)
{
	int err;

	rep->fd = -1;
	err = channel_send(ctx, req);
	if (err == -EBADF || err == -EINVAL)
		return err;
	while (!err) {
		err = channel_take(ctx, rep);
		if (err == -EAGAIN)
			err = channel_wait(ctx, ctx->until);
	}
	if (err == 1 && channel_answers(rep, req->type))
		return context_fail(ctx, rep->hdr.status, rep->hdr.reason);
	session_lost(ctx);
	return err == 1 ? -EPROTO : err;
}

int channel_drain(struct ipsecapi *ctx)
{
	struct reply rep;
	int err;

	do {
		err = channel_take(ctx, &rep);
		if (err == 1 && rep.fd >= 0)	/* nobody waits for it any more */
			close(rep.fd);
	} while (err == 1);
	return err == -EAGAIN ? 0 : err;
}
