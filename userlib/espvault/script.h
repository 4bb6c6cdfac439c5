/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of `espvault run`: one line, one command of a unit. Handles are worth
 * something in one session only, so what belongs together is one script.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "secret.h"

#define ARGS_MAX	24

/* One line that is being run. */
struct line {
	const char *file;
	unsigned int number;
	const char *step;
	struct espvault *unit;
	const char *unit_name;
	struct {
		const char *key, *value;
	} arg[ARGS_MAX];
	unsigned int nr_args;
	int bad;		/* EXIT_USAGE once an argument was wrong: it has complained */
	struct json_object *out;	/* what the step answers */
};

struct step {
	const char *name;
	const char *args;	/* for people */
	/* 0, a negative errno with the unit's words, l->bad, or an exit_code for which it has complained. */
	int (*run)(struct line *l);
};

extern const struct step ike_steps[], secret_steps[], alg_steps[];	/* end with a NULL name */

/* Words for 1, 2 and so on, up to a NULL: enum espvault_role, _prf, _ke and _sig. */
extern const char *const roles[], *const prfs[], *const methods[], *const schemes[];

/* What is wrong with the line; returns EXIT_USAGE. */
int line_complain(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Arguments by their key. need_*: it must be there; what is wrong sets l->bad, and the value is 0. */
const char *may_text(struct line *l, const char *key);
const char *need_text(struct line *l, const char *key);
espvault_handle need_handle(struct line *l, const char *key);
espvault_handle may_handle(struct line *l, const char *key);
/* Handles with commas between them. How many. */
size_t may_handles(struct line *l, const char *key, espvault_handle *h, size_t max);
uint64_t may_number(struct line *l, const char *key, uint64_t min, uint64_t max);
/* yes or no */
bool may_flag(struct line *l, const char *key);
/* Which of the words, counted from 1, of those up to a NULL. */
unsigned int need_word(struct line *l, const char *key, const char *const *words);
/* Hex digits, or @FILE. */
void need_bytes(struct line *l, const char *key, struct bytes *out);
void may_bytes(struct line *l, const char *key, struct bytes *out);
void need_exactly(struct line *l, const char *key, uint8_t *out, size_t len);
/* An identity as text. Its type. */
uint8_t need_id(struct line *l, const char *key, uint8_t id[ESPVAULT_NONCE_MAX], size_t *len);

void put_handle(struct line *l, const char *key, espvault_handle h);

#endif
