// SPDX-License-Identifier: LGPL-2.1-or-later
#include "priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NODE	"espvault"

int esp_io_open(const char *path, unsigned int flags)
{
	/* not to be held up by what is no unit: a FIFO that nobody writes */
	int fd = open(path, (flags & ESPVAULT_RDONLY ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void esp_io_close(int fd)
{
	close(fd);
}

int esp_io_info(int fd, struct esv_uapi_info *info)
{
	return ioctl(fd, ESV_IOC_INFO, info) ? -errno : 0;
}

int esp_io_cmd(int fd, struct esv_uapi_cmd *cmd)
{
	return ioctl(fd, ESV_IOC_CMD, cmd) ? -errno : 0;
}

static int ascending(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

/* The number behind "espvault", or -1. */
static long node_number(const char *name)
{
	char *end;
	long n;

	if (strncmp(name, NODE, strlen(NODE)) || name[strlen(NODE)] < '0' || name[strlen(NODE)] > '9')
		return -1;
	n = strtol(name + strlen(NODE), &end, 10);
	return *end || n > 0xffff ? -1 : n;
}

int esp_io_list(unsigned int *number, int max)
{
	DIR *dir = opendir("/dev");
	struct dirent *e;
	int n = 0;

	if (!dir)
		return -errno;
	while (n < max && (e = readdir(dir))) {
		long found = node_number(e->d_name);

		if (found >= 0)
			number[n++] = (unsigned int)found;
	}
	closedir(dir);
	qsort(number, (size_t)n, sizeof(*number), ascending);
	return n;
}

void esp_io_path(unsigned int number, char *path, size_t size)
{
	snprintf(path, size, "/dev/" NODE "%u", number);
}
