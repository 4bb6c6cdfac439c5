// SPDX-License-Identifier: LGPL-2.1-or-later
/* Units behind the driver: the only file that knows the kernel. */
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

static int kernel_open(struct espvault *unit, const char *path)
{
	/* not to be held up by what is no unit: a FIFO that nobody writes */
	int access = unit->flags & ESPVAULT_RDONLY ? O_RDONLY : O_RDWR;

	unit->fd = open(path, access | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return unit->fd < 0 ? -errno : 0;
}

static void kernel_close(struct espvault *unit)
{
	close(unit->fd);
}

static int kernel_info(struct espvault *unit, struct esv_uapi_info *info)
{
	return ioctl(unit->fd, ESV_IOC_INFO, info) ? -errno : 0;
}

static int kernel_cmd(struct espvault *unit, struct esv_uapi_cmd *cmd)
{
	return ioctl(unit->fd, ESV_IOC_CMD, cmd) ? -errno : 0;
}

const struct esp_transport esp_kernel = {
	.open = kernel_open, .close = kernel_close, .info = kernel_info, .cmd = kernel_cmd,
};

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

int esp_kernel_list(unsigned int *number, int max)
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

void esp_kernel_path(unsigned int number, char *path, size_t size)
{
	snprintf(path, size, "/dev/" NODE "%u", number);
}
