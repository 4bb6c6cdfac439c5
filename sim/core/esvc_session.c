// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_session.h"

#define GEN_MAX		0xffffffu

void esvc_sessions_init(struct esvc_sessions *t)
{
	t->count = 0;
	for (unsigned int i = 0; i < ESVC_SESSION_SLOTS; i++) {
		struct esvc_session *s = &t->s[i];

		s->open = false;
		s->gen = 0;
		esvc_list_init(&s->handles);
		esvc_list_init(&s->keys);
	}
}

void esvc_sessions_begin(struct esvc_sessions *t, uint32_t gen)
{
	for (unsigned int i = 0; i < ESVC_SESSION_SLOTS; i++)
		t->s[i].gen = gen;
}

struct esvc_session *esvc_session_open(struct esvc_sessions *t, uint16_t function)
{
	struct esvc_session *s = NULL;

	for (unsigned int i = 0; i < ESVC_SESSION_SLOTS && !s; i++)
		if (!t->s[i].open)
			s = &t->s[i];
	if (!s)
		return NULL;
	s->open = true;
	s->function = function;
	s->gen = s->gen == GEN_MAX ? 1 : s->gen + 1;
	s->nr_handles = 0;
	s->nr_pending = 0;
	t->count++;
	return s;
}

struct esvc_session_use esvc_sessions_of(const struct esvc_sessions *t, uint16_t function)
{
	struct esvc_session_use use = { 0, 0 };

	for (unsigned int i = 0; i < ESVC_SESSION_SLOTS; i++) {
		if (!t->s[i].open || t->s[i].function != function)
			continue;
		use.sessions++;
		use.handles += t->s[i].nr_handles;
	}
	return use;
}

void esvc_session_close(struct esvc_sessions *t, struct esvc_session *s)
{
	s->open = false;
	t->count--;
}

uint32_t esvc_session_id(const struct esvc_sessions *t, const struct esvc_session *s)
{
	return s->gen << 8 | (uint32_t)(s - t->s + 1);
}

struct esvc_session *esvc_session_get(struct esvc_sessions *t, uint16_t function, uint32_t id)
{
	uint32_t i = (id & 0xff) - 1;

	if (i >= ESVC_SESSION_SLOTS)
		return NULL;
	if (!t->s[i].open || t->s[i].gen != id >> 8 || t->s[i].function != function)
		return NULL;
	return &t->s[i];
}
