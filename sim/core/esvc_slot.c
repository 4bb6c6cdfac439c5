// SPDX-License-Identifier: GPL-2.0-or-later
/* Handle allocation of SAs and SPD entries (clause SA-3). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <espvault/esv_if.h>

#include "esvc_slot.h"

int esvc_slots_init(struct esvc_slots *s, uint32_t max)
{
	memset(s, 0, sizeof(*s));
	s->max = max;
	s->next = calloc(max, sizeof(*s->next));
	s->gen = calloc(max, 1);
	s->live = calloc(max, 1);
	if (s->next && s->gen && s->live)
		return 0;
	esvc_slots_fini(s);
	return -ENOMEM;
}

void esvc_slots_fini(struct esvc_slots *s)
{
	free(s->next);
	free(s->gen);
	free(s->live);
	memset(s, 0, sizeof(*s));
}

uint32_t esvc_slot_handle(const struct esvc_slots *s, uint32_t index)
{
	return index < s->max && s->live[index] ? (uint32_t)s->gen[index] << 24 | index : 0;
}

uint32_t esvc_slot_get(struct esvc_slots *s)
{
	uint32_t index;

	if (s->fresh < s->max) {
		index = s->fresh++;
		s->gen[index] = 1;
	} else if (s->free_head) {
		index = s->free_head - 1;
		s->free_head = s->next[index];
		if (!s->free_head)
			s->free_tail = 0;
	} else {
		return 0;
	}
	s->live[index] = 1;
	s->used++;
	return esvc_slot_handle(s, index);
}

void esvc_slot_put(struct esvc_slots *s, uint32_t handle)
{
	uint32_t index = ESV_HANDLE_INDEX(handle);

	s->live[index] = 0;
	s->used--;
	if (!++s->gen[index])
		s->gen[index] = 1;
	s->next[index] = 0;
	if (s->free_tail)
		s->next[s->free_tail - 1] = index + 1;
	else
		s->free_head = index + 1;
	s->free_tail = index + 1;
}

bool esvc_slot_valid(const struct esvc_slots *s, uint32_t handle)
{
	return handle && esvc_slot_handle(s, ESV_HANDLE_INDEX(handle)) == handle;
}

uint32_t esvc_slot_list(const struct esvc_slots *s, uint32_t *cursor, uint32_t *handles, uint32_t max)
{
	uint32_t index, n = 0;

	for (index = *cursor; index < s->fresh; index++) {
		if (!s->live[index])
			continue;
		if (n == max) {
			*cursor = index;
			return n;
		}
		handles[n++] = esvc_slot_handle(s, index);
	}
	*cursor = 0;
	return n;
}
