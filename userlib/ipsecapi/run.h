/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of `ipsecapi run` share. */
#ifndef IPSECAPI_RUN_H
#define IPSECAPI_RUN_H

#include <limits.h>

/* Of run itself; else it is the command's. */
enum run_status { RUN_FAILED = 125, RUN_CANT_EXECUTE = 126, RUN_NOT_FOUND = 127 };

/* run_cgroup.c: a cgroup of our own, below the one that we are in */
struct run_cgroup {
	char path[PATH_MAX];
	int fd;			/* of its directory */
};

/* Returns 0, or an errno's negative, and has said why. */
int run_cgroup_make(struct run_cgroup *g);
/* Move the calling process there. Returns 0 or a negative errno. */
int run_cgroup_enter(const struct run_cgroup *g);
/* Remove it as soon as nobody is in it, which this does not wait for. */
void run_cgroup_leave(const struct run_cgroup *g);

/* run_inherited.c: a descriptor of a socket that was made elsewhere and goes to a network, or -1 */
int run_inherited(void);

#endif
