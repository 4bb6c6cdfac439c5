// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two requests to a broker that runs, and their answers. Not by the library: its calls are for
 * programs, and this is for the administrator alone.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <ipsecapi.h>
#include "../libipsecapi/wire/tlv.h"
#include "reload_client.h"

static int refused(const char *what, const char *why)
{
	fprintf(stderr, "ipsecapid: %s: %s\n", what, why);
	return 1;
}

/* Returns a descriptor or a negative errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (s >= 0 && !connect(s, (struct sockaddr *)&addr, sizeof(addr)))
		return s;
	if (s >= 0)
		close(s);
	return -errno;
}

/* Returns the status of the answer, with @reason, -EPIPE at the end, or -ETIMEDOUT when none comes. */
static int ask(int s, uint16_t type, uint32_t *reason)
{
	struct wire_header hdr = { .type = type, .tag = type };
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct tlv_writer w;
	struct tlv_set set;
	ssize_t n;

	hdr.version = type == WIRE_HELLO ? 0 : WIRE_VERSION_MAX;
	tlv_begin(&w, buf, sizeof(buf), &hdr);
	if (type == WIRE_HELLO) {	/* they are of the same program */
		tlv_put_u32(&w, WIRE_ATTR_MIN_VERSION, WIRE_VERSION_MAX);
		tlv_put_u32(&w, WIRE_ATTR_MAX_VERSION, WIRE_VERSION_MAX);
	}
	if (send(s, buf, tlv_finish(&w), MSG_NOSIGNAL) < 0)
		return -EPIPE;
	do {
		n = recv(s, buf, sizeof(buf), 0);
		if (n <= 0 || tlv_parse(buf, n, &hdr, &set))
			return n < 0 && errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
	} while (hdr.type != (type | WIRE_REPLY));
	*reason = hdr.reason;
	return hdr.status;
}

static const char *words(int err, uint32_t reason)
{
	return err == -ETIMEDOUT ? "the broker does not answer" :
	       err == -EPIPE ? "the broker ended meanwhile, or hung up" : ipsecapi_strreason(reason);
}

int reload_client(const char *path)
{
	const struct timeval soon = { .tv_sec = 10 }, any = { .tv_sec = 0 };
	int s = connect_to(path), err;
	uint32_t reason = IPSECAPI_REASON_NONE;

	if (s < 0)
		return refused(path, s == -ECONNREFUSED || s == -ENOENT ? "no broker listens there" : strerror(-s));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	err = ask(s, WIRE_HELLO, &reason);
	/* files may be many, and the kernel takes its time for rules */
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &any, sizeof(any));
	if (!err)
		err = ask(s, WIRE_RELOAD, &reason);
	close(s);
	if (!err)
		return 0;
	return refused("reload", words(err, reason));
}
