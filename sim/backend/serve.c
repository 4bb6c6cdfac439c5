// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve.h"

#include <errno.h>
#include <espvault/unit_socket.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

struct server {
	struct device *device;
	int signals;
	int listener;		/* -1: none */
	unsigned int count;
	struct client client[CLIENTS_MAX];
};

static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Only who could have opened a root-only node, or started the unit, may change something. */
static bool trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && (!peer.uid || peer.uid == geteuid());
}

/* One too many is told so, in the shape of an answer to its HELLO. */
static void turn_away(int fd)
{
	const struct unit_socket_head full = { .magic = UNIT_SOCKET_MAGIC, .version = UNIT_SOCKET_VERSION,
					       .kind = UNIT_SOCKET_HELLO, .seq = 1, .err = -EUSERS };

	send(fd, &full, sizeof(full), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void take_client(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (s->count == CLIENTS_MAX)
		turn_away(fd);
	else
		s->client[s->count++] = (struct client){ .fd = fd, .may_write = trusted(fd) };
}

/* One record of each that has one; the last takes the place of who goes. */
static void serve_clients(struct server *s, const struct pollfd *p)
{
	for (unsigned int i = s->count; i--;) {
		if (!p[i].revents || client_serve(&s->client[i], s->device))
			continue;
		client_close(&s->client[i], s->device);
		s->client[i] = s->client[--s->count];
	}
}

static int loop(struct server *s)
{
	struct pollfd p[CLIENTS_MAX + 2];
	int n;

	while (s->count || s->listener >= 0) {
		for (unsigned int i = 0; i < s->count; i++)
			p[i] = (struct pollfd){ .fd = s->client[i].fd, .events = POLLIN };
		p[s->count] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
		p[s->count + 1] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
		n = poll(p, s->count + 2, device_timeout(s->device));
		if (n < 0 && errno != EINTR)
			return -errno;
		device_tick(s->device);
		if (n <= 0)
			continue;
		if (p[s->count].revents)
			return 0;
		if (p[s->count + 1].revents)
			take_client(s);		/* behind those of p; it is served in the next round */
		else
			serve_clients(s, p);
	}
	return 0;
}

static int serve(struct server *s)
{
	int err;

	s->signals = signals_open();
	if (s->signals < 0)
		return s->signals;
	err = loop(s);
	while (s->count)
		client_close(&s->client[--s->count], s->device);
	close(s->signals);
	return err;
}

int serve_one(struct device *d, int fd)
{
	static struct server s;

	s = (struct server){ .device = d, .listener = -1, .count = 1,
			     .client[0] = { .fd = fd, .may_write = true } };
	return serve(&s);
}

int serve_all(struct device *d, int listener)
{
	static struct server s;

	s = (struct server){ .device = d, .listener = listener };
	return serve(&s);
}

/* -EADDRINUSE: somebody serves it, or it is no socket; 0: the path is free now. */
static int clear_path(const struct sockaddr_un *a)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(a->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)a, sizeof(*a)) || errno != ECONNREFUSED)
		err = -EADDRINUSE;
	else if (unlink(a->sun_path) && errno != ENOENT)
		err = -errno;
	close(fd);
	return err;
}

int serve_listen(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, err;

	if (!*path || strlen(path) >= sizeof(a.sun_path))
		return *path ? -ENAMETOOLONG : -ENOENT;
	strcpy(a.sun_path, path);
	err = clear_path(&a);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	err = bind(fd, (const struct sockaddr *)&a, sizeof(a)) || listen(fd, 16) ? -errno : 0;
	umask(mask);
	if (!err)
		return fd;
	close(fd);
	return err;
}
