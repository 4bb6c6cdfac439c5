// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsecapid(8): command line, listening socket, then the keeper. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <systemd/sd-daemon.h>

#include <ipsecapi.h>
#include "keeper.h"
#include "latch_record.h"
#include "policy_files.h"

#define DEFAULT_USER "_ipsecapi"
#define BACKLOG 128

static const char usage[] =
	"usage: ipsecapid [--socket PATH] [--user NAME] [--state FILE] [--policy DIR]\n"
	"                 [--defaults FILE]\n"
	"       ipsecapid --check [--defaults FILE] [DIR]\n"
	"The broker of libipsecapi: tells applications how their traffic is protected.\n"
	"\n"
	"  --socket PATH  listen there (default " IPSECAPI_DEFAULT_PATH ")\n"
	"  --user NAME    run as this user (default " DEFAULT_USER ", or nobody without it)\n"
	"  --state FILE   where latches are written down (default: beside the socket, as latches)\n"
	"  --policy DIR   the administrator's policy (default " POLICY_DIRECTORY ")\n"
	"  --check        only say whether the policy of DIR is good, or all that is wrong with it\n"
	"  --defaults FILE  the policy that was shipped (default " POLICY_SHIPPED ")\n"
	"  --help         show this text\n"
	"  --version      show the version\n"
	"\n"
	"It stays in the foreground and takes its socket from systemd if that passes one.\n"
	"It must be started as root and serves the network namespace it is started in.\n";

struct options {
	const char *socket;
	const char *user;
	const char *state;	/* NULL: beside the socket */
	struct policy_source policy;
	bool check;
};

static int die(const char *what, const char *why)
{
	fprintf(stderr, "ipsecapid: %s: %s\n", what, why);
	return 1;
}

static const char *listen_words(int err)
{
	switch (err) {
	case -EINVAL:
		return "--socket needs a path";
	case -EEXIST:
		return "something that is no socket is there; it is left alone, choose another path";
	case -EADDRINUSE:
		return "another broker answers there; stop it or choose another path";
	case -E2BIG:
		return "systemd passed more than one socket; the unit must name one";
	case -ENOTSOCK:
		return "systemd passed something that is no listening SEQPACKET socket";
	}
	return strerror(-err);
}

/* Accepted connections inherit it, so that no message can come without credentials. */
static int pass_credentials(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ? -errno : 0;
}

static int make_directory(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	strcpy(dir, path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = 0;
	return mkdir(dir, 0755) && errno != EEXIST ? -errno : 0;
}

/* A socket left by a broker that died is replaced; one that answers is not, nor anything else. */
static int clear_path(const struct sockaddr_un *addr)
{
	struct stat st;
	int alive, fd;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	alive = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) || errno == EAGAIN;
	close(fd);
	if (alive)
		return -EADDRINUSE;
	return unlink(addr->sun_path) && errno != ENOENT ? -errno : 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (!*path)
		return -EINVAL;
	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	err = make_directory(path);
	if (!err)
		err = clear_path(&addr);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || chmod(path, 0666) ||
	    listen(fd, BACKLOG)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int get_listener(const struct options *o)
{
	int n = sd_listen_fds(1), fd, err;

	if (n < 0)
		return n;
	if (n > 1)
		return -E2BIG;
	fd = n ? SD_LISTEN_FDS_START : listen_at(o->socket);
	if (fd < 0)
		return fd;
	if (n && sd_is_socket(fd, AF_UNIX, SOCK_SEQPACKET, 1) <= 0)
		return -ENOTSOCK;
	err = pass_credentials(fd);
	return err ? err : fd;
}

static int find_user(const struct options *o, struct keeper_config *c)
{
	const struct passwd *pw = getpwnam(o->user ? o->user : DEFAULT_USER);

	if (!pw && o->user)
		return -ENOENT;
	if (!pw)
		pw = getpwnam("nobody");
	c->uid = pw ? pw->pw_uid : 65534;
	c->gid = pw ? pw->pw_gid : 65534;
	return 0;
}

/* What is wrong with it has been said when there is none. */
static struct policy *load_policy(const struct options *o)
{
	struct complaints c = { .to = stderr };
	struct policy *p = malloc(sizeof(*p));
	int err = p ? policy_load(&o->policy, p, &c) : -ENOMEM;

	if (!err)
		return p;
	free(p);
	if (c.n)
		fprintf(stderr, "ipsecapid: the policy is refused: %u mistake%s\n", c.n, c.n == 1 ? "" : "s");
	else
		die("policy", strerror(-err));
	return NULL;
}

static const char *records_words(int err)
{
	switch (err) {
	case -EWOULDBLOCK:
		return "another broker writes its latches there; --state names another file";
	case -EPERM:
		return "it is no file of root's alone; it is left alone, --state names another";
	}
	return strerror(-err);
}

/* A broker without the file tells all the same; it grants nothing that it could forget. */
static int open_records(const struct options *o)
{
	char beside[PATH_MAX];
	const char *path = o->state, *slash = strrchr(o->socket, '/');
	int fd;

	if (!path) {
		snprintf(beside, sizeof(beside), "%.*slatches",
			 slash ? (int)(slash - o->socket + 1) : 0, o->socket);
		path = beside;
	}
	fd = records_open(path);
	if (fd < 0) {
		fputs("ipsecapid: nothing can be latched: ", stderr);
		die(path, records_words(fd));
	}
	return fd < 0 ? -1 : fd;
}

/* Anybody may, who can read the files. */
static int check_policy(const struct options *o)
{
	struct policy *p = load_policy(o);

	if (!p)
		return 1;
	printf("ok: %u classes, %u rules\n", p->n_classes, p->n_rules);
	free(p);
	return fflush(stdout) ? 1 : 0;
}

static void take_directory(struct options *o, const char *path)
{
	o->policy.directory = path;
	o->policy.required = true;
}

/* Returns an exit status, or -1 to go on. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ "state", required_argument, NULL, 'S' },
		{ "policy", required_argument, NULL, 'p' },
		{ "check", no_argument, NULL, 'c' },
		{ "defaults", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 's': o->socket = optarg; break;
		case 'u': o->user = optarg; break;
		case 'S': o->state = optarg; break;
		case 'p': take_directory(o, optarg); break;
		case 'c': o->check = true; break;
		case 'd': o->policy.shipped = optarg; break;
		case 'h':
			fputs(usage, stdout);
			return fflush(stdout) ? 1 : 0;
		case 'V':
			printf("ipsecapid %d.%d\n", IPSECAPI_VERSION_MAJOR, IPSECAPI_VERSION_MINOR);
			return fflush(stdout) ? 1 : 0;
		default:	/* getopt has said what is wrong */
			fputs("'ipsecapid --help' shows the usage\n", stderr);
			return 2;
		}
	}
	if (o->check && optind < argc)
		take_directory(o, argv[optind++]);
	if (optind == argc)
		return -1;
	fprintf(stderr, "ipsecapid: unexpected argument '%s'\n", argv[optind]);
	return 2;
}

int main(int argc, char **argv)
{
	struct options o = {
		.socket = IPSECAPI_DEFAULT_PATH,
		.policy = { .shipped = POLICY_SHIPPED, .directory = POLICY_DIRECTORY },
	};
	struct keeper_config c;
	int err = parse(argc, argv, &o);

	if (err >= 0)
		return err;
	if (o.check)
		return check_policy(&o);
	if (geteuid()) {
		fprintf(stderr, "ipsecapid: must be started as root; it drops what it does not need\n");
		return 1;
	}
	err = find_user(&o, &c);
	if (err)
		return die(o.user, "there is no such user; --user names another");
	c.source = &o.policy;
	c.policy = load_policy(&o);
	if (!c.policy)
		return 1;
	c.listener = get_listener(&o);
	if (c.listener < 0)
		return die(o.socket, listen_words(c.listener));
	c.records = open_records(&o);
	return keeper_main(&c);
}
