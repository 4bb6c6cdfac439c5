/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/* The interface's tables as data, and the printers of esvgen. */
#ifndef ESVGEN_GEN_H
#define ESVGEN_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct gen_field {
	const char *name;
	size_t off;
	size_t size;
	const char *type;	/* of one element */
	const char *writer;
	bool cipher;
	const char *text;
};

struct gen_struct {
	const char *name;
	size_t size;
	const char *clause;
	const char *text;
	const struct gen_field *fields;
	size_t nr;
	bool uapi;
};

struct gen_const {
	const char *name;	/* without ESV_ */
	uint64_t value;
	const char *text;
};

struct gen_group {
	const char *name;
	const char *clause;
	const char *title;
	const struct gen_const *consts;
	size_t nr;
};

/* Row of a numbered list; which of the middle fields it has depends on the list. */
struct gen_item {
	const char *name;
	unsigned int num;
	const char *a;		/* status: errno; opcode: payload in; capability: struct; register: access */
	const char *b;		/* opcode: payload out */
	unsigned int n;		/* status: retryable; opcode: since minor; capability: must-understand */
	const char *text;
};

struct gen_list {
	const char *name;	/* singular */
	const char *prefix;	/* of the C constant */
	const char *clause;
	const struct gen_item *items;
	size_t nr;
};

enum gen_list_id { GEN_REG, GEN_STATUS, GEN_OPCODE, GEN_EVENT, GEN_RESET, GEN_COUNTER, GEN_CAP, GEN_LISTS };

extern const struct gen_struct gen_structs[];
extern const size_t gen_nr_structs;
extern const struct gen_group gen_groups[];
extern const size_t gen_nr_groups;
extern const struct gen_list gen_lists[GEN_LISTS];

const struct gen_struct *gen_find_struct(const char *name);
const struct gen_group *gen_find_group(const char *name);
const struct gen_list *gen_find_list(const char *name);
/* Name of number num in a list, or NULL. */
const char *gen_item_name(enum gen_list_id id, unsigned int num);
/* Bytes of one element of a field, never 0. */
size_t gen_elem_size(const struct gen_field *f);
/* Elements of a field: 1 for what is not an array. */
size_t gen_elems(const struct gen_field *f);

void gen_print_abi(FILE *out);
void gen_print_json(FILE *out);
void gen_print_dict(FILE *out);
/* Copies in to out, with every marked table made again. Negative: a message is on stderr. */
int gen_filter_markdown(FILE *in, FILE *out);
/* Decodes the hex digits of one struct. Negative: a message is on stderr. */
int gen_decode(const char *name, FILE *in, FILE *out);

#endif
