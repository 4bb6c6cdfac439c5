// SPDX-License-Identifier: GPL-2.0-or-later
/* systemd's watchdog. */
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "channel.h"
#include "keeper.h"
#include "watchdog.h"

/* In the time that systemd gives: an answer that is late once is made up for. */
#define QUESTIONS 4

static int on_due(sd_event_source *source, uint64_t usec, void *arg)
{
	struct watchdog *w = arg;
	const char question = KEEPER_ASKS;

	(void)usec;
	if (!w->asked && !chan_send(w->front, &question, 1, -1, MSG_DONTWAIT))
		w->asked = true;
	sd_event_source_set_time_relative(source, w->period);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int watchdog_start(struct watchdog *w, sd_event *event, int front)
{
	uint64_t limit;

	if (sd_watchdog_enabled(0, &limit) <= 0)
		return 0;
	w->front = front;
	w->period = limit / QUESTIONS;
	return sd_event_add_time_relative(event, &w->timer, CLOCK_MONOTONIC, 0, 1, on_due, w);
}

void watchdog_answered(struct watchdog *w)
{
	w->asked = false;
	sd_notify(0, "WATCHDOG=1");
}
