// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Units that are processes, over a socket (UAPI-4). What comes back is checked
 * as if the other side were hostile: it may be another program.
 */
#include "priv.h"

#include <errno.h>
#include <espvault/unit_socket.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S	20	/* for one answer, a slow machine's power-on self-tests included */

union answer {
	struct unit_socket_head head;
	struct unit_socket_info info;
	struct unit_socket_cmd cmd;
};

/* The words of the socket, as far as they are not those of the ioctls. */
static int gone(int err)
{
	switch (err) {
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return -ENODEV;
	case EAGAIN:
		return -ETIMEDOUT;
	default:
		return -err;
	}
}

static int send_all(int fd, struct iovec *iov, size_t n, size_t len)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t sent;

	do {
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return gone(errno);
	return (size_t)sent == len ? 0 : -EPROTO;
}

/* The answer to request seq; those to requests that were given up come before it. Its length, or a negative errno. */
static ssize_t receive(int fd, uint16_t kind, uint32_t seq, union answer *a)
{
	ssize_t len;

	do {
		do {
			len = recv(fd, a, sizeof(*a), MSG_TRUNC);
			/* a reset is told once, before what the other side had said */
		} while (len < 0 && (errno == EINTR || errno == ECONNRESET));
		if (len < 0)
			return gone(errno);
		if (!len)
			return -ENODEV;
		if ((size_t)len < sizeof(a->head) || (size_t)len > sizeof(*a) || a->head.magic != UNIT_SOCKET_MAGIC)
			return -EPROTO;
	} while (a->head.seq < seq);
	if (a->head.version != UNIT_SOCKET_VERSION)
		return -EPROTONOSUPPORT;
	if (a->head.seq != seq || a->head.kind != kind || a->head.err > 0)
		return -EPROTO;
	return a->head.err ? a->head.err : len;
}

/* Send head, what follows it and len bytes of data. The length of the answer in *a, or a negative errno. */
static ssize_t ask(struct espvault *unit, uint16_t kind, const void *more, size_t more_len, const void *data,
		   size_t len, union answer *a)
{
	struct unit_socket_head head = { .magic = UNIT_SOCKET_MAGIC, .version = UNIT_SOCKET_VERSION, .kind = kind,
					 .seq = ++unit->seq };
	struct iovec iov[] = { { &head, sizeof(head) }, { (void *)(uintptr_t)more, more_len },
			       { (void *)(uintptr_t)data, len } };
	int err = send_all(unit->fd, iov, 3, sizeof(head) + more_len + len);

	/* who closed the connection may have said why */
	return err && err != -ENODEV ? err : receive(unit->fd, kind, head.seq, a);
}

int esp_socket_hello(struct espvault *unit)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	const struct { uint32_t flags, rsvd; } more = {
		.flags = unit->flags & ESPVAULT_RDONLY ? UNIT_SOCKET_READER : 0,
	};
	union answer a;
	ssize_t len;

	if (setsockopt(unit->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(unit->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)))
		return -errno;
	len = ask(unit, UNIT_SOCKET_HELLO, &more, sizeof(more), NULL, 0, &a);
	return len < 0 ? (int)len : len == sizeof(a.head) ? 0 : -EPROTO;
}

int esp_socket_info(struct espvault *unit, struct esv_uapi_info *info)
{
	union answer a;
	ssize_t len = ask(unit, UNIT_SOCKET_INFO, NULL, 0, NULL, 0, &a);

	if (len < 0)
		return (int)len;
	if ((size_t)len != sizeof(a.info))
		return -EPROTO;
	*info = a.info.info;
	return 0;
}

static int take_answer(struct esv_uapi_cmd *cmd, const struct unit_socket_cmd *a, size_t len)
{
	if (len < offsetof(struct unit_socket_cmd, data) || a->cmd.out_len > cmd->out_cap ||
	    len != offsetof(struct unit_socket_cmd, data) + a->cmd.out_len)
		return -EPROTO;
	if (a->cmd.out_len)
		memcpy((void *)(uintptr_t)cmd->out, a->data, a->cmd.out_len);
	cmd->status = a->cmd.status;
	cmd->err_off = a->cmd.err_off;
	cmd->out_len = a->cmd.out_len;
	cmd->object = a->cmd.object;
	memcpy(cmd->result, a->cmd.result, sizeof(cmd->result));
	return 0;
}

int esp_socket_cmd(struct espvault *unit, struct esv_uapi_cmd *cmd)
{
	struct esv_uapi_cmd c = *cmd;
	union answer a;
	ssize_t len;

	c.in = c.out = 0;
	len = ask(unit, UNIT_SOCKET_CMD, &c, sizeof(c), (const void *)(uintptr_t)cmd->in, cmd->in_len, &a);
	return len < 0 ? (int)len : take_answer(cmd, &a.cmd, (size_t)len);
}

void esp_socket_close(struct espvault *unit)
{
	close(unit->fd);
}

static int socket_open(struct espvault *unit, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int err;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	unit->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (unit->fd < 0)
		return -errno;
	/* An empty path would be an abstract address of the kernel's choice. */
	if (!*path)
		err = -ENOENT;
	else
		err = connect(unit->fd, (const struct sockaddr *)&a, sizeof(a)) ? -errno : esp_socket_hello(unit);
	if (err)
		close(unit->fd);
	return err;
}

const struct esp_transport esp_socket = {
	.open = socket_open, .close = esp_socket_close, .info = esp_socket_info, .cmd = esp_socket_cmd,
	.is_process = true,
};
