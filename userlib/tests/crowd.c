// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crowd: many latched connections of one program, for tests and figures.
 *
 *	crowd --socket PATH HOST PORT COUNT CLASS
 *
 * Makes COUNT TCP sockets, requires CLASS for each of them, connects those that do not wait for
 * an SA, and prints how many of each there are. Then it obeys lines, each answered by one of JSON:
 *
 *	measure SECONDS	how long ipsecapi_status() and ipsecapi_report() of random flows take
 *	settle		asks for the status of all flows, until none is unknown any more, 60 s at
 *			most: what they all are then, and how often one was "encrypted" meanwhile
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

#define COUNT_MAX	1024
#define SESSIONS_MAX	16
#define SAMPLES_MAX	(1 << 20)
#define STATUS_BATCH	500	/* statuses for each report */
#define SETTLE_NS	60e9
#define CONNECT_MS	30000

struct samples {
	double *ns;
	unsigned int n;
};

static struct ipsecapi *ctx[SESSIONS_MAX];
static struct ipsecapi_flow *flow[COUNT_MAX];
static int sock[COUNT_MAX];
static unsigned int count, sessions;

static void need(bool good, const char *what, int err)
{
	if (good)
		return;
	fprintf(stderr, "crowd: %s: %s\n", what, err ? strerror(err) : "failed");
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/*
 * Connects to the end; what is there already has SAs. A report tells the broker that the socket
 * is connected now.
 */
static void connect_one(unsigned int i, const struct sockaddr_in *to)
{
	struct pollfd pfd = { .fd = sock[i], .events = POLLOUT };
	struct ipsecapi_report rep;
	socklen_t len = sizeof(int);
	int err = ETIMEDOUT;

	if (connect(sock[i], (const struct sockaddr *)to, sizeof(*to)))
		need(errno == EINPROGRESS, "connect", errno);
	if (poll(&pfd, 1, CONNECT_MS) == 1)
		getsockopt(sock[i], SOL_SOCKET, SO_ERROR, &err, &len);
	need(!err, "connect", err);
	err = ipsecapi_report(flow[i], &rep, sizeof(rep));
	need(!err, "report", -err);
}

/* The evidence that a first request finds may be older than the SAs. */
static int require(unsigned int i, const struct ipsecapi_req *req)
{
	int err, tries;

	for (tries = 0; tries < 100; tries++) {
		err = ipsecapi_require(flow[i], req);
		if (err != -EAGAIN && err != -ENOKEY)
			break;
		poll(NULL, 0, 50);
	}
	return err;
}

static void gather(const char *path, const struct sockaddr_in *to, const char *class_name)
{
	unsigned int i, established = 0, per_session = 1;
	struct ipsecapi_caps caps;
	struct ipsecapi_req *req;
	int err;

	need(!ipsecapi_req_new(class_name, &req), "class", 0);
	need(!ipsecapi_req_address(req, (const struct sockaddr *)to, sizeof(*to)), "address", 0);
	for (i = 0; i < count; i++) {
		if (i / per_session == sessions) {
			need(sessions < SESSIONS_MAX, "no session is left", 0);
			err = ipsecapi_open(path, 0, &ctx[sessions]);
			need(!err, "open", -err);
			need(!ipsecapi_caps(ctx[sessions], &caps, sizeof(caps)), "caps", 0);
			per_session = caps.max_flows_session;
			sessions++;
		}
		sock[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		need(sock[i] >= 0, "socket", errno);
		err = ipsecapi_flow_open(ctx[sessions - 1], sock[i], &flow[i]);
		need(!err, "flow_open", -err);
		err = require(i, req);
		need(!err || err == -EINPROGRESS, "require", -err);
		if (err)
			continue;
		connect_one(i, to);
		established++;
	}
	ipsecapi_req_free(req);
	printf("{\"established\": %u, \"waiting\": %u, \"sessions\": %u}\n", established,
	       count - established, sessions);
}

static void add(struct samples *s, double ns)
{
	if (s->n < SAMPLES_MAX)
		s->ns[s->n++] = ns;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_samples(const char *name, struct samples *s, double unit)
{
	qsort(s->ns, s->n, sizeof(s->ns[0]), by_value);
	printf("\"%s\": {\"n\": %u, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}", name, s->n,
	       s->ns[s->n / 2] / unit, s->ns[s->n * 99ul / 100] / unit, s->ns[s->n - 1] / unit);
}

/* How many events said that a latch broke. */
static unsigned int take_events(void)
{
	struct ipsecapi_event ev;
	unsigned int i, broken = 0;

	for (i = 0; i < sessions; i++)
		while (ipsecapi_next_event(ctx[i], &ev, sizeof(ev)) == 1)
			broken += ev.type == IPSECAPI_EVENT_BROKEN;
	return broken;
}

static void measure(double seconds)
{
	static double status_ns[SAMPLES_MAX], report_ns[SAMPLES_MAX];
	struct samples status = { .ns = status_ns }, report = { .ns = report_ns };
	unsigned int i, unknown = 0, broken = 0, refused = 0;
	double end = now() + seconds * 1e9, start;
	struct ipsecapi_report rep;
	struct ipsecapi_status st;

	while (now() < end) {
		for (i = 0; i < STATUS_BATCH; i++) {
			const struct ipsecapi_flow *f = flow[random() % count];

			start = now();
			need(!ipsecapi_status(f, &st, sizeof(st)), "status", 0);
			add(&status, now() - start);
			unknown += st.dir[IPSECAPI_OUT].protection == IPSECAPI_PROTECTION_UNKNOWN;
		}
		start = now();
		refused += ipsecapi_report(flow[random() % count], &rep, sizeof(rep)) != 0;
		add(&report, now() - start);
		broken += take_events();
	}
	printf("{");
	print_samples("status_ns", &status, 1);
	printf(", ");
	print_samples("report_us", &report, 1e3);
	printf(", \"unknown\": %u, \"refused\": %u, \"broken\": %u}\n", unknown, refused, broken);
}

/* @seen: how many flows have which protection. Returns why the last unknown one is. */
static uint32_t look(unsigned int seen[8])
{
	uint32_t reason = IPSECAPI_REASON_NONE;
	struct ipsecapi_status st;
	unsigned int i;

	memset(seen, 0, 8 * sizeof(seen[0]));
	for (i = 0; i < count; i++) {
		need(!ipsecapi_status(flow[i], &st, sizeof(st)), "status", 0);
		seen[st.dir[IPSECAPI_OUT].protection % 8]++;
		if (!st.dir[IPSECAPI_OUT].protection)
			reason = st.dir[IPSECAPI_OUT].reason;
	}
	return reason;
}

static void settle(void)
{
	unsigned int seen[8], encrypted = 0, latest = 0;
	double start = now(), took;
	uint32_t reason;

	do {
		reason = look(seen);
		latest = seen[IPSECAPI_PROTECTION_ENCRYPTED];
		encrypted += latest;
		take_events();
		poll(NULL, 0, 1);	/* leave the processor to those who know */
		took = now() - start;
	} while (seen[IPSECAPI_PROTECTION_UNKNOWN] && took < SETTLE_NS);
	printf("{\"unknown\": %u, \"blocked\": %u, \"negotiating\": %u, \"encrypted\": %u, "
	       "\"meanwhile_encrypted\": %u, \"ms\": %.0f, \"reason\": \"%s\"}\n", seen[IPSECAPI_PROTECTION_UNKNOWN],
	       seen[IPSECAPI_PROTECTION_BLOCKED], seen[IPSECAPI_PROTECTION_NEGOTIATING], latest,
	       encrypted - latest, took / 1e6, ipsecapi_word(IPSECAPI_WORDS_REASON, reason));
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char line[64];

	if (argc != 7 || strcmp(argv[1], "--socket")) {
		fprintf(stderr, "usage: crowd --socket PATH HOST PORT COUNT CLASS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	to.sin_port = htons(atoi(argv[4]));
	count = atoi(argv[5]);
	need(inet_pton(AF_INET, argv[3], &to.sin_addr) == 1 && count && count <= COUNT_MAX, "arguments", EINVAL);
	gather(argv[2], &to, argv[6]);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "measure ", 8))
			measure(atof(line + 8));
		else
			settle();
	}
	return 0;
}
