// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of a policy: finding, judging and reading them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy_build.h"
#include "policy_files.h"

#define FILE_MAX	(256 * 1024)
#define FILES_MAX	256

/* Who may write to it decides what this host asks of its traffic. */
static bool trusted(struct complaints *c, const char *path, const struct stat *st)
{
	const struct place at = { .file = path };

	if (st->st_uid) {
		complain(c, &at, "it belongs to user %u; chown root it", st->st_uid);
		return false;
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		complain(c, &at, "others than root may write to it; chmod go-w it");
		return false;
	}
	return true;
}

/* A named pipe must not keep the broker waiting. Returns a descriptor, or -1 having complained. */
static int open_file(struct complaints *c, const char *path, size_t *size)
{
	const struct place at = { .file = path };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		complain(c, &at, "it can't be read: %s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		complain(c, &at, "it is no file; take it away, or name it otherwise than .conf");
	} else if (st.st_size > FILE_MAX) {
		complain(c, &at, "it has more than %d bytes; make several files of it", FILE_MAX);
	} else if (trusted(c, path, &st)) {
		*size = st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void read_file(struct policy_build *b, const char *path, bool shipped)
{
	const struct place at = { .file = path };
	size_t size, got = 0;
	ssize_t n = 1;
	char *text;
	int fd = open_file(b->c, path, &size);

	if (fd < 0)
		return;
	text = malloc(size + 1);
	while (text && got < size && n > 0) {
		n = read(fd, text + got, size - got);
		got += n > 0 ? n : 0;
	}
	if (!text || n < 0)
		complain(b->c, &at, "it can't be read: %s", strerror(text ? errno : ENOMEM));
	else
		policy_build_file(b, path, shipped, text, got);
	free(text);
	close(fd);
}

/* Returns whether there is such a directory, and it is to be trusted. */
static bool usable_directory(struct complaints *c, const char *path, bool required)
{
	const struct place at = { .file = path };
	struct stat st;

	if (stat(path, &st)) {
		if (errno != ENOENT || required)
			complain(c, &at, "it can't be read: %s", strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		complain(c, &at, "it is no directory");
		return false;
	}
	return trusted(c, path, &st);
}

static int ends_in_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && !strcmp(e->d_name + n - 5, ".conf");
}

/* Not alphasort(): the order must not depend on a locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct names {
	char *at[FILES_MAX + 2];
	unsigned int n;
};

/* Paths last until the policy is judged: complaints name them. */
static void read_named(struct policy_build *b, struct names *names, bool shipped, const char *dir,
		       const char *name)
{
	const struct place at = { .file = dir };
	char *path;

	if (names->n == FILES_MAX + 2) {
		complain(b->c, &at, "it has more than %d files; make fewer of them", FILES_MAX);
		return;
	}
	if (asprintf(&path, "%s%s%s", dir, *name ? "/" : "", name) < 0) {
		complain(b->c, &at, "there is no memory left to read it");
		return;
	}
	names->at[names->n++] = path;
	read_file(b, path, shipped);
}

static void read_drop_ins(struct policy_build *b, struct names *names, const char *dir)
{
	const struct place at = { .file = dir };
	struct dirent **found;
	int i, n;

	if (!usable_directory(b->c, dir, false))
		return;
	n = scandir(dir, &found, ends_in_conf, by_bytes);
	if (n < 0) {
		complain(b->c, &at, "it can't be read: %s", strerror(errno));
		return;
	}
	for (i = 0; i < n; i++) {
		if (i <= FILES_MAX)	/* one too many is complained of, once */
			read_named(b, names, false, dir, found[i]->d_name);
		free(found[i]);
	}
	free(found);
}

static void read_directory(struct policy_build *b, struct names *names,
			   const struct policy_source *from)
{
	char path[PATH_MAX];
	struct stat st;

	if (!usable_directory(b->c, from->directory, from->required))
		return;
	snprintf(path, sizeof(path), "%s/policy.conf", from->directory);
	if (!lstat(path, &st) || errno != ENOENT)	/* a link to nothing is no absence */
		read_named(b, names, false, from->directory, "policy.conf");
	snprintf(path, sizeof(path), "%s/policy.d", from->directory);
	read_drop_ins(b, names, path);
}

static uint32_t overflow_uid(void)
{
	unsigned int uid = 65534;
	FILE *f = fopen("/proc/sys/kernel/overflowuid", "re");

	if (!f)
		return uid;
	if (fscanf(f, "%u", &uid) != 1)
		uid = 65534;
	fclose(f);
	return uid;
}

int policy_load(const struct policy_source *from, struct policy *policy, struct complaints *c)
{
	struct names names = { .n = 0 };
	struct policy_build *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	policy_build_begin(b, policy, c);
	policy->overflow_uid = overflow_uid();
	if (from->text)
		policy_build_file(b, from->shipped, true, from->text, from->length);
	else
		read_named(b, &names, true, from->shipped, "");
	read_directory(b, &names, from);
	err = policy_build_end(b);
	while (names.n)
		free(names.at[--names.n]);
	free(b);
	return err;
}
