// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets that programs connect to. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <systemd/sd-daemon.h>

#include "listening.h"

#define BACKLOG 128

const char *listening_words(int err)
{
	switch (err) {
	case -EINVAL:
		return "the path is empty; name one";
	case -ENAMETOOLONG:
		return "the path is longer than the 107 bytes that a socket's may have; choose a shorter one";
	case -EEXIST:
		return "something that is no socket is there; it is left alone, choose another path";
	case -EADDRINUSE:
		return "another broker answers there; stop it or choose another path";
	case -ENOENT:
		return "its directory is not there; make it, or choose another path";
	case -EXDEV:
		return "its directory hands on a group of its own; take away the directory's set-group-ID bit, or choose another path";
	case -E2BIG:
		return "systemd passed more than one socket for the same; the units must name one";
	case -EPROTONOSUPPORT:
		return "systemd passed something that is no listening socket: SEQPACKET for programs, "
		       "STREAM with the name metrics";
	}
	return strerror(-err);
}

/* Accepted connections inherit it, so that no message can come without credentials. */
static int pass_credentials(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ? -errno : 0;
}

static int make_directory(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	strcpy(dir, path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = 0;
	return mkdir(dir, 0755) && errno != EEXIST ? -errno : 0;
}

/* A connection of another kind is refused by who listens, too. */
static bool is_alive(const struct sockaddr_un *addr, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive = fd >= 0 && (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
				 errno == EAGAIN || errno == EPROTOTYPE);

	if (fd >= 0)
		close(fd);
	return alive;
}

/* A socket left by a broker that died is replaced; one that answers is not, nor anything else. */
static int clear_path(const struct sockaddr_un *addr, int type)
{
	struct stat st;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (is_alive(addr, type))
		return -EADDRINUSE;
	return unlink(addr->sun_path) && errno != ENOENT ? -errno : 0;
}

/*
 * The file has its mode and group from the start, or somebody else could connect meanwhile; and
 * whoever makes it needs no privilege over files.
 */
static int bind_as(int fd, const struct sockaddr_un *addr, const struct listening *at)
{
	gid_t own = getegid();
	mode_t mask;
	int err;

	if (at->group != LISTENING_ANY_GROUP && setegid(at->group))
		return -errno;
	mask = umask(0777 & ~at->mode);
	err = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;
	umask(mask);
	if (at->group != LISTENING_ANY_GROUP && setegid(own) && !err)
		err = -errno;
	return err;
}

static int check_group(const struct sockaddr_un *addr, gid_t group)
{
	struct stat st;

	if (group == LISTENING_ANY_GROUP)
		return 0;
	if (lstat(addr->sun_path, &st))
		return -errno;
	return st.st_gid == group ? 0 : -EXDEV;
}

static int listen_at(const struct sockaddr_un *addr, const struct listening *at)
{
	int fd = socket(AF_UNIX, at->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	err = bind_as(fd, addr, at);
	if (err) {
		close(fd);
		return err;
	}
	err = check_group(addr, at->group);
	if (!err)
		err = pass_credentials(fd);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	if (!err)
		return fd;
	unlink(addr->sun_path);
	close(fd);
	return err;
}

int listening_open(const struct listening *at)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	if (!*at->path)
		return -EINVAL;
	if (strlen(at->path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, at->path);
	err = make_directory(at->path);
	if (!err)
		err = clear_path(&addr, at->type);
	return err ? err : listen_at(&addr, at);
}

static int take(int fd, const char *name, struct passed_sockets *passed)
{
	bool metrics = name && !strcmp(name, "metrics");
	int *place = metrics ? &passed->metrics : &passed->broker;

	if (*place >= 0)
		return -E2BIG;
	if (sd_is_socket(fd, AF_UNIX, metrics ? SOCK_STREAM : SOCK_SEQPACKET, 1) <= 0)
		return -EPROTONOSUPPORT;
	*place = fd;
	return pass_credentials(fd);
}

int listening_passed(struct passed_sockets *passed)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names), i, err = n < 0 ? n : 0;

	*passed = (struct passed_sockets){ -1, -1 };
	for (i = 0; i < n; i++) {
		if (!err)
			err = take(SD_LISTEN_FDS_START + i, names[i], passed);
		free(names[i]);
	}
	free(names);
	return err;
}
