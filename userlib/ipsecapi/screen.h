/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal that is drawn on as a whole, and given back as it was. */
#ifndef IPSECAPI_SCREEN_H
#define IPSECAPI_SCREEN_H

#include <stdbool.h>

struct screen {
	int signals;		/* readable when a signal wants something of the screen; -1: no screen */
	unsigned int columns, rows;
	unsigned int row;	/* that is drawn next */
};

/* Is standard output a terminal that can move its cursor? */
bool screen_possible(void);
/* From here on signals that would end or stop the program come by @signals. 0 or a negative errno. */
int screen_enter(struct screen *s);
void screen_leave(struct screen *s);
/* Take what came by @signals. Returns the number of the one that ends the program, or 0. */
int screen_signal(struct screen *s);
/* End by that signal, as if nobody had caught it; after screen_leave(). */
void screen_obey(int number);

/* A frame, line by line. What does not fit is cut. */
void screen_begin(struct screen *s);
unsigned int screen_rows_left(const struct screen *s);
void screen_line(struct screen *s, const char *text);
void screen_end(struct screen *s);

#endif
