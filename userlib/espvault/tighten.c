// SPDX-License-Identifier: GPL-2.0-or-later
/* lock, bypass: what only power on takes back. */
#include "tool.h"

#include <getopt.h>
#include <string.h>

#define CLASSES	"arp, nd, mcast, dhcp, pmtu, ike and natt with commas between them, or none"

/* ESPVAULT_BYPASS_*, bit by bit. */
static const char *const classes[] = { "arp", "nd", "mcast", "dhcp", "pmtu", "ike", "natt" };

#define NR_CLASSES	(sizeof(classes) / sizeof(classes[0]))

int cmd_lock(struct tool *t)
{
	struct espvault *unit;
	struct json_object *o;
	char path[64];
	int code, err;

	if (t->argc < 2)
		return complain(EXIT_USAGE, "lock makes a port strict until power on: name the device");
	if (t->argc > 2 || t->argv[1][0] == '-')
		return complain(EXIT_USAGE, "lock takes one device and nothing else, not '%s'", t->argv[t->argc - 1]);
	code = open_unit(t->argv[1], 0, &unit, path);
	if (code != EXIT_OK)
		return code;
	err = espvault_lock(unit);
	if (err)
		code = complain_unit(unit, path, err);
	espvault_close(unit);
	if (err)
		return code;
	o = json_object_new_object();
	put_str(o, "device", path);
	put_bool(o, "strict", true);
	return print_object(t, o);
}

/* The bit of the class that is named by so many characters, 0: none is. */
static uint32_t class_of(const char *name, size_t len)
{
	for (unsigned int i = 0; i < NR_CLASSES; i++)
		if (strlen(classes[i]) == len && !memcmp(classes[i], name, len))
			return 1u << i;
	return 0;
}

/* What bypass is asked for. */
struct wanted {
	const char *device;
	bool change;
	uint32_t keep;
};

static int take(void *arg, int option, const char *text)
{
	struct wanted *w = arg;
	const char *at = text;

	(void)option;
	w->change = true;
	w->keep = 0;
	if (!strcmp(text, "none"))
		return EXIT_OK;
	for (;;) {
		size_t n = strcspn(at, ",");
		uint32_t class = class_of(at, n);

		if (!class)
			return complain(EXIT_USAGE, "--keep does not take '%s', but " CLASSES, text);
		w->keep |= class;
		if (!at[n])
			return EXIT_OK;
		at += n + 1;
	}
}

static int parse(struct tool *t, struct wanted *w)
{
	static const struct option options[] = { { "keep", 1, NULL, 'k' }, { 0 } };
	int code = take_options(t, ":", options, take, w);

	if (code != EXIT_OK)
		return code;
	if (optind < t->argc)
		w->device = t->argv[optind++];
	if (optind < t->argc)
		return complain(EXIT_USAGE, "bypass takes one device, not '%s' as well", t->argv[optind]);
	if (w->change && !w->device)
		return complain(EXIT_USAGE, "a class that --keep leaves out stays off until power on: name the device");
	return EXIT_OK;
}

int cmd_bypass(struct tool *t)
{
	struct wanted w = { .keep = ESPVAULT_BYPASS_ALL };
	struct espvault *unit;
	struct json_object *o;
	uint32_t on;
	char path[64];
	int code = parse(t, &w), err;

	/* The command that changes is the one that tells: asking needs the same rights. */
	if (code == EXIT_OK)
		code = open_unit(w.device, 0, &unit, path);
	if (code != EXIT_OK)
		return code;
	err = espvault_bypass(unit, w.keep, &on);
	if (err)
		code = complain_unit(unit, path, err);
	espvault_close(unit);
	if (err)
		return code;
	o = json_object_new_object();
	put_str(o, "device", path);
	put_words(o, "on", on, classes, NR_CLASSES);
	put_words(o, "off", ~on, classes, NR_CLASSES);
	return print_object(t, o);
}
