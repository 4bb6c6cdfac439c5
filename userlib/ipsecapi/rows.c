// SPDX-License-Identifier: GPL-2.0-or-later
/* The flows of a watch. */
#include <stdlib.h>
#include <string.h>

#include "watch.h"

struct row *row_add(struct watch *w)
{
	size_t room = w->room ? 2 * w->room : 16;
	struct row *more;

	if (w->n == w->room) {
		more = realloc(w->at, room * sizeof(*more));
		if (!more)
			return NULL;
		w->at = more;
		w->room = room;
	}
	w->at[w->n] = (struct row){ .seen = true };
	return &w->at[w->n++];
}

void row_remove(struct watch *w, struct row *r)
{
	ipsecapi_flow_close(r->flow);
	w->n--;
	memmove(r, r + 1, (&w->at[w->n] - r) * sizeof(*r));
}

struct row *row_of_flow(struct watch *w, const struct ipsecapi_flow *flow)
{
	size_t i;

	for (i = 0; flow && i < w->n; i++)
		if (w->at[i].flow == flow)
			return &w->at[i];
	return NULL;
}

struct row *row_of_inode(struct watch *w, uint64_t inode)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->at[i].inode == inode)
			return &w->at[i];
	return NULL;
}

size_t rows_refused(const struct watch *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->n; i++)
		n += w->at[i].refused;
	return n;
}

/* A rekey shows as two SAs that fit at once; that it begins is what is counted. */
void row_read(struct row *r, struct ipsecapi_status *st)
{
	bool overlap;

	if (ipsecapi_status(r->flow, st, sizeof(*st)))
		memset(st, 0, sizeof(*st));
	if (!st->lease)
		return;		/* nothing that can be believed */
	overlap = (st->dir[IPSECAPI_OUT].caveats | st->dir[IPSECAPI_IN].caveats) & IPSECAPI_CAVEAT_REKEY;
	r->rekeys += overlap && !r->overlap;
	r->overlap = overlap;
}

bool row_changed(struct row *r)
{
	struct ipsecapi_status st;
	bool changed;

	row_read(r, &st);
	changed = st.generation != r->st.generation || st.latch != r->st.latch;
	if (changed)
		r->st = st;
	return changed;
}

void row_forget(struct row *r)
{
	r->st.generation = 0;
}
