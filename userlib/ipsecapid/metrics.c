// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that shows figures: its event loop, and what the front tells it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "metrics.h"
#include "openmetrics.h"
#include "sandbox.h"

static struct scrape *free_place(struct metrics *m)
{
	int i;

	for (i = 0; i < MAX_SCRAPES; i++)
		if (m->scrapes[i].state == SCRAPE_FREE)
			return &m->scrapes[i];
	return NULL;
}

void metrics_has_room(struct metrics *m)
{
	sd_event_source_set_enabled(m->listener, SD_EVENT_ON);
}

static int on_listener(sd_event_source *source, int listener, uint32_t revents, void *arg)
{
	struct metrics *m = arg;
	struct scrape *s = free_place(m);
	int fd;

	(void)revents;
	fd = s ? accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
	if (fd >= 0)
		scrape_begin(s, m, fd);
	if (!free_place(m))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* Who waits already gets the answer that comes. */
void metrics_ask(struct metrics *m)
{
	if (!m->asked && !chan_send(m->front, "", 1, -1, MSG_DONTWAIT))
		m->asked = true;
}

static void answer_all(struct metrics *m, const char *page, size_t length)
{
	enum http_status status = page ? HTTP_OK : HTTP_SERVER_ERROR;
	int i;

	for (i = 0; i < MAX_SCRAPES; i++)
		if (m->scrapes[i].state == SCRAPE_WAITS)
			scrape_answer(&m->scrapes[i], status, page, length);
}

static int on_front(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct metrics *m = arg;
	struct counters c;
	size_t length = 0;
	char *page;

	(void)source;
	(void)revents;
	if (chan_recv(fd, &c, sizeof(c), NULL, MSG_DONTWAIT) != sizeof(c))
		return sd_event_exit(m->event, 0);
	m->asked = false;
	page = openmetrics_text(&c, &length);
	answer_all(m, page, length);
	free(page);
	return 0;
}

static int add_sources(struct metrics *m, int listener)
{
	int err = sd_event_new(&m->event);

	if (err >= 0)
		err = sd_event_add_io(m->event, NULL, m->front, EPOLLIN, on_front, m);
	if (err >= 0)
		err = sd_event_add_io(m->event, &m->listener, listener, EPOLLIN, on_listener, m);
	return err;
}

int metrics_main(int listener, int front)
{
	struct metrics *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return 1;
	m->front = front;
	err = add_sources(m, listener);
	if (err >= 0)
		err = sandbox_enter(SANDBOX_METRICS);
	if (err < 0) {
		fprintf(stderr, "ipsecapid: metrics: %s\n", strerror(-err));
		return 1;
	}
	err = sd_event_loop(m->event);
	return err < 0 ? 1 : err;
}
