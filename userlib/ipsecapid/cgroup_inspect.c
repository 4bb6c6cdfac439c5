// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at a descriptor that should be a cgroup's directory. Nothing is opened: the file system
 * is asked by the descriptor, and for the cgroups above it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "confinement.h"

#define DEPTH_MAX	64

static int refuse(uint32_t *reason, uint32_t why, int err)
{
	*reason = why;
	return err;
}

/* Where one is removed, nothing is found in it. */
static int unreachable(uint32_t *reason)
{
	if (errno == ENOENT || errno == ENODEV)
		return refuse(reason, IPSECAPI_REASON_CGROUP_GONE, -ENOENT);
	return refuse(reason, IPSECAPI_REASON_CGROUP_UNREACHABLE, -EACCES);
}

/* The top is where another file system, or nothing more, is above. */
int cgroup_place(int fd, struct confinement *c, uint32_t *reason)
{
	char path[3 * DEPTH_MAX + 1] = "";
	struct stat here, above;

	if (fstatat(fd, "cgroup.procs", &above, AT_SYMLINK_NOFOLLOW) || fstat(fd, &here))
		return unreachable(reason);
	c->id = here.st_ino;
	for (c->level = 0; c->level < DEPTH_MAX; c->level++) {
		c->root = here.st_ino;
		strcat(path, c->level ? "/.." : "..");
		if (fstatat(fd, path, &above, 0))
			return unreachable(reason);
		if (above.st_dev != here.st_dev || above.st_ino == here.st_ino)
			return 0;
		here = above;
	}
	return refuse(reason, IPSECAPI_REASON_CGROUP_UNREACHABLE, -EACCES);
}

int cgroup_inspect(int fd, uint32_t uid, struct confinement *c, uint32_t *reason)
{
	struct statfs fs;
	struct stat st;
	int err;

	memset(c, 0, sizeof(*c));
	if (fstatfs(fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC || fstat(fd, &st) || !S_ISDIR(st.st_mode))
		return refuse(reason, IPSECAPI_REASON_NOT_A_CGROUP, -ENOTDIR);
	if (uid && st.st_uid != uid)
		return refuse(reason, IPSECAPI_REASON_NOT_YOUR_CGROUP, -EACCES);
	err = cgroup_place(fd, c, reason);
	if (!err && !c->level)
		return refuse(reason, IPSECAPI_REASON_NOT_A_CGROUP, -ENOTDIR);
	return err;
}
