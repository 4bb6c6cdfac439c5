/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handles: index in the low 24 bits, generation in the high 8, never 0 (SA-3).
 * A freed index is reused as late as possible and with the next generation.
 */
#ifndef ESVC_OBJTAB_H
#define ESVC_OBJTAB_H

#include <stdbool.h>
#include <stdint.h>

#include <espvault/esv_if.h>

struct esvc_objtab {
	uint32_t max;
	uint8_t first;		/* generation of an index that was never used; 0: 1 */
	uint32_t fresh;		/* indexes from here on were never used */
	uint32_t used;
	uint32_t free_head;	/* queue of freed indexes through next[], index + 1 */
	uint32_t free_tail;
	uint32_t *next;
	uint8_t *gen;		/* of the live object, or of the next one */
	uint8_t *live;
};

/* 0 or -ENOMEM. max: 1..2^24. */
int esvc_objtab_init(struct esvc_objtab *s, uint32_t max);
void esvc_objtab_fini(struct esvc_objtab *s);

/* Before the first one is given out: where generations begin. */
void esvc_objtab_begin(struct esvc_objtab *s, uint8_t gen);
/* 0: full. */
uint32_t esvc_objtab_get(struct esvc_objtab *s);
void esvc_objtab_put(struct esvc_objtab *s, uint32_t handle);
bool esvc_objtab_valid(const struct esvc_objtab *s, uint32_t handle);

/* Handle of a live index, 0 if it is not live. */
uint32_t esvc_objtab_handle(const struct esvc_objtab *s, uint32_t index);

/*
 * List live handles from index *cursor on, at most max of them. Returns the
 * number; *cursor is the index to go on with, 0 when there are no more.
 */
uint32_t esvc_objtab_list(const struct esvc_objtab *s, uint32_t *cursor, uint32_t *handles, uint32_t max);

struct esvc_cmd;

/* Answer SA_LIST or POLICY_LIST: cursor in inl[0..3], struct esv_sa_list in out (SA-36). */
enum esv_status esvc_objtab_answer(const struct esvc_objtab *t, struct esvc_cmd *cmd);

#endif
