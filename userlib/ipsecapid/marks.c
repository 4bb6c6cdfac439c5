// SPDX-License-Identifier: GPL-2.0-or-later
/* Which bits of marks are the broker's, and their names in rules. */
#include "marks.h"

const struct marks marks_default = {
	.enforce = 0x08000000, .run = 0x10000000, .gate = 0x20000000, .listen = 0x40000000,
};

uint32_t marks_mask(const struct marks *m)
{
	return m->enforce | m->run | m->gate | m->listen;
}

static void define(FILE *to, const char *name, uint32_t bit)
{
	fprintf(to, "define %s = %#x\ndefine not_%s = %#x\n", name, bit, name, ~bit);
}

void marks_define(FILE *to, const struct marks *m)
{
	define(to, "enforce", m->enforce);
	define(to, "run", m->run);
	define(to, "gate", m->gate);
	define(to, "listen", m->listen);
}
