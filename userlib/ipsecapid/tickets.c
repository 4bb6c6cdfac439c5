// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests with a descriptor: it goes to the applier, which owes an answer. The message's ticket
 * tells whose; whoever asked may be gone by then.
 */
#include <errno.h>
#include <sys/socket.h>

#include "channel.h"
#include "clock.h"
#include "close_within.h"
#include "front.h"

void ticket_begin(struct session *s, const struct sess_request *req, int fd)
{
	s->request = *req;
	s->passed = fd;
}

void ticket_release(struct session *s)
{
	if (s->passed >= 0)
		close_within(s->passed);
	s->passed = -1;
}

void ticket_refuse(struct session *s, int err, uint32_t reason)
{
	s->pending = false;
	ticket_release(s);
	session_reply(s, &s->request, err, reason, NULL, 0, 0);
}

uint32_t ticket_new(struct front *f)
{
	return ++f->next_ticket ? f->next_ticket : ++f->next_ticket;
}

bool ticket_send(struct session *s, struct apply_msg *m)
{
	struct front *f = s->front;

	m->ticket = ticket_new(f);
	if (chan_send(f->applier, m, sizeof(*m), s->passed, MSG_DONTWAIT)) {
		ticket_refuse(s, -EAGAIN, IPSECAPI_REASON_BROKER_BUSY);
		return false;
	}
	ticket_release(s);
	s->pending = true;
	s->ticket = m->ticket;
	s->deadline = now_ns() + REPORT_NS;
	s->scrub_tag = s->sync_needed = 0;
	return true;
}

struct session *ticket_answered(struct front *f, uint32_t ticket)
{
	struct session *s = f->sessions;

	while (s && !(s->pending && s->ticket == ticket))
		s = s->next;
	if (s) {
		s->pending = false;
		s->ticket = 0;
	}
	return s;
}
