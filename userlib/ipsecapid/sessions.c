// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions: one per worker. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../libipsecapi/wire/wire.h"
#include "channel.h"
#include "close_within.h"
#include "front.h"

#define TICKS_HELLO 2	/* a client says HELLO within a second */

/* Events leave room for replies: a worker that has none for them is not serving any more. */
static void post(struct session *s, const struct sess_reply *r)
{
	if (!s->dead && chan_send(s->channel, r, sizeof(*r), -1, MSG_DONTWAIT))
		s->dead = true;
}

void session_reply(struct session *s, const struct sess_request *req, int32_t status,
		   uint32_t reason, const void *data, size_t length, uint32_t flow)
{
	struct sess_reply r = {
		.type = req->type, .tag = req->tag, .status = status, .reason = reason,
		.flow = flow, .length = length,
	};

	static_assert(sizeof(struct ipsecapi_class) <= SESS_DATA_MAX &&
		      sizeof(struct ipsecapi_report) <= SESS_DATA_MAX &&
		      sizeof(struct ipsecapi_policy_text) <= SESS_DATA_MAX &&
		      sizeof(struct ipsecapi_rule) <= SESS_DATA_MAX, "answers fit");
	if (length)
		memcpy(r.data, data, length);
	if (status)
		refusal_note(s->front, req->uid, reason);
	post(s, &r);
}

void session_event(struct session *s, uint32_t type, uint32_t reason, uint32_t flow)
{
	const struct sess_reply r = {
		.type = WIRE_EVENT, .event = type, .reason = reason, .flow = flow,
	};

	if (s->overflow || s->dead)
		return;
	if (chan_has_room(s->channel)) {
		COUNT(s->front->counters.events, type);
		post(s, &r);
		return;
	}
	s->overflow = true;
	sd_event_source_set_io_events(s->source, EPOLLIN | EPOLLOUT);
}

/* The worker has taken what was sent: one event stands for all that were not. */
static void resync(struct session *s)
{
	s->overflow = false;
	sd_event_source_set_io_events(s->source, EPOLLIN);
	session_event(s, IPSECAPI_EVENT_RESYNC, IPSECAPI_REASON_NONE, 0);
}

static uint32_t sessions_of(const struct front *f, uint32_t uid)
{
	const struct session *s;
	uint32_t n = 0;

	for (s = f->sessions; s; s = s->next)
		n += s->started && s->uid == uid;
	return n;
}

uint32_t sessions_flows_of(const struct front *f, uint32_t uid)
{
	const struct session *s;
	uint32_t i, n = 0;

	for (s = f->sessions; s; s = s->next)
		for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++)
			n += s->flows[i].id && s->flows[i].uid == uid;
	return n;
}

/* Those of all users but root: with @all also those that did not say HELLO. */
static uint32_t sessions_not_root(const struct front *f, bool all)
{
	const struct session *s;
	uint32_t n = 0;

	for (s = f->sessions; s; s = s->next)
		n += s->started && s->uid && (all || s->page || s->ended);
	return n;
}

/*
 * Sessions over a limit are refused at HELLO, so that the client is told why. There must be an
 * end to those that never say HELLO as well.
 */
static void begin(struct session *s, const struct sess_request *req)
{
	uint32_t reason = IPSECAPI_REASON_NONE;

	s->uid = req->uid;
	s->started = true;
	if (sessions_of(s->front, s->uid) > 2 * MAX_SESSIONS_USER)
		reason = IPSECAPI_REASON_SESSION_LIMIT;
	else if (s->uid && sessions_not_root(s->front, true) > MAX_SESSIONS + MAX_REFUSED)
		reason = IPSECAPI_REASON_BROKER_LIMIT;
	s->dead = reason != IPSECAPI_REASON_NONE;
	if (s->dead)
		refusal_note(s->front, s->uid, reason);
	else
		session_reply(s, req, 0, reason, NULL, 0, 0);
}

/* Returns whether it is something that a worker tells and waits for no reply to. */
static bool take_note(struct session *s, const struct sess_request *req)
{
	if (req->type == SESS_REFUSED)
		refusal_note(s->front, req->uid, req->index);
	if (req->type == SESS_RESYNC)
		COUNT(s->front->counters.events, IPSECAPI_EVENT_RESYNC);
	return req->type == SESS_REFUSED || req->type == SESS_RESYNC;
}

/* Returns whether one session more is too many, and tells the client so. */
static bool over_limit(struct session *s, const struct sess_request *req)
{
	if (sessions_of(s->front, s->uid) > MAX_SESSIONS_USER)
		session_reply(s, req, -EDQUOT, IPSECAPI_REASON_SESSION_LIMIT, NULL, 0, 0);
	else if (s->uid && sessions_not_root(s->front, false) >= MAX_SESSIONS)
		session_reply(s, req, -EUSERS, IPSECAPI_REASON_BROKER_LIMIT, NULL, 0, 0);
	else
		return false;
	return true;
}

/* Returns whether there is more to do than was done. */
static bool check_order(struct session *s, const struct sess_request *req)
{
	if (req->type == SESS_START && !s->started) {
		begin(s, req);
		return false;
	}
	if (s->started && take_note(s, req))
		return false;
	if (!s->started || s->pending) {	/* a worker that does not keep the order */
		s->dead = true;
		return false;
	}
	COUNT(s->front->counters.requests, req->type);
	return req->type != WIRE_HELLO || s->page || !over_limit(s, req);
}

static void take_request(struct session *s, const struct sess_request *req, int passed)
{
	if (!check_order(s, req)) {
		if (passed >= 0)
			close_within(passed);
		return;
	}
	answer(s, req, passed);
}

/* Ticks, not time: what came while the front was busy is heard first. */
void sessions_expire(struct front *f)
{
	struct session *s;

	for (s = f->sessions; s; s = s->next)
		if (s->started && !s->page && ++s->silent_ticks > TICKS_HELLO)
			s->dead = true;
}

static int on_channel(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct sess_request req;
	struct session *s = arg;
	int passed = -1;
	ssize_t n;

	(void)source;
	if (revents & EPOLLOUT)
		resync(s);
	n = chan_recv(fd, &req, sizeof(req), &passed, MSG_DONTWAIT);
	if (n == sizeof(req) && !s->dead)
		take_request(s, &req, passed);
	else if (passed >= 0)
		close_within(passed);
	if (n != sizeof(req) && n != -EAGAIN)
		s->dead = true;
	s->gone = n <= 0 && n != -EAGAIN && n != -EBADMSG;
	sessions_reap(s->front);
	return 0;
}

int session_add(struct front *f, int channel)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->front = f;
	s->channel = channel;
	s->page_fd = -1;
	s->passed = -1;
	err = sd_event_add_io(f->event, &s->source, channel, EPOLLIN, on_channel, s);
	if (err < 0) {
		free(s);
		return err;
	}
	s->next = f->sessions;
	f->sessions = s;
	return 0;
}

/*
 * A worker that can't end, because a stranger's descriptor holds it, must go on counting for its
 * user: it is told to end, and the session remains without anything in it.
 */
static void session_end(struct session *s)
{
	uint32_t i;

	s->ended = true;
	s->pending = false;
	ticket_release(s);

	for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++)
		if (s->flows[i].id)
			flow_end(s, &s->flows[i]);
	free(s->flows);
	s->flows = NULL;
	if (s->page) {
		munmap(s->page, s->page_size);
		close(s->page_fd);
	}
	s->page = NULL;
	shutdown(s->channel, SHUT_WR);
}

static void session_free(struct session *s)
{
	sd_event_source_unref(s->source);
	close(s->channel);
	free(s);
}

/* Sessions end and are freed here only: anything else may be walking the list. */
void sessions_reap(struct front *f)
{
	struct session **p = &f->sessions, *s;

	while ((s = *p)) {
		if (s->dead && !s->ended)
			session_end(s);
		if (!s->gone) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		session_free(s);
	}
}
