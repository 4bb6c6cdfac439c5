// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsecapi(1): ask the broker from the command line. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
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
	"  policy explain tcp|udp HOST PORT\n"
	"                          which rules of the system policy apply there, and what they grant\n"
	"  policy diff DIR         what the policy of DIR would change\n"
	"\n"
	"  --json                  print JSON\n"
	"  --why                   with flow and probe: past reasons too\n"
	"  --timeout MS            of a probe's connect (default 3000)\n"
	"  --user NAME             with policy explain: of programs of this user; only for root\n"
	"  --socket PATH           of the broker (default " IPSECAPI_DEFAULT_PATH ")\n"
	"  --help, --version\n"
	"\n"
	"In bash:  exec 3<>/dev/tcp/HOST/PORT; ipsecapi flow --fd 3\n"
	"Exit status: 0 answered, 1 refused or failed, 2 wrong usage.\n";

struct arguments {
	int fd;
	const char *user;
	char **words;
	int n;
	unsigned int given;	/* options, of enum option_bit */
};

enum option_bit { OPT_WHY = 1, OPT_FD = 2, OPT_TIMEOUT = 4, OPT_USER = 8 };

struct command {
	const char *name;
	const char *second;	/* the word after it, or NULL */
	int words;		/* with both */
	int tuple;		/* which of them begins PROTOCOL HOST PORT, or 0 */
	unsigned int takes;	/* of the options that not every command has */
	const char *form;
	int (*run)(struct tool *t, const struct arguments *a);
};

static int wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("ipsecapi: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputs("\n'ipsecapi --help' shows the usage\n", stderr);
	va_end(ap);
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

static int run_caps(struct tool *t, const struct arguments *a)
{
	(void)a;
	return cmd_caps(t);
}

static int run_status(struct tool *t, const struct arguments *a)
{
	(void)a;
	return cmd_status(t);
}

static int run_flow(struct tool *t, const struct arguments *a)
{
	return cmd_flow(t, a->fd);
}

static int run_watch(struct tool *t, const struct arguments *a)
{
	return cmd_watch(t, a->fd);
}

static int run_probe(struct tool *t, const struct arguments *a)
{
	int fd = probe_connect(a->words[1], a->words[2], a->words[3], t->timeout_ms);
	int status;

	if (fd == -EDESTADDRREQ)
		return 1;
	if (fd < 0)
		return fail(t, "connect", fd);
	status = cmd_flow(t, fd);
	close(fd);
	return status;
}

static int run_explain(struct tool *t, const struct arguments *a)
{
	const struct tuple_words w = { a->words[2], a->words[3], a->words[4] };

	return cmd_policy_explain(t, &w, a->user);
}

static int run_diff(struct tool *t, const struct arguments *a)
{
	return cmd_policy_diff(t, a->words[2]);
}

static const struct command commands[] = {
	{ "caps", NULL, 1, 0, 0, "caps", run_caps },
	{ "status", NULL, 1, 0, 0, "status", run_status },
	{ "flow", NULL, 1, 0, OPT_FD | OPT_WHY, "flow --fd N", run_flow },
	{ "watch", NULL, 1, 0, OPT_FD | OPT_WHY, "watch --fd N", run_watch },
	{ "probe", NULL, 4, 1, OPT_WHY | OPT_TIMEOUT, "probe tcp|udp HOST PORT", run_probe },
	{ "policy", "explain", 5, 2, OPT_USER, "policy explain tcp|udp HOST PORT", run_explain },
	{ "policy", "diff", 3, 0, 0, "policy diff DIR", run_diff },
};

/* Returns an exit status, or -1 to go on. */
static int take_option(int c, struct tool *t, struct arguments *a, char **argv)
{
	switch (c) {
	case 'j': t->json = true; return -1;
	case 's': t->socket = optarg; return -1;
	case 'h': fputs(usage, stdout); return 0;
	case 'V': printf("ipsecapi %s\n", ipsecapi_version()); return 0;
	case 'w':
		t->why = true;
		a->given |= OPT_WHY;
		return -1;
	case 'f':
		a->given |= OPT_FD;
		return number(optarg, 1 << 20, &a->fd) ?
		       wrong("--fd needs the number of a descriptor, not '%s'", optarg) : -1;
	case 't':
		a->given |= OPT_TIMEOUT;
		return number(optarg, 3600000, &t->timeout_ms) ?
		       wrong("--timeout needs milliseconds, at most 3600000, not '%s'", optarg) : -1;
	case 'u':
		a->given |= OPT_USER;
		a->user = optarg;
		return -1;
	case ':':
		return wrong("'%s' misses its value", argv[optind - 1]);
	}
	return wrong("there is no option '%s'", argv[optind - 1]);
}

/* Returns an exit status, or -1 to go on. */
static int parse(int argc, char **argv, struct tool *t, struct arguments *a)
{
	static const struct option longopts[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "why", no_argument, NULL, 'w' },
		{ "fd", required_argument, NULL, 'f' },
		{ "timeout", required_argument, NULL, 't' },
		{ "user", required_argument, NULL, 'u' },
		{ "socket", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c, status = -1;

	opterr = 0;
	while (status < 0 && (c = getopt_long(argc, argv, ":", longopts, NULL)) != -1)
		status = take_option(c, t, a, argv);
	a->words = argv + optind;
	a->n = argc - optind;
	return status;
}

static const struct command *find(const struct arguments *a)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(a->words[0], commands[i].name) &&
		    (!commands[i].second || (a->n > 1 && !strcmp(a->words[1], commands[i].second))))
			return &commands[i];
	return NULL;
}

static const char *option_of(unsigned int bits)
{
	return bits & OPT_FD ? "--fd" : bits & OPT_WHY ? "--why" : bits & OPT_USER ? "--user" : "--timeout";
}

/* PROTOCOL HOST PORT. */
static int check_tuple(const struct command *cmd, char **words)
{
	if (strcmp(words[0], "tcp") && strcmp(words[0], "udp"))
		return wrong("a %s is tcp or udp, not '%s'", cmd->second ? "flow" : "probe", words[0]);
	if (!probe_port_valid(words[2]))
		return wrong("'%s' is no port: give a number from 1 to 65535 or the name of a service", words[2]);
	return -1;
}

/* The command that the words say, once all that can be wrong with them is not. */
static int choose(const struct arguments *a, const struct command **found)
{
	const struct command *cmd;

	if (!a->n)
		return wrong("which command?");
	cmd = *found = find(a);
	if (!cmd && !strcmp(a->words[0], "policy"))
		return wrong("policy what? explain or diff");
	if (!cmd)
		return wrong("there is no command '%s'", a->words[0]);
	if (a->n != cmd->words || (cmd->takes & OPT_FD && a->fd < 0))
		return wrong("too %s arguments: %s", a->n > cmd->words ? "many" : "few", cmd->form);
	if (a->given & ~cmd->takes)
		return wrong("%s takes no %s", cmd->name, option_of(a->given & ~cmd->takes));
	return cmd->tuple ? check_tuple(cmd, a->words + cmd->tuple) : -1;
}

static int run(struct tool *t, const struct arguments *a, const struct command *cmd)
{
	const char *path = t->socket ? t->socket : IPSECAPI_DEFAULT_PATH;
	int err, status;

	/* before we have descriptors of our own */
	if (cmd->takes & OPT_FD && fcntl(a->fd, F_GETFD) < 0) {
		fprintf(stderr, "ipsecapi: no descriptor %d was inherited; in bash: exec %d<>/dev/tcp/HOST/PORT\n",
			a->fd, a->fd);
		return 1;
	}
	err = ipsecapi_open(t->socket, 0, &t->ctx);
	if (err == -ENOLINK)
		fprintf(stderr, "ipsecapi: no broker answers at %s; is ipsecapid running?\n", path);
	else if (err == -EINVAL || err == -ENAMETOOLONG)
		fprintf(stderr, "ipsecapi: --socket '%s' can't be the path of a socket: %s\n", path,
			*path ? "it is too long" : "it is empty");
	else if (err)
		fail(t, "session", err);
	if (err)
		return 1;
	status = cmd->run(t, a);
	ipsecapi_close(t->ctx);
	return status;
}

/* An answer that did not arrive was not given. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "ipsecapi: the answer can't be written: %s\n", strerror(errno));
	return status ? status : 1;
}

int main(int argc, char **argv)
{
	struct tool t = { .timeout_ms = 3000 };
	struct arguments a = { .fd = -1 };
	const struct command *cmd = NULL;
	int status = parse(argc, argv, &t, &a);

	if (status < 0)
		status = choose(&a, &cmd);
	if (status < 0)
		status = run(&t, &a, cmd);
	return finish(status);
}
