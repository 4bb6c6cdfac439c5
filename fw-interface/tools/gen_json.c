// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/* All tables as one JSON object, for programs in other languages. */
#include <inttypes.h>

#include <espvault/esv_regs.h>

#include "gen.h"

static void print_string(FILE *out, const char *key, const char *s, const char *end)
{
	fprintf(out, "\"%s\": \"", key);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fprintf(out, "\"%s", end);
}

static void print_item(FILE *out, enum gen_list_id id, const struct gen_item *it)
{
	fputs("  {", out);
	print_string(out, "name", it->name, ", ");
	fprintf(out, "\"number\": %u, ", it->num);
	switch (id) {
	case GEN_REG:
		print_string(out, "access", it->a, ", ");
		break;
	case GEN_STATUS:
		print_string(out, "errno", it->a, ", ");
		fprintf(out, "\"retry\": %s, ", it->n ? "true" : "false");
		break;
	case GEN_OPCODE:
		print_string(out, "in", it->a, ", ");
		print_string(out, "out", it->b, ", ");
		fprintf(out, "\"minor\": %u, ", it->n);
		break;
	case GEN_CAP:
		print_string(out, "struct", it->a, ", ");
		fprintf(out, "\"must\": %s, ", it->n ? "true" : "false");
		break;
	default:
		break;
	}
	print_string(out, "text", it->text, "}");
}

static void print_list(FILE *out, enum gen_list_id id)
{
	const struct gen_list *l = &gen_lists[id];

	fprintf(out, " \"%s\": [\n", l->name);
	for (size_t i = 0; i < l->nr; i++) {
		print_item(out, id, &l->items[i]);
		fputs(i + 1 < l->nr ? ",\n" : "],\n", out);
	}
}

static void print_field(FILE *out, const struct gen_field *f)
{
	fputs("   {", out);
	print_string(out, "name", f->name, ", ");
	fprintf(out, "\"offset\": %zu, \"size\": %zu, \"count\": %zu, ", f->off, f->size, gen_elems(f));
	print_string(out, "type", f->type, ", ");
	print_string(out, "writer", f->writer, ", ");
	fprintf(out, "\"cipher\": %s, ", f->cipher ? "true" : "false");
	print_string(out, "text", f->text, "}");
}

static void print_struct(FILE *out, const struct gen_struct *s)
{
	fputs("  {", out);
	print_string(out, "name", s->name, ", ");
	print_string(out, "clause", s->clause, ", ");
	print_string(out, "text", s->text, ", ");
	fprintf(out, "\"size\": %zu, \"uapi\": %s, \"fields\": [\n", s->size, s->uapi ? "true" : "false");
	for (size_t i = 0; i < s->nr; i++) {
		print_field(out, &s->fields[i]);
		fputs(i + 1 < s->nr ? ",\n" : "]}", out);
	}
}

static void print_group(FILE *out, const struct gen_group *g, bool last)
{
	for (size_t i = 0; i < g->nr; i++) {
		fputs("  {", out);
		print_string(out, "name", g->consts[i].name, ", ");
		print_string(out, "group", g->name, ", ");
		fprintf(out, "\"value\": %" PRIu64 ", ", g->consts[i].value);
		print_string(out, "text", g->consts[i].text, "}");
		fputs(last && i + 1 == g->nr ? "],\n" : ",\n", out);
	}
}

void gen_print_json(FILE *out)
{
	fprintf(out, "{\"major\": %u, \"minor\": %u,\n", ESV_IF_MAJOR, ESV_IF_MINOR);
	for (int id = 0; id < GEN_LISTS; id++)
		print_list(out, id);
	fputs(" \"const\": [\n", out);
	for (size_t i = 0; i < gen_nr_groups; i++)
		print_group(out, &gen_groups[i], i + 1 == gen_nr_groups);
	fputs(" \"struct\": [\n", out);
	for (size_t i = 0; i < gen_nr_structs; i++) {
		print_struct(out, &gen_structs[i]);
		fputs(i + 1 < gen_nr_structs ? ",\n" : "]}\n", out);
	}
}
