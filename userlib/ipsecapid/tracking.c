// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The front's side of the applier: which sockets it follows. The front never waits for it: what
 * does not fit its channel is remembered and sent when there is room.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "applier.h"
#include "channel.h"
#include "front.h"

bool tracking_tell(struct front *f, const struct apply_msg *m)
{
	return tracking_send(f, m, sizeof(*m));
}

void tracking_wait(struct front *f)
{
	sd_event_source_set_io_events(f->applier_source, EPOLLIN | EPOLLOUT);
}

bool tracking_send(struct front *f, const void *m, size_t size)
{
	if (chan_send(f->applier, m, size, -1, MSG_DONTWAIT) != -EAGAIN)
		return true;	/* an applier that is gone ends the front by itself */
	tracking_wait(f);
	return false;
}

void tracking_begin(struct front *f, struct flow *flow)
{
	const struct apply_msg m = { .type = APPLY_TRACK, .tuple = flow->tuple,
				     .ifindex = flow->facts.bound_ifindex };

	flow->track_due = !tracking_tell(f, &m);
}

/* One that is lost makes no harm: the applier forgets the socket when it ends. */
void tracking_end(struct front *f, uint64_t cookie)
{
	const struct apply_msg m = { .type = APPLY_FORGET, .tuple.cookie = cookie };

	tracking_tell(f, &m);
}

void tracking_count_ike(struct front *f)
{
	const struct apply_msg m = { .type = APPLY_COUNT_IKE };

	f->count_due = !tracking_tell(f, &m);
}

static void send_tracks(struct front *f)
{
	struct session *s;
	uint32_t i;

	for (s = f->sessions; s; s = s->next) {
		for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++) {
			struct flow *flow = &s->flows[i];

			if (!flow->id || flow->closed || !flow->track_due)
				continue;
			tracking_begin(f, flow);
			if (flow->track_due)
				return;
		}
	}
}

void tracking_resume(struct front *f)
{
	sd_event_source_set_io_events(f->applier_source, EPOLLIN);
	enforce_resume(f);
	latches_resume(f);
	if (f->count_due)
		tracking_count_ike(f);
	if (!f->count_due)
		send_tracks(f);
}
