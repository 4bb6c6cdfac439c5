// SPDX-License-Identifier: GPL-2.0-or-later
/* Handle allocation of SAs and SPD entries (clause SA-3). */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "esvc_cmd.h"
#include "esvc_objtab.h"

int esvc_objtab_init(struct esvc_objtab *s, uint32_t max)
{
	memset(s, 0, sizeof(*s));
	s->max = max;
	s->next = calloc(max, sizeof(*s->next));
	s->gen = calloc(max, 1);
	s->live = calloc(max, 1);
	if (s->next && s->gen && s->live)
		return 0;
	esvc_objtab_fini(s);
	return -ENOMEM;
}

void esvc_objtab_begin(struct esvc_objtab *s, uint8_t gen)
{
	s->first = gen;
}

void esvc_objtab_fini(struct esvc_objtab *s)
{
	free(s->next);
	free(s->gen);
	free(s->live);
	memset(s, 0, sizeof(*s));
}

uint32_t esvc_objtab_handle(const struct esvc_objtab *s, uint32_t index)
{
	return index < s->max && s->live[index] ? (uint32_t)s->gen[index] << 24 | index : 0;
}

uint32_t esvc_objtab_get(struct esvc_objtab *s)
{
	uint32_t index;

	if (s->fresh < s->max) {
		index = s->fresh++;
		s->gen[index] = s->first ? s->first : 1;
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
	return esvc_objtab_handle(s, index);
}

void esvc_objtab_put(struct esvc_objtab *s, uint32_t handle)
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

bool esvc_objtab_valid(const struct esvc_objtab *s, uint32_t handle)
{
	return handle && esvc_objtab_handle(s, ESV_HANDLE_INDEX(handle)) == handle;
}

uint32_t esvc_objtab_list(const struct esvc_objtab *s, uint32_t *cursor, uint32_t *handles, uint32_t max)
{
	uint32_t index, n = 0;

	for (index = *cursor; index < s->fresh; index++) {
		if (!s->live[index])
			continue;
		if (n == max) {
			*cursor = index;
			return n;
		}
		handles[n++] = esvc_objtab_handle(s, index);
	}
	*cursor = 0;
	return n;
}

/* SA_LIST and POLICY_LIST have the same answer. */
_Static_assert(sizeof(struct esv_sa_list) == sizeof(struct esv_policy_list), "lists differ");

enum esv_status esvc_objtab_answer(const struct esvc_objtab *t, struct esvc_cmd *cmd)
{
	size_t head = offsetof(struct esv_sa_list, handle);
	uint32_t handles[ESV_LIST_MAX], cursor, n, i, max;
	struct esv_sa_list *list = (void *)cmd->out;

	memcpy(&cursor, cmd->sqe.inl, sizeof(cursor));
	cursor = le32toh(cursor);
	max = (uint32_t)(cmd->out_cap - head) / 4;
	if (max > ESV_LIST_MAX)
		max = ESV_LIST_MAX;
	n = esvc_objtab_list(t, &cursor, handles, max);
	list->next = htole32(cursor);
	list->count = htole32(n);
	for (i = 0; i < n; i++)
		list->handle[i] = htole32(handles[i]);
	cmd->out_len = head + n * 4;
	return ESV_S_OK;
}
