/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A private network namespace with one interface, made without any other program. */
#ifndef USERLIB_NETNS_H
#define USERLIB_NETNS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_tun.h>

static inline int netns_set_flags(int s, struct ifreq *ifr)
{
	if (ioctl(s, SIOCGIFFLAGS, ifr))
		return -errno;
	ifr->ifr_flags |= IFF_UP | IFF_RUNNING;
	return ioctl(s, SIOCSIFFLAGS, ifr) ? -errno : 0;
}

static inline int netns_set_address(int s, struct ifreq *ifr, int name, const char *addr)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr->ifr_addr;

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	inet_pton(AF_INET, addr, &sin->sin_addr);
	return ioctl(s, name, ifr) ? -errno : 0;
}

/*
 * Enter a new namespace with "tun0" at 10.0.0.1/8; nothing answers behind it.
 * Returns the descriptor that keeps the interface alive, or a negative errno.
 */
static inline int netns_enter(void)
{
	struct ifreq ifr = { .ifr_name = "tun0" }, lo = { .ifr_name = "lo" };
	int tun, s, err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tun < 0 || s < 0)
		return -errno;
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (ioctl(tun, TUNSETIFF, &ifr))
		return -errno;
	err = netns_set_address(s, &ifr, SIOCSIFADDR, "10.0.0.1");
	if (!err)
		err = netns_set_address(s, &ifr, SIOCSIFNETMASK, "255.0.0.0");
	if (!err)
		err = netns_set_flags(s, &ifr);
	if (!err)
		err = netns_set_flags(s, &lo);
	close(s);
	return err ? err : tun;
}

#endif
