/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cgroup of which nothing may be sent or received in clear, as it goes from process to process. */
#ifndef IPSECAPID_CONFINEMENT_H
#define IPSECAPID_CONFINEMENT_H

#include <stdint.h>
#include <ipsecapi.h>

#define CONFINE_FLAGS	IPSECAPI_CONFINE_BLOCK_LOOPBACK

struct confinement {
	uint64_t id;		/* of the cgroup: the kernel gives none twice within a boot */
	uint64_t root;		/* of the cgroup at the top of where it was seen */
	uint32_t level;		/* how far below that */
	uint32_t uid;		/* who asked */
	uint32_t flags;		/* enum ipsecapi_confine */
	uint32_t rsvd;
};

/*
 * Look at a descriptor of user @uid, who must own the cgroup. Fills all but uid and flags. Returns
 * 0, or a negative errno with @reason set.
 */
int cgroup_inspect(int fd, uint32_t uid, struct confinement *c, uint32_t *reason);
/* As above, of what is known to be a cgroup: its place alone. */
int cgroup_place(int fd, struct confinement *c, uint32_t *reason);

#endif
