/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions of the trusted unit: who owns control handles and tokens.
 * A session id is index + 1 in the low 8 bits, generation above, never 0.
 */
#ifndef ESVC_SESSION_H
#define ESVC_SESSION_H

#include "esvc_list.h"
#include <stdint.h>

struct esvc_session {
	bool open;
	uint16_t function;
	uint32_t gen;
	uint32_t nr_handles;
	uint32_t nr_pending;		/* its tokens that are not installed yet */
	struct esvc_list handles;	/* struct esvc_handle.link */
	struct esvc_list keys;		/* struct esvc_keyslot.owner */
};

#define ESVC_SESSION_SLOTS	64

struct esvc_sessions {
	uint32_t count;
	struct esvc_session s[ESVC_SESSION_SLOTS];
};

void esvc_sessions_init(struct esvc_sessions *t);
/* Before the first one is opened: where generations begin, 0..2^24 - 1. */
void esvc_sessions_begin(struct esvc_sessions *t, uint32_t gen);
/* NULL: all in use. */
struct esvc_session *esvc_session_open(struct esvc_sessions *t, uint16_t function);
/* How many sessions a function has open, and how many handles they have. */
struct esvc_session_use {
	uint32_t sessions;
	uint32_t handles;
};

struct esvc_session_use esvc_sessions_of(const struct esvc_sessions *t, uint16_t function);
/* Its lists must be empty. */
void esvc_session_close(struct esvc_sessions *t, struct esvc_session *s);
uint32_t esvc_session_id(const struct esvc_sessions *t, const struct esvc_session *s);
/* NULL: unknown, closed, or another function's. */
struct esvc_session *esvc_session_get(struct esvc_sessions *t, uint16_t function, uint32_t id);

#endif
