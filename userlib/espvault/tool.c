// SPDX-License-Identifier: GPL-2.0-or-later
/* Choosing a command, choosing a unit, complaining. */
#include "tool.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command commands[] = {
	{ "list", "", "units of this host and their interfaces", cmd_list },
	{ "status", "[DEVICE]", "state of a unit", cmd_status },
	{ "caps", "[DEVICE]", "what a unit can do", cmd_caps },
	{ "exchange", "A B [OPTION]...", "let two units agree on keys; prints tokens", cmd_exchange },
	{ "sa", "list [DEVICE] | show [DEVICE] HANDLE | show [DEVICE] --daddr ADDR --spi N",
	  "SAs as the device has them", cmd_sa },
	{ "policy", "list [DEVICE]", "the device's SPD", cmd_policy },
	{ "counters", "[DEVICE] [--all]", "counters that are not zero", cmd_counters },
	{ "decode", "TOKEN", "what can be read off a token", cmd_decode },
	{ "sessions", "[DEVICE]", "how many sessions, handles and keys a unit has", cmd_sessions },
	{ "selftest", "[DEVICE] | --run DEVICE", "what the self-tests said; --run: run them again", cmd_selftest },
	{ "seal", "--type T --secret FILE [--id ID] --to STATEMENT --anchor FILE | --kek FILE [OPTION]...",
	  "wrap a secret for a unit; needs none", cmd_seal },
	{ "provision", "DEVICE --type T --wrap W --blob FILE [--store FILE]", "bring a wrapped secret into a unit",
	  cmd_provision },
	{ "run", "[--keep-going] [FILE]", "several commands in one session, one in each line", cmd_run },
	{ "attest", "[DEVICE] [--sa HANDLE | --daddr ADDR --spi N] [--nonce HEX] [-o FILE]",
	  "a signed statement of a unit", cmd_attest },
	{ "certificate", "[DEVICE]", "the device's certificate, for verifiers to keep", cmd_certificate },
	{ "verify", "--anchor FILE [--chain FILE] [--nonce HEX] [--test-mode] STATEMENT",
	  "is a statement genuine; needs no device", cmd_verify },
	{ "lock", "DEVICE", "make a port strict until power on", cmd_lock },
	{ "bypass", "[DEVICE] | DEVICE --keep CLASS,...", "what passes in clear before the SPD; --keep: switch the others off",
	  cmd_bypass },
	{ "zeroize", "DEVICE --all", "wipe every key of a unit", cmd_zeroize },
};

#define NR_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

int complain(enum exit_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("espvault: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return code;
}

int complain_unit(const struct espvault *unit, const char *path, int err)
{
	const char *words = espvault_strerror(unit);

	return complain(err == -ENOENT ? EXIT_NOT_FOUND : EXIT_REFUSED, "%s: %s", path,
			*words ? words : strerror(-err));
}

const char *shown(const char *path)
{
	return *path ? path : "''";
}

struct found {
	char path[64];
	unsigned int count;
};

static int remember(const char *path, void *arg)
{
	struct found *f = arg;

	if (!f->count++)
		snprintf(f->path, sizeof(f->path), "%s", path);
	return 0;
}

/* *path, or when that is NULL the only unit of this host, which stands in *f. */
static int find_unit(struct found *f, const char **path)
{
	f->count = 0;
	if (*path)
		return EXIT_OK;
	espvault_foreach(remember, f);
	if (!f->count)
		return complain(EXIT_NO_DEVICE, "this host has no unit; is the module espvault loaded?");
	if (f->count > 1)
		return complain(EXIT_USAGE, "this host has %u units, name one; `espvault list` shows them", f->count);
	*path = f->path;
	return EXIT_OK;
}

static int opened(const char *path, int err)
{
	return err ? complain(EXIT_NO_DEVICE, "%s: %s", shown(path), espvault_open_strerror(path, err)) : EXIT_OK;
}

int open_unit(const char *path, unsigned int flags, struct espvault **unit, char name[64])
{
	struct found f;
	int code = find_unit(&f, &path);

	if (code != EXIT_OK)
		return code;
	snprintf(name, 64, "%s", path);
	return opened(path, espvault_open(path, flags, unit));
}

/* The one device that the command may name, or NULL. */
static int take_device(struct tool *t, const char **path)
{
	*path = NULL;
	for (int i = 1; i < t->argc; i++) {
		if (t->argv[i][0] == '-')
			return complain(EXIT_USAGE, "%s has no option '%s'", t->argv[0], t->argv[i]);
		if (*path)
			return complain(EXIT_USAGE, "%s takes one device, not '%s' as well", t->argv[0], t->argv[i]);
		*path = t->argv[i];
	}
	return EXIT_OK;
}

int open_to_look(struct tool *t, struct espvault **unit, char name[64])
{
	const char *path;
	int code = take_device(t, &path);

	return code == EXIT_OK ? open_unit(path, ESPVAULT_RDONLY, unit, name) : code;
}

int open_to_ask(struct tool *t, struct espvault **unit, char name[64])
{
	struct found f;
	const char *path;
	int code = take_device(t, &path), err;

	if (code == EXIT_OK)
		code = find_unit(&f, &path);
	if (code != EXIT_OK)
		return code;
	snprintf(name, 64, "%s", path);
	err = espvault_open(path, 0, unit);
	if (err == -EPERM || err == -EACCES)
		err = espvault_open(path, ESPVAULT_RDONLY, unit);
	return opened(path, err);
}

bool number(const char *text, uint64_t min, uint64_t max, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *n >= min && *n <= max;
}

bool number32(const char *text, uint32_t min, uint32_t max, uint32_t *n)
{
	uint64_t v;
	bool ok = number(text, min, max, &v);

	*n = (uint32_t)v;
	return ok;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t max, size_t *len)
{
	size_t n;

	if (!strncmp(text, "0x", 2))
		text += 2;
	n = strlen(text);
	if (n % 2 || n / 2 > max)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return false;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] << 4 | d : d);
	}
	*len = n / 2;
	return true;
}

bool hex_bytes(const char *text, uint8_t *bytes, size_t n)
{
	size_t len;

	return hex_decode(text, bytes, n, &len) && len == n;
}

#define LETTER	63	/* instead of a place in the table: an option of one letter */

static int no_option(const struct tool *t)
{
	const char letter[] = { '-', (char)optopt, '\0' };

	/* of a letter getopt knows the word no more; options of words that take no value are above letters */
	return complain(EXIT_USAGE, "%s has no option '%s'; espvault(8) lists them", t->argv[0],
			optopt > 0 && optopt < 256 ? letter : t->argv[optind - 1]);
}

/* Is it there for the first time, and with a value that was meant as one? */
static int check_option(const struct tool *t, const char *dashes, const char *name, bool again)
{
	if (again)
		return complain(EXIT_USAGE, "'%s%s' is there twice", dashes, name);
	if (optarg && optarg == t->argv[optind - 1] && !strncmp(optarg, "--", 2))
		return complain(EXIT_USAGE, "'%s%s' misses its value: '%s' is an option", dashes, name, optarg);
	return EXIT_OK;
}

int take_options(struct tool *t, const char *letters, const struct option *options,
		 int (*take)(void *arg, int option, const char *text), void *arg)
{
	int option, at = LETTER, code = EXIT_OK;
	uint64_t seen = 0;

	optind = 0;
	opterr = 0;
	while (code == EXIT_OK && (option = getopt_long(t->argc, t->argv, letters, options, &at)) != -1) {
		const char name[] = { (char)option, '\0' };

		if (option == ':')
			return complain(EXIT_USAGE, "'%s' misses its value", t->argv[optind - 1]);
		if (option == '?')
			return no_option(t);
		code = check_option(t, at == LETTER ? "-" : "--", at == LETTER ? name : options[at].name,
				    seen & 1ull << at);
		if (code == EXIT_OK)
			code = take(arg, option, optarg);
		seen |= 1ull << at;
		at = LETTER;
	}
	return code;
}

uint8_t ip_address(const char *text, uint8_t daddr[16])
{
	return inet_pton(AF_INET, text, daddr) == 1 ? 4 : inet_pton(AF_INET6, text, daddr) == 1 ? 6 : 0;
}

static int usage(FILE *to, int code)
{
	fputs("usage: espvault [--json] COMMAND [ARGUMENT]...\n\n", to);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-11s %s\n              %s\n", commands[i].name, commands[i].args, commands[i].text);
	fputs("\nDEVICE is /dev/espvaultN; without it the only unit of the host. For development\n"
	      "it may be unix:PATH or unit:[PROGRAM], a process. See espvault(8).\n", to);
	return code;
}

/* --json may stand anywhere; it is taken out of the arguments. */
static int take_json(struct tool *t)
{
	int n = 0;

	for (int i = 0; i < t->argc; i++) {
		if (!strcmp(t->argv[i], "--json") || !strcmp(t->argv[i], "-j"))
			t->json = true;
		else
			t->argv[n++] = t->argv[i];
	}
	t->argc = n;
	return n;
}

static int run(int argc, char **argv)
{
	struct tool t = { .argc = argc - 1, .argv = argv + 1 };

	if (argc < 2 || !take_json(&t))
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(t.argv[0], "--help") || !strcmp(t.argv[0], "-h") || !strcmp(t.argv[0], "help"))
		return usage(stdout, EXIT_OK);
	if (!strcmp(t.argv[0], "--version") || !strcmp(t.argv[0], "-V")) {
		printf("espvault %s\n", espvault_version());
		return EXIT_OK;
	}
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(t.argv[0], commands[i].name))
			return commands[i].run(&t);
	complain(EXIT_USAGE, "no %s '%s'", *t.argv[0] == '-' ? "option" : "command", t.argv[0]);
	return usage(stderr, EXIT_USAGE);
}

/*
 * A stream that is closed stays so: else the next file or unit gets its number, and answers and complaints go in there.
 * What is opened here can be neither read nor written.
 */
static int hold_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) != fd)
			return complain(EXIT_REFUSED, "a closed stream can't be held: %s", strerror(errno));
	return EXIT_OK;
}

/* An answer that did not arrive was not given. */
int tool_main(int argc, char **argv)
{
	int code = hold_streams();

	if (code == EXIT_OK)
		code = run(argc, argv);
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	clearerr(stdout);
	return complain(EXIT_REFUSED, "the answer can't be written: %s", strerror(errno));
}
