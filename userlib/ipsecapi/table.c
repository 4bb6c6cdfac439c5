// SPDX-License-Identifier: GPL-2.0-or-later
/* What a watch shows on a terminal: a row for each flow, as many columns as there is room for. */
#include <stdio.h>
#include <string.h>

#include "watch.h"

#define W(kind, value) ipsecapi_word(IPSECAPI_WORDS_##kind, value)
#define LINE_MAX_BYTES 512

struct cell {
	const struct row *row;
	const struct ipsecapi_status *st;
	char text[160];
};

static void peer(struct cell *c)
{
	const struct ipsecapi_tuple *t = &c->st->tuple;
	char at[64], proto[8];

	snprintf(c->text, sizeof(c->text), "%s %s", protocol_word(proto, sizeof(proto), t->protocol),
		 endpoint(at, sizeof(at), t->family, t->peer, t->peer_port));
}

/* Who enforces is worth a word where it is encryption; else what happens instead is. */
static const char *enforced(const struct ipsecapi_direction *d)
{
	return d->protection == IPSECAPI_PROTECTION_ENCRYPTED ? W(ENFORCED, d->enforced_by) :
								W(PROTECTION, d->protection);
}

static void out(struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%s", enforced(&c->st->dir[IPSECAPI_OUT]));
}

static void in(struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%s", enforced(&c->st->dir[IPSECAPI_IN]));
}

/* One word where both directions agree. */
static void both(struct cell *c, const char *a, const char *b)
{
	if (strcmp(a, b))
		snprintf(c->text, sizeof(c->text), "%s/%s", a, b);
	else
		snprintf(c->text, sizeof(c->text), "%s", a);
}

static void custody(struct cell *c)
{
	both(c, W(CUSTODY, c->st->dir[IPSECAPI_OUT].custody), W(CUSTODY, c->st->dir[IPSECAPI_IN].custody));
}

static void class(struct cell *c)
{
	both(c, W(STRENGTH, c->st->dir[IPSECAPI_OUT].strength), W(STRENGTH, c->st->dir[IPSECAPI_IN].strength));
}

static void age(struct cell *c)
{
	if (c->st->lease)
		snprintf(c->text, sizeof(c->text), "%.1f s", c->st->age / 1e9);
	else
		snprintf(c->text, sizeof(c->text), "-");
}

static void rekeys(struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%u%s", c->row->rekeys, c->row->overlap ? "+" : "");
}

static void latch(struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%s", W(LATCH, c->st->latch));
}

static void reason(struct cell *c)
{
	both(c, W(REASON, c->st->dir[IPSECAPI_OUT].reason), W(REASON, c->st->dir[IPSECAPI_IN].reason));
}

/* The first takes the room that the others leave it. */
static const struct column {
	const char *title;
	unsigned int width;
	void (*fill)(struct cell *c);
} columns[] = {
	{ "PEER", 20, peer }, { "OUT", 10, out }, { "IN", 10, in }, { "CUSTODY", 7, custody },
	{ "CLASS", 8, class }, { "AGE", 6, age }, { "REKEYS", 6, rekeys },
	{ "LATCH", 11, latch }, { "REASON", 24, reason },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define ALWAYS 7	/* the rest is left out where it does not fit as a whole */
#define LONGEST 50	/* of the first: an IPv6 address with its port */

static size_t columns_that_fit(unsigned int width, unsigned int *first)
{
	unsigned int used = columns[0].width;
	size_t n = 1;

	while (n < COLUMNS && (n < ALWAYS || used + 1 + columns[n].width < width))
		used += 1 + columns[n++].width;
	*first = columns[0].width + (used + 1 < width ? width - used - 1 : 0);
	if (*first > LONGEST)
		*first = LONGEST;
	return n;
}

/* A text that is cut shows it. */
static size_t put(char *line, size_t used, const char *text, unsigned int width)
{
	bool cut = strlen(text) > width;

	return used + snprintf(line + used, LINE_MAX_BYTES - used, "%s%-*.*s%s", used ? " " : "",
			       (int)(width - cut), (int)(width - cut), text, cut ? "~" : "");
}

static void draw_row(struct screen *s, const struct row *r, const struct ipsecapi_status *st)
{
	struct cell c = { .row = r, .st = st };
	unsigned int first;
	size_t i, n = columns_that_fit(s->columns, &first), used = 0;
	char line[LINE_MAX_BYTES];

	for (i = 0; i < n; i++) {
		if (r)
			columns[i].fill(&c);
		used = put(line, used, r ? c.text : columns[i].title, i ? columns[i].width : first);
	}
	screen_line(s, line);
}

static void draw_heading(const struct watch *w, struct screen *s)
{
	size_t refused = rows_refused(w);
	char line[LINE_MAX_BYTES], more[64] = "", of[48] = "";

	if (w->process.pid)
		snprintf(of, sizeof(of), " of process %d", w->process.pid);
	if (refused)
		snprintf(more, sizeof(more), ", %zu that can't be followed", refused);
	snprintf(line, sizeof(line), "%zu flow%s%s%s%s", w->n - refused, w->n - refused == 1 ? "" : "s", of, more,
		 w->lost ? "; the broker is gone" : "");
	screen_line(s, line);
	draw_row(s, NULL, NULL);
}

void table_draw(struct watch *w)
{
	struct screen *s = &w->screen;
	struct ipsecapi_status st;
	size_t i, left = w->n - rows_refused(w);
	char more[48];

	screen_begin(s);
	draw_heading(w, s);
	for (i = 0; i < w->n && (screen_rows_left(s) > 1 || left == 1); i++) {
		if (!w->at[i].flow)
			continue;
		row_read(&w->at[i], &st);
		draw_row(s, &w->at[i], &st);
		left--;
	}
	if (left && screen_rows_left(s)) {
		snprintf(more, sizeof(more), "and %zu more", left);
		screen_line(s, more);
	}
	screen_end(s);
}
