// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsecapi(1): ask the broker from the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] =
	"usage: ipsecapi [OPTION]... COMMAND\n"
	"How is traffic protected by IPsec, by what, and on what evidence?\n"
	"\n"
	"  caps                    what interfaces and broker can do\n"
	"  status                  policies and SAs of this host; the rules only for root\n"
	"  flow --fd N             report on a connected socket that was inherited\n"
	"  probe tcp|udp HOST PORT connect a socket and report on it\n"
	"  watch --fd N            report, and again whenever the answer changes\n"
	"\n"
	"  --json                  print JSON\n"
	"  --why                   with flow and probe: past reasons too\n"
	"  --timeout MS            of a probe's connect (default 3000)\n"
	"  --socket PATH           of the broker (default " IPSECAPI_DEFAULT_PATH ")\n"
	"  --help, --version\n"
	"\n"
	"In bash:  exec 3<>/dev/tcp/HOST/PORT; ipsecapi flow --fd 3\n"
	"Exit status: 0 answered, 1 refused or failed, 2 wrong usage.\n";

static int wrong(const char *what)
{
	fprintf(stderr, "ipsecapi: %s\n%s", what, usage);
	return 2;
}

static int number(const char *s, int max, int *value)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || end == s || *end || v < 0 || v > max)
		return -EINVAL;
	*value = v;
	return 0;
}

struct arguments {
	int fd;
	char **words;
	int n;
};

/* Returns an exit status, or -1 to go on. */
static int parse(int argc, char **argv, struct tool *t, struct arguments *a)
{
	static const struct option longopts[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "why", no_argument, NULL, 'w' },
		{ "fd", required_argument, NULL, 'f' },
		{ "timeout", required_argument, NULL, 't' },
		{ "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'j': t->json = true; break;
		case 'w': t->why = true; break;
		case 's': t->socket = optarg; break;
		case 'h': fputs(usage, stdout); return 0;
		case 'V': printf("ipsecapi %s\n", ipsecapi_version()); return 0;
		case 'f':
			if (number(optarg, 1 << 20, &a->fd))
				return wrong("--fd needs the number of a descriptor");
			break;
		case 't':
			if (number(optarg, 3600000, &t->timeout_ms))
				return wrong("--timeout needs milliseconds, at most 3600000");
			break;
		default:
			return wrong("unknown option");
		}
	}
	a->words = argv + optind;
	a->n = argc - optind;
	return a->n ? -1 : wrong("which command?");
}

static int probe(struct tool *t, char **words)
{
	int fd = probe_connect(words[1], words[2], words[3], t->timeout_ms);
	int status;

	if (fd == -EPROTONOSUPPORT)
		return wrong("a probe is tcp or udp");
	if (fd == -EDESTADDRREQ)
		return 1;
	if (fd < 0)
		return fail(t, "connect", fd);
	status = cmd_flow(t, fd);
	close(fd);
	return status;
}

static int run(struct tool *t, const struct arguments *a)
{
	const char *cmd = a->words[0];

	if (!strcmp(cmd, "probe"))
		return a->n == 4 ? probe(t, a->words) : wrong("probe tcp|udp HOST PORT");
	if (a->n != 1)
		return wrong("too many arguments");
	if (!strcmp(cmd, "caps"))
		return cmd_caps(t);
	if (!strcmp(cmd, "status"))
		return cmd_status(t);
	if (!strcmp(cmd, "flow") || !strcmp(cmd, "watch")) {
		if (a->fd < 0)
			return wrong("flow and watch need --fd N");
		return *cmd == 'f' ? cmd_flow(t, a->fd) : cmd_watch(t, a->fd);
	}
	return wrong("unknown command");
}

static bool known(const char *cmd)
{
	static const char *const commands[] = { "caps", "status", "flow", "probe", "watch" };
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(cmd, commands[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct tool t = { .timeout_ms = 3000 };
	struct arguments a = { .fd = -1 };
	int status = parse(argc, argv, &t, &a);
	int err;

	if (status >= 0)
		return status;
	if (!known(a.words[0]))
		return wrong("unknown command");
	err = ipsecapi_open(t.socket, 0, &t.ctx);
	if (err == -ENOLINK) {
		fprintf(stderr, "ipsecapi: no broker answers at %s; is ipsecapid running?\n",
			t.socket ? t.socket : IPSECAPI_DEFAULT_PATH);
		return 1;
	}
	if (err)
		return fail(&t, "session", err);
	status = run(&t, &a);
	ipsecapi_close(t.ctx);
	return status;
}
