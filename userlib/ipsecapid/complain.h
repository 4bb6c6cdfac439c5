/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with files that an administrator wrote: all of it, not only the first. */
#ifndef IPSECAPID_COMPLAIN_H
#define IPSECAPID_COMPLAIN_H

#include <stdio.h>

struct complaints {
	FILE *to;
	unsigned int n;
};

/* Where something was read. */
struct place {
	const char *file;	/* not owned */
	unsigned int line;	/* 0: the file as a whole */
};

/* Write "FILE:LINE: " and the words, which say what would be right, as a line. */
void complain(struct complaints *c, const struct place *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
