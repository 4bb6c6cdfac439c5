// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations on sets of outcomes. */
#include <string.h>

#include "outcomes.h"

void outcomes_all(struct outcomes *o)
{
	int c;

	memset(o, 0, sizeof(*o));
	for (c = 0; c < CIPHERS; c++)
		o->suites[c] = AUTHS_ALL;
	/* which would be no protection at all */
	o->suites[CIPHER_NULL] &= ~(1u << AUTH_NONE);
	o->peers = PEERS_ALL;
	o->modes = MODE_ALL;
	o->replay = REPLAY_ALL;
	o->custody = CUSTODY_ALL;
	o->makers = MAKER_ALL;
	o->clear = true;
}

static bool any_suite(const struct outcomes *o)
{
	int c;

	for (c = 0; c < CIPHERS; c++)
		if (o->suites[c])
			return true;
	return false;
}

void outcomes_tidy(struct outcomes *o)
{
	bool clear = o->clear;

	if (any_suite(o) && o->peers && o->modes && o->replay && o->custody && o->makers)
		return;
	memset(o, 0, sizeof(*o));
	o->clear = clear;
}

bool outcomes_empty(const struct outcomes *o)
{
	return !o->clear && !o->peers;
}

bool outcomes_within(const struct outcomes *a, const struct outcomes *b)
{
	int c;

	for (c = 0; c < CIPHERS; c++)
		if (a->suites[c] & ~b->suites[c])
			return false;
	return !(a->peers & ~b->peers) && !(a->modes & ~b->modes) && !(a->replay & ~b->replay) &&
	       !(a->custody & ~b->custody) && !(a->makers & ~b->makers) && (!a->clear || b->clear);
}

void outcomes_intersect(struct outcomes *o, const struct outcomes *other)
{
	int c;

	for (c = 0; c < CIPHERS; c++)
		o->suites[c] &= other->suites[c];
	o->peers &= other->peers;
	o->modes &= other->modes;
	o->replay &= other->replay;
	o->custody &= other->custody;
	o->makers &= other->makers;
	o->clear = o->clear && other->clear;
	outcomes_tidy(o);
}
