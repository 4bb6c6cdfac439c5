/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of the kernel's netlink families. */
#ifndef IPSECAPID_NETLINK_H
#define IPSECAPID_NETLINK_H

#include <stdint.h>

/* The bit of a group that is given by its number. */
#define NETLINK_GROUP(n)	(1u << ((n) - 1))

/* A bound socket of the family, a member of the groups. Descriptor or negative errno. */
int netlink_open(int family, uint32_t groups);

#endif
