// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cgroup of our own, below the one that we are in. It is named after the process that made it, so
 * that one whose maker was killed can be told from one that is in use, and is removed by the next.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

#define PREFIX	"ipsecapi-run-"

static int complain(int err, const char *why)
{
	fprintf(stderr, "ipsecapi: run: %s\n", why);
	return err;
}

/* Where cgroups of version 2 are mounted. */
static bool find_mount(char *path)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;
	bool found = false;

	while (f && !found && (m = getmntent(f))) {
		found = !strcmp(m->mnt_type, "cgroup2") && strlen(m->mnt_dir) < PATH_MAX;
		if (found)
			strcpy(path, m->mnt_dir);
	}
	if (f)
		endmntent(f);
	return found;
}

/* The line of /proc/self/cgroup that is of version 2, without its end. */
static bool find_own(char *path)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "0::/", 4);
	if (f)
		fclose(f);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = 0;
	snprintf(path, PATH_MAX, "%s", strcmp(line + 3, "/") ? line + 3 : "");
	return true;
}

static int find_parent(char *path)
{
	char mount[PATH_MAX], own[PATH_MAX];

	if (!find_mount(mount) || !find_own(own))
		return complain(-ENOENT, "no cgroup2 is mounted, which is what tells the command's packets from others': mount one at /sys/fs/cgroup");
	if (!strncmp(own, "/..", 3) || snprintf(path, PATH_MAX, "%s%s", mount, own) >= PATH_MAX)
		return complain(-ENOENT, "this process is in a cgroup that can't be seen from here; begin in one of this container");
	return 0;
}

/* One is in use as long as its maker lives, and can't be removed as long as anybody is in it. */
static void remove_stale(const char *parent)
{
	DIR *d = opendir(parent);
	struct dirent *e;
	int pid;

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)))
			continue;
		pid = atoi(e->d_name + strlen(PREFIX));
		if (pid > 0 && kill(pid, 0) && errno == ESRCH)
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
}

static int refuse(int err, const char *parent)
{
	fprintf(stderr, "ipsecapi: run: no cgroup can be made in %s: %s", parent, strerror(-err));
	if (err == -EACCES || err == -EPERM)
		fputs("; begin in one that is yours: systemd-run --user --scope -p Delegate=yes ipsecapi run -- COMMAND", stderr);
	else if (err == -EROFS)
		fputs("; this container may not make cgroups: let it, or run ipsecapi outside of it", stderr);
	fputc('\n', stderr);
	return err;
}

/* The broker must see that it is there, whatever the caller's mask is. */
static int make(struct run_cgroup *g)
{
	if (mkdir(g->path, 0755) && errno != EEXIST)
		return -errno;
	g->fd = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->fd < 0)
		return -errno;
	return fchmod(g->fd, 0755) ? -errno : 0;
}

int run_cgroup_make(struct run_cgroup *g)
{
	char parent[PATH_MAX - 32];
	char path[PATH_MAX];
	int err = find_parent(path);

	g->fd = -1;
	if (err)
		return err;
	if (snprintf(parent, sizeof(parent), "%s", path) >= (int)sizeof(parent))
		return refuse(-ENAMETOOLONG, path);
	remove_stale(parent);
	snprintf(g->path, sizeof(g->path), "%s/" PREFIX "%d", parent, getpid());
	err = make(g);
	return err ? refuse(err, parent) : 0;
}

int run_cgroup_enter(const struct run_cgroup *g)
{
	int fd = openat(g->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

/* Until the kernel says that nobody is in it, or below. */
static void wait_empty(const struct run_cgroup *g)
{
	struct pollfd pfd = { .fd = openat(g->fd, "cgroup.events", O_RDONLY | O_CLOEXEC), .events = POLLPRI };
	char events[256];
	ssize_t n;

	while (pfd.fd >= 0 && (n = pread(pfd.fd, events, sizeof(events) - 1, 0)) > 0) {
		events[n] = 0;
		if (strstr(events, "populated 0"))
			return;
		poll(&pfd, 1, -1);
	}
}

/* What the command left behind stays confined, and somebody must stay for it. */
void run_cgroup_leave(const struct run_cgroup *g)
{
	if (g->fd < 0 || !rmdir(g->path) || errno != EBUSY || fork())
		return;
	setsid();
	if (!freopen("/dev/null", "r+", stdin) || dup2(0, 1) < 0 || dup2(0, 2) < 0 || chdir("/"))
		_exit(1);
	if (g->fd > 3)
		close_range(3, g->fd - 1, 0);
	closefrom(g->fd + 1);
	wait_empty(g);
	_exit(rmdir(g->path) ? 1 : 0);
}
