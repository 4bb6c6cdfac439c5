// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One scraper's connection: a request, an answer, the end. Nothing here waits for the scraper,
 * and each part has its time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "metrics.h"

/* A request is short and comes from this host; who waits for the front may wait longer. */
static const uint64_t time_us[] = {
	[SCRAPE_READS] = 2000000, [SCRAPE_WAITS] = 5000000, [SCRAPE_WRITES] = 2000000,
	[SCRAPE_DRAINS] = 1000000,
};

static void end(struct scrape *s)
{
	struct metrics *m = s->metrics;

	sd_event_source_disable_unref(s->io);
	sd_event_source_disable_unref(s->deadline);
	close(s->fd);
	free(s->answer);
	memset(s, 0, sizeof(*s));
	metrics_has_room(m);
}

static void wait_for(struct scrape *s, enum scrape_state state, uint32_t events)
{
	sd_event_source_set_io_events(s->io, events);
	if (s->state == state)
		return;
	s->state = state;
	sd_event_source_set_time_relative(s->deadline, time_us[state]);
	sd_event_source_set_enabled(s->deadline, SD_EVENT_ONESHOT);
}

static void write_answer(struct scrape *s)
{
	ssize_t n = send(s->fd, s->answer + s->done, s->size - s->done, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		end(s);
		return;
	}
	if (n > 0)
		s->done += n;
	if (s->done < s->size) {
		wait_for(s, SCRAPE_WRITES, EPOLLOUT);
		return;
	}
	shutdown(s->fd, SHUT_WR);
	wait_for(s, SCRAPE_DRAINS, EPOLLIN);
}

void scrape_answer(struct scrape *s, enum http_status status, const char *page, size_t length)
{
	char head[HTTP_HEAD_MAX];
	size_t n, body;

	if (status != HTTP_OK) {
		page = http_words(status);
		length = strlen(page);
	}
	n = http_head(head, status, length, time(NULL));
	body = s->head_only ? 0 : length;
	s->answer = malloc(n + body);
	if (!s->answer) {
		end(s);
		return;
	}
	memcpy(s->answer, head, n);
	memcpy(s->answer + n, page, body);
	s->size = n + body;
	write_answer(s);
}

static void judge(struct scrape *s)
{
	char copy[HTTP_REQUEST_MAX + 1];
	enum http_status status;

	memcpy(copy, s->request, s->length);
	status = http_judge(copy, s->length, &s->head_only);
	if (status == HTTP_MORE)
		return;
	if (status != HTTP_OK) {
		scrape_answer(s, status, NULL, 0);
		return;
	}
	wait_for(s, SCRAPE_WAITS, 0);
	metrics_ask(s->metrics);
}

/* One that hangs up before its request is complete gets no answer. */
static void read_request(struct scrape *s)
{
	ssize_t n = recv(s->fd, s->request + s->length, HTTP_REQUEST_MAX - s->length, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(s);
		return;
	}
	s->length += n;
	judge(s);
}

static void drain(struct scrape *s)
{
	ssize_t n = recv(s->fd, s->request, HTTP_REQUEST_MAX, MSG_DONTWAIT);

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		end(s);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct scrape *s = arg;

	(void)source;
	(void)fd;
	(void)revents;
	switch (s->state) {
	case SCRAPE_READS: read_request(s); break;
	case SCRAPE_WRITES: write_answer(s); break;
	case SCRAPE_DRAINS: drain(s); break;
	default: end(s);	/* hung up while it waited */
	}
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *arg)
{
	struct scrape *s = arg;

	(void)source;
	(void)usec;
	if (s->state == SCRAPE_READS)
		scrape_answer(s, HTTP_REQUEST_TIMEOUT, NULL, 0);
	else if (s->state == SCRAPE_WAITS)
		scrape_answer(s, HTTP_UNAVAILABLE, NULL, 0);
	else
		end(s);
	return 0;
}

void scrape_begin(struct scrape *s, struct metrics *m, int fd)
{
	int err;

	*s = (struct scrape){ .metrics = m, .fd = fd, .state = SCRAPE_READS };
	err = sd_event_add_io(m->event, &s->io, fd, EPOLLIN, on_io, s);
	if (err >= 0)
		err = sd_event_add_time_relative(m->event, &s->deadline, CLOCK_MONOTONIC, time_us[s->state],
						 0, on_deadline, s);
	if (err < 0)
		end(s);
}
