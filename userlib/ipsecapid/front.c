// SPDX-License-Identifier: GPL-2.0-or-later
/* The front's event loop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "applier.h"
#include "audit.h"
#include "channel.h"
#include "clock.h"
#include "close_within.h"
#include "front.h"
#include "keeper.h"
#include "policy_reader.h"
#include "sandbox.h"

#define TICK_US		250000u	/* of a lease there is time for three more */
#define SILENCE_NS	(1000 * MS)	/* a scrubber that takes longer has no current evidence */
#define TICKS_SECOND	(1000000 / TICK_US)
#define TICKS_RESYNC	(60 * TICKS_SECOND)	/* look at all tables every minute, whatever was announced */
#define LINKS_US	250000u		/* in this time events of links are taken so often */
#define LINKS_BURST	2

void front_world(struct front *f, struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->tables = &f->tables;
	w->ike_sockets = f->ike_sockets;
	w->latches = f->latches.ids;
	w->n_latches = f->latches.n;
	w->gate_mark = f->marks.gate;
	links_show(&f->links, w);
}

/*
 * A latch of an earlier life that the kernel does not show, or that broke meanwhile, is broken
 * before anybody is served.
 */
void front_open(struct front *f)
{
	const struct apply_msg m = { .type = APPLY_SETTLED };

	if (f->latches.settled || !f->latches.loaded || f->latches.unsure ||
	    (latches_count(f) && (!f->tables.read_at || f->stale)))
		return;
	if (latches_undropped(f))
		return;
	f->latches.settled = tracking_tell(f, &m);
	if (f->latches.settled)
		sd_event_source_set_enabled(f->keeper_source, SD_EVENT_ON);
}

void front_begin(struct front *f)
{
	if (f->ready || !f->tables.read_at || !f->enforcing.settled)
		return;
	f->ready = true;
	chan_send(f->keeper, "", 1, -1, MSG_DONTWAIT);
}

static int on_keeper(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	const char works = FRONT_WORKS;
	struct front *f = arg;
	int channel;
	char says;

	(void)source;
	(void)revents;
	if (chan_recv(fd, &says, 1, &channel, 0) <= 0)
		return sd_event_exit(f->event, 0);
	if (says == KEEPER_ASKS)
		chan_send(fd, &works, 1, -1, MSG_DONTWAIT);
	if (channel >= 0 && (says == KEEPER_METRICS ? figures_channel(f, channel) :
						      session_add(f, channel)) < 0)
		close(channel);
	return 0;
}

/* It ended, or says what nobody understands. The keeper may learn of our own end first. */
static int lost(struct front *f, const char *process)
{
	audit(AUDIT_PROCESS_LOST, NULL, "the front lost the %s, and ends", process);
	return sd_event_exit(f->event, 1);
}

static int on_scrubber(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct front *f = arg;

	(void)source;
	(void)fd;
	(void)revents;
	if (evidence_from_scrubber(f))
		return lost(f, "scrubber");
	sessions_reap(f);
	return 0;
}

static void count_ike(struct front *f, uint32_t count)
{
	if (count == f->ike_sockets)
		return;
	f->ike_sockets = count;
	flows_judge(f, false);
}

static int on_applier(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct front *f = arg;
	struct apply_msg m;

	(void)source;
	if (revents & EPOLLOUT)
		tracking_resume(f);
	if (!(revents & ~EPOLLOUT))
		return 0;
	if (chan_recv(fd, &m, sizeof(m), NULL, 0) != sizeof(m))
		return lost(f, "applier");
	if (m.type == APPLY_GONE) {
		latches_drop(f, m.tuple.cookie);
		flows_gone(f, m.tuple.cookie);
		front_open(f);
	} else if (m.type == APPLY_IKE_COUNT) {
		count_ike(f, m.count);
	} else if (m.type == APPLY_CONFINED) {
		confine_applied(f, &m);
	} else if (m.type == APPLY_ENFORCED) {
		if (enforce_answered(f, &m))
			return sd_event_exit(f->event, 1);
	} else {
		latches_from_applier(f, &m);
	}
	if (f->enforcing.exempt_due)
		enforce_latches_changed(f);
	sessions_reap(f);
	return 0;
}

static int on_reader(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct front *f = arg;
	struct policy_news news;
	struct policy *p;
	int err;

	(void)source;
	(void)revents;
	p = reader_take(fd, &news, &err);
	if (err)
		return lost(f, "policy reader");
	f->policy_mistakes = news.mistakes;
	if (p)
		enforce_policy(f, p, news.ticket);
	else
		reload_ended(f, news.ticket, FRONT_REFUSED);
	sessions_reap(f);
	return 0;
}

static int on_ike(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct front *f = arg;

	(void)source;
	(void)fd;
	(void)revents;
	if (calling_answered(f))
		return lost(f, "process before the IKE daemon");
	sessions_reap(f);
	return 0;
}

static int on_links(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct front *f = arg;

	(void)source;
	(void)fd;
	(void)revents;
	if (links_drain(&f->links))
		evidence_links_changed(f);
	sessions_reap(f);
	return 0;
}

static int on_settle(sd_event_source *source, uint64_t usec, void *arg)
{
	struct front *f = arg;

	links_read(&f->links);
	flows_judge(f, true);
	front_sync(f);
	if (f->settling++)
		return 0;
	sd_event_source_set_time(source, usec + 500000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void check_silence(struct front *f, uint64_t now)
{
	if (!f->stale && f->asked_at && now >= f->asked_at + SILENCE_NS)
		evidence_lost(f, "the kernel or a device does not answer");
}

/* Leases, deadlines, and looking again at what may change without an event. */
static int on_tick(sd_event_source *source, uint64_t usec, void *arg)
{
	struct front *f = arg;
	uint64_t now = now_ns();
	struct session *s;

	(void)usec;
	check_silence(f, now);
	reports_expire(f, now);
	sessions_expire(f);
	refusals_tell(f);
	calling_look(f);
	if (f->enforcing.due && f->ticks % TICKS_SECOND == 0)
		enforce_resume(f);
	f->ticks++;
	if (flows_exist(f) || latches_count(f) || f->enforcing.rules) {
		if (f->ticks % TICKS_SECOND == 0) {
			evidence_look(f);
			latches_retry(f);
		}
		if (f->ticks % TICKS_RESYNC == 0 ||
		    (f->ticks % TICKS_SECOND == 0 && flows_waiting(f)))
			front_sync(f);
		else if (f->ticks % TICKS_SECOND == 0)
			front_look(f);
	}
	for (s = f->sessions; s; s = s->next)
		page_renew(s, now + LEASE_NS);
	sessions_reap(f);
	/* not from when it was due: after a suspend all that were missed would follow */
	sd_event_source_set_time(source, now / 1000 + TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int add_sources(struct front *f)
{
	int err;

	err = sd_event_new(&f->event);
	if (err >= 0)
		err = sd_event_add_io(f->event, &f->keeper_source, f->keeper, EPOLLIN, on_keeper, f);
	if (err >= 0)
		err = sd_event_source_set_enabled(f->keeper_source, SD_EVENT_OFF);
	if (err >= 0)
		err = sd_event_add_io(f->event, NULL, f->scrubber, EPOLLIN, on_scrubber, f);
	if (err >= 0)
		err = sd_event_add_io(f->event, &f->applier_source, f->applier, EPOLLIN,
				      on_applier, f);
	if (err >= 0)
		err = sd_event_add_io(f->event, NULL, f->reader, EPOLLIN, on_reader, f);
	if (err >= 0)
		err = sd_event_add_io(f->event, NULL, f->ike, EPOLLIN, on_ike, f);
	if (err >= 0)
		err = sd_event_add_io(f->event, &f->links_source, f->links.events, EPOLLIN,
				      on_links, f);
	if (err >= 0)	/* routes may change faster than all flows can be judged */
		err = sd_event_source_set_ratelimit(f->links_source, LINKS_US, LINKS_BURST);
	if (err >= 0)
		err = asking_open(f);
	if (err >= 0)
		err = sd_event_add_time(f->event, &f->tick, CLOCK_BOOTTIME,
					now_ns() / 1000 + TICK_US, 20000, on_tick, f);
	if (err >= 0)
		err = sd_event_add_time(f->event, &f->settle, CLOCK_BOOTTIME, 0, 10000,
					on_settle, f);
	if (err >= 0)
		err = sd_event_source_set_enabled(f->settle, SD_EVENT_OFF);
	return err;
}

int front_main(const struct front_ends *ends, struct policy *policy, const struct marks *marks)
{
	struct front *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return 1;
	f->keeper = ends->keeper;
	f->scrubber = ends->scrubber;
	f->applier = ends->applier;
	f->reader = ends->reader;
	f->ike = ends->ike;
	f->policy = policy;
	f->marks = *marks;
	close_within_prepare();
	figures_begin(&f->counters);
	err = links_open(&f->links);
	if (err >= 0)
		err = add_sources(f);
	if (err >= 0)
		err = sandbox_enter(SANDBOX_FRONT);
	if (err >= 0)
		err = links_read(&f->links);
	if (err < 0) {
		fprintf(stderr, "ipsecapid: front: %s\n", strerror(-err));
		return 1;
	}
	front_sync(f);
	enforce_begin(f);
	err = sd_event_loop(f->event);
	return err < 0 ? 1 : err;
}
