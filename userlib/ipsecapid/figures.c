// SPDX-License-Identifier: GPL-2.0-or-later
/* The front's figures, for the process that shows them. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "front.h"

/* To be asked costs a walk over all flows: so often, however often anybody would like to know. */
#define ASKED_US	1000000u
#define ASKED_BURST	10

void figures_dump(struct counters *c, uint64_t ns)
{
	int i = 0;

	while (i < DUMP_BOUNDS && ns > dump_bounds[i].ns)
		i++;
	c->dumps[i]++;
	c->dump_ns += ns;
}

static void count_flows(const struct session *s, struct counters *c)
{
	uint32_t i, d;

	for (i = 0; s->flows && i < MAX_FLOWS_SESSION; i++) {
		if (!s->flows[i].id || s->flows[i].closed)
			continue;
		for (d = 0; d < 2; d++)
			COUNT(c->flows[d], s->flows[i].verdict.dir[d].enforced_by);
	}
}

static void count_units(const struct tables *t, struct counters *c)
{
	uint32_t i;

	c->units = t->n_units;
	for (i = 0; i < t->n_units; i++)
		c->units_silent += !!t->units[i].silent;
}

static void fill(const struct front *f, struct counters *c)
{
	const struct session *s;

	*c = f->counters;
	for (s = f->sessions; s; s = s->next) {
		c->sessions += s->page != NULL;
		count_flows(s, c);
	}
	c->stale = f->stale || !f->tables.read_at;
	c->interfaces = f->links.n;
	c->read_ago = f->tables.read_at ? now_ns() - f->tables.read_at : 0;
	count_units(&f->tables, c);
	host_count(&f->tables, &c->host);
	c->host.policy_generation = f->policy_generation;
	c->host.policy_classes = f->policy->n_classes;
	c->host.policy_rules = f->policy->n_rules;
	c->host.policy_mistakes = f->policy_mistakes;
}

static void forget(struct front *f)
{
	sd_event_source_disable_unref(f->figures);
	close(f->figures_channel);
	f->figures = NULL;
}

static int on_asked(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct front *f = arg;
	struct counters c;
	char byte;

	(void)source;
	(void)revents;
	if (chan_recv(fd, &byte, 1, NULL, MSG_DONTWAIT) == 1) {
		fill(f, &c);
		if (!chan_send(fd, &c, sizeof(c), -1, MSG_DONTWAIT))
			return 0;
	}
	forget(f);	/* it ended, or does not read what it asked for */
	return 0;
}

int figures_channel(struct front *f, int channel)
{
	int err;

	if (f->figures)
		forget(f);
	err = sd_event_add_io(f->event, &f->figures, channel, EPOLLIN, on_asked, f);
	if (err < 0)
		return err;
	f->figures_channel = channel;
	sd_event_source_set_ratelimit(f->figures, ASKED_US, ASKED_BURST);
	return 0;
}

void figures_begin(struct counters *c)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	c->started = ts.tv_sec;
}
