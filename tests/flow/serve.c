// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow.h"

#include <endian.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener(int type, uint16_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int off = 0, on = 1;
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    (type == SOCK_STREAM && listen(fd, 16))) {
		perror("flow: listen");
		return -1;
	}
	return fd;
}

/* Reads until the announced length is there; answers with the count of bytes that were right. */
static void serve_tcp(int fd)
{
	const uint8_t *pattern = flow_pattern();
	static uint8_t buf[FLOW_BLOCK];
	uint64_t want, good = 0;

	if (recv(fd, &want, sizeof(want), MSG_WAITALL) != sizeof(want))
		return;
	want = be64toh(want);
	while (good < want) {
		size_t at = good % FLOW_BLOCK;
		uint64_t left = want - good;
		size_t room = FLOW_BLOCK - at;
		ssize_t n = recv(fd, buf, left < room ? left : room, 0);

		if (n <= 0 || memcmp(buf, pattern + at, n))
			break;
		good += n;
	}
	want = htobe64(good);
	send(fd, &want, sizeof(want), MSG_NOSIGNAL);
	/* The peer closes first, so that it can ask about a live connection. */
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
}

static void echo_udp(int fd)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	static uint8_t buf[FLOW_BLOCK];
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

	if (n >= 0)
		sendto(fd, buf, n, 0, (struct sockaddr *)&from, len);
}

static void accept_tcp(int tcp, int udp)
{
	int fd = accept4(tcp, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (fork() == 0) {
		close(tcp);
		close(udp);
		serve_tcp(fd);
		_exit(0);
	}
	close(fd);
}

int flow_serve(uint16_t port)
{
	int tcp = listener(SOCK_STREAM, port);
	int udp = listener(SOCK_DGRAM, port);
	struct pollfd fds[] = { { .fd = tcp, .events = POLLIN }, { .fd = udp, .events = POLLIN } };

	if (tcp < 0 || udp < 0)
		return 1;
	signal(SIGCHLD, SIG_IGN);
	puts("ready");
	fflush(stdout);
	while (poll(fds, 2, -1) >= 0) {
		if (fds[0].revents)
			accept_tcp(tcp, udp);
		if (fds[1].revents)
			echo_udp(udp);
	}
	return 1;
}
