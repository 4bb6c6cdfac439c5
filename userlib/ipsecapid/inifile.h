/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The form of a policy file, not its meaning:
 *
 *	# a comment, or ; a comment
 *	[kind name]
 *	key = value
 *
 * Blanks around words don't count. Nothing follows a value on its line, no line goes on in the
 * next. Lines have at most INI_LINE_MAX bytes of printable ASCII; a comment may have any but NUL.
 */
#ifndef IPSECAPID_INIFILE_H
#define IPSECAPID_INIFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "complain.h"

#define INI_LINE_MAX 1000

struct ini_handler {
	/* A section begins. Returns false when its keys are not wanted: it was complained of. */
	bool (*section)(void *arg, const struct place *at, const char *kind, const char *name);
	/* A key in it. @value may be empty. Both strings last as long as the call. */
	void (*key)(void *arg, const struct place *at, const char *key, const char *value);
	void *arg;
};

/* Hand on what @text of @file says, and complain of all that has no form. */
void ini_parse(const char *file, const char *text, size_t length, const struct ini_handler *h,
	       struct complaints *c);

#endif
