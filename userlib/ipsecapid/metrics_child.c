// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting the process that shows figures. */
#include <sys/socket.h>
#include <unistd.h>

#include "audit.h"
#include "channel.h"
#include "keeper.h"
#include "metrics.h"
#include "metrics_child.h"

#define AGAIN_US 1000000

static void run(const struct metrics_child *c, int channel)
{
	size_t i;

	for (i = 0; i < sizeof(c->others) / sizeof(c->others[0]); i++)
		close(c->others[i]);
	close(c->front);
	audit_close();
	_exit(metrics_main(c->listener, channel));
}

static int on_again(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	sd_event_source_disable_unref(source);
	metrics_child_start(arg);
	return 0;
}

static void start_later(struct metrics_child *c)
{
	sd_event_add_time_relative(c->event, &(sd_event_source *){ NULL }, CLOCK_MONOTONIC, AGAIN_US, 0,
				   on_again, c);
}

void metrics_child_start(struct metrics_child *c)
{
	const char says = KEEPER_METRICS;
	int pair[2];

	if (c->listener < 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		start_later(c);
		return;
	}
	c->pid = fork();
	if (!c->pid) {
		close(pair[0]);
		run(c, pair[1]);
	}
	if (c->pid < 0)
		start_later(c);
	else
		chan_send(c->front, &says, 1, pair[0], 0);
	close(pair[0]);
	close(pair[1]);
}

bool metrics_child_ended(struct metrics_child *c, pid_t pid)
{
	if (c->listener < 0 || pid != c->pid)
		return false;
	audit(AUDIT_PROCESS_LOST, NULL, "the process that shows figures ended; it is started again");
	start_later(c);
	return true;
}
