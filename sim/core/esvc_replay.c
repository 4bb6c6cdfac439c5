// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anti-replay window as a ring of words, one word more than the window needs,
 * so that moving the window only clears the words that come in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <espvault/esv_if.h>

#include "esvc_replay.h"

static void mark(struct esvc_replay *r, uint64_t seq)
{
	r->bitmap[seq / 64 % r->words] |= 1ull << seq % 64;
}

static bool marked(const struct esvc_replay *r, uint64_t seq)
{
	return r->bitmap[seq / 64 % r->words] >> seq % 64 & 1;
}

/* What an old window does not know is taken as seen: a replay must never pass. */
static bool known_new(const struct esvc_replay *old, uint64_t seq)
{
	if (seq > old->top)
		return true;
	return old->window && old->top - seq < old->window && !marked(old, seq);
}

int esvc_replay_init(struct esvc_replay *r, uint32_t window, uint64_t top)
{
	struct esvc_replay n = { .window = window, .words = window / 64 + 2 };
	uint64_t seq;

	if (window < ESV_WINDOW_MIN || window > ESV_WINDOW_MAX || window % 32)
		return -EINVAL;
	n.bitmap = calloc(n.words, sizeof(*n.bitmap));
	if (!n.bitmap)
		return -ENOMEM;
	/* The host vouches that all up to its number was seen; the old window knows better above that. */
	n.top = r->window && r->top > top ? r->top : top;
	for (seq = n.top; seq && n.top - seq < window; seq--)
		if (seq <= top || !known_new(r, seq))
			mark(&n, seq);
	free(r->bitmap);
	*r = n;
	return 0;
}

void esvc_replay_free(struct esvc_replay *r)
{
	free(r->bitmap);
	memset(r, 0, sizeof(*r));
}

uint64_t esvc_replay_expand(const struct esvc_replay *r, uint32_t seq_lo, bool esn)
{
	uint32_t tl = (uint32_t)r->top, th = (uint32_t)(r->top >> 32);
	uint32_t bottom = tl - r->window + 1;

	if (!esn)
		return seq_lo;
	if (tl >= r->window - 1) {
		if (seq_lo < bottom)
			th++;
	} else if (seq_lo >= bottom && th) {
		th--;
	}
	return (uint64_t)th << 32 | seq_lo;
}

enum esvc_replay_verdict esvc_replay_check(const struct esvc_replay *r, uint64_t seq)
{
	if (!seq)
		return ESVC_REPLAY_ZERO;
	if (seq > r->top)
		return ESVC_REPLAY_OK;
	if (r->top - seq >= r->window)
		return ESVC_REPLAY_OLD;
	return marked(r, seq) ? ESVC_REPLAY_DUP : ESVC_REPLAY_OK;
}

void esvc_replay_accept(struct esvc_replay *r, uint64_t seq)
{
	uint64_t word, last = seq / 64;

	if (seq > r->top) {
		word = r->top / 64 + 1;
		if (last - r->top / 64 > r->words)
			word = last - r->words + 1;
		for (; word <= last; word++)
			r->bitmap[word % r->words] = 0;
		r->top = seq;
	}
	mark(r, seq);
}
