// SPDX-License-Identifier: GPL-2.0-or-later
/* Complaints about files. */
#include <stdarg.h>

#include "complain.h"

void complain(struct complaints *c, const struct place *at, const char *fmt, ...)
{
	va_list ap;

	c->n++;
	if (at->line)
		fprintf(c->to, "%s:%u: ", at->file, at->line);
	else
		fprintf(c->to, "%s: ", at->file);
	va_start(ap, fmt);
	vfprintf(c->to, fmt, ap);
	va_end(ap);
	fputc('\n', c->to);
}
