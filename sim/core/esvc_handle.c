// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int esvc_handles_init(struct esvc_handles *t, uint32_t max)
{
	memset(t, 0, sizeof(*t));
	esvc_list_init(&t->free);
	t->arena = esvc_arena_new(sizeof(union esvc_object), max);
	if (!t->arena)
		return -errno;
	t->h = calloc(max, sizeof(*t->h));
	if (!t->h) {
		esvc_arena_free(t->arena);
		t->arena = NULL;
		return -ENOMEM;
	}
	t->max = max;
	for (uint32_t i = 0; i < max; i++) {
		esvc_list_init(&t->h[i].link);
		esvc_list_add_tail(&t->free, &t->h[i].link);
	}
	return 0;
}

void esvc_handles_free(struct esvc_handles *t)
{
	esvc_arena_free(t->arena);
	free(t->h);
	memset(t, 0, sizeof(*t));
}

void esvc_handles_begin(struct esvc_handles *t, uint32_t gen)
{
	for (uint32_t i = 0; i < t->max; i++)
		t->h[i].gen = gen;
}

struct esvc_handle *esvc_handle_new(struct esvc_handles *t, struct esvc_session *owner,
				    unsigned int type)
{
	struct esvc_handle *h;

	if (esvc_list_empty(&t->free))
		return NULL;
	h = esvc_container(t->free.next, struct esvc_handle, link);
	if (esvc_arena_get(t->arena, &h->slot))
		return NULL;
	h->type = (uint8_t)type;
	h->state = ESV_HS_NEW;
	h->owner = owner;
	h->gen = h->gen == UINT32_MAX ? 1 : h->gen + 1;
	esvc_list_move_tail(&owner->handles, &h->link);
	owner->nr_handles++;
	t->count++;
	return h;
}

void esvc_handle_drop(struct esvc_handles *t, struct esvc_handle *h)
{
	esvc_arena_put(t->arena, h->slot);
	h->owner->nr_handles--;
	h->owner = NULL;
	h->type = 0;
	t->count--;
	esvc_list_move_tail(&t->free, &h->link);
}

uint64_t esvc_handle_value(const struct esvc_handles *t, const struct esvc_handle *h)
{
	return (uint64_t)h->gen << 32 | (uint32_t)(h - t->h + 1);
}

struct esvc_handle *esvc_handle_get(struct esvc_handles *t, const struct esvc_session *owner,
				    uint64_t value, unsigned int type)
{
	uint32_t i = (uint32_t)value - 1;
	struct esvc_handle *h;

	if (i >= t->max)
		return NULL;
	h = &t->h[i];
	if (!h->type || h->owner != owner || h->gen != value >> 32)
		return NULL;
	return !type || h->type == type ? h : NULL;
}

union esvc_object *esvc_handle_object(const struct esvc_handles *t, const struct esvc_handle *h)
{
	return esvc_arena_at(t->arena, h->slot);
}
