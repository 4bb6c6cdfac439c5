// SPDX-License-Identifier: GPL-2.0-or-later
/* verify: is a statement genuine? Runs far from any device. */
#include "statement.h"

#include <getopt.h>

#include "file.h"
#include "judge.h"

static int take(void *arg, int option, const char *text)
{
	return judge_take(arg, option, text);
}

static int parse(struct tool *t, struct judge *j)
{
	static const struct option options[] = { JUDGE_OPTIONS, { 0 } };
	int code = take_options(t, ":", options, take, j);

	if (code != EXIT_OK)
		return code;
	if (optind < t->argc)
		j->statement = t->argv[optind++];
	if (optind < t->argc)
		return complain(EXIT_USAGE, "verify takes one statement, not '%s' as well", t->argv[optind]);
	if (!j->anchor || !j->statement)
		return complain(EXIT_USAGE, "verify needs a statement, and --anchor with whom to trust");
	return one_stdin((const char *[]){ j->anchor, j->chain, j->statement }, 3);
}

int cmd_verify(struct tool *t)
{
	struct espvault_statement st = ESPVAULT_INIT(struct espvault_statement);
	struct judge j = { .statement = NULL };
	struct json_object *o;
	int code = parse(t, &j);

	if (code == EXIT_OK)
		code = judge(&j, &st);
	if (code != EXIT_OK)
		return code;
	o = json_object_new_object();
	put_bool(o, "genuine", true);
	put_bool(o, "nonce-compared", j.have_nonce);
	statement_put(o, &st);
	return print_object(t, o);
}
