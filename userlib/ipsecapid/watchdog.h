/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd's watchdog: the keeper tells it that the broker works each time that the front answers
 * a question. A front that hangs answers none, and systemd starts the broker again.
 */
#ifndef IPSECAPID_WATCHDOG_H
#define IPSECAPID_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct watchdog {
	sd_event_source *timer;
	uint64_t period;	/* usec */
	int front;
	bool asked;		/* and not answered yet */
};

/* Ask the front from now on, if systemd wants to know. Returns 0 or a negative errno. */
int watchdog_start(struct watchdog *w, sd_event *event, int front);
/* The front answered. */
void watchdog_answered(struct watchdog *w);

#endif
