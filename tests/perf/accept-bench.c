// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many connections a second a listener accepts: a latched one, by a program that calls
 * ipsecapi_accept() and by one that only accepts, and one without a latch.
 *
 *	accept-bench serve PATH HOST COUNT ROUNDS	with the broker at PATH
 *	accept-bench call HOST COUNT ROUNDS		at the other end
 *
 * In each round each way takes COUNT connections, one right after the other; what has no latch is
 * measured beside each of the two others. A connection is closed as soon as it was taken. The
 * first round does not count. The server prints "listening", and at the end a JSON object: for
 * "identity" and "class" an array of pairs [latched, unlatched], in connections per second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <ipsecapi.h>

#define ROUNDS_MAX	100
#define AT_ONCE		16
#define SETTLE_MS	100	/* what ends of a connection is done by then */

enum way { IDENTITY, CLASS, UNLATCHED, WAYS };

static const char *const names[] = { "identity", "class" };
/* Measured in pairs: their first, or their last in every second round, is the unlatched one. */
static const enum way order[2][4] = {
	{ UNLATCHED, IDENTITY, UNLATCHED, CLASS }, { IDENTITY, UNLATCHED, CLASS, UNLATCHED },
};

static struct sockaddr_in at = { .sin_family = AF_INET };
static unsigned int count, rounds;

static void need(bool good, const char *what, int err)
{
	if (good)
		return;
	fprintf(stderr, "accept-bench: %s: %s\n", what, err ? strerror(err) : "failed");
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static struct sockaddr_in place(enum way way)
{
	struct sockaddr_in a = at;

	a.sin_port = htons(5000 + way);
	return a;
}

/* --- the server ----------------------------------------------------------------------------- */

struct listener {
	int fd;
	struct ipsecapi_flow *flow;
};

/* Evidence may be older than the SAs. */
static void latch(struct ipsecapi *ctx, struct listener *l)
{
	struct ipsecapi_req *req;
	int err, tries;

	need(!ipsecapi_req_new("strong", &req), "class", 0);
	need(!ipsecapi_req_set(req, IPSECAPI_REQ_LISTEN, 1), "listen", 0);
	err = ipsecapi_flow_open(ctx, l->fd, &l->flow);
	need(!err, "flow_open", -err);
	for (tries = 0; (err = ipsecapi_require(l->flow, req)) == -EAGAIN && tries < 100; tries++)
		poll(NULL, 0, 50);
	need(!err, "require", -err);
	ipsecapi_req_free(req);
}

static void open_listeners(struct ipsecapi *ctx, struct listener *l)
{
	int way;

	for (way = 0; way < WAYS; way++) {
		struct sockaddr_in a = place(way);

		l[way].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		need(l[way].fd >= 0 && !bind(l[way].fd, (struct sockaddr *)&a, sizeof(a)), "bind", errno);
		if (way != UNLATCHED)
			latch(ctx, &l[way]);
		need(!listen(l[way].fd, 4 * AT_ONCE), "listen", errno);
	}
}

static void take(struct listener *l, enum way way)
{
	int fd = way == IDENTITY ? ipsecapi_accept(l->flow, NULL, NULL, SOCK_CLOEXEC, NULL) :
				   accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

	need(fd >= 0, "accept", way == IDENTITY ? -fd : errno);
	close(fd);
}

/* Connections per second. The first is not waited for. */
static double take_all(struct listener *l, enum way way)
{
	double start;
	unsigned int i;

	take(l, way);
	start = now();
	for (i = 1; i < count; i++)
		take(l, way);
	return (count - 1) / (now() - start);
}

static void print_pairs(double pairs[2][ROUNDS_MAX][2])
{
	unsigned int way, i;

	printf("{");
	for (way = 0; way < 2; way++) {
		printf("%s\"%s\": [", way ? ", " : "", names[way]);
		for (i = 0; i < rounds; i++)
			printf("%s[%.1f, %.1f]", i ? ", " : "", pairs[way][i][0], pairs[way][i][1]);
		printf("]");
	}
	printf("}\n");
}

static void serve(const char *path)
{
	static double pairs[2][ROUNDS_MAX][2];
	struct listener l[WAYS] = { 0 };
	struct ipsecapi *ctx;
	unsigned int round, i;
	int err = ipsecapi_open(path, 0, &ctx);

	need(!err, "open", -err);
	open_listeners(ctx, l);
	puts("listening");
	fflush(stdout);
	for (round = 0; round <= rounds; round++) {
		for (i = 0; i < 4; i++) {
			enum way way = order[round % 2][i];

			pairs[i / 2][round ? round - 1 : 0][way == UNLATCHED] = take_all(&l[way], way);
		}
	}
	print_pairs(pairs);
	ipsecapi_close(ctx);
}

/* --- the other end -------------------------------------------------------------------------- */

static int call_one(enum way way)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct sockaddr_in a = place(way);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	need(fd >= 0, "socket", errno);
	need(!setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "linger", errno);
	need(!connect(fd, (struct sockaddr *)&a, sizeof(a)) || errno == EINPROGRESS, "connect", errno);
	return fd;
}

/* Each is over when the server has closed it. */
static void call_all(enum way way)
{
	struct pollfd pfd[AT_ONCE];
	unsigned int called = 0, over = 0, i;
	char byte;

	for (i = 0; i < AT_ONCE; i++)
		pfd[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	while (over < count) {
		for (i = 0; i < AT_ONCE && called < count; i++) {
			if (pfd[i].fd >= 0)
				continue;
			pfd[i].fd = call_one(way);
			called++;
		}
		need(poll(pfd, AT_ONCE, 20000) > 0, "an answer", ETIMEDOUT);
		for (i = 0; i < AT_ONCE; i++) {
			if (pfd[i].fd < 0 || !pfd[i].revents)
				continue;
			need(!recv(pfd[i].fd, &byte, 1, 0), "the end of a connection", errno);
			close(pfd[i].fd);
			pfd[i].fd = -1;
			over++;
		}
	}
}

static void call(void)
{
	unsigned int round, i;

	for (round = 0; round <= rounds; round++) {
		for (i = 0; i < 4; i++) {
			poll(NULL, 0, SETTLE_MS);
			call_all(order[round % 2][i]);
		}
	}
}

int main(int argc, char **argv)
{
	bool server = argc == 6 && !strcmp(argv[1], "serve");

	if (!server && (argc != 5 || strcmp(argv[1], "call"))) {
		fprintf(stderr, "usage: accept-bench serve PATH HOST COUNT ROUNDS | call HOST COUNT ROUNDS\n");
		return 2;
	}
	count = atoi(argv[argc - 2]);
	rounds = atoi(argv[argc - 1]);
	need(inet_pton(AF_INET, argv[argc - 3], &at.sin_addr) == 1 && count > 1 && rounds && rounds <= ROUNDS_MAX,
	     "arguments", EINVAL);
	if (server)
		serve(argv[2]);
	else
		call();
	return 0;
}
