// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to confine a cgroup. The worker has looked at the descriptor, the applier acts on it;
 * here they only come together.
 */
#include <errno.h>

#include "front.h"

void confine_begin(struct session *s, const struct sess_request *req, int fd)
{
	struct apply_msg m = { .type = APPLY_CONFINE, .cgroup = req->cgroup };

	ticket_begin(s, req, fd);
	if (fd < 0) {
		ticket_refuse(s, -EINVAL, IPSECAPI_REASON_NO_DESCRIPTOR);
		return;
	}
	m.cgroup.uid = req->uid;
	m.cgroup.flags = req->index;
	ticket_send(s, &m);
}

void confine_applied(struct front *f, const struct apply_msg *m)
{
	struct session *s = ticket_answered(f, m->ticket);

	if (s)
		session_reply(s, &s->request, m->status, m->status ? m->reason : IPSECAPI_REASON_NONE,
			      NULL, 0, 0);
}
