// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsecapid(8): command line, listening socket, then the keeper. */
#include <ctype.h>
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
#include <sys/un.h>
#include <unistd.h>

#include <ipsecapi.h>
#include "ike.h"
#include "keeper.h"
#include "latch_record.h"
#include "listening.h"
#include "policy_files.h"
#include "policy_notes.h"
#include "reload_client.h"

#define DEFAULT_USER "_ipsecapi"
/* What IPv6 asks of every link; what is smaller of IPv4 is rare. */
#define DEFAULT_FLOOR	1280
#define MAX_FLOOR	65535
#define VICI_PATH	sizeof(((struct sockaddr_un *)0)->sun_path)

static const char usage[] =
	"usage: ipsecapid [--socket PATH] [--user NAME] [--state FILE] [--policy DIR]\n"
	"                 [--defaults FILE] [--metrics PATH [--metrics-group NAME]]\n"
	"                 [--pmtu-floor BYTES] [--vici PATH] [--marks MASK]\n"
	"       ipsecapid --check [--defaults FILE] [DIR]\n"
	"       ipsecapid --reload [--socket PATH]\n"
	"The broker of libipsecapi: tells applications how their traffic is protected.\n"
	"\n"
	"  --socket PATH  listen there (default " IPSECAPI_DEFAULT_PATH ")\n"
	"  --user NAME    run as this user (default " DEFAULT_USER ", or nobody without it)\n"
	"  --state FILE   where latches are written down (default: beside the socket, as latches)\n"
	"  --policy DIR   the administrator's policy (default " POLICY_DIRECTORY ")\n"
	"  --check        only say whether the policy of DIR is good, or all that is wrong with it\n"
	"  --defaults FILE  the policy that was shipped (default " POLICY_SHIPPED ")\n"
	"  --reload       have the broker that listens at PATH read its policy again\n"
	"  --metrics PATH  show figures to root there, as OpenMetrics by HTTP\n"
	"  --metrics-group NAME  and to this group\n"
	"  --pmtu-floor BYTES  ICMP in clear makes no path to a latched peer smaller (default 1280)\n"
	"  --vici PATH    strongSwan's daemon is asked there (default " IKE_SOCKET "); none: nowhere\n"
	"  --marks MASK   four bits of packets' marks that nothing else uses (default 0x78000000)\n"
	"  --help         show this text\n"
	"  --version      show the version\n"
	"\n"
	"It stays in the foreground and takes its sockets from systemd if that passes any.\n"
	"It must be started as root and serves the network namespace it is started in.\n";

struct options {
	const char *socket;
	const char *user;
	const char *state;	/* NULL: beside the socket */
	const char *metrics;
	const char *metrics_group;
	const char *pmtu_floor;
	const char *marks;
	uint32_t floor, mask;	/* the same, as numbers */
	const char *vici;	/* of the IKE daemon, or "none" */
	struct policy_source policy;
	bool check, reload;
};

static int die(const char *what, const char *why)
{
	fprintf(stderr, "ipsecapid: %s: %s\n", what, why);
	return 1;
}

/* Says what is wrong unless it returns a descriptor. */
static int get_listener(const struct options *o, const struct passed_sockets *passed)
{
	const struct listening at = { .path = o->socket, .type = SOCK_SEQPACKET, .mode = 0666,
				      .group = LISTENING_ANY_GROUP };
	int fd = passed->broker >= 0 ? passed->broker : listening_open(&at);

	if (fd < 0)
		die(o->socket, fd == -EINVAL ? "--socket needs a path" : listening_words(fd));
	return fd;
}

/* As above, of what was asked for: else -1, and nothing is wrong. */
static int get_metrics(const struct options *o, const struct passed_sockets *passed)
{
	struct listening at = { .path = o->metrics, .type = SOCK_STREAM, .mode = 0660 };
	const struct group *gr;
	int fd;

	if (passed->metrics >= 0 || !o->metrics)
		return passed->metrics;
	if (o->metrics_group) {
		gr = getgrnam(o->metrics_group);
		if (!gr) {
			die(o->metrics_group, "there is no such group; --metrics-group names another");
			return -ENOENT;
		}
		at.group = gr->gr_gid;
	}
	fd = listening_open(&at);
	if (fd < 0)
		die(o->metrics, fd == -EINVAL ? "--metrics needs a path" : listening_words(fd));
	return fd;
}

/* Returns whether they are there, and says why they are not. */
static bool get_sockets(const struct options *o, struct keeper_config *c)
{
	struct passed_sockets passed;
	int err = listening_passed(&passed);

	if (err) {
		die("sockets", listening_words(err));
		return false;
	}
	c->metrics = get_metrics(o, &passed);
	if (c->metrics < 0 && o->metrics)
		return false;
	c->listener = get_listener(o, &passed);
	if (c->listener < 0 && c->metrics >= 0 && passed.metrics < 0)
		unlink(o->metrics);	/* leave nothing behind */
	return c->listener >= 0;
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

/*
 * A broker without the file tells all the same; it grants nothing that it could forget. @fresh:
 * it was not there.
 */
static int open_records(const struct options *o, bool *fresh)
{
	char beside[PATH_MAX];
	const char *path = o->state, *slash = strrchr(o->socket, '/');
	int fd;

	if (!path) {
		snprintf(beside, sizeof(beside), "%.*slatches",
			 slash ? (int)(slash - o->socket + 1) : 0, o->socket);
		path = beside;
	}
	*fresh = access(path, F_OK);
	fd = records_open(path);
	if (fd < 0)
		fprintf(stderr, "ipsecapid: nothing can be latched: %s: %s\n", path, records_words(fd));
	return fd < 0 ? -1 : fd;
}

static void settle_marks(const struct options *o, struct keeper_config *c, bool fresh)
{
	uint32_t held = marks_settle(&c->marks, o->mask, c->records, fresh);

	if (held & ~o->mask)
		fprintf(stderr, "ipsecapid: bit %#x of marks stays in use besides --marks: sockets that are latched %s\n", held,
			c->marks.lost ? "may have it, whose record is lost" : "have it");
}

/* Anybody may, who can read the files. */
static int check_policy(const struct options *o)
{
	struct policy *p = load_policy(o);

	uint32_t enforce;

	if (!p)
		return 1;
	enforce = policy_notes(p, stdout);
	printf("ok: %u classes, %u rules", p->n_classes, p->n_rules);
	printf(enforce ? ", of which %u enforce%s\n" : "\n", enforce, enforce == 1 ? "s" : "");
	free(p);
	return fflush(stdout) ? 1 : 0;
}

static void take_directory(struct options *o, const char *path)
{
	o->policy.directory = path;
	o->policy.required = true;
}

static bool parse_floor(struct options *o)
{
	char *end;
	unsigned long floor;

	if (!o->pmtu_floor)
		return true;
	errno = 0;
	floor = strtoul(o->pmtu_floor, &end, 10);
	o->floor = floor;
	return isdigit((unsigned char)*o->pmtu_floor) && !*end && !errno && floor <= MAX_FLOOR;
}

static bool good_vici(const char *path)
{
	return !strcmp(path, "none") || (*path == '/' && strlen(path) < VICI_PATH);
}

/* Returns an exit status, or -1 to go on. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ "state", required_argument, NULL, 'S' },
		{ "policy", required_argument, NULL, 'p' },
		{ "metrics", required_argument, NULL, 'm' },
		{ "metrics-group", required_argument, NULL, 'g' },
		{ "pmtu-floor", required_argument, NULL, 'f' },
		{ "vici", required_argument, NULL, 'v' },
		{ "marks", required_argument, NULL, 'M' },
		{ "check", no_argument, NULL, 'c' },
		{ "reload", no_argument, NULL, 'r' },
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
		case 'm': o->metrics = optarg; break;
		case 'g': o->metrics_group = optarg; break;
		case 'f': o->pmtu_floor = optarg; break;
		case 'v': o->vici = optarg; break;
		case 'M': o->marks = optarg; break;
		case 'c': o->check = true; break;
		case 'r': o->reload = true; break;
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
	if (optind < argc)
		fprintf(stderr, "ipsecapid: unexpected argument '%s'\n", argv[optind]);
	else if (o->check && o->reload)
		fputs("ipsecapid: --check or --reload, not both\n", stderr);
	else if (o->metrics_group && !o->metrics)
		fputs("ipsecapid: --metrics-group needs --metrics, which names the socket\n", stderr);
	else if (!parse_floor(o))
		fprintf(stderr, "ipsecapid: --pmtu-floor takes a number of bytes up to %u, or 0 for none, not '%s'\n",
			MAX_FLOOR, o->pmtu_floor);
	else if (!good_vici(o->vici))
		fprintf(stderr, "ipsecapid: --vici takes the path of a socket, from / on and at most %zu bytes, or none, not '%s'\n",
			VICI_PATH - 1, o->vici);
	else if (o->marks && !marks_parse(o->marks, &o->mask))
		fprintf(stderr, "ipsecapid: --marks takes a mask of exactly four bits of 32, such as %#x, not '%s'\n",
			marks_mask(&marks_default), o->marks);
	else
		return -1;
	return 2;
}

int main(int argc, char **argv)
{
	struct options o = {
		.socket = IPSECAPI_DEFAULT_PATH,
		.floor = DEFAULT_FLOOR,
		.vici = IKE_SOCKET,
		.mask = marks_mask(&marks_default),
		.policy = { .shipped = POLICY_SHIPPED, .directory = POLICY_DIRECTORY },
	};
	struct keeper_config c;
	bool fresh;
	int err = parse(argc, argv, &o);

	if (err >= 0)
		return err;
	if (o.check)
		return check_policy(&o);
	if (o.reload)
		return reload_client(o.socket);
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
	if (!get_sockets(&o, &c))
		return 1;
	c.records = open_records(&o, &fresh);
	settle_marks(&o, &c, fresh);
	c.pmtu_floor = o.floor;
	c.ike = strcmp(o.vici, "none") ? o.vici : NULL;
	return keeper_main(&c);
}
