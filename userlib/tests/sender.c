// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: sender [HOW HOST PORT]
 *
 * Sends a datagram, or connects, and prints "sent" or the name of the error. Without arguments it
 * does so for each line that it reads. It is linked statically, so that nothing is loaded into it.
 *
 *   udp       send a datagram to an address
 *   tcp       connect
 *   uring     send a datagram by io_uring
 *   mark=BITS  as udp, from a socket with this mark; alone: bits by which a broker tells packets apart
 *   euid      only tell as whom it runs
 *   listen    bind a socket to the address, for heard
 *   heard     print what came since, or "nothing"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int heard_by = -1;

static const char *outcome(int failed)
{
	return failed ? strerrorname_np(errno) : "sent";
}

static socklen_t address(const char *host, const char *port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	in->sin_port = htons(atoi(port));
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		to->ss_family = AF_INET;
		return sizeof(*in);
	}
	inet_pton(AF_INET6, host, &in6->sin6_addr);
	to->ss_family = AF_INET6;
	return sizeof(*in6);
}

/* One operation, and its result. */
static int ring(int fd)
{
	struct io_uring_params p = { 0 };
	int ring_fd = syscall(SYS_io_uring_setup, 1, &p), result;
	struct io_uring_sqe *sqe;
	uint8_t *sq, *cq;

	if (ring_fd < 0)
		return -errno;
	sq = mmap(NULL, p.sq_off.array + 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + 2 * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED,
		  ring_fd, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		return -errno;
	*sqe = (struct io_uring_sqe){ .opcode = IORING_OP_SEND, .fd = fd, .addr = (uintptr_t)"x", .len = 1 };
	*(uint32_t *)(sq + p.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring_fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	result = ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
	close(ring_fd);
	return result;
}

static const char *by_ring(int fd, const struct sockaddr_storage *to, socklen_t length)
{
	int result;

	if (connect(fd, (const struct sockaddr *)to, length))
		return outcome(1);
	result = ring(fd);
	return result < 0 ? strerrorname_np(-result) : "sent";
}

static const char *heard(void)
{
	static char text[64];
	ssize_t n = recv(heard_by, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? "nothing" : strerrorname_np(errno);
	text[n] = 0;
	return text;
}

static const char *listen_at(int fd, const struct sockaddr_storage *at, socklen_t length)
{
	heard_by = dup(fd);
	return bind(fd, (const struct sockaddr *)at, length) ? strerrorname_np(errno) : "ok";
}

static const char *use_socket(const char *how, const char *host, const char *port)
{
	struct sockaddr_storage to;
	socklen_t length = address(host, port, &to);
	int tcp = !strcmp(how, "tcp"), fd = socket(to.ss_family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	const uint32_t mark = how[0] == 'm' && how[4] ? strtoul(how + 5, NULL, 0) : 0x18000000;
	const char *said;

	if (fd < 0)
		return outcome(1);
	if (tcp)
		said = outcome(connect(fd, (struct sockaddr *)&to, length));
	else if (!strcmp(how, "uring"))
		said = by_ring(fd, &to, length);
	else if (!strcmp(how, "listen"))
		said = listen_at(fd, &to, length);
	else if (!strncmp(how, "mark", 4) && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		said = "no mark";
	else
		said = outcome(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, length) < 0);
	close(fd);
	return said;
}

static void act(const char *how, const char *host, const char *port)
{
	if (!strcmp(how, "euid"))
		printf("%d\n", geteuid());
	else
		puts(strcmp(how, "heard") ? use_socket(how, host, port) : heard());
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[128], how[16], host[64], port[16];

	if (argc == 4)
		act(argv[1], argv[2], argv[3]);
	while (argc == 1 && fgets(line, sizeof(line), stdin))
		if (sscanf(line, "%15s %63s %15s", how, host, port) == 3)
			act(how, host, port);
	return 0;
}
