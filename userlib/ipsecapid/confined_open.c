// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What earlier lives of the broker confined: it is on record by its identifier, and found again by
 * looking at all cgroups. Until then the rules stay as they are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confined.h"

/* The directory where cgroups of version 2 are mounted. Returns a descriptor or a negative errno. */
static int open_root(void)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;
	int fd = -ENOENT;

	if (!f)
		return -errno;
	while (fd < 0 && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			fd = open(m->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	endmntent(f);
	return fd;
}

static void meet(struct confined_set *s, int dir)
{
	struct confinement c = { 0 };
	struct stat st;
	uint32_t i, reason;

	if (fstat(dir, &st))
		return;
	for (i = 0; i < s->n; i++) {
		if (s->at[i].c.id != st.st_ino || s->at[i].fd >= 0 || cgroup_place(dir, &c, &reason))
			continue;
		s->at[i].c.level = c.level;
		s->at[i].c.root = c.root;
		s->at[i].fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	}
}

/* What may not be read is another's to hide; what is being removed is not there. */
static void walk(struct confined_set *s, int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;
	int below;

	if (!d) {
		close(dir);
		return;
	}
	meet(s, dir);
	while ((e = readdir(d))) {
		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			walk(s, below);
	}
	closedir(d);
}

static void drop_unfound(struct confined_set *s)
{
	uint32_t i;

	for (i = s->n; i--;)
		if (s->at[i].fd < 0)
			s->at[i] = s->at[--s->n];
}

static int load(struct confined_set *s, int root)
{
	struct stat st;
	int n;

	if (fstat(root, &st))
		return -errno;
	s->root = st.st_ino;
	n = confine_rules_read(s->nft, s->at);
	if (n <= 0)
		return n;
	s->n = n;
	walk(s, fcntl(root, F_DUPFD_CLOEXEC, 0));
	drop_unfound(s);
	return confine_rules_write(s->nft, s->at, s->n);
}

static void say_why(int err, const struct nftable *nft)
{
	const char *why = err == -EIO ? nft_ctx_get_error_buffer(nft->nft) : "";

	if (err == -ENOENT)
		why = "no cgroup2 file system is mounted";
	else if (!*why)
		why = strerror(-err);
	fprintf(stderr, "ipsecapid: no cgroup can be confined: %.*s\n", (int)strcspn(why, "\n"), why);
}

void confined_open(struct confined_set *s, struct nftable *nft)
{
	int root, err;

	s->nft = nft;
	if (!nft->nft)
		return;		/* which has been said */
	root = open_root();
	err = root < 0 ? root : confine_rules_prepare(nft);
	if (!err)
		err = load(s, root);
	if (root >= 0)
		close(root);
	s->possible = !err;
	if (!err)
		return;
	s->n = 0;	/* the rules stay as they are */
	say_why(err, nft);
}
