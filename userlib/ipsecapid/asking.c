// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the front asks of the scrubber, and whether that still answers. A dump of all tables is
 * dear, and anybody's report may want one: there is one on its way at a time, and a pause after
 * it, so that nobody keeps the scrubber from everybody else.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "channel.h"
#include "clock.h"
#include "front.h"

/*
 * Four times what the dump took, within these: it is a fifth of anybody's time that dumps take,
 * and who waits for one that begins now waits for little else. A report must not wait for two
 * dumps too long.
 */
#define PAUSE_MIN_NS	(5 * MS)
#define PAUSE_MAX_NS	(500 * MS)

/* Returns the request's tag, or 0 when the scrubber is so far behind that it takes no more. */
static uint32_t ask_scrubber(struct front *f, struct scrub_request *req)
{
	req->tag = ++f->next_tag ? f->next_tag : ++f->next_tag;
	if (chan_send(f->scrubber, req, sizeof(*req), -1, MSG_DONTWAIT))
		return 0;
	if (!f->asked_at)
		f->asked_at = now_ns();
	f->asked_tag = req->tag;
	return req->tag;
}

static void send_later(struct front *f)
{
	f->sync_due = true;
	if (f->sync_tag)
		return;		/* its answer decides when */
	sd_event_source_set_time(f->sync_timer, f->sync_pause / 1000 + 1);
	sd_event_source_set_enabled(f->sync_timer, SD_EVENT_ONESHOT);
}

static void send_sync(struct front *f)
{
	struct scrub_request req = { .type = REQ_SYNC, .force = 1 };

	f->sync_at = now_ns();
	f->sync_tag = ask_scrubber(f, &req);
	if (f->sync_tag) {
		f->sync_due = false;
		f->syncs++;
		return;
	}
	f->sync_pause = f->sync_at + PAUSE_MIN_NS;
	send_later(f);
}

uint32_t front_sync(struct front *f)
{
	uint32_t number = f->syncs + 1;

	if (f->sync_tag || now_ns() < f->sync_pause)
		send_later(f);
	else
		send_sync(f);
	return number;
}

static uint64_t pause_after(uint64_t cost)
{
	if (4 * cost < PAUSE_MIN_NS)
		return PAUSE_MIN_NS;
	return 4 * cost < PAUSE_MAX_NS ? 4 * cost : PAUSE_MAX_NS;
}

static void sync_answered(struct front *f)
{
	uint64_t now = now_ns();

	figures_dump(&f->counters, now - f->sync_at);
	f->sync_tag = 0;
	f->syncs_done = f->syncs;
	f->sync_pause = now + pause_after(now - f->sync_at);
	if (f->sync_due)
		send_later(f);
}

void front_look(struct front *f)
{
	struct scrub_request req = { .type = REQ_SYNC };

	ask_scrubber(f, &req);
}

uint32_t front_read(struct front *f, const uint32_t *sas, uint32_t n)
{
	struct scrub_request req = {
		.type = REQ_READ, .generation = f->tables.generation, .count = n,
	};

	if (n)
		memcpy(req.index, sas, n * sizeof(*sas));
	return ask_scrubber(f, &req);
}

/* Answers come in order. Each shows that the scrubber works: what is left has its full time. */
void asking_answered(struct front *f, uint32_t tag)
{
	if (tag && (int32_t)(tag - f->asked_tag) >= 0)
		f->asked_at = 0;
	else if (f->asked_at)
		f->asked_at = now_ns();
	if (tag && tag == f->sync_tag)
		sync_answered(f);
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *arg)
{
	struct front *f = arg;

	(void)source;
	(void)usec;
	if (f->sync_due && !f->sync_tag)
		send_sync(f);
	return 0;
}

int asking_open(struct front *f)
{
	int err = sd_event_add_time(f->event, &f->sync_timer, CLOCK_BOOTTIME, 0, 1000,
				    on_pause_over, f);

	return err < 0 ? err : sd_event_source_set_enabled(f->sync_timer, SD_EVENT_OFF);
}
