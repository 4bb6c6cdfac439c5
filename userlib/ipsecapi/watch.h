/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a watch knows of its flows, and how it tells. */
#ifndef IPSECAPI_WATCH_H
#define IPSECAPI_WATCH_H

#include "screen.h"
#include "sockets.h"
#include "tool.h"

/* One flow, or a socket that the broker refuses to follow. */
struct row {
	struct ipsecapi_flow *flow;	/* NULL: refused, or lost with the broker */
	struct ipsecapi_status st;	/* as last told */
	int number;			/* of the descriptor, in its process if there is one */
	uint64_t inode;			/* 0: a descriptor of our own */
	unsigned int rekeys;		/* how often two SAs were seen to fit at once, since we look */
	bool overlap;			/* they do now */
	bool told;
	bool refused;
	bool seen;			/* by the last look into the process */
};

struct watch {
	struct tool *t;
	struct process process;		/* pid 0: none */
	bool ended;			/* the process was seen to */
	struct row *at;
	size_t n, room;
	struct screen screen;
	bool table;
	bool lost;			/* the broker is */
	int status;			/* for exit, once it is over */
	int signal;			/* that ended it, or 0 */
	bool over;
};

/* rows.c */
struct row *row_add(struct watch *w);		/* NULL: no memory */
void row_remove(struct watch *w, struct row *r);
struct row *row_of_flow(struct watch *w, const struct ipsecapi_flow *flow);
struct row *row_of_inode(struct watch *w, uint64_t inode);
size_t rows_refused(const struct watch *w);
/* Read the status and count. */
void row_read(struct row *r, struct ipsecapi_status *st);
/* Is the answer another than the one that was last told? Then @r has it now. */
bool row_changed(struct row *r);
/* What to tell next counts as changed: another broker counts from the start. */
void row_forget(struct row *r);

/* lines.c: a line for each change; with --json an object. @r: NULL if it is about the broker. */
void line_of(const struct watch *w, const char *event, const struct row *r);

/* table.c: all that is so now, on the screen */
void table_draw(struct watch *w);

#endif
