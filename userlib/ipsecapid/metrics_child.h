/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper's part in figures: it starts the process that shows them, and starts it again when
 * it ends. The broker does not end with it, for nobody who asks about a flow needs it.
 */
#ifndef IPSECAPID_METRICS_CHILD_H
#define IPSECAPID_METRICS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct metrics_child {
	sd_event *event;
	int listener;	/* -1: nobody wants figures */
	int front;	/* the keeper's channel there */
	pid_t pid;
	int others[3];	/* descriptors of the keeper that are none of its business */
};

/* Start it, or try again later; nothing without a listener. */
void metrics_child_start(struct metrics_child *c);
/* Was @pid it? Then it is started again after a while. */
bool metrics_child_ended(struct metrics_child *c, pid_t pid);

#endif
