// SPDX-License-Identifier: GPL-2.0-or-later
#include "handed.h"

bool handed_full(const struct handed_set *s)
{
	return s->n == MAX_HANDED;
}

void handed_add(struct handed_set *s, const struct handed *h)
{
	s->at[s->n++] = *h;
}

void handed_answered(struct handed_set *s, uint32_t ticket)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].ticket == ticket) {
			s->at[i] = s->at[--s->n];
			return;
		}
}

bool handed_has_socket(const struct handed_set *s, uint64_t cookie)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].cookie == cookie)
			return true;
	return false;
}

bool handed_has_slot(const struct handed_set *s, uint32_t slot)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].slot == slot)
			return true;
	return false;
}
