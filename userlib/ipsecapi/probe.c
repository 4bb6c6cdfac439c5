// SPDX-License-Identifier: GPL-2.0-or-later
/* A connected socket to ask about. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
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

bool probe_port_valid(const char *port)
{
	size_t digits = strspn(port, "0123456789");
	unsigned long n;

	if (!*port || port[digits])
		return *port && strspn(port, " +-") == 0;
	/* getaddrinfo() would take a larger number and cut it */
	n = digits <= 5 ? strtoul(port, NULL, 10) : 0;
	return n >= 1 && n <= 65535;
}

int probe_connect(const char *protocol, const char *host, const char *port, int timeout_ms)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC }, *list, *a;
	int err, fd = -EHOSTUNREACH;

	hints.ai_socktype = strcmp(protocol, "udp") ? SOCK_STREAM : SOCK_DGRAM;
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
