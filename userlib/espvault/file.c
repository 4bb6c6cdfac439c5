// SPDX-License-Identifier: GPL-2.0-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* Up to max bytes, fewer only at the end. How many, or -1. */
static ssize_t read_all(int fd, uint8_t *to, size_t max)
{
	size_t len = 0;

	while (len < max) {
		ssize_t n = read(fd, to + len, max - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int read_file(const char *path, void *to, size_t max, size_t *len)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO, code = EXIT_OK;
	ssize_t n = fd < 0 ? -1 : read_all(fd, to, max), more = 0;
	uint8_t next;

	if (n == (ssize_t)max)
		more = read_all(fd, &next, 1);
	if (n < 0 || more < 0)
		code = complain(EXIT_USAGE, "%s: it can't be read: %s", shown(path), strerror(errno));
	else if (more)
		code = complain(EXIT_USAGE, "%s: it is longer than the %zu bytes that it may have", path, max);
	else if (!n)
		code = complain(EXIT_USAGE, "%s: it is empty", path);
	if (fd > STDIN_FILENO)
		close(fd);
	*len = code == EXIT_OK ? (size_t)n : 0;
	return code;
}

int one_stdin(const char *const *paths, size_t n)
{
	unsigned int found = 0;

	for (size_t i = 0; i < n; i++)
		found += paths[i] && !strcmp(paths[i], "-");
	return found > 1 ? complain(EXIT_USAGE, "only one file can be standard input") : EXIT_OK;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int write_file(const char *path, const void *bytes, size_t len)
{
	bool out = !strcmp(path, "-");
	int fd = out ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600), err;

	if (fd < 0)
		return complain(EXIT_REFUSED, "%s: it can't be written: %s", shown(path), strerror(errno));
	err = write_all(fd, bytes, len);
	if (!out && close(fd) && !err)
		err = -errno;
	return err ? complain(EXIT_REFUSED, "%s: it can't be written: %s", shown(path), strerror(-err)) : EXIT_OK;
}
