// SPDX-License-Identifier: GPL-2.0-or-later
#include "client.h"

#include <errno.h>
#include <espvault/uapi_access.h>
#include <espvault/unit_socket.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool session_lives(const struct client *c, struct device *d)
{
	return c->open && c->epoch == device_epoch(d);
}

/* A new epoch ends all sessions: the next command opens one, without handles. 0; 1: refused, u says so; -errno. */
static int session_get(struct client *c, struct device *d, struct esv_uapi_cmd *u)
{
	struct esv_uapi_cmd cmd = { .opcode = ESV_OP_SESSION_OPEN };
	int err;

	if (session_lives(c, d))
		return 0;
	c->open = false;
	err = device_command(d, &cmd, NULL, NULL);
	if (err)
		return err;
	if (cmd.status != ESV_S_OK) {
		u->status = cmd.status;
		u->err_off = cmd.err_off;
		u->out_len = 0;
		return 1;
	}
	c->open = true;
	c->session = cmd.object;
	c->epoch = device_epoch(d);
	return 0;
}

static int check(const struct client *c, const struct esv_uapi_cmd *u)
{
	if (!(esv_allowed(u->opcode) & (c->writer ? ESV_ALLOW_WRITE : ESV_ALLOW_READ)))
		return -EPERM;
	if (u->size < sizeof(*u) || u->out_cap > ESV_ADMIN_BUF)
		return -EMSGSIZE;
	if (u->size > sizeof(*u) || u->rsvd || u->rsvd1 || u->in || u->out)
		return -E2BIG;
	return 0;
}

static int command(struct client *c, struct device *d, struct esv_uapi_cmd *u, const void *in, void *out)
{
	bool session = esv_needs_session(u);
	int err = check(c, u);

	if (err)
		return err;
	if (esv_allowed(u->opcode) & ESV_ALLOW_SESSION)
		u->object = 0;
	if (session) {
		err = session_get(c, d, u);
		if (err)
			return err < 0 ? err : 0;
		u->object = c->session;
	}
	err = device_command(d, u, in, out);
	/* The unit closed the session: the next command opens a new one. */
	if (!err && session && u->status == ESV_S_BAD_HANDLE &&
	    u->err_off == (ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object)))
		c->open = false;
	return err;
}

/* --- records --- */

union record {
	struct unit_socket_head head;
	struct unit_socket_hello hello;
	struct unit_socket_info info;
	struct unit_socket_cmd cmd;
};

static int hello(struct client *c, const union record *r, size_t len)
{
	if (len != sizeof(r->hello))
		return -EMSGSIZE;
	if (r->hello.flags & ~UNIT_SOCKET_READER || r->hello.rsvd)
		return -E2BIG;
	if (c->greeted)
		return -EALREADY;
	c->writer = !(r->hello.flags & UNIT_SOCKET_READER);
	if (c->writer && !c->may_write)
		return -EPERM;
	c->greeted = true;
	return 0;
}

/* Bytes of the answer, or a negative errno. */
static int answer(struct client *c, struct device *d, const union record *r, size_t len, union record *out)
{
	int err;

	if (r->head.version != UNIT_SOCKET_VERSION)
		return -EPROTONOSUPPORT;
	if (r->head.kind == UNIT_SOCKET_HELLO)
		return hello(c, r, len) ?: (int)sizeof(out->head);
	if (!c->greeted)
		return -EPROTO;
	if (r->head.kind == UNIT_SOCKET_INFO) {
		if (len != sizeof(r->head))
			return -EMSGSIZE;
		device_info(d, &out->info.info);
		return sizeof(out->info);
	}
	if (r->head.kind != UNIT_SOCKET_CMD)
		return -ENOTTY;
	if (len < offsetof(struct unit_socket_cmd, data) ||
	    len != offsetof(struct unit_socket_cmd, data) + r->cmd.cmd.in_len)
		return -EMSGSIZE;
	out->cmd.cmd = r->cmd.cmd;
	err = command(c, d, &out->cmd.cmd, r->cmd.data, out->cmd.data);
	return err ? err : (int)(offsetof(struct unit_socket_cmd, data) + out->cmd.cmd.out_len);
}

bool client_serve(struct client *c, struct device *d)
{
	static union record in, out;
	ssize_t len = recv(c->fd, &in, sizeof(in), MSG_DONTWAIT | MSG_TRUNC);
	bool sent;
	int n;

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	/* Not from a client of any version; or none any more. */
	if ((size_t)len < sizeof(in.head) || in.head.magic != UNIT_SOCKET_MAGIC)
		return false;
	n = (size_t)len > sizeof(in) ? -EMSGSIZE : answer(c, d, &in, (size_t)len, &out);
	out.head = (struct unit_socket_head){ .magic = UNIT_SOCKET_MAGIC, .version = UNIT_SOCKET_VERSION,
					      .kind = in.head.kind, .seq = in.head.seq, .err = n < 0 ? n : 0 };
	if (n < 0)
		n = sizeof(out.head);
	/* Who does not read what it asked for is not waited for. */
	sent = send(c->fd, &out, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n;
	explicit_bzero(&in, sizeof(in));
	explicit_bzero(&out, sizeof(out));
	return sent;
}

void client_close(struct client *c, struct device *d)
{
	struct esv_uapi_cmd cmd = { .opcode = ESV_OP_SESSION_CLOSE, .object = c->session };

	/* In another epoch the number is someone else's. */
	if (session_lives(c, d))
		device_command(d, &cmd, NULL, NULL);
	close(c->fd);
	*c = (struct client){ .fd = -1 };
}
