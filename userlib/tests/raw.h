/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of the broker that speaks the protocol by hand, right or wrong. For children of tests. */
#ifndef USERLIB_RAW_H
#define USERLIB_RAW_H

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ipsecapi.h>
#include "../libipsecapi/wire/tlv.h"

/* Where the broker listens. */
static char path[96];

/* Asserts of a child: say what failed and end it. */
#define CHECK(cond) do { \
	if (!(cond)) { \
		printf("# line %d: %s\n", __LINE__, #cond); \
		fflush(stdout); \
		_exit(1); \
	} \
} while (0)

static inline int raw_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	CHECK(!connect(s, (struct sockaddr *)&addr, sizeof(addr)));
	return s;
}

/* Returns whether all of it went. */
static inline int raw_send_try(int s, const void *buf, size_t len, const int *fds, int n)
{
	static union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n) {
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	}
	return sendmsg(s, &msg, MSG_NOSIGNAL) == (ssize_t)len;
}

static inline void raw_send(int s, const void *buf, size_t len, const int *fds, int n)
{
	CHECK(raw_send_try(s, buf, len, fds, n));
}

static inline int message(uint8_t *buf, uint16_t type, uint16_t version, uint16_t attr)
{
	const struct wire_header hdr = { .type = type, .version = version, .tag = 9 };
	struct tlv_writer w;

	tlv_begin(&w, buf, 128, &hdr);
	if (type == WIRE_HELLO) {
		tlv_put_u32(&w, WIRE_ATTR_MIN_VERSION, version ? version : 1);
		tlv_put_u32(&w, WIRE_ATTR_MAX_VERSION, version ? version : 1);
	}
	if (attr)
		tlv_put_u32(&w, attr, 0);
	return tlv_finish(&w);
}

/* Receive a reply: its reason, with the descriptor that came along in @fd. */
static inline uint32_t reply(int s, int *status, int *fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct wire_header hdr;
	struct tlv_set set;
	struct cmsghdr *c;
	ssize_t n = recvmsg(s, &msg, 0);

	CHECK(n > 0);
	CHECK(!tlv_parse(buf, n, &hdr, &set));
	if (status)
		*status = hdr.status;
	c = CMSG_FIRSTHDR(&msg);
	if (fd)
		*fd = -1;
	if (fd && c && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return hdr.reason;
}

static inline int raw_hello(void)
{
	uint8_t buf[128];
	int s = raw_connect(), status;

	raw_send(s, buf, message(buf, WIRE_HELLO, 0, 0), NULL, 0);
	reply(s, &status, NULL);
	CHECK(!status);
	return s;
}

#endif
