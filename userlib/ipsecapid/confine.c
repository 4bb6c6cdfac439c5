// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to confine a cgroup. The worker has looked at the descriptor, the applier acts on it;
 * here they only come together.
 */
#include <errno.h>
#include <sys/socket.h>

#include "channel.h"
#include "clock.h"
#include "front.h"

static void refuse(struct session *s, int err, uint32_t reason)
{
	require_release(s);
	session_reply(s, &s->request, err, reason, NULL, 0, 0);
}

static void await(struct session *s, uint32_t ticket)
{
	require_release(s);
	s->pending = true;
	s->ticket = ticket;
	s->deadline = now_ns() + REPORT_NS;
	s->scrub_tag = s->sync_needed = 0;
}

void confine_begin(struct session *s, const struct sess_request *req, int fd)
{
	struct apply_msg m = { .type = APPLY_CONFINE, .cgroup = req->cgroup };
	struct front *f = s->front;

	s->request = *req;
	s->passed = fd;
	if (fd < 0) {
		refuse(s, -EINVAL, IPSECAPI_REASON_NO_DESCRIPTOR);
		return;
	}
	m.cgroup.uid = req->uid;
	m.cgroup.flags = req->index;
	m.ticket = ++f->next_ticket ? f->next_ticket : ++f->next_ticket;
	if (chan_send(f->applier, &m, sizeof(m), fd, MSG_DONTWAIT))
		refuse(s, -EAGAIN, IPSECAPI_REASON_BROKER_BUSY);
	else
		await(s, m.ticket);
}

void confine_applied(struct front *f, const struct apply_msg *m)
{
	struct session *s = f->sessions;

	while (s && !(s->pending && s->ticket == m->ticket))
		s = s->next;
	if (!s)
		return;
	s->pending = false;
	s->ticket = 0;
	session_reply(s, &s->request, m->status, m->status ? m->reason : IPSECAPI_REASON_NONE, NULL, 0, 0);
}
