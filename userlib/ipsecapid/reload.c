// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy is read again for somebody who waits for what comes of it. */
#include <errno.h>
#include <sys/socket.h>

#include "channel.h"
#include "front.h"
#include "policy_reader.h"

void reload_begin(struct session *s, const struct sess_request *req)
{
	struct front *f = s->front;
	struct policy_wanted wanted;

	if (req->uid) {
		session_reply(s, req, -EACCES, IPSECAPI_REASON_NOT_PERMITTED, NULL, 0, 0);
		return;
	}
	wanted.ticket = ticket_new(f);
	if (chan_send(f->reader, &wanted, sizeof(wanted), -1, MSG_DONTWAIT)) {
		session_reply(s, req, -EAGAIN, IPSECAPI_REASON_BROKER_BUSY, NULL, 0, 0);
		return;
	}
	s->request = *req;
	s->pending = true;
	s->ticket = wanted.ticket;
	s->deadline = UINT64_MAX;	/* the files of a policy may be many, and rules take their time */
}

static const struct outcome {
	int status;
	uint32_t reason;
} answers[] = {
	[FRONT_TOOK] = { 0, IPSECAPI_REASON_NONE },
	[FRONT_REFUSED] = { -EINVAL, IPSECAPI_REASON_POLICY_REFUSED },
	[FRONT_NOT_HELD] = { -EOPNOTSUPP, IPSECAPI_REASON_POLICY_NOT_HELD },
	[FRONT_OVERTAKEN] = { -EAGAIN, IPSECAPI_REASON_POLICY_OVERTAKEN },
};

void reload_ended(struct front *f, uint32_t ticket, enum front_says how)
{
	struct session *s = ticket ? ticket_answered(f, ticket) : NULL;
	const char says = how;

	if (how != FRONT_OVERTAKEN)
		chan_send(f->keeper, &says, 1, -1, MSG_DONTWAIT);
	if (s)
		session_reply(s, &s->request, answers[how].status, answers[how].reason, NULL, 0, 0);
}
