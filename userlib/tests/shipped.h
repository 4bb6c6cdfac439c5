/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies for tests: the one that is shipped, with text of the test's own after it. */
#ifndef USERLIB_SHIPPED_H
#define USERLIB_SHIPPED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../ipsecapid/policy_build.h"

/* The text of the file, for good. */
static inline const char *shipped_text(size_t *length)
{
	static char text[16384];
	static size_t n;
	FILE *f = n ? NULL : fopen(SHIPPED, "r");

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	*length = n;
	return text;
}

/* Read it and, unless NULL, @own as a file "own"; what is wrong goes to @to. Returns as policy_build_end(). */
static inline int build_policy(struct policy *p, const char *own, FILE *to)
{
	static struct policy_build b;
	struct complaints c = { .to = to };
	const char *text;
	size_t n;

	policy_build_begin(&b, p, &c);
	text = shipped_text(&n);
	policy_build_file(&b, "shipped", true, text, n);
	if (own)
		policy_build_file(&b, "own", false, own, strlen(own));
	return policy_build_end(&b);
}

static inline struct policy *shipped_policy(void)
{
	static struct policy p;

	if (!p.n_classes && build_policy(&p, NULL, stderr))
		abort();
	return &p;
}

#endif
