/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many descriptors and how much memory the processes of the broker have. */
#ifndef USERLIB_USAGE_H
#define USERLIB_USAGE_H

#include "latching.h"

#define SLACK_KB 2048	/* what malloc() may keep of what was freed */

static const char *const processes[] = { "ipsecapi-front", "ipsecapi-apply", "ipsecapi-scrub",
					 "ipsecapi-ike", "ipsecapi-policy" };
#define PROCESSES (sizeof(processes) / sizeof(processes[0]))

struct usage {
	int fds[PROCESSES];
	long kb[PROCESSES];
};

static inline int count_fds(pid_t pid)
{
	char name[64];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	d = opendir(name);
	CHECK(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static inline long resident_kb(pid_t pid)
{
	char name[64];
	long pages = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/statm", pid);
	f = fopen(name, "r");
	CHECK(f && fscanf(f, "%*d %ld", &pages) == 1);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Workers end a moment after their clients. */
static inline void wait_no_sessions(void)
{
	pid_t pid;
	int tries;

	for (tries = 0; tries < 1000 && broker_processes("ipsecapi-worker", &pid) > 1; tries++)
		poll(NULL, 0, 10);
}

static inline void usage_now(struct usage *u)
{
	size_t i;

	for (i = 0; i < PROCESSES; i++) {
		pid_t pid = broker_process(processes[i]);

		u->fds[i] = count_fds(pid);
		u->kb[i] = resident_kb(pid);
	}
}

/* The front ends a session a moment after its worker ended. */
static inline void usage_measure(struct usage *u)
{
	struct usage then;
	int tries = 0;

	wait_no_sessions();
	usage_now(u);
	do {
		then = *u;
		poll(NULL, 0, 20);
		usage_now(u);
	} while (memcmp(then.fds, u->fds, sizeof(then.fds)) && ++tries < 500);
}

#endif
