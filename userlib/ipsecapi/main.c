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

#include "run.h"
#include "sockets.h"
#include "tool.h"

static const char usage[] =
	"usage: ipsecapi [OPTION]... COMMAND\n"
	"How is traffic protected by IPsec, by what, and on what evidence?\n"
	"\n"
	"  caps                    what interfaces and broker can do\n"
	"  status                  policies and SAs of this host; the rules only for root\n"
	"  query --fd N            report on a connected socket that was inherited\n"
	"  query --pid PID [--fd N]\n"
	"                          on the connected sockets of a process, or on one of them\n"
	"  query tcp|udp LOCAL-HOST LOCAL-PORT PEER-HOST PEER-PORT\n"
	"                          on the connection between these ends\n"
	"  why ...                 as query: only what speaks against their protection, and did\n"
	"  probe tcp|udp HOST PORT connect a socket and report on it\n"
	"  watch --fd N...         a live table of flows; where it goes to no terminal, and\n"
	"                          with --json, a line for each change\n"
	"  watch --pid PID         of all that a process has and opens\n"
	"  doctor                  what keeps the API or IPsec from working here, and the remedy\n"
	"  policy explain tcp|udp HOST PORT\n"
	"                          which rules of the system policy apply there, and what they grant\n"
	"  policy diff DIR         what the policy of DIR would change\n"
	"  run -- COMMAND [ARG]... run a command of which nothing leaves in clear\n"
	"\n"
	"  --json                  print JSON\n"
	"  --why                   with query and probe: past reasons too\n"
	"  --timeout MS            of a probe's connect (default 3000)\n"
	"  --loopback allow|block  with run: what passes over loopback (default allow)\n"
	"  --user NAME             with policy explain: of programs of this user; only for root\n"
	"  --socket PATH           of the broker (default " IPSECAPI_DEFAULT_PATH ")\n"
	"  --help, --version\n"
	"\n"
	"In bash:  exec 3<>/dev/tcp/HOST/PORT; ipsecapi query --fd 3\n"
	"Exit status: 0 answered, or all is well; 1 refused or failed, or something is wrong; 2 wrong usage;\n"
	"of run that of the command, 125 it was not run, 126 it can't be executed, 127 there is none.\n";

#define FDS_MAX 64

struct arguments {
	int fd[FDS_MAX];
	int n_fds;
	int pid;		/* 0: none */
	const char *user;
	char **words;
	int n;
	bool separated;		/* by -- from the options */
	unsigned int given;	/* options, of enum option_bit */
};

enum option_bit { OPT_WHY = 1, OPT_FD = 2, OPT_TIMEOUT = 4, OPT_USER = 8, OPT_PID = 16,
		  OPT_LOOPBACK = 32 };

struct command {
	const char *name;
	const char *second;	/* the word after it, or NULL */
	int words;		/* with both; negative: or more */
	int tuple;		/* which of them begins PROTOCOL HOST PORT [HOST PORT], or 0 */
	unsigned int takes;	/* of the options that not every command has */
	unsigned int needs;	/* one of these */
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

static int run_query(struct tool *t, const struct arguments *a)
{
	if (a->pid)
		return cmd_query_process(t, a->pid, a->n_fds ? a->fd[0] : -1);
	return cmd_query(t, a->fd[0]);
}

static int run_query_ends(struct tool *t, const struct arguments *a)
{
	const struct ends e = { a->words[1], a->words[2], a->words[3], a->words[4], a->words[5] };

	return cmd_query_ends(t, &e);
}

static int run_why(struct tool *t, const struct arguments *a)
{
	t->why = t->only_why = true;
	return a->n > 1 ? run_query_ends(t, a) : run_query(t, a);
}

static int run_watch(struct tool *t, const struct arguments *a)
{
	return cmd_watch(t, a->pid, a->fd, a->n_fds);
}

static int run_doctor(struct tool *t, const struct arguments *a)
{
	(void)a;
	return cmd_doctor(t);
}

static int run_probe(struct tool *t, const struct arguments *a)
{
	int fd = probe_connect(a->words[1], a->words[2], a->words[3], t->timeout_ms);
	int status;

	if (fd == -EDESTADDRREQ)
		return 1;
	if (fd < 0)
		return fail(t, "connect", fd);
	status = cmd_query(t, fd);
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

static int run_run(struct tool *t, const struct arguments *a)
{
	return cmd_run(t, a->words + 1);
}

#define SOCKETS " --fd N | --pid PID [--fd N] | tcp|udp LOCAL-HOST LOCAL-PORT PEER-HOST PEER-PORT"

static const struct command commands[] = {
	{ "caps", NULL, 1, 0, 0, 0, "caps", run_caps },
	{ "status", NULL, 1, 0, 0, 0, "status", run_status },
	{ "query", NULL, 1, 0, OPT_FD | OPT_PID | OPT_WHY, OPT_FD | OPT_PID, "query" SOCKETS, run_query },
	{ "query", NULL, 6, 1, OPT_WHY, 0, "query" SOCKETS, run_query_ends },
	{ "why", NULL, 1, 0, OPT_FD | OPT_PID, OPT_FD | OPT_PID, "why" SOCKETS, run_why },
	{ "why", NULL, 6, 1, 0, 0, "why" SOCKETS, run_why },
	{ "watch", NULL, 1, 0, OPT_FD | OPT_PID, OPT_FD | OPT_PID, "watch --fd N... | --pid PID", run_watch },
	{ "probe", NULL, 4, 1, OPT_WHY | OPT_TIMEOUT, 0, "probe tcp|udp HOST PORT", run_probe },
	{ "policy", "explain", 5, 2, OPT_USER, 0, "policy explain tcp|udp HOST PORT", run_explain },
	{ "policy", "diff", 3, 0, 0, 0, "policy diff DIR", run_diff },
	{ "doctor", NULL, 1, 0, 0, 0, "doctor", run_doctor },
	{ "run", NULL, -2, 0, OPT_LOOPBACK, 0, "run -- COMMAND [ARG]...", run_run },
};

static int take_fd(struct arguments *a)
{
	if (a->n_fds == FDS_MAX)
		return wrong("there are more than %d descriptors", FDS_MAX);
	a->given |= OPT_FD;
	return number(optarg, 1 << 20, &a->fd[a->n_fds++]) ?
	       wrong("--fd needs the number of a descriptor, not '%s'", optarg) : -1;
}

static int take_pid(struct arguments *a)
{
	a->given |= OPT_PID;
	return number(optarg, 1 << 30, &a->pid) || !a->pid ?
	       wrong("--pid needs the number of a process, not '%s'", optarg) : -1;
}

static int take_loopback(struct tool *t, struct arguments *a)
{
	a->given |= OPT_LOOPBACK;
	t->loopback_blocked = !strcmp(optarg, "block");
	return t->loopback_blocked || !strcmp(optarg, "allow") ? -1 :
	       wrong("--loopback is allow or block, not '%s'", optarg);
}

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
	case 'f': return take_fd(a);
	case 'p': return take_pid(a);
	case 'l': return take_loopback(t, a);
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
		{ "pid", required_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 't' },
		{ "user", required_argument, NULL, 'u' },
		{ "loopback", required_argument, NULL, 'l' },
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
	a->separated = optind > 1 && !strcmp(argv[optind - 1], "--");
	return status;
}

static bool is_named(const struct command *cmd, const struct arguments *a)
{
	return !strcmp(a->words[0], cmd->name) &&
	       (!cmd->second || (a->n > 1 && !strcmp(a->words[1], cmd->second)));
}

/* Of the forms of a command the first that is no shorter than what is given, or its last. */
static const struct command *find(const struct arguments *a)
{
	const struct command *found = NULL;
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]) && (!found || (found->words >= 0 && found->words < a->n)); i++)
		if (is_named(&commands[i], a))
			found = &commands[i];
	return found;
}

static const char *option_of(unsigned int bits)
{
	return bits & OPT_FD ? "--fd" : bits & OPT_PID ? "--pid" : bits & OPT_WHY ? "--why" :
	       bits & OPT_USER ? "--user" : bits & OPT_LOOPBACK ? "--loopback" : "--timeout";
}

/* PROTOCOL HOST PORT, and for both ends HOST PORT. */
static int check_tuple(const struct command *cmd, char **words)
{
	int i;

	if (strcmp(words[0], "tcp") && strcmp(words[0], "udp"))
		return wrong("a %s is tcp or udp, not '%s'", cmd->run == run_probe ? "probe" : "flow", words[0]);
	for (i = 2; i < cmd->words - cmd->tuple; i += 2)
		if (!probe_port_valid(words[i]))
			return wrong("'%s' is no port: give a number from 1 to 65535 or the name of a service",
				     words[i]);
	return -1;
}

/* Which descriptors, and whose. */
static int check_sockets(const struct command *cmd, const struct arguments *a)
{
	if (cmd->run == run_watch && a->pid && a->n_fds)
		return wrong("watch takes --fd or --pid, not both");
	if ((cmd->run == run_query || cmd->run == run_why) && a->n_fds > 1)
		return wrong("%s takes one --fd; watch takes several", cmd->name);
	return -1;
}

/* What is run has options of its own: without the mark they would be taken for ours. */
static int check_words(const struct command *cmd, const struct arguments *a)
{
	bool fits = cmd->words < 0 ? a->n >= -cmd->words : a->n == cmd->words;

	if (!fits || (cmd->needs && !(cmd->needs & a->given)))
		return wrong("too %s arguments: %s", cmd->words >= 0 && a->n > cmd->words ? "many" : "few", cmd->form);
	if (cmd->words < 0 && !a->separated)
		return wrong("what is run comes after --: %s", cmd->form);
	return -1;
}

/* The command that the words say, once all that can be wrong with them is not. */
static int choose(const struct arguments *a, const struct command **found)
{
	const struct command *cmd;
	int status;

	if (!a->n)
		return wrong("which command?");
	cmd = *found = find(a);
	if (!cmd && !strcmp(a->words[0], "policy"))
		return wrong("policy what? explain or diff");
	if (!cmd)
		return wrong("there is no command '%s'", a->words[0]);
	status = check_words(cmd, a);
	if (status >= 0)
		return status;
	if (a->given & ~cmd->takes)
		return wrong("%s takes no %s", cmd->name, option_of(a->given & ~cmd->takes));
	return cmd->tuple ? check_tuple(cmd, a->words + cmd->tuple) : check_sockets(cmd, a);
}

/* Before we have descriptors of our own. */
static int check_inherited(const struct arguments *a)
{
	int i;

	for (i = 0; !a->pid && i < a->n_fds; i++) {
		if (fcntl(a->fd[i], F_GETFD) >= 0)
			continue;
		fprintf(stderr, "ipsecapi: no descriptor %d was inherited; in bash: exec %d<>/dev/tcp/HOST/PORT\n",
			a->fd[i], a->fd[i]);
		return 1;
	}
	return 0;
}

static int run(struct tool *t, const struct arguments *a, const struct command *cmd)
{
	const char *path = t->socket ? t->socket : IPSECAPI_DEFAULT_PATH;
	int err, status;

	if (check_inherited(a))
		return 1;
	if (cmd->run == run_doctor)	/* a session may be what it finds missing */
		return cmd->run(t, a);
	err = ipsecapi_open(t->socket, 0, &t->ctx);
	if (err == -ENOLINK)
		fprintf(stderr, "ipsecapi: no broker answers at %s; is ipsecapid running?\n", path);
	else if (err == -EINVAL || err == -ENAMETOOLONG)
		fprintf(stderr, "ipsecapi: --socket '%s' can't be the path of a socket: %s\n", path,
			*path ? "it is too long" : "it is empty");
	else if (err)
		fail(t, "session", err);
	if (err)
		return cmd->run == run_run ? RUN_FAILED : 1;
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
	struct arguments a = { .n_fds = 0 };
	const struct command *cmd = NULL;
	int status = parse(argc, argv, &t, &a);

	if (status < 0)
		status = choose(&a, &cmd);
	if (status < 0)
		status = run(&t, &a, cmd);
	return finish(status);
}
