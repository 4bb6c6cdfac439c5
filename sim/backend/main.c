// SPDX-License-Identifier: GPL-2.0-or-later
/* espvault-unit: a trusted unit without a NIC, for development and tests. */
#include <errno.h>
#include <espvault/unit_socket.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockdown.h"
#include "serve.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct options {
	struct esvc_config cfg;
	const char *listen;
	const char *identity;
	int done;		/* -1: go on; else exit with it */
};

static int complain(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int complain(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("espvault-unit: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return code;
}

static int say(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ?
	       complain(EXIT_FAILED, "the answer can't be written: %s", strerror(errno)) : EXIT_DONE;
}

static const char help[] =
	"usage: espvault-unit [OPTION]...\n\n"
	"A trusted unit without a NIC, for development. Serves the one connection that is\n"
	"open as descriptor 3, as libespvault starts it, or with --listen who connects.\n\n"
	"  --listen PATH       Unix socket for several clients, one session each\n"
	"  --identity FILE     32 bytes that make the unit this one; new at each start without\n"
	"  --handle-max N      handles that can live, 8 to 65536; 4096 without\n"
	"  --test-mode         accept secrets in clear; the unit says so in its mode\n"
	"  --help, --version\n\n"
	"Clients with another user id than the unit's and root's may only look.\n"
	"Exit status: 0 done, 1 failed, 2 wrong command line.\n";

static int take_handle_max(const char *text, uint32_t *n)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v < 8 || v > 65536)
		return complain(EXIT_USAGE, "--handle-max does not take '%s', but a number from 8 to 65536", text);
	*n = (uint32_t)v;
	return -1;
}

static int take_option(struct options *o, int option, char **argv)
{
	switch (option) {
	case 'l':
		o->listen = optarg;
		return -1;
	case 'i':
		o->identity = optarg;
		return -1;
	case 'n':
		return take_handle_max(optarg, &o->cfg.handle_max);
	case 't':
		o->cfg.test_mode = true;
		return -1;
	case 'h':
		return say(help);
	case 'V':
		return say("espvault-unit 0.1\n");
	case ':':
		return complain(EXIT_USAGE, "'%s' misses its value; --help lists the options", argv[optind - 1]);
	default:
		return complain(EXIT_USAGE, "no option '%s'; --help lists them", argv[optind - 1]);
	}
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", 1, NULL, 'l' }, { "identity", 1, NULL, 'i' }, { "handle-max", 1, NULL, 'n' },
		{ "test-mode", 0, NULL, 't' }, { "help", 0, NULL, 'h' }, { "version", 0, NULL, 'V' }, { 0 },
	};
	int option;

	memset(o, 0, sizeof(*o));
	esvc_config_default(&o->cfg);
	o->done = -1;
	opterr = 0;
	while (o->done < 0 && (option = getopt_long(argc, argv, ":", options, NULL)) != -1)
		o->done = take_option(o, option, argv);
	if (o->done < 0 && optind < argc)
		o->done = complain(EXIT_USAGE, "unexpected argument '%s'; --help lists the options", argv[optind]);
}

/* Exactly the secret, in a file that nobody else can read. */
static int read_identity(struct options *o)
{
	const size_t want = sizeof(o->cfg.device_secret);
	int fd = open(o->identity, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), code = -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		code = complain(EXIT_FAILED, "%s: %s", o->identity, strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size != (off_t)want)
		code = complain(EXIT_FAILED, "%s: an identity is a file of %zu bytes, for example of "
				"`head -c %zu /dev/random`", o->identity, want, want);
	else if (st.st_mode & 077 || (st.st_uid && st.st_uid != geteuid()))
		code = complain(EXIT_FAILED, "%s: others can read or replace it; make it yours, with mode 0600",
				o->identity);
	else if (read(fd, o->cfg.device_secret, want) != (ssize_t)want)
		code = complain(EXIT_FAILED, "%s: it can't be read", o->identity);
	o->cfg.has_device_secret = true;
	if (fd >= 0)
		close(fd);
	return code;
}

/* The connection that this was started with; without one there is nobody to serve. */
static bool inherited(int fd)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && domain == AF_UNIX && type == SOCK_SEQPACKET;
}

/* What is served: *fd. -1, or the exit status. */
static int take_socket(const struct options *o, int *fd)
{
	if (!o->listen) {
		*fd = UNIT_SOCKET_FD;
		return inherited(*fd) ? -1 :
		       complain(EXIT_USAGE, "descriptor %d is no connection; libespvault starts this program with one, "
				"and --listen PATH makes a socket", *fd);
	}
	*fd = serve_listen(o->listen);
	if (*fd == -EADDRINUSE)
		return complain(EXIT_FAILED, "%s: something else is there; it is left alone, choose another path",
				o->listen);
	if (*fd < 0)
		return complain(EXIT_FAILED, "%s: %s", *o->listen ? o->listen : "--listen needs a path",
				strerror(-*fd));
	return -1;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int serve(const struct options *o, struct device *d, int fd)
{
	int err = lockdown_calls();

	if (err)
		return complain(EXIT_FAILED, "system calls can't be filtered: %s", strerror(-err));
	/* Whoever waits for this line may connect now. */
	if (o->listen && say("listening\n"))
		err = -EIO;
	if (!err)
		err = o->listen ? serve_all(d, fd) : serve_one(d, fd);
	return err ? complain(EXIT_FAILED, "%s", strerror(-err)) : EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct device *device;
	struct options o;
	int fd = -1, code;

	parse(&o, argc, argv);
	if (o.done >= 0)
		return o.done;
	if (lockdown_memory())
		return complain(EXIT_FAILED, "memory can't be protected: %s", strerror(errno));
	block_signals();
	code = o.identity ? read_identity(&o) : -1;
	if (code < 0)
		code = take_socket(&o, &fd);
	if (code < 0) {
		device = device_new(&o.cfg);
		code = device ? serve(&o, device, fd) :
		       complain(EXIT_FAILED, "no device can be made: %s%s", strerror(errno),
				errno == ENOMEM ? "; it locks memory, see `ulimit -l`" : "");
		device_free(device);
		if (o.listen)
			unlink(o.listen);
	}
	explicit_bzero(&o.cfg, sizeof(o.cfg));
	return code;
}
