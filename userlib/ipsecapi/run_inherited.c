// SPDX-License-Identifier: GPL-2.0-or-later
/* A socket belongs to the cgroup that made it: those that a command inherits are not confined. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "run.h"

/* Which stay on this host whoever has them: AF_UNIX, and AF_NETLINK, which speaks to the kernel. */
static int goes_out(int fd)
{
	socklen_t len = sizeof(int);
	int domain;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain != AF_UNIX && domain != AF_NETLINK;
}

int run_inherited(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	int fd = -1;

	if (!d)
		return -1;
	while (fd < 0 && (e = readdir(d)))
		if (e->d_name[0] != '.' && goes_out(atoi(e->d_name)))
			fd = atoi(e->d_name);
	closedir(d);
	return fd;
}
