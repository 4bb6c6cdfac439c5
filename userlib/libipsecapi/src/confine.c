// SPDX-License-Identifier: LGPL-2.1-or-later
/* Confining a cgroup. */
#include <errno.h>
#include <unistd.h>

#include "internal.h"

int ipsecapi_confine(struct ipsecapi *ctx, int cgroup, uint32_t flags)
{
	const struct request req = { .type = WIRE_RUN, .fd = cgroup, .index = flags, .has_index = true };
	struct reply rep;
	int err = context_enter(ctx);

	if (err)
		return err;
	if (cgroup < 0)
		return -EBADF;
	err = session_call(ctx, &req, &rep);
	if (rep.fd >= 0)
		close(rep.fd);
	return err;
}
