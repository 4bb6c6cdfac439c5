// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

const uint8_t *flow_pattern(void)
{
	static uint8_t block[FLOW_BLOCK];
	uint32_t x = 0x9e3779b9;

	if (block[0])
		return block;
	for (size_t i = 0; i < FLOW_BLOCK; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		block[i] = x >> 24;
	}
	block[0] |= 1;
	return block;
}

double flow_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int failed(const char *what)
{
	fprintf(stderr, "flow: %s: %s\n", what, strerror(errno));
	return -1;
}

int flow_tcp(int fd, uint64_t bytes, struct flow_result *res)
{
	const uint8_t *pattern = flow_pattern();
	uint64_t head = htobe64(bytes), done = 0;
	double start = flow_now();

	if (send(fd, &head, sizeof(head), MSG_NOSIGNAL) != sizeof(head))
		return failed("send");
	while (done < bytes) {
		size_t at = done % FLOW_BLOCK;
		uint64_t left = bytes - done;
		size_t room = FLOW_BLOCK - at;
		ssize_t n = send(fd, pattern + at, left < room ? left : room, MSG_NOSIGNAL);

		if (n < 0)
			return failed("send");
		done += n;
	}
	if (recv(fd, &head, sizeof(head), MSG_WAITALL) != sizeof(head))
		return failed("receipt");
	res->bytes = be64toh(head);
	res->seconds = flow_now() - start;
	return 0;
}

int flow_udp(int fd, uint64_t bytes, size_t size, struct flow_result *res)
{
	const uint8_t *pattern = flow_pattern();
	static uint8_t buf[FLOW_BLOCK];
	double start = flow_now();

	for (res->bytes = 0; res->bytes < bytes; res->bytes += size) {
		if (send(fd, pattern, size, 0) != (ssize_t)size)
			return failed("send");
		if (recv(fd, buf, sizeof(buf), 0) != (ssize_t)size || memcmp(buf, pattern, size))
			return failed("echo");
	}
	res->seconds = flow_now() - start;
	return 0;
}
