// SPDX-License-Identifier: GPL-2.0-or-later
/* A connected socket to ask about. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

/*
 * A TCP connection that protection holds up stays in SYN-SENT, and why is the interesting part:
 * a timeout is therefore not an error here.
 */
static int connect_one(const struct addrinfo *a, int timeout_ms)
{
	struct pollfd pfd = { .events = POLLOUT };
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			a->ai_protocol);
	int err = 0;
	socklen_t len = sizeof(err);

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS) {
		err = errno;
		close(fd);
		return -err;
	}
	pfd.fd = fd;
	if (a->ai_socktype == SOCK_STREAM && poll(&pfd, 1, timeout_ms) == 1 &&
	    !getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) && err) {
		close(fd);
		return -err;
	}
	return fd;
}

int probe_connect(const char *protocol, const char *host, const char *port, int timeout_ms)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC }, *list, *a;
	int err, fd = -EHOSTUNREACH;

	if (!strcmp(protocol, "tcp"))
		hints.ai_socktype = SOCK_STREAM;
	else if (!strcmp(protocol, "udp"))
		hints.ai_socktype = SOCK_DGRAM;
	else
		return -EPROTONOSUPPORT;
	err = getaddrinfo(host, port, &hints, &list);
	if (err) {
		fprintf(stderr, "ipsecapi: %s port %s: %s\n", host, port, gai_strerror(err));
		return -EDESTADDRREQ;
	}
	for (a = list; a && fd < 0; a = a->ai_next)
		fd = connect_one(a, timeout_ms);
	freeaddrinfo(list);
	return fd;
}
