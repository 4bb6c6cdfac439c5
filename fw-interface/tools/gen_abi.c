// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/*
 * The golden text: everything that two sides must agree on, and nothing else.
 * Explanations are left out, so that better words don't change it.
 */
#include <inttypes.h>

#include <espvault/esv_regs.h>

#include "gen.h"

static void print_list(FILE *out, const struct gen_list *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		const struct gen_item *it = &l->items[i];

		fprintf(out, "%s %s %#x", l->name, it->name, it->num);
		if (*it->a)
			fprintf(out, " %s", it->a);
		if (*it->b)
			fprintf(out, " %s", it->b);
		if (l == &gen_lists[GEN_STATUS])
			fprintf(out, " %s", it->n ? "retry" : "final");
		if (l == &gen_lists[GEN_OPCODE])
			fprintf(out, " since %u.%u", ESV_IF_MAJOR, it->n);
		if (l == &gen_lists[GEN_CAP])
			fprintf(out, " %s", it->n ? "must" : "may");
		fputc('\n', out);
	}
}

static void print_struct(FILE *out, const struct gen_struct *s)
{
	fprintf(out, "struct %s %zu\n", s->name, s->size);
	for (size_t i = 0; i < s->nr; i++) {
		const struct gen_field *f = &s->fields[i];

		fprintf(out, "\t%zu %zu %s", f->off, f->size, f->type);
		if (gen_elems(f) > 1)
			fprintf(out, "[%zu]", gen_elems(f));
		fprintf(out, " %s %s%s\n", f->name, f->writer, f->cipher ? " cipher" : "");
	}
}

static void print_group(FILE *out, const struct gen_group *g)
{
	for (size_t i = 0; i < g->nr; i++)
		fprintf(out, "const ESV_%s %#" PRIx64 "\n", g->consts[i].name, g->consts[i].value);
}

void gen_print_abi(FILE *out)
{
	fprintf(out, "interface %u.%u\n", ESV_IF_MAJOR, ESV_IF_MINOR);
	for (size_t i = 0; i < GEN_LISTS; i++)
		print_list(out, &gen_lists[i]);
	for (size_t i = 0; i < gen_nr_groups; i++)
		print_group(out, &gen_groups[i]);
	for (size_t i = 0; i < gen_nr_structs; i++)
		print_struct(out, &gen_structs[i]);
}
