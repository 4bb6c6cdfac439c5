// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/* A libFuzzer dictionary: the values that a random generator would not hit. */
#include <inttypes.h>
#include <string.h>

#include <espvault/esv_unit.h>

#include "gen.h"

static void print_le(FILE *out, const char *prefix, const char *name, uint64_t value, int bytes)
{
	fprintf(out, "%s%s=\"", prefix, name);
	for (int i = 0; i < bytes; i++)
		fprintf(out, "\\x%02x", (unsigned int)(value >> (8 * i)) & 0xff);
	fputs("\"\n", out);
}

static int width(uint64_t value)
{
	if (value > UINT32_MAX)
		return 8;
	return value > UINT16_MAX ? 4 : value > UINT8_MAX ? 2 : 1;
}

void gen_print_dict(FILE *out)
{
	const struct gen_list *ops = &gen_lists[GEN_OPCODE], *regs = &gen_lists[GEN_REG];

	for (size_t i = 0; i < ops->nr; i++)
		print_le(out, "op_", ops->items[i].name, ops->items[i].num, 2);
	for (size_t i = 0; i < regs->nr; i++)
		print_le(out, "reg_", regs->items[i].name, regs->items[i].num, 4);
	for (size_t i = 0; i < gen_nr_groups; i++) {
		const struct gen_group *g = &gen_groups[i];

		for (size_t k = 0; k < g->nr; k++)
			print_le(out, "", g->consts[k].name, g->consts[k].value,
				 width(g->consts[k].value));
	}
	fputs("token_magic=\"", out);
	for (int i = 0; i < ESV_TOKEN_MAGIC_LEN; i++)
		fprintf(out, "\\x%02x", (unsigned char)ESV_TOKEN_MAGIC[i]);
	fputs("\"\n", out);
}
