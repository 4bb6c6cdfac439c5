/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the lines of hex words that the Python programs beside this file print. */
#ifndef VECTORS_H
#define VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX	11
#define BYTES_MAX	4096
#define MISSING		77	/* exit status: the source of the vectors is not installed */

struct words {
	size_t len[WORDS_MAX];
	uint8_t b[WORDS_MAX][BYTES_MAX];
	char text[WORDS_MAX][16];	/* the word itself, as far as it fits */
	unsigned int n;
};

static inline FILE *vectors(const char *program, const char *args)
{
	char here[512] = __FILE__, cmd[17408];

	snprintf(cmd, sizeof(cmd), "python3 %s/%s %s", dirname(here), program, args);
	return popen(cmd, "r");
}

static inline bool next(FILE *f, struct words *w)
{
	static char line[65536];
	char *save = NULL, *t;

	if (!fgets(line, sizeof(line), f))
		return false;
	w->n = 0;
	for (t = strtok_r(line, " \n", &save); t; t = strtok_r(NULL, " \n", &save)) {
		unsigned int i = w->n++;

		assert_in_range(i, 0, WORDS_MAX - 1);
		snprintf(w->text[i], sizeof(w->text[i]), "%s", t);
		w->len[i] = 0;
		while (t[0] && t[1] && sscanf(t, "%2hhx", &w->b[i][w->len[i]]) == 1) {
			assert_in_range(w->len[i], 0, BYTES_MAX - 2);
			w->len[i]++;
			t += 2;
		}
	}
	return true;
}

/* How many cases there were; skips the test when their source is missing. */
static inline unsigned int finish(FILE *f, unsigned int cases, const char *what)
{
	int status = pclose(f) / 256;

	if (status == MISSING) {
		print_message("# skipped: %s is not installed\n", what);
		skip();
	}
	assert_int_equal(status, 0);
	return cases;
}

#endif
