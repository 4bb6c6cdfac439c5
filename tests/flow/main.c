// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: flow serve PORT
 *        flow send [--udp] [--bytes N] [--size N] [--timeout S] [--report] [--api PATH] HOST PORT
 *
 * send transfers N bytes, prints one JSON object with what the receiver
 * verified and the goodput, and, with --report, what libipsecapi says of the
 * connected socket. Exit status: 0 all bytes arrived; 1 not; 2 usage.
 */
#include "flow.h"

#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct options {
	const char *api, *host, *port;
	uint64_t bytes;
	size_t size;
	int udp, report, timeout;
};

static int usage(void)
{
	fprintf(stderr, "usage: flow serve PORT\n"
		"       flow send [--udp] [--bytes N] [--size N] [--timeout S] [--report] [--api PATH] HOST PORT\n");
	return 2;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "udp", no_argument, NULL, 'u' }, { "bytes", required_argument, NULL, 'b' },
		{ "size", required_argument, NULL, 's' }, { "report", no_argument, NULL, 'r' },
		{ "api", required_argument, NULL, 'a' }, { "timeout", required_argument, NULL, 't' }, { }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'u': o->udp = 1; break;
		case 'r': o->report = 1; break;
		case 'a': o->api = optarg; break;
		case 'b': o->bytes = strtoull(optarg, NULL, 0); break;
		case 's': o->size = strtoul(optarg, NULL, 0); break;
		case 't': o->timeout = atoi(optarg); break;
		default: return -1;
		}
	}
	if (argc - optind != 2 || !o->size || o->size > FLOW_BLOCK)
		return -1;
	o->host = argv[optind];
	o->port = argv[optind + 1];
	return 0;
}

static int connect_to(const struct options *o)
{
	struct addrinfo hints = { .ai_socktype = o->udp ? SOCK_DGRAM : SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST }, *ai;
	struct timeval limit = { .tv_sec = o->timeout };
	int err = getaddrinfo(o->host, o->port, &hints, &ai), fd;

	if (err) {
		fprintf(stderr, "flow: %s: %s\n", o->host, gai_strerror(err));
		return -1;
	}
	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		perror("flow: connect");
		freeaddrinfo(ai);
		return -1;
	}
	freeaddrinfo(ai);
	return fd;
}

static int send_flow(const struct options *o)
{
	struct flow_result res = { 0 };
	int fd = connect_to(o);
	int err;

	if (fd < 0)
		return 1;
	err = o->udp ? flow_udp(fd, o->bytes, o->size, &res) : flow_tcp(fd, o->bytes, &res);
	if (err)
		return 1;
	printf("{\"bytes\": %llu, \"seconds\": %.6f, \"mbit\": %.3f",
	       (unsigned long long)res.bytes, res.seconds, res.bytes * 8 / res.seconds / 1e6);
	if (o->report && flow_report(o->api, fd))
		err = 1;
	printf("}\n");
	close(fd);
	return err || res.bytes < o->bytes;
}

int main(int argc, char **argv)
{
	struct options o = { .bytes = 1 << 20, .size = 1024, .timeout = 20 };

	if (argc == 3 && !strcmp(argv[1], "serve"))
		return flow_serve(atoi(argv[2]));
	if (argc < 2 || strcmp(argv[1], "send") || parse(argc - 1, argv + 1, &o))
		return usage();
	return send_flow(&o);
}
