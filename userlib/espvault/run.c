// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run: several commands in one session. Each line is a step,
 *
 *	[NAME =] STEP UNIT [KEY=VALUE]...
 *
 * $NAME.FIELD in a value is what an earlier step answered, $NAME its handle. The
 * answers are printed as they come, so that a program can hold the other end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define UNITS_MAX	8
#define LINE_MAX_BYTES	65536

struct script {
	const struct tool *tool;
	const char *file;
	bool keep_going;
	struct json_object *names;	/* name to what its step answered */
	struct {
		char name[32];
		char path[64];
		struct espvault *unit;
	} unit[UNITS_MAX];
};

/* --- names --- */

static bool plain(const char *name)
{
	return *name && strlen(name) < 32 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(name);
}

static int unit_index(const struct script *s, const char *name)
{
	for (int i = 0; i < UNITS_MAX; i++)
		if (s->unit[i].unit && !strcmp(s->unit[i].name, name))
			return i;
	return -1;
}

/* The text that $NAME or $NAME.FIELD stands for; NULL with words. */
static const char *value_of(struct script *s, struct line *l, const char *ref)
{
	const char *dot = strchr(ref, '.'), *field = dot ? dot + 1 : "handle";
	struct json_object *answer, *value;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", dot ? (int)(dot - ref) : (int)strlen(ref), ref);
	if (!json_object_object_get_ex(s->names, name, &answer)) {
		line_complain(l, "no line before made $%s", name);
		return NULL;
	}
	if (!json_object_object_get_ex(answer, field, &value)) {
		line_complain(l, "$%s has no %.40s", name, field);
		return NULL;
	}
	return json_object_get_string(value);
}

/* value with each $NAME, between commas, replaced. The caller frees it. What is wrong has words. */
static char *expand(struct script *s, struct line *l, const char *value)
{
	char *copy = strdup(value), *out = NULL, *save = NULL;
	size_t size = 0;
	FILE *f;

	if (copy && !strchr(value, '$'))
		return copy;
	f = open_memstream(&out, &size);

	if (!copy || !f)
		abort();
	for (char *one = strtok_r(copy, ",", &save), *first = one; one; one = strtok_r(NULL, ",", &save)) {
		const char *text = *one == '$' ? value_of(s, l, one + 1) : one;

		fprintf(f, "%s%s", one == first ? "" : ",", text ? text : "");
	}
	fclose(f);
	free(copy);
	return out;
}

/* --- steps that the script itself takes --- */

static int step_open(struct script *s, struct line *l, const char *name, const char *path)
{
	bool read = may_flag(l, "read");
	int i = 0, code;

	if (!name || !path)
		return line_complain(l, "open is written NAME = open DEVICE");
	if (unit_index(s, name) >= 0)
		return line_complain(l, "a unit with the name '%s' is open", name);
	while (i < UNITS_MAX && s->unit[i].unit)
		i++;
	if (i == UNITS_MAX)
		return line_complain(l, "a script has at most %d units", UNITS_MAX);
	if (l->bad)
		return l->bad;
	code = open_unit(path, read ? ESPVAULT_RDONLY : 0, &s->unit[i].unit, s->unit[i].path);
	if (code != EXIT_OK)
		return code;
	snprintf(s->unit[i].name, sizeof(s->unit[i].name), "%s", name);
	put_str(l->out, "device", s->unit[i].path);
	return EXIT_OK;
}

static int step_close(struct script *s, struct line *l, const char *name)
{
	int i = name ? unit_index(s, name) : -1;

	if (i < 0)
		return line_complain(l, "no unit with the name '%.32s' is open", name ? name : "");
	espvault_close(s->unit[i].unit);
	s->unit[i].unit = NULL;
	return EXIT_OK;
}

static const struct step *find_in(const struct step *table, const char *name)
{
	while (table->name && strcmp(table->name, name))
		table++;
	return table->name ? table : NULL;
}

static const struct step *find_step(const char *name)
{
	return find_in(ike_steps, name) ?: find_in(secret_steps, name) ?: find_in(alg_steps, name);
}

static int step_unit(struct script *s, struct line *l, const char *unit)
{
	const struct step *step = find_step(l->step);
	int i = unit ? unit_index(s, unit) : -1, err;

	if (i < 0)
		return line_complain(l, "%s needs a unit that is open, not '%.32s'", l->step, unit ? unit : "");
	l->unit = s->unit[i].unit;
	err = step->run(l);
	if (err > 0)
		return err;
	if (!err)
		return EXIT_OK;
	put_str(l->out, "error", espvault_strerror(l->unit));
	put_str(l->out, "errno", strerrorname_np(-err) ?: "?");
	return complain(EXIT_REFUSED, "%s:%u: %s: %s", l->file, l->number, s->unit[i].path,
			*espvault_strerror(l->unit) ? espvault_strerror(l->unit) : strerror(-err));
}

/* --- one line --- */

static void print_answer(const struct script *s, const struct line *l, const char *name)
{
	if (s->tool->json) {
		puts(json_object_to_json_string_ext(l->out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	} else {
		printf("%s%s%s:", name ? name : "", name ? " = " : "", l->step);
		json_object_object_foreach(l->out, key, value) {
			if (strcmp(key, "line") && strcmp(key, "step") && strcmp(key, "unit") && strcmp(key, "name"))
				printf(" %s %s", key, json_object_get_string(value));
		}
		putchar('\n');
	}
	fflush(stdout);
}

/* KEY=VALUE into l->arg; both parts are the caller's to free. */
static void take_arg(struct script *s, struct line *l, char *word)
{
	char *eq = strchr(word, '=');

	if (!eq || eq == word) {
		line_complain(l, "'%.40s' is not KEY=VALUE", word);
		return;
	}
	*eq = '\0';
	if (may_text(l, word))
		line_complain(l, "%s= is there twice", word);
	else if (l->nr_args == ARGS_MAX)
		line_complain(l, "more than %d arguments", ARGS_MAX);
	else if (!l->bad) {
		l->arg[l->nr_args].key = word;
		l->arg[l->nr_args++].value = expand(s, l, eq + 1);
	}
}

/* The step is there, and every key means something to it. */
static int all_known(struct line *l)
{
	const struct step *step = find_step(l->step);
	const char *args = step ? step->args : !strcmp(l->step, "open") ? "[read=yes]" : "";

	if (!step && strcmp(l->step, "open") && strcmp(l->step, "close"))
		return line_complain(l, "no step '%.40s'; espvault(8) lists them", l->step);

	for (unsigned int i = 0; i < l->nr_args; i++) {
		size_t n = strlen(l->arg[i].key);
		const char *p = strstr(args, l->arg[i].key);

		while (p && !(p[n] == '=' && (p == args || p[-1] == ' ' || p[-1] == '[')))
			p = strstr(p + 1, l->arg[i].key);
		if (!p)
			return line_complain(l, "%s does not take %.40s=%s%s", l->step, l->arg[i].key,
					     *args ? "; it takes " : "", args);
	}
	return l->bad;
}

static int run_step(struct script *s, struct line *l, const char *name, const char *target)
{
	if (l->bad || all_known(l))
		return l->bad;
	if (!strcmp(l->step, "open"))
		return step_open(s, l, name, target);
	return strcmp(l->step, "close") ? step_unit(s, l, target) : step_close(s, l, target);
}

/* [NAME =] STEP [UNIT]; the rest is left in *save. */
static int take_head(struct line *l, char *text, const char **name, const char **target, char **save)
{
	char *first = strtok_r(text, " \t", save), *next = strtok_r(NULL, " \t", save);

	*name = *target = NULL;
	if (next && !strcmp(next, "=")) {
		if (!plain(first))
			return line_complain(l, "'%.40s' is no name: letters, digits, - and _, at most 31", first);
		*name = first;
		first = strtok_r(NULL, " \t", save);
		next = strtok_r(NULL, " \t", save);
	}
	if (!first)
		return line_complain(l, "there is no step");
	l->step = first;
	*target = next;
	return 0;
}

static int run_line(struct script *s, unsigned int number, char *text)
{
	struct line l = { .file = s->file, .number = number, .out = json_object_new_object() };
	const char *name = NULL, *target = NULL;
	char *save = NULL;
	int code = take_head(&l, text, &name, &target, &save);

	if (!code) {
		put_u64(l.out, "line", number);
		put_str(l.out, "step", l.step);
		if (target && strcmp(l.step, "open"))
			put_str(l.out, "unit", target);
		if (name)
			put_str(l.out, "name", name);
		for (char *word; (word = strtok_r(NULL, " \t", &save));)
			take_arg(s, &l, word);
		code = run_step(s, &l, name, target);
	}
	/* a refusal is an answer for the program at the other end */
	if (code && s->keep_going && !json_object_object_get_ex(l.out, "error", NULL))
		put_str(l.out, "error", "see standard error");
	if (!code || s->keep_going)
		print_answer(s, &l, name);
	if (!code && name)
		json_object_object_add(s->names, name, json_object_get(l.out));
	for (unsigned int i = 0; i < l.nr_args; i++)
		free((char *)(uintptr_t)l.arg[i].value);
	json_object_put(l.out);
	return code;
}

/* --- the script --- */

/* EXIT_OK also for a line that says nothing. */
static int take_line(struct script *s, unsigned int number, char *text)
{
	size_t n = strlen(text);

	while (n && strchr(" \t\r\n", text[n - 1]))
		text[--n] = '\0';
	text += strspn(text, " \t");
	return *text && *text != '#' ? run_line(s, number, text) : EXIT_OK;
}

/*
 * The next line into text. False: there is none, or *code has what is wrong with it. What fgets() reads ends with the
 * last NUL in a buffer that had none.
 */
static bool next_line(struct script *s, FILE *f, unsigned int number, char *text, int *code)
{
	memset(text, '\n', LINE_MAX_BYTES);
	if (!fgets(text, LINE_MAX_BYTES, f)) {
		if (ferror(f))
			*code = complain(EXIT_USAGE, "%s: it can't be read: %s", s->file, strerror(errno));
		return false;
	}
	/* where the next line begins is not known then */
	if (strlen(text) == (size_t)((char *)memrchr(text, '\0', LINE_MAX_BYTES) - text) &&
	    (strchr(text, '\n') || feof(f)))
		return true;
	*code = complain(EXIT_USAGE, "%s:%u: the line is too long, or no text", s->file, number);
	return false;
}

static int run_lines(struct script *s, FILE *f)
{
	char *text = malloc(LINE_MAX_BYTES);
	unsigned int number = 0;
	int code = EXIT_OK, last = EXIT_OK;

	if (!text)
		return complain(EXIT_REFUSED, "out of memory");
	/* nobody goes on from an answer that did not arrive */
	while ((code == EXIT_OK || s->keep_going) && !ferror(stdout) && next_line(s, f, ++number, text, &last)) {
		code = take_line(s, number, text);
		if (code != EXIT_OK)
			last = code;
	}
	explicit_bzero(text, LINE_MAX_BYTES);	/* with wrap=none it held a secret */
	free(text);
	return last;
}

int cmd_run(struct tool *t)
{
	struct script s = { .tool = t };
	FILE *f;
	int code;

	for (int i = 1; i < t->argc; i++) {
		if (!strcmp(t->argv[i], "--keep-going"))
			s.keep_going = true;
		else if (t->argv[i][0] == '-' && t->argv[i][1])
			return complain(EXIT_USAGE, "run has no option '%s'; espvault(8) lists them", t->argv[i]);
		else if (s.file)
			return complain(EXIT_USAGE, "run takes one file, not '%s' as well", t->argv[i]);
		else
			s.file = t->argv[i];
	}
	if (!s.file)
		s.file = "-";
	f = strcmp(s.file, "-") ? fopen(s.file, "re") : stdin;
	if (!f)
		return complain(EXIT_USAGE, "%s: it can't be read: %s", shown(s.file), strerror(errno));
	s.names = json_object_new_object();
	code = run_lines(&s, f);
	for (int i = 0; i < UNITS_MAX; i++)
		espvault_close(s.unit[i].unit);
	json_object_put(s.names);
	if (f != stdin)
		fclose(f);
	return code;
}
