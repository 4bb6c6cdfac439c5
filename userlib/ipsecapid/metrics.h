/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that shows figures: it listens where scrapers connect, speaks HTTP with them, and
 * asks the front for its counters. It has no privilege, and a scraper that is slow or hostile
 * holds up this process at worst.
 */
#ifndef IPSECAPID_METRICS_H
#define IPSECAPID_METRICS_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "http.h"

#define MAX_SCRAPES 8	/* at a time; others wait to be accepted */

enum scrape_state {
	SCRAPE_FREE,
	SCRAPE_READS,	/* the request */
	SCRAPE_WAITS,	/* for the front */
	SCRAPE_WRITES,	/* the answer */
	SCRAPE_DRAINS,	/* what is left of the request, or the answer may be lost */
};

struct metrics;

/* One connection. */
struct scrape {
	struct metrics *metrics;
	enum scrape_state state;
	int fd;
	sd_event_source *io, *deadline;
	char request[HTTP_REQUEST_MAX + 1];
	size_t length;
	bool head_only;
	char *answer;
	size_t size, done;
};

struct metrics {
	sd_event *event;
	int front;
	bool asked;		/* the front owes counters */
	sd_event_source *listener;
	struct scrape scrapes[MAX_SCRAPES];
};

/* metrics.c */
/* Until @front closes; the result is an exit status. */
int metrics_main(int listener, int front);
/* A request is complete: its answer comes by scrape_answer(). */
void metrics_ask(struct metrics *m);
/* A connection ended. */
void metrics_has_room(struct metrics *m);

/* scrape.c */
/* Serve a connection; takes @fd. */
void scrape_begin(struct scrape *s, struct metrics *m, int fd);
/* Answer with a page, or with the words of another status. */
void scrape_answer(struct scrape *s, enum http_status status, const char *page, size_t length);

#endif
