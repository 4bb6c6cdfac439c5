// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: the worker, over a real socket. The input is a conversation: each step is a byte
 * of flags, two of length, and a message from the client; what the front answers to it is made
 * of the same bytes. What must never happen besides memory errors: a request that is forwarded
 * without its checks, a message without exactly one answer, a descriptor that stays open or goes
 * to the front with anything but a request for a latch.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "../ipsecapid/worker.c"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define STEPS		32
#define FDS		0x03	/* how many descriptors come along */
#define FDS_TCP		0x04	/* of TCP, else of the session itself */
#define FDS_SENT	6	/* one more than the worker has room for, and the kernel's own */
#define GOOD_HEADER	0x08	/* what the fuzzer could only guess is made right */
#define GOOD_VERSION	0x10
#define FRONT_REFUSES	0x20
#define FRONT_SENDS_FD	0x40
#define FRONT_EVENT	0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The process is the fuzzer's: it is not locked in. */
int sandbox_enter(enum sandbox kind)
{
	(void)kind;
	return 0;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int lowest_free_fd(void)
{
	int fd = dup(STDIN_FILENO);

	must(fd >= 0);
	close(fd);
	return fd;
}

struct peer {
	struct worker w;
	int client, front;
	int tcp;		/* what the client shows */
};

static uint64_t long_option(int fd, int name)
{
	uint64_t value = 0;
	socklen_t len = sizeof(value);

	must(!getsockopt(fd, SOL_SOCKET, name, &value, &len));
	return value;
}

static void peer_open(struct peer *p)
{
	static struct worker_config config = { .overflow_uid = 65534 };
	int a[2], b[2], on = 1;

	must(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, a) && !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, b));
	must(!setsockopt(a[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	p->w = (struct worker){ .config = &config, .client = a[0], .channel = b[0], .held = -1 };
	p->client = a[1];
	p->front = b[1];
	p->tcp = socket(AF_INET, SOCK_STREAM, 0);
	must(p->tcp >= 0);
	config.netns_cookie = long_option(p->tcp, SO_NETNS_COOKIE);
}

static void peer_close(struct peer *p)
{
	close(p->w.client);
	close(p->w.channel);
	close(p->client);
	close(p->front);
	close(p->tcp);
}

static void send_with_fds(int sock, const void *buf, size_t len, int fd, unsigned int n)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FDS_SENT * sizeof(int))];
	} c = { 0 };
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned int i;

	if (n) {
		msg.msg_control = c.buf;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c.align.cmsg_level = SOL_SOCKET;
		c.align.cmsg_type = SCM_RIGHTS;
		c.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		for (i = 0; i < n; i++)
			memcpy(CMSG_DATA(&c.align) + i * sizeof(int), &fd, sizeof(int));
	}
	must(sendmsg(sock, &msg, 0) == (ssize_t)len);
}

/* The client has one more message, and it is well-formed. */
static void take_reply(struct peer *p)
{
	static uint8_t buf[WIRE_MAX_MESSAGE];
	struct wire_header hdr;
	struct tlv_set set;
	int fd;
	ssize_t n = chan_recv(p->client, buf, sizeof(buf), &fd, MSG_DONTWAIT);

	must(n > 0 && !tlv_parse(buf, n, &hdr, &set));
	if (fd >= 0)
		close(fd);
}

/* The socket that was inspected is the one that goes on, and the worker holds it meanwhile. */
static void check_latch(const struct peer *p, const struct sess_request *req, int fd)
{
	bool require = req->type == WIRE_REQUIRE;

	must((fd >= 0) == (require || req->type == WIRE_RELAX) && (p->w.held >= 0) == (fd >= 0));
	if (fd < 0)
		return;
	must(long_option(fd, SO_COOKIE) == req->sock.tuple.cookie &&
	     long_option(p->w.held, SO_COOKIE) == req->sock.tuple.cookie);
	must(!require || !want_check(&req->want));
	close(fd);
}

static void check_forwarded(const struct peer *p, const struct sess_request *req, int fd)
{
	check_latch(p, req, fd);
	must(p->w.version >= WIRE_VERSION_MIN && p->w.version <= WIRE_VERSION_MAX);
	must(req->type >= WIRE_HELLO && req->type <= WIRE_REQUEST_MAX && req->uid == getuid());
}

/* A message that the worker refuses by itself is told of, for the books. */
static void take_note(struct peer *p)
{
	struct sess_request req;

	must(chan_recv(p->front, &req, sizeof(req), NULL, MSG_DONTWAIT) == sizeof(req));
	must(req.type == SESS_REFUSED && req.index > IPSECAPI_REASON_NONE);
}

/* Answer as the front might. Returns whether the worker goes on. */
static bool play_front(struct peer *p, uint8_t flags, const uint8_t *bytes, size_t len)
{
	struct sess_reply r = { 0 };
	struct sess_request req;
	int fd;

	must(chan_recv(p->front, &req, sizeof(req), &fd, MSG_DONTWAIT) == sizeof(req));
	check_forwarded(p, &req, fd);
	if (flags & FRONT_EVENT) {
		r.type = WIRE_EVENT;
		r.event = len;
		must(!chan_send(p->front, &r, sizeof(r), -1, 0) && take_front(&p->w) && p->w.busy);
		take_reply(p);
	}
	r.type = req.type;
	r.tag = req.tag;
	r.flow = len;
	r.status = flags & FRONT_REFUSES ? -EACCES : 0;
	r.length = len < SESS_DATA_MAX ? len : SESS_DATA_MAX;
	memcpy(r.data, bytes, r.length);
	must(!chan_send(p->front, &r, sizeof(r), flags & FRONT_SENDS_FD ? p->front : -1, 0));
	return take_front(&p->w);
}

/* Returns false when the worker ended the connection. */
static bool step(struct peer *p, uint8_t flags, uint8_t *bytes, size_t len)
{
	struct wire_header hdr;
	bool on;

	if (flags & GOOD_HEADER && len >= sizeof(hdr)) {
		memcpy(&hdr, bytes, sizeof(hdr));
		hdr.magic = WIRE_MAGIC;
		hdr.length = len - sizeof(hdr);
		if (flags & GOOD_VERSION) {
			hdr.version = p->w.version;
			hdr.status = 0;
			hdr.reason = 0;
		}
		memcpy(bytes, &hdr, sizeof(hdr));
	}
	send_with_fds(p->client, bytes, len, flags & FDS_TCP ? p->tcp : p->client,
		      (flags & FDS) == FDS ? FDS_SENT : flags & FDS);
	on = take_client(&p->w);
	if (!on)
		return false;
	if (p->w.busy)
		on = play_front(p, flags, bytes, len);
	else
		take_note(p);
	must(!on || (!p->w.busy && p->w.held < 0));
	take_reply(p);
	return on;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int steps = 0, before = lowest_free_fd();
	uint8_t copy[WIRE_MAX_MESSAGE + 64];
	struct peer p;
	bool on = true;

	peer_open(&p);
	while (on && size > 3 && steps++ < STEPS) {
		uint8_t flags = data[0];
		size_t len = data[1] | data[2] << 8;

		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		if (!len || len > sizeof(copy))
			break;
		memcpy(copy, data, len);
		on = step(&p, flags, copy, len);
		data += len;
		size -= len;
	}
	peer_close(&p);
	must(lowest_free_fd() == before);
	return 0;
}
