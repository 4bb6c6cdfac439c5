// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent: runs commands and moves files for the test programs outside. It
 * trusts them, and nothing inside the machine can reach it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent.h"
#include "job.h"
#include "port.h"
#include "wire.h"

/* Above this much unsent output, commands are left to wait on their pipes. */
#define BACKLOG_LIMIT (4u << 20)

static int write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

static int store(const char *path, uint32_t mode, const uint8_t *data,
		 size_t len)
{
	int fd, err;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	err = write_all(fd, data, len);
	if (!err && fchmod(fd, mode) < 0 && errno != EPERM)
		err = -errno;
	close(fd);
	return err;
}

static void do_put(struct port *port, uint32_t id, struct wire_in *in)
{
	char *path = wire_string(in);
	uint32_t mode = wire_u32(in);
	const uint8_t *data;
	size_t len;
	int err;

	data = wire_bytes(in, &len);
	err = in->bad ? -EINVAL : store(path, mode, data, len);
	if (err)
		port_send_error(port, id, strerror(-err));
	else
		port_send(port, id, WIRE_DONE, NULL, 0, NULL, 0);
	free(path);
}

/* Files of /proc and /sys have no size; read to the end. */
static int load(const char *path, uint8_t **data, size_t *len)
{
	size_t size = 65536;
	uint8_t *p = malloc(size), *q;
	ssize_t n = 0;
	int fd;

	*len = 0;
	*data = p;
	if (!p)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, p + *len, size - *len)) > 0) {
		*len += n;
		if (*len < size)
			continue;
		q = *len < WIRE_MAX_FRAME / 2 ? realloc(p, size *= 2) : NULL;
		if (!q) {
			close(fd);
			return -EFBIG;
		}
		*data = p = q;
	}
	close(fd);
	return n < 0 ? -errno : 0;
}

static void do_get(struct port *port, uint32_t id, struct wire_in *in)
{
	char *path = wire_string(in);
	uint8_t *data = NULL;
	size_t len = 0;
	int err;

	err = path ? load(path, &data, &len) : -EINVAL;
	if (err)
		port_send_error(port, id, strerror(-err));
	else
		port_send(port, id, WIRE_DATA, NULL, 0, data, len);
	free(data);
	free(path);
}

static void handle(struct port *port, uint32_t id, uint8_t kind,
		   struct wire_in *in)
{
	switch (kind) {
	case WIRE_RUN:
		job_start(port, id, in);
		break;
	case WIRE_PUT:
		do_put(port, id, in);
		break;
	case WIRE_GET:
		do_get(port, id, in);
		break;
	case WIRE_SIGNAL:
		job_signal(port, id, in);
		break;
	case WIRE_STDIN:
		job_stdin(port, id, in);
		break;
	default:
		port_send_error(port, id, "unknown kind of request");
	}
}

static void handle_frames(struct port *port)
{
	struct wire_in in;
	const uint8_t *body;
	uint32_t id;
	uint8_t kind;
	size_t len;

	while ((body = port_next(port, &id, &kind, &len))) {
		port->seen_frame = true;
		in = (struct wire_in){ .p = body, .left = len };
		handle(port, id, kind, &in);
		port_consume(port, len);
	}
}

static void say_hello(struct port *port)
{
	struct utsname u;
	uint8_t len[4] = { 0 };

	uname(&u);
	len[0] = strlen(u.release);
	port_send(port, 0, WIRE_HELLO, len, sizeof(len), u.release, len[0]);
}

static int open_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void drain(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		;
}

static int wait_for_work(struct port *port, int sigchld)
{
	bool room = port_backlog(port) < BACKLOG_LIMIT;
	struct pollfd *fds;
	bool hangup;
	size_t n;

	fds = calloc(2 + job_count() * JOB_FDS, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	fds[0].fd = port->fd;
	fds[0].events = POLLIN | (port_has_output(port) ? POLLOUT : 0);
	fds[1].fd = sigchld;
	fds[1].events = POLLIN;
	n = 2 + job_poll_fds(fds + 2, room);
	poll(fds, n, job_timeout());
	/*
	 * When the other side has hung up there is nobody left to work for;
	 * before its first frame it may only not have been announced yet.
	 */
	hangup = (fds[0].revents & POLLHUP) && port->seen_frame;
	free(fds);
	return hangup ? -EPIPE : 0;
}

int agent_main(void)
{
	struct port port;
	int sigchld, err;

	sigchld = open_sigchld();
	err = port_open(&port);
	if (err || sigchld < 0) {
		fprintf(stderr, "agent: no command channel: %s\n",
			strerror(-err));
		return 1;
	}
	say_hello(&port);
	while (!(err = wait_for_work(&port, sigchld))) {
		err = port_read(&port);
		if (err)
			break;
		handle_frames(&port);
		drain(sigchld);
		job_transfer(&port, port_backlog(&port) < BACKLOG_LIMIT);
		job_reap(&port);
		err = port_write(&port);
		if (err)
			break;
	}
	fprintf(stderr, "agent: channel closed: %s\n", strerror(-err));
	return 1;
}
