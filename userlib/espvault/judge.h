/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the statement in a file genuine? verify asks that, and seal before it seals to a unit. */
#ifndef JUDGE_H
#define JUDGE_H

#include "tool.h"

struct judge {
	const char *statement, *anchor, *chain;	/* files; chain: NULL when there is none */
	bool have_nonce, test_mode;
	uint8_t nonce[ESPVAULT_NONCE_LEN];
};

/* For tables of take_options(); above what a command numbers itself. */
enum judge_option { J_ANCHOR = 512, J_CHAIN, J_NONCE, J_TEST_MODE };
#define JUDGE_OPTIONS \
	{ "anchor", 1, NULL, J_ANCHOR }, { "chain", 1, NULL, J_CHAIN }, { "nonce", 1, NULL, J_NONCE }, \
	{ "test-mode", 0, NULL, J_TEST_MODE }

/* One of these options. EXIT_OK, or it has complained. */
int judge_take(struct judge *j, int option, const char *text);
/* Read the files and verify. EXIT_OK and *st, or it has complained: EXIT_NOT_GENUINE in the words of the library. */
int judge(const struct judge *j, struct espvault_statement *st);

#endif
