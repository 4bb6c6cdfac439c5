// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A worker serves one connection. It is disposable: closing a stranger's descriptor can block.
 * On a lingering socket an alarm ends the process and nobody else notices. On a file of a
 * hostile file system not even that helps, for the kernel waits for the file system's word
 * whatever happens to us: such a worker stays, and with it the place of the user's session, until
 * the file system answers or dies. So descriptors are closed after the answer, and not one is
 * taken before the front has counted the session.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../libipsecapi/wire/tlv.h"
#include "channel.h"
#include "sandbox.h"
#include "session.h"
#include "want.h"

#define DEADLINE_S	2
#define FDS_MAX		4	/* the kernel closes what does not fit */

struct worker {
	const struct worker_config *config;
	int client;
	int channel;
	uint32_t version;	/* 0: no HELLO yet */
	uint32_t peer;		/* uid of the process that connected */
	bool busy;		/* the front owes a reply: at first, whether to begin */
	bool overflow;		/* events were dropped; RESYNC is due */
	int held;		/* the client's socket, until the front has answered; -1: none */
};

struct message {
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct wire_header hdr;
	struct tlv_set set;
	ssize_t length;
	int fds[FDS_MAX];
	int n_fds;
	bool truncated;
	bool has_uid;
	uint32_t uid;
};

static void take_control(struct msghdr *msg, struct message *m)
{
	struct cmsghdr *c;
	struct ucred cred;
	int n;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof(cred))) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			m->uid = cred.uid;
			m->has_uid = true;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			if (n > FDS_MAX)
				n = FDS_MAX;
			memcpy(m->fds, CMSG_DATA(c), n * sizeof(int));
			m->n_fds = n;
		}
	}
}

/* Returns false at the end of the connection. */
static bool receive(struct worker *w, struct message *m)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = m->buf, .iov_len = sizeof(m->buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};

	memset(m, 0, offsetof(struct message, length));
	m->n_fds = 0;
	m->has_uid = false;
	m->length = recvmsg(w->client, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (m->length <= 0)
		return m->length < 0 && (errno == EAGAIN || errno == EINTR);
	m->truncated = msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	take_control(&msg, m);
	return true;
}

static void close_fds(struct message *m)
{
	while (m->n_fds)
		close(m->fds[--m->n_fds]);
}

/* Returns false when the client does not read what it asked for. */
static bool send_client(struct worker *w, struct tlv_writer *t, int fd)
{
	int n = tlv_finish(t);

	return n > 0 && !chan_send(w->client, t->buf, n, fd, MSG_DONTWAIT);
}

/* The front keeps the books. Whoever sent no credentials is the user that connected. */
static void tell_front(struct worker *w, uint32_t type, const struct message *m, uint32_t reason)
{
	const struct sess_request req = {
		.type = type, .uid = m && m->has_uid ? m->uid : w->peer, .index = reason,
	};

	chan_send(w->channel, &req, sizeof(req), -1, MSG_DONTWAIT);
}

static bool refuse(struct worker *w, const struct message *m, int err, uint32_t reason)
{
	struct wire_header hdr = {
		.type = m->hdr.type | WIRE_REPLY, .version = w->version, .tag = m->hdr.tag,
		.status = err, .reason = reason,
	};
	uint8_t buf[64];
	struct tlv_writer t;

	tell_front(w, SESS_REFUSED, m, reason);
	tlv_begin(&t, buf, sizeof(buf), &hdr);
	return send_client(w, &t, -1);
}

/* What every message must satisfy. Returns 0, or a negative errno with @reason set. */
static int check_message(const struct worker *w, struct message *m, uint32_t *reason)
{
	int err = tlv_parse(m->buf, m->length, &m->hdr, &m->set);

	*reason = IPSECAPI_REASON_MALFORMED;
	if (m->n_fds > 1 || (m->truncated && m->n_fds)) {
		*reason = IPSECAPI_REASON_TOO_MANY_DESCRIPTORS;
		return -EINVAL;
	}
	if (err == -EOPNOTSUPP)
		*reason = IPSECAPI_REASON_UNKNOWN_ATTRIBUTE;
	if (err)
		return err;
	if (m->truncated)
		return -EMSGSIZE;
	if (!m->has_uid) {
		*reason = IPSECAPI_REASON_CREDENTIALS;
		return -EACCES;
	}
	if (m->uid == w->config->overflow_uid) {
		*reason = IPSECAPI_REASON_OVERFLOW_UID;
		return -EACCES;
	}
	return 0;
}

static int agree_version(struct worker *w, const struct message *m, uint32_t *reason)
{
	uint32_t min, max;

	*reason = IPSECAPI_REASON_MALFORMED;
	if (w->version || tlv_u32(&m->set, WIRE_ATTR_MIN_VERSION, &min) ||
	    tlv_u32(&m->set, WIRE_ATTR_MAX_VERSION, &max))
		return -EBADMSG;
	*reason = IPSECAPI_REASON_VERSION;
	if (min > WIRE_VERSION_MAX || max < WIRE_VERSION_MIN)
		return -EPROTONOSUPPORT;
	w->version = max < WIRE_VERSION_MAX ? max : WIRE_VERSION_MAX;
	return 0;
}

static bool takes_descriptor(uint16_t type)
{
	return type == WIRE_FLOW_OPEN || sess_hands_on(type);
}

/* A longer one of a newer library asks for what we don't know, unless all of it is zero. */
static int take_want(const struct message *m, struct wire_require *want)
{
	const struct tlv_value *v = &m->set.at[WIRE_ATTR_STRUCT];
	const uint8_t *bytes = v->data;
	size_t i;

	if (!bytes)
		return -EBADMSG;
	for (i = sizeof(*want); i < v->length; i++)
		if (bytes[i])
			return -E2BIG;
	sized_copy_out(want, sizeof(*want), bytes, v->length);
	return want_check(want);
}

/* Attributes of the request type; one that is missing is a malformed message. */
static int take_attributes(const struct message *m, struct sess_request *req)
{
	switch (m->hdr.type) {
	case WIRE_ACCEPT:
	case WIRE_WHY:
		return tlv_u32(&m->set, WIRE_ATTR_FLOW, &req->flow) ?:
		       tlv_u32(&m->set, WIRE_ATTR_INDEX, &req->index);
	case WIRE_REQUIRE:
		return tlv_u32(&m->set, WIRE_ATTR_FLOW, &req->flow) ?: take_want(m, &req->want);
	case WIRE_RELAX:
	case WIRE_FLOW_CLOSE:
	case WIRE_REPORT:
		return tlv_u32(&m->set, WIRE_ATTR_FLOW, &req->flow);
	case WIRE_RUN:
		return tlv_u32(&m->set, WIRE_ATTR_INDEX, &req->index) ?:
		       (req->index & ~CONFINE_FLAGS ? -E2BIG : 0);
	case WIRE_CLASS:
	case WIRE_INTERFACE:
	case WIRE_RULE:
	case WIRE_POLICY:
		return tlv_u32(&m->set, WIRE_ATTR_INDEX, &req->index);
	}
	return 0;
}

static int check_request(struct worker *w, struct message *m, struct sess_request *req,
			 uint32_t *reason)
{
	uint16_t type = m->hdr.type;
	int err;

	*reason = IPSECAPI_REASON_UNKNOWN_REQUEST;
	if (!type || type > WIRE_REQUEST_MAX || (type > WIRE_POLICY && type < WIRE_REQUIRE) ||
	    (type > WIRE_ACCEPT && type < WIRE_RUN))
		return -EOPNOTSUPP;
	*reason = IPSECAPI_REASON_TOO_MANY_DESCRIPTORS;
	if (!takes_descriptor(type) && m->n_fds)
		return -EINVAL;
	if (type == WIRE_HELLO)
		return agree_version(w, m, reason);
	*reason = IPSECAPI_REASON_NO_HELLO;
	if (!w->version)
		return -EPROTO;
	*reason = IPSECAPI_REASON_MALFORMED;
	if (m->hdr.version != w->version || m->hdr.status || m->hdr.reason)
		return -EBADMSG;
	err = take_attributes(m, req);
	if (err == -E2BIG)
		*reason = IPSECAPI_REASON_SIZE;
	if (err)
		return err == -E2BIG ? err : -EBADMSG;
	if (!takes_descriptor(type))
		return 0;
	*reason = IPSECAPI_REASON_NO_DESCRIPTOR;
	if (m->n_fds != 1)
		return -EINVAL;
	if (type == WIRE_RUN)
		return cgroup_inspect(m->fds[0], m->uid, &req->cgroup, reason);
	return socket_inspect(m->fds[0], w->config->netns_cookie, &req->sock, reason);
}

/*
 * A socket that goes to the front is held until the answer comes: then no close of a process that
 * others depend on is the last, which could take its time.
 */
static bool forward(struct worker *w, struct message *m, struct sess_request *req)
{
	req->type = m->hdr.type;
	req->tag = m->hdr.tag;
	req->uid = m->uid;
	w->busy = true;
	if (sess_hands_on(m->hdr.type)) {
		w->held = m->fds[0];
		m->n_fds = 0;
	}
	return !chan_send(w->channel, req, sizeof(*req), w->held, 0);
}

static void let_go(struct worker *w)
{
	if (w->held < 0)
		return;
	alarm(DEADLINE_S);
	close(w->held);
	w->held = -1;
	alarm(0);
}

/* Returns false to end the connection. */
static bool take_client(struct worker *w)
{
	struct sess_request req = { 0 };
	struct message m;
	uint32_t reason;
	bool ok;
	int err;

	alarm(DEADLINE_S);
	if (!receive(w, &m))
		return false;
	if (m.length < 0) {
		alarm(0);
		return true;
	}
	err = check_message(w, &m, &reason);
	if (!err)
		err = check_request(w, &m, &req, &reason);
	ok = err ? refuse(w, &m, err, reason) : forward(w, &m, &req);
	close_fds(&m);
	alarm(0);
	return ok;
}

static void put_event(struct tlv_writer *t, uint32_t type, uint32_t reason, uint32_t flow)
{
	const uint32_t what[2] = { type, reason };

	tlv_put(t, WIRE_ATTR_EVENT, what, sizeof(what));
	if (flow)
		tlv_put_u32(t, WIRE_ATTR_FLOW, flow);
}

/*
 * Events wait for no one: those that a client does not read are replaced by RESYNC, as soon as it
 * reads again. They leave room for replies. Returns false to end the connection.
 */
static bool send_event(struct worker *w, uint32_t type, uint32_t reason, uint32_t flow)
{
	const struct wire_header hdr = { .type = WIRE_EVENT, .version = w->version };
	uint8_t buf[64];
	struct tlv_writer t;

	if (w->overflow || !chan_has_room(w->client)) {
		w->overflow = true;
		return true;
	}
	tlv_begin(&t, buf, sizeof(buf), &hdr);
	put_event(&t, type, reason, flow);
	return send_client(w, &t, -1);
}

static bool resync(struct worker *w)
{
	w->overflow = false;
	tell_front(w, SESS_RESYNC, NULL, 0);
	return send_event(w, IPSECAPI_EVENT_RESYNC, IPSECAPI_REASON_NONE, 0);
}

static bool send_reply(struct worker *w, const struct sess_reply *r, int fd)
{
	const struct wire_header hdr = {
		.type = r->type | WIRE_REPLY, .version = w->version, .tag = r->tag,
		.status = r->status, .reason = r->reason,
	};
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct tlv_writer t;

	tlv_begin(&t, buf, sizeof(buf), &hdr);
	if (r->type == WIRE_HELLO && !r->status) {
		tlv_put_u32(&t, WIRE_ATTR_VERSION, w->version);
		tlv_put_u32(&t, WIRE_ATTR_PAGE_SIZE, r->page_size);
	}
	if (r->flow)
		tlv_put_u32(&t, WIRE_ATTR_FLOW, r->flow);
	if (r->length)
		tlv_put(&t, WIRE_ATTR_STRUCT, r->data, r->length);
	return send_client(w, &t, fd);
}

/* Returns false to end the connection. */
static bool take_front(struct worker *w)
{
	struct sess_reply r;
	bool ok = true;
	int fd;

	if (chan_recv(w->channel, &r, sizeof(r), &fd, 0) != sizeof(r))
		return false;
	if (r.type == SESS_START) {
		w->busy = false;
	} else if (r.type == WIRE_EVENT) {
		ok = send_event(w, r.event, r.reason, r.flow);
	} else {
		w->busy = false;
		ok = r.length <= sizeof(r.data) && send_reply(w, &r, fd);
		let_go(w);
		/* a session that was refused from the start has nothing to go on with */
		ok = ok && (r.type != WIRE_HELLO || !r.status);
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool start(struct worker *w)
{
	struct sess_request req = { .type = SESS_START };
	socklen_t len = sizeof(struct ucred);
	struct ucred cred;

	w->client = accept4(w->config->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	close(w->config->accepted);
	close(w->config->listener);
	if (w->client < 0 ||
	    getsockopt(w->client, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	req.uid = w->peer = cred.uid;
	w->busy = true;
	return !chan_send(w->channel, &req, sizeof(req), -1, 0);
}

/* One request at a time; the client's next one waits in its socket. */
static struct pollfd want_of_client(const struct worker *w)
{
	struct pollfd pfd = { .fd = w->client };

	if (!w->busy)
		pfd.events |= POLLIN;
	if (w->overflow)
		pfd.events |= POLLOUT;
	/* nor is one that hung up heard while its socket is held */
	if (!pfd.events || w->held >= 0)
		pfd.fd = -1;
	return pfd;
}

/* Returns false to end the connection. */
static bool serve_client(struct worker *w, short revents)
{
	if (revents & POLLOUT && !resync(w))
		return false;
	if (w->busy)	/* a client that hung up is not heard before its turn */
		return !(revents & (POLLHUP | POLLERR));
	return !(revents & ~POLLOUT) || take_client(w);
}

int worker_main(const struct worker_config *config)
{
	struct worker w = { .config = config, .channel = config->channel, .held = -1 };
	struct pollfd pfd[2];

	if (sandbox_enter(SANDBOX_WORKER) || !start(&w))
		return 1;
	for (;;) {
		pfd[0] = (struct pollfd){ .fd = w.channel, .events = POLLIN };
		pfd[1] = want_of_client(&w);
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (pfd[0].revents && !take_front(&w))
			return 0;
		if (pfd[1].revents && !serve_client(&w, pfd[1].revents))
			return 0;
	}
}
