// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * whisper: send lines to a peer, but only while they would be encrypted on the way.
 *
 *	whisper [--socket PATH] tcp|udp HOST PORT
 *
 * Each line read is sent if the status of the connection says "encrypted", and held back with
 * the reason if not. A line that is "?" asks for the full report instead, and "!" only for the
 * status. What changes meanwhile is told as it happens.
 *
 * The status costs no system call, so asking before every line is cheap. It is an observation:
 * between asking and sending the system may change. A program that must not send in clear needs
 * a policy that forbids it; this one merely knows.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ipsecapi.h>

#define W(kind, value) ipsecapi_word(IPSECAPI_WORDS_##kind, value)

static int connect_to(const char *protocol, const char *host, const char *port)
{
	struct addrinfo hints = { 0 }, *list, *a;
	int fd = -1;

	hints.ai_socktype = strcmp(protocol, "tcp") ? SOCK_DGRAM : SOCK_STREAM;
	if (getaddrinfo(host, port, &hints, &list))
		return -1;
	for (a = list; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

static void print_direction(const char *name, const struct ipsecapi_direction *d)
{
	printf(" %s=%s/%s/%s/%s", name, W(PROTECTION, d->protection), W(ENFORCED, d->enforced_by),
	       W(CUSTODY, d->custody), W(REASON, d->reason));
}

static void print_status(const char *what, const struct ipsecapi_direction dir[2], uint32_t latch)
{
	printf("%s", what);
	print_direction("out", &dir[IPSECAPI_OUT]);
	print_direction("in", &dir[IPSECAPI_IN]);
	printf(" latch=%s\n", W(LATCH, latch));
}

static void report(struct ipsecapi *ctx, struct ipsecapi_flow *flow)
{
	struct ipsecapi_report rep;
	int err = ipsecapi_report(flow, &rep, sizeof(rep));

	if (err)
		printf("no report: %s\n", ipsecapi_strreason(ipsecapi_last_reason(ctx)));
	else
		print_status("report", rep.dir, rep.latch);
}

static void whisper(struct ipsecapi_flow *flow, int fd, const char *line)
{
	struct ipsecapi_status st;
	const struct ipsecapi_direction *out = &st.dir[IPSECAPI_OUT];
	int err = ipsecapi_status(flow, &st, sizeof(st));

	if (err)
		printf("held back: %s\n", strerror(-err));
	else if (!strcmp(line, "!\n"))
		print_status("status", st.dir, st.latch);
	else if (out->protection != IPSECAPI_PROTECTION_ENCRYPTED)
		printf("held back: %s\n", ipsecapi_strreason(out->reason));
	else if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		printf("not sent: %s\n", strerror(errno));
	else
		printf("sent: encrypted by %s\n", W(ENFORCED, out->enforced_by));
}

static void tell_events(struct ipsecapi *ctx)
{
	struct ipsecapi_event ev;

	while (ipsecapi_next_event(ctx, &ev, sizeof(ev)) == 1)
		printf("event: %s\n", W(EVENT, ev.type));
}

static void serve(struct ipsecapi *ctx, struct ipsecapi_flow *flow, int fd)
{
	struct pollfd pfd[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = ipsecapi_get_fd(ctx), .events = POLLIN },
	};
	char line[1024];

	setvbuf(stdin, NULL, _IONBF, 0);	/* or poll() would not see what stdio has read */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		poll(pfd, 2, ipsecapi_get_timeout(ctx));
		tell_events(ctx);
		if (!pfd[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return;
		if (!strcmp(line, "?\n"))
			report(ctx, flow);
		else
			whisper(flow, fd, line);
	}
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	struct ipsecapi_flow *flow;
	struct ipsecapi *ctx;
	int fd, err;

	if (argc == 6 && !strcmp(argv[1], "--socket")) {
		path = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc != 4) {
		fprintf(stderr, "usage: whisper [--socket PATH] tcp|udp HOST PORT\n");
		return 2;
	}
	fd = connect_to(argv[1], argv[2], argv[3]);
	if (fd < 0) {
		fprintf(stderr, "whisper: cannot connect to %s port %s: %s\n", argv[2], argv[3],
			strerror(errno));
		return 1;
	}
	err = ipsecapi_open(path, 0, &ctx);
	if (err) {
		fprintf(stderr, "whisper: no broker: %s\n", strerror(-err));
		return 1;
	}
	err = ipsecapi_flow_open(ctx, fd, &flow);
	if (err) {
		fprintf(stderr, "whisper: %s\n", ipsecapi_strreason(ipsecapi_last_reason(ctx)));
	} else {
		serve(ctx, flow, fd);
		ipsecapi_flow_close(flow);
	}
	ipsecapi_close(ctx);
	close(fd);
	return err ? 1 : 0;
}
