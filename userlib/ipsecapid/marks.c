// SPDX-License-Identifier: GPL-2.0-or-later
/* Which bits of marks are the broker's, and their names in rules. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "marks.h"

#define PURPOSES	4

const struct marks marks_default = {
	.enforce = 0x08000000, .run = 0x10000000, .gate = 0x20000000, .listen = 0x40000000,
};

uint32_t marks_mask(const struct marks *m)
{
	return m->enforce | m->run | m->gate | m->listen;
}

bool marks_parse(const char *text, uint32_t *mask)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 0);
	*mask = n;
	return isdigit((unsigned char)*text) && !*end && !errno && n <= UINT32_MAX &&
	       __builtin_popcount(*mask) == PURPOSES;
}

static void keep(uint32_t *bit, uint32_t *left)
{
	*bit &= *left;
	*left &= ~*bit;
}

static void fill(uint32_t *bit, uint32_t *left)
{
	if (!*bit)
		*bit = *left & -*left;
	*left &= ~*bit;
}

void marks_assign(struct marks *m, uint32_t mask, uint32_t held)
{
	uint32_t left = mask & ~held;

	keep(&m->enforce, &left);
	keep(&m->run, &left);
	keep(&m->listen, &left);
	if (held)
		m->gate = held;
	else
		keep(&m->gate, &left);
	fill(&m->enforce, &left);
	fill(&m->run, &left);
	fill(&m->gate, &left);
	fill(&m->listen, &left);
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

void marks_rules(FILE *to, const struct marks *m)
{
	fprintf(to, "add set inet ipsecapi marks { type mark . mark . mark . mark . mark; }\n"
		"flush set inet ipsecapi marks\n"
		"add element inet ipsecapi marks { $enforce . $run . $gate . $listen . %#x }\n", m->lost);
}
