/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for secrets: slots of one size in locked pages that stay out of core
 * dumps and forked children, with an unmapped page on each side of every chunk.
 *
 * A slot is zeroed when it is taken and wiped when it is given back; nothing
 * but the owner's bytes is ever stored in it (the free list lives outside).
 */
#ifndef ESVC_ARENA_H
#define ESVC_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct esvc_arena;

#define ESVC_ARENA_ALIGN	64	/* of every slot */

/*
 * slot_size: bytes, rounded up to ESVC_ARENA_ALIGN. slot_max: most slots that
 * can be taken at once. Pages come in chunks as slots are taken; the first
 * chunk is mapped here, so a machine that can't lock memory fails at once.
 * NULL with errno.
 */
struct esvc_arena *esvc_arena_new(size_t slot_size, uint32_t slot_max);
/* Wipes and unmaps everything. NULL is allowed. */
void esvc_arena_free(struct esvc_arena *arena);

/* 0 and a zeroed slot; -ENOSPC all taken; -ENOMEM no page, or it can't be locked. */
int esvc_arena_get(struct esvc_arena *arena, uint32_t *slot);
/* The slot's bytes. Stays valid until the slot is put. */
void *esvc_arena_at(const struct esvc_arena *arena, uint32_t slot);
void esvc_arena_put(struct esvc_arena *arena, uint32_t slot);

#endif
