// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * latcher: a program whose every step is told to it, for tests of latches.
 *
 *	latcher [--socket PATH]
 *
 * Reads commands, one per line, and answers each with one line. Events are printed as they come,
 * in lines that begin with "event". Commands:
 *
 *	socket 4|6|6only [KIND]      make a socket; an earlier one is closed. KIND: tcp, udp,
 *	                             udplite, ping, raw, sctp, mptcp, l2tp, unix, packet
 *	connect HOST PORT            nonblocking; "ok", "started", or the name of the error
 *	finish                       wait for the end of the connect, 10 s at most
 *	open                         open a flow; an earlier one is closed
 *	require CLASS [HOST PORT] [KEY=NUMBER]...   keys as in ipsecapi_req_set()
 *	wait MS | relax | report | status
 *	count                        packets, by a report
 *	why                          layer/reason of what holds now, each behind a blank
 *	bind HOST PORT | listen      this socket becomes the listener, too
 *	deafen                       close the listener
 *	accept | take                a connection, latched or by accept() alone, which becomes the socket
 *	send TEXT [HOST PORT]        "sent", or the error
 *	receive                      what comes within 10 s, "nothing", "end", or the error
 *	pending                      the same without waiting
 *	close                        the socket, not the flow
 *	cycles COUNT CLASS HOST PORT so often: a socket is latched, connected and closed, the flow too
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ipsecapi.h>

#ifndef IPPROTO_L2TP
#define IPPROTO_L2TP 115
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define W(kind, value) ipsecapi_word(IPSECAPI_WORDS_##kind, value)
#define PATIENCE_MS 10000

static struct ipsecapi *ctx;
static struct ipsecapi_flow *flow;
static int sock = -1;
static struct ipsecapi_flow *listening;
static int listener = -1;

static void say_error(int err)
{
	if (err)
		printf("%s %s\n", strerrorname_np(err < 0 ? -err : err),
		       err < 0 ? W(REASON, ipsecapi_last_reason(ctx)) : "");
	else
		puts("ok");
}

static void say_call(int result)
{
	say_error(result < 0 ? errno : 0);
}

static socklen_t address(const char *host, const char *port, struct sockaddr_storage *a)
{
	struct sockaddr_in6 *in6 = (void *)a;
	struct sockaddr_in *in = (void *)a;

	memset(a, 0, sizeof(*a));
	in6->sin6_port = htons(atoi(port));	/* the same place in both */
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, host, &in6->sin6_addr);
	return sizeof(*in6);
}

/* Kinds of sockets; domain 0: that of IPv4 or IPv6. Ping and raw ones are of ICMP. */
static const struct kind {
	const char *name;
	int domain, type, protocol;
} kinds[] = {
	{ "tcp", 0, SOCK_STREAM, 0 },
	{ "udp", 0, SOCK_DGRAM, 0 },
	{ "udplite", 0, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "ping", 0, SOCK_DGRAM, IPPROTO_ICMP },
	{ "raw", 0, SOCK_RAW, IPPROTO_ICMP },
	{ "sctp", 0, SOCK_STREAM, IPPROTO_SCTP },
	{ "mptcp", 0, SOCK_STREAM, IPPROTO_MPTCP },
	{ "l2tp", 0, SOCK_DGRAM, IPPROTO_L2TP },
	{ "unix", AF_UNIX, SOCK_STREAM, 0 },
	{ "packet", AF_PACKET, SOCK_DGRAM, 0 },
	{ 0 }
};

static void make_socket(const char *family, const char *name)
{
	const struct kind *k = kinds;
	int domain, on = 1;

	while (k->name && strcmp(k->name, name ? name : "tcp"))
		k++;
	if (sock >= 0)
		close(sock);
	domain = k->domain ? k->domain : *family == '4' ? AF_INET : AF_INET6;
	sock = k->name ? socket(domain, k->type | SOCK_CLOEXEC | SOCK_NONBLOCK, k->protocol) : -1;
	if (sock >= 0 && !strcmp(family, "6only"))
		setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	say_call(sock);
}

static void bind_to(const char *host, const char *port)
{
	struct sockaddr_storage a;
	socklen_t len = address(host, port, &a);
	int on = 1;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	say_call(bind(sock, (struct sockaddr *)&a, len));
}

/* What was open as the flow is the listener's from now on. */
static void start_listening(void)
{
	int err = listen(sock, 8);

	ipsecapi_flow_close(listening);
	if (listener >= 0)
		close(listener);
	listener = sock;
	listening = flow;
	sock = -1;
	flow = NULL;
	say_call(err);
}

static void stop_listening(void)
{
	int err = close(listener);

	ipsecapi_flow_close(listening);
	listening = NULL;
	listener = -1;
	say_call(err);
}

static void take(bool latched)
{
	struct pollfd pfd = { .fd = listener, .events = POLLIN };

	if (sock >= 0)
		close(sock);
	ipsecapi_flow_close(flow);
	flow = NULL;
	if (poll(&pfd, 1, PATIENCE_MS) != 1) {
		sock = -1;
		puts("nobody");
		return;
	}
	if (!latched) {
		sock = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		say_call(sock);
		return;
	}
	sock = ipsecapi_accept(listening, NULL, NULL, SOCK_NONBLOCK, &flow);
	say_error(sock < 0 ? sock : 0);
}

static void start_connect(const char *host, const char *port)
{
	struct sockaddr_storage a;
	socklen_t len = address(host, port, &a);
	int err = connect(sock, (struct sockaddr *)&a, len) ? errno : 0;

	if (err == EINPROGRESS)
		puts("started");
	else
		say_error(err);
}

static void finish_connect(void)
{
	struct pollfd pfd = { .fd = sock, .events = POLLOUT };
	int err = ETIMEDOUT;
	socklen_t len = sizeof(err);

	if (poll(&pfd, 1, PATIENCE_MS) == 1)
		getsockopt(sock, SOL_SOCKET, SO_ERROR, &err, &len);
	say_error(err);
}

static void open_flow(void)
{
	ipsecapi_flow_close(flow);
	flow = NULL;
	say_error(ipsecapi_flow_open(ctx, sock, &flow));
}

static void require(char **words, int n)
{
	struct sockaddr_storage a;
	struct ipsecapi_req *req;
	int err = ipsecapi_req_new(words[1], &req), i = 2;

	if (err) {
		say_error(err);
		return;
	}
	if (n > 3 && !strchr(words[2], '=')) {
		socklen_t len = address(words[2], words[3], &a);

		err = ipsecapi_req_address(req, (struct sockaddr *)&a, len);
		i = 4;
	}
	for (; !err && i < n; i++)
		err = ipsecapi_req_set(req, atoi(words[i]), strtoull(strchr(words[i], '=') + 1, NULL, 0));
	if (!err)
		err = ipsecapi_require(flow ? flow : listening, req);
	ipsecapi_req_free(req);
	say_error(err);
}

/* The answer to it is the first error, or "ok". */
static int one_cycle(const struct ipsecapi_req *req, const struct sockaddr_storage *to, socklen_t length)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), err, tries;
	struct ipsecapi_flow *own;

	if (fd < 0)
		return -errno;
	err = ipsecapi_flow_open(ctx, fd, &own);
	for (tries = 0; !err && tries < 100; tries++) {
		err = ipsecapi_require(own, req);
		if (err != -EAGAIN)
			break;
		poll(NULL, 0, 20);
		err = 0;
	}
	if (!err && connect(fd, (const struct sockaddr *)to, length))
		err = -errno;
	close(fd);
	ipsecapi_flow_close(own);
	return err;
}

static void cycles(char **words)
{
	struct sockaddr_storage to;
	socklen_t length = address(words[3], words[4], &to);
	struct ipsecapi_req *req;
	int i, err = ipsecapi_req_new(words[2], &req);

	if (!err)
		err = ipsecapi_req_address(req, (struct sockaddr *)&to, length);
	for (i = 0; !err && i < atoi(words[1]); i++)
		err = one_cycle(req, &to, length);
	ipsecapi_req_free(req);
	say_error(err);
}

static void print_direction(const char *name, const struct ipsecapi_direction *d)
{
	printf(" %s=%s/%s/%s", name, W(PROTECTION, d->protection), W(ENFORCED, d->enforced_by),
	       W(REASON, d->reason));
	if (d->basis & IPSECAPI_BASIS_LATCH)
		printf("+latch");
}

static void report(void)
{
	struct ipsecapi_report r;
	int err = ipsecapi_report(flow ? flow : listening, &r, sizeof(r));

	if (err) {
		say_error(err);
		return;
	}
	printf("latch=%s/%s class=%s prior=%u disposition=%s", W(LATCH, r.latch),
	       W(REASON, r.latch_reason), r.latch_class, r.prior_data,
	       W(DISPOSITION, r.disposition));
	print_direction("out", &r.dir[0]);
	print_direction("in", &r.dir[1]);
	puts("");
}

static void why(void)
{
	struct ipsecapi_why w;
	uint32_t i;

	printf("why");
	for (i = 0; !ipsecapi_why(flow, i, &w, sizeof(w)); i++)
		if (w.current)
			printf(" %s/%s", W(LAYER, w.layer), W(REASON, w.reason));
	puts("");
}

static void count(void)
{
	struct ipsecapi_report r;
	int err = ipsecapi_report(flow ? flow : listening, &r, sizeof(r));

	if (err)
		say_error(err);
	else
		printf("out=%llu in=%llu\n", (unsigned long long)r.dir[0].packets,
		       (unsigned long long)r.dir[1].packets);
}

static void status(void)
{
	struct ipsecapi_status s;
	int err = ipsecapi_status(flow ? flow : listening, &s, sizeof(s));

	if (err) {
		say_error(err);
		return;
	}
	printf("latch=%s", W(LATCH, s.latch));
	print_direction("out", &s.dir[0]);
	print_direction("in", &s.dir[1]);
	puts("");
}

static void receive(int timeout)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	char buf[256];
	ssize_t n;

	poll(&pfd, 1, timeout);
	n = recv(sock, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	if (n > 0)
		printf("%.*s\n", (int)strcspn(buf, "\n") < n ? (int)strcspn(buf, "\n") : (int)n, buf);
	else if (!n)
		puts("end");
	else if (errno == EAGAIN)
		puts("nothing");
	else
		say_error(errno);
}

static void send_text(char **w, int words)
{
	struct sockaddr_storage a;
	socklen_t len = words == 4 ? address(w[2], w[3], &a) : 0;
	char line[256];
	int n = snprintf(line, sizeof(line), "%s\n", w[1]);

	if (sendto(sock, line, n, MSG_NOSIGNAL | MSG_DONTWAIT, len ? (struct sockaddr *)&a : NULL, len) == n)
		puts("sent");
	else
		say_error(errno);
}

static void close_socket(void)
{
	say_call(close(sock));
	sock = -1;
}

static void obey(char **w, int n)
{
	if (!strcmp(w[0], "socket"))
		make_socket(w[1], n > 2 ? w[2] : NULL);
	else if (!strcmp(w[0], "connect"))
		start_connect(w[1], w[2]);
	else if (!strcmp(w[0], "bind"))
		bind_to(w[1], w[2]);
	else if (!strcmp(w[0], "listen"))
		start_listening();
	else if (!strcmp(w[0], "accept") || !strcmp(w[0], "take"))
		take(*w[0] == 'a');
	else if (!strcmp(w[0], "deafen"))
		stop_listening();
	else if (!strcmp(w[0], "finish"))
		finish_connect();
	else if (!strcmp(w[0], "open"))
		open_flow();
	else if (!strcmp(w[0], "require"))
		require(w, n);
	else if (!strcmp(w[0], "wait"))
		say_error(ipsecapi_wait(flow, atoi(w[1])));
	else if (!strcmp(w[0], "relax"))
		say_error(ipsecapi_relax(flow));
	else if (!strcmp(w[0], "report"))
		report();
	else if (!strcmp(w[0], "count"))
		count();
	else if (!strcmp(w[0], "status"))
		status();
	else if (!strcmp(w[0], "why"))
		why();
	else if (!strcmp(w[0], "send"))
		send_text(w, n);
	else if (!strcmp(w[0], "receive"))
		receive(PATIENCE_MS);
	else if (!strcmp(w[0], "pending"))
		receive(0);
	else if (!strcmp(w[0], "cycles") && n == 5)
		cycles(w);
	else if (!strcmp(w[0], "close"))
		close_socket();
	else
		printf("no command: %s\n", w[0]);
}

static void tell_events(void)
{
	struct ipsecapi_event ev;

	while (ipsecapi_next_event(ctx, &ev, sizeof(ev)) == 1)
		printf("event %s/%s\n", W(EVENT, ev.type), W(REASON, ev.reason));
}

static int split(char *line, char **words, int max)
{
	char *rest = line;
	int n = 0;

	while (n < max && (words[n] = strtok_r(NULL, " \n", &rest)))
		n++;
	return n;
}

int main(int argc, char **argv)
{
	struct pollfd pfd[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	char line[512], *words[16];
	int err, n;

	err = ipsecapi_open(argc == 3 ? argv[2] : NULL, 0, &ctx);
	if (err) {
		fprintf(stderr, "latcher: no broker: %s\n", strerror(-err));
		return 1;
	}
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	pfd[1].fd = ipsecapi_get_fd(ctx);
	for (;;) {
		poll(pfd, 2, ipsecapi_get_timeout(ctx));
		tell_events();
		if (!pfd[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			break;
		n = split(line, words, 16);
		if (n)
			obey(words, n);
	}
	ipsecapi_flow_close(flow);
	ipsecapi_close(ctx);
	return 0;
}
