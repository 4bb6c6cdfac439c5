// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process 1 of the virtual machine, from the initrd: loads the modules that
 * /modules/order names, mounts the read-only images one over the other with a
 * memory file system on top, makes that the root and runs the agent.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

static const struct {
	const char *type, *where, *options;
	unsigned long flags;
} mounts[] = {
	{ "proc", "/proc", NULL, 0 },
	{ "sysfs", "/sys", NULL, 0 },
	{ "devtmpfs", "/dev", NULL, 0 },
	{ "devpts", "/dev/pts", NULL, 0 },
	{ "tmpfs", "/dev/shm", "mode=1777", 0 },
	{ "tmpfs", "/run", "mode=755", 0 },
	{ "tmpfs", "/tmp", "mode=1777", 0 },
	{ "debugfs", "/sys/kernel/debug", NULL, 0 },
	{ "tracefs", "/sys/kernel/tracing", NULL, 0 },
	{ "cgroup2", "/sys/fs/cgroup", NULL, 0 },
};

static void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "init: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void mount_first(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		die("first mounts");
}

static void load_module(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		die("module %s", name);
	close(fd);
	unlink(path);
}

static void load_modules(void)
{
	FILE *f = fopen("/modules/order", "re");
	char name[200];

	if (!f)
		die("/modules/order");
	while (fscanf(f, "%199s", name) == 1)
		load_module(name);
	fclose(f);
}

/* The drive whose serial number is the given one, or an empty path. */
static void find_drive(const char *serial, char *path, size_t size)
{
	char file[300], text[64] = "";
	DIR *dir = opendir("/sys/block");
	struct dirent *e;
	int fd;

	path[0] = 0;
	while (dir && !path[0] && (e = readdir(dir))) {
		snprintf(file, sizeof(file), "/sys/block/%s/serial", e->d_name);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(text, 0, sizeof(text));
		if (read(fd, text, sizeof(text) - 1) > 0 &&
		    !strcmp(text, serial))
			snprintf(path, size, "/dev/%s", e->d_name);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

static bool mount_image(const char *serial, const char *where)
{
	char drive[300];

	find_drive(serial, drive, sizeof(drive));
	if (!drive[0])
		return false;
	mkdir(where, 0755);
	if (mount(drive, where, "squashfs", MS_RDONLY, NULL))
		die("image %s on %s", serial, drive);
	return true;
}

static void mount_root(void)
{
	char options[200];
	bool parts;

	mkdir("/mem", 0755);
	mkdir("/new", 0755);
	if (!mount_image("root", "/root-image"))
		die("no drive with the serial number root");
	parts = mount_image("parts", "/parts-image");
	if (mount("tmpfs", "/mem", "tmpfs", 0, NULL))
		die("tmpfs");
	mkdir("/mem/upper", 0755);
	mkdir("/mem/work", 0755);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/root-image,upperdir=/mem/upper,workdir=/mem/work",
		 parts ? "/parts-image:" : "");
	if (mount("overlay", "/new", "overlay", 0, options))
		die("overlay");
}

static void switch_root(void)
{
	size_t i;

	umount2("/proc", MNT_DETACH);
	umount2("/sys", MNT_DETACH);
	if (chdir("/new") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		die("changing the root");
	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type,
			  mounts[i].flags, mounts[i].options))
			fprintf(stderr, "init: %s on %s: %s\n", mounts[i].type,
				mounts[i].where, strerror(errno));
	}
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		fprintf(stderr, "init: lo: %s\n", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void settle(void)
{
	umask(022);
	sethostname("espvault-guest", 14);
	loopback_up();
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	mkdir("/run/netns", 0755);
	mkdir("/run/lock", 01777);
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);
	int i;

	for (i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

int main(void)
{
	pid_t agent, pid;

	mount_first();
	open_console();
	load_modules();
	mount_root();
	switch_root();
	settle();
	agent = fork();
	if (!agent)
		_exit(agent_main());
	do
		pid = wait(NULL);
	while (pid != agent && (pid > 0 || errno == EINTR));
	fprintf(stderr, "init: the agent has ended\n");
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
