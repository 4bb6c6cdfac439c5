// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/*
 * Tables of the specification. A chapter carries each between the lines
 * "<!-- table WHAT NAME -->" and "<!-- /table -->"; WHAT is list, group or
 * struct. What is between them is replaced.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gen.h"

#define LINE_MAX_LEN 1024

static const char *list_head(enum gen_list_id id)
{
	switch (id) {
	case GEN_REG:
		return "| offset | register | access | meaning |\n|---|---|---|---|\n";
	case GEN_STATUS:
		return "| number | status | errno | retry | meaning |\n|---|---|---|---|---|\n";
	case GEN_OPCODE:
		return "| opcode | command | since | payload | answer | meaning |\n"
		       "|---|---|---|---|---|---|\n";
	case GEN_CAP:
		return "| id | block | must be understood | struct | meaning |\n|---|---|---|---|---|\n";
	default:
		return "| number | name | meaning |\n|---|---|---|\n";
	}
}

static void print_item(FILE *out, enum gen_list_id id, const struct gen_item *it)
{
	switch (id) {
	case GEN_REG:
		fprintf(out, "| `0x%03x` | `%s` | %s |", it->num, it->name, it->a);
		break;
	case GEN_STATUS:
		fprintf(out, "| %u | `%s` | %s | %s |", it->num, it->name, *it->a == '0' ? "–" : it->a,
			it->n ? "yes" : "no");
		break;
	case GEN_OPCODE:
		fprintf(out, "| `0x%04x` | `%s` | 1.%u | %s | %s |", it->num, it->name, it->n, it->a, it->b);
		break;
	case GEN_CAP:
		fprintf(out, "| %u | `%s` | %s | %s |", it->num, it->name, it->n ? "yes" : "no", it->a);
		break;
	default:
		fprintf(out, "| %u | `%s` |", it->num, it->name);
		break;
	}
	fprintf(out, " %s |\n", it->text);
}

static int print_list(FILE *out, const char *name)
{
	const struct gen_list *l = gen_find_list(name);

	if (!l)
		return -ENOENT;
	fputs(list_head(l - gen_lists), out);
	for (size_t i = 0; i < l->nr; i++)
		print_item(out, l - gen_lists, &l->items[i]);
	return 0;
}

static int print_group(FILE *out, const char *name)
{
	const struct gen_group *g = gen_find_group(name);

	if (!g)
		return -ENOENT;
	fprintf(out, "| %s | value | meaning |\n|---|---|---|\n", g->title);
	for (size_t i = 0; i < g->nr; i++)
		fprintf(out, "| `ESV_%s` | `%#" PRIx64 "` | %s |\n", g->consts[i].name,
			g->consts[i].value, g->consts[i].text);
	return 0;
}

static int print_struct(FILE *out, const char *name)
{
	const struct gen_struct *s = gen_find_struct(name);

	if (!s)
		return -ENOENT;
	fprintf(out, "`struct %s`, %zu bytes: %s\n\n", s->name, s->size, s->text);
	fputs("| offset | size | type | field | writer | meaning |\n|---|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < s->nr; i++) {
		const struct gen_field *f = &s->fields[i];

		fprintf(out, "| %zu | %zu | %s", f->off, f->size, f->type);
		if (gen_elems(f) > 1)
			fprintf(out, "[%zu]", gen_elems(f));
		fprintf(out, " | `%s` | %s | %s%s |\n", f->name, f->writer, f->text,
			f->cipher ? " (cipher-dependent)" : "");
	}
	return 0;
}

static int print_table(FILE *out, const char *what, const char *name)
{
	if (!strcmp(what, "list"))
		return print_list(out, name);
	if (!strcmp(what, "group"))
		return print_group(out, name);
	if (!strcmp(what, "struct"))
		return print_struct(out, name);
	return -ENOENT;
}

int gen_filter_markdown(FILE *in, FILE *out)
{
	char line[LINE_MAX_LEN], what[32], name[64];
	bool skip = false;
	int nr = 0;

	while (fgets(line, sizeof(line), in)) {
		nr++;
		if (!strcmp(line, "<!-- /table -->\n"))
			skip = false;
		if (skip)
			continue;
		fputs(line, out);
		if (sscanf(line, "<!-- table %31s %63s -->", what, name) != 2)
			continue;
		if (print_table(out, what, name)) {
			fprintf(stderr, "esvgen: line %d: no table '%s %s'\n", nr, what, name);
			return -ENOENT;
		}
		skip = true;
	}
	if (skip) {
		fputs("esvgen: a table has no end mark\n", stderr);
		return -EINVAL;
	}
	return ferror(in) || ferror(out) ? -EIO : 0;
}
