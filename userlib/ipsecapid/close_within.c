// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "close_within.h"

#define LIMIT_US 50000

static void wake(int signal)
{
	(void)signal;
}

/* Without SA_RESTART: the wait ends. */
void close_within_prepare(void)
{
	const struct sigaction sa = { .sa_handler = wake };

	sigaction(SIGALRM, &sa, NULL);
}

void close_within(int fd)
{
	/* again and again, should one come before close() waits */
	const struct itimerval soon = { { 0, LIMIT_US }, { 0, LIMIT_US } }, off = { 0 };

	setitimer(ITIMER_REAL, &soon, NULL);
	close(fd);
	setitimer(ITIMER_REAL, &off, NULL);
}
