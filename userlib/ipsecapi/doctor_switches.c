// SPDX-License-Identifier: GPL-2.0-or-later
/* Sysctls by which IPsec is switched off, for an interface or for all. */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"

/* IPv6 has the first alone. */
static const struct switch_kind {
	const char *name, *family, *effect;
} kinds[] = {
	{ "disable_policy", "ipv4", "what comes in by IPv4 is taken without asking an IPsec policy" },
	{ "disable_policy", "ipv6", "what comes in by IPv6 is taken without asking an IPsec policy" },
	{ "disable_xfrm", "ipv4", "what leaves by IPv4 is not protected, whatever a policy says" },
};

/* The kernel sets both for loopback, where IPsec has nothing to protect. */
static bool is_loopback(const char *name)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool loopback;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%.15s", name);
	loopback = s >= 0 && !ioctl(s, SIOCGIFFLAGS, &ifr) && ifr.ifr_flags & IFF_LOOPBACK;
	if (s >= 0)
		close(s);
	return loopback;
}

/* 0, 1, or -1: it can't be read. */
static int read_switch(const struct switch_kind *k, const char *interface)
{
	char path[128];
	int value;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%.15s/%s", k->family, interface, k->name);
	f = fopen(path, "re");
	if (!f)
		return -1;
	value = fgetc(f);
	fclose(f);
	return value != '0';
}

static void tell(struct doctor *d, const struct switch_kind *k, const char *interface)
{
	bool all = !strcmp(interface, "all"), later = !strcmp(interface, "default");
	char remedy[192];

	snprintf(remedy, sizeof(remedy), "sysctl -w net/%s/conf/%.15s/%s=0%s", k->family, interface, k->name,
		 all || later ? "" : ", unless it is the interface of a tunnel that wants it so");
	finding(d, k->name, all ? FINDING_FAIL : FINDING_WARN, remedy, "net/%s/conf/%s/%s is on: for %s %s", k->family,
		interface, k->name, all ? "every interface" : later ? "each new interface" : "this interface", k->effect);
}

/* Returns how many are on, or -1: they can't be read. */
static int check_kind(struct doctor *d, const struct switch_kind *k)
{
	char path[64];
	struct dirent *e;
	int on = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf", k->family);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || is_loopback(e->d_name) || read_switch(k, e->d_name) <= 0)
			continue;
		tell(d, k, e->d_name);
		on++;
	}
	if (dir)
		closedir(dir);
	return dir ? on : -1;
}

void check_switches(struct doctor *d)
{
	size_t i;
	int on;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		on = check_kind(d, &kinds[i]);
		if (on < 0)
			finding(d, kinds[i].name, FINDING_UNKNOWN, NULL, "net/%s/conf can't be read: %s", kinds[i].family,
				strerror(errno));
		else if (!on)
			finding(d, kinds[i].name, FINDING_OK, NULL, "net/%s/conf/*/%s is off everywhere but for loopback",
				kinds[i].family, kinds[i].name);
	}
}
