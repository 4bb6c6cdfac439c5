// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows, for as long as they last. What is told comes from the status page, which needs no socket:
 * of another process's sockets we have none but while they are opened, or they would not end when
 * their program closes them.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "watch.h"

#define TICK_MS 1000	/* how often a process is looked into, and the table drawn at least */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static void end(struct watch *w, int status)
{
	w->over = true;
	w->status = status;
}

static void tell(const struct watch *w, const char *event, const struct row *r)
{
	if (!w->table)
		line_of(w, event, r);
}

static void tell_answer(const struct watch *w, struct row *r)
{
	tell(w, r->told ? "changed" : "opened", r);
	r->told = true;
}

/* On a screen there is no place for sentences; there the heading counts. */
static void refuse(struct watch *w, struct row *r, int err)
{
	char what[64];

	r->refused = true;
	snprintf(what, sizeof(what), "descriptor %d of process %d", r->number, w->process.pid);
	if (!w->table)
		fail(w->t, what, err);
}

/* --- opening -------------------------------------------------------------------------------- */

static bool wants(uint64_t inode, void *arg)
{
	struct row *r = row_of_inode(arg, inode);

	if (r)
		r->seen = true;
	return !r || (!r->flow && !r->refused);
}

static void found(const struct found_socket *s, void *arg)
{
	struct watch *w = arg;
	struct row *r = row_of_inode(w, s->inode);
	int err;

	if (!r)
		r = row_add(w);
	if (!r)
		return;
	r->inode = s->inode;
	r->number = s->number;
	err = ipsecapi_flow_open(w->t->ctx, s->fd, &r->flow);
	if (err == -ENOLINK)
		r->flow = NULL;		/* gone again; the next look finds it */
	else if (err)
		refuse(w, r, err);
	else if (row_changed(r))
		tell_answer(w, r);
}

/* Sockets that are no longer there, or that nobody followed when the broker came back. */
static void sweep(struct watch *w)
{
	size_t i;

	for (i = w->n; i-- > 0;) {
		struct row *r = &w->at[i];

		if (r->flow || (r->seen && !w->ended))
			continue;
		if (r->told)
			tell(w, "closed", r);
		row_remove(w, r);
	}
}

static void look(struct watch *w)
{
	const struct socket_visitor v = { wants, found, w };
	size_t i;
	int err = 0;

	if (!w->process.pid)
		return;
	w->ended = process_ended(&w->process);
	if (w->lost)
		return;
	for (i = 0; i < w->n; i++)
		w->at[i].seen = false;
	if (!w->ended)
		err = sockets_of(&w->process, &v);
	if (err && !process_ended(&w->process)) {
		screen_leave(&w->screen);
		end(w, process_refusal(w->process.pid, -1, err));
	}
	sweep(w);
}

static int open_own(struct watch *w, const int *fds, int n)
{
	struct row *r;
	int i, err;

	for (i = 0; i < n; i++) {
		r = row_add(w);
		if (!r)
			return fail(w->t, "flow", -ENOMEM);
		r->number = fds[i];
		err = ipsecapi_flow_open(w->t->ctx, fds[i], &r->flow);
		if (err)
			return fail(w->t, "flow", err);
	}
	return 0;
}

/* --- events --------------------------------------------------------------------------------- */

/*
 * The event may come before the page has what it is about; after another answer of the broker
 * the page has it.
 */
static void changed(struct watch *w, struct row *r)
{
	struct ipsecapi_caps caps;

	if (row_changed(r) || (!ipsecapi_caps(w->t->ctx, &caps, sizeof(caps)) && row_changed(r)))
		tell_answer(w, r);
}

static void closed(struct watch *w, struct row *r)
{
	tell(w, "closed", r);
	row_remove(w, r);
}

/* All of them may have changed; and some be gone. */
static void again(struct watch *w)
{
	size_t i = 0;

	while (i < w->n) {
		struct row *r = &w->at[i];
		bool news = r->flow && row_changed(r), gone = news && r->st.latch == IPSECAPI_LATCH_CLOSED;

		if (gone)
			closed(w, r);
		else if (news)
			tell_answer(w, r);
		i += !gone;
	}
}

/* Of another process's sockets the library has none to show to a broker that came back. */
static void back(struct watch *w)
{
	size_t i;

	w->lost = false;
	for (i = 0; i < w->n; i++) {
		row_forget(&w->at[i]);
		if (!w->process.pid)
			continue;
		ipsecapi_flow_close(w->at[i].flow);
		w->at[i].flow = NULL;
		w->at[i].refused = false;
	}
	look(w);
	again(w);
}

static void take(struct watch *w, const struct ipsecapi_event *ev)
{
	struct row *r = row_of_flow(w, ev->flow);

	switch (ev->type) {
	case IPSECAPI_EVENT_CHANGED:
		if (r)
			changed(w, r);
		break;
	case IPSECAPI_EVENT_CLOSED:
		if (r)
			closed(w, r);
		break;
	case IPSECAPI_EVENT_RESYNC:
		again(w);
		break;
	case IPSECAPI_EVENT_BROKER_LOST:
		w->lost = true;
		tell(w, ipsecapi_word(IPSECAPI_WORDS_EVENT, ev->type), NULL);
		break;
	case IPSECAPI_EVENT_BROKER_BACK:
		tell(w, ipsecapi_word(IPSECAPI_WORDS_EVENT, ev->type), NULL);
		back(w);
		break;
	}
}

/* --- the loop ------------------------------------------------------------------------------- */

/* Once its end was seen, which the descriptor of it tells, there is no more to look for. */
static bool has_process(const struct watch *w)
{
	return w->process.pid && !w->ended;
}

static bool ticks(const struct watch *w)
{
	return w->table || has_process(w);
}

static int timeout(const struct watch *w, int64_t tick)
{
	int lib = ipsecapi_get_timeout(w->t->ctx), own;

	if (!ticks(w))
		return lib;
	own = tick > now_ms() ? tick - now_ms() : 0;
	return lib >= 0 && lib < own ? lib : own;
}

static void wait_for_something(struct watch *w, int64_t tick)
{
	struct pollfd pfd[] = {
		{ .fd = ipsecapi_get_fd(w->t->ctx), .events = POLLIN },
		{ .fd = w->screen.signals, .events = POLLIN },
		{ .fd = has_process(w) ? w->process.fd : -1, .events = POLLIN },
	};
	struct ipsecapi_event ev;

	poll(pfd, sizeof(pfd) / sizeof(pfd[0]), timeout(w, tick));
	w->signal = screen_signal(&w->screen);
	if (w->signal)
		end(w, 1);
	while (!w->over && ipsecapi_next_event(w->t->ctx, &ev, sizeof(ev)) == 1)
		take(w, &ev);
}

static void show(struct watch *w)
{
	if (w->table)
		table_draw(w);
	if (fflush(stdout))
		end(w, 1);	/* nobody reads; main() says so */
}

static void run(struct watch *w)
{
	int64_t tick = now_ms() + TICK_MS;

	again(w);
	look(w);
	while (!w->over) {
		show(w);
		if (w->over || (!w->n && !has_process(w)))
			break;
		wait_for_something(w, tick);
		if (now_ms() >= tick || (has_process(w) && process_ended(&w->process)))
			look(w);
		if (now_ms() >= tick)
			tick = now_ms() + TICK_MS;
	}
}

static int start(struct watch *w, int pid, const int *fds, int n)
{
	int err;

	if (!pid)
		return open_own(w, fds, n);
	err = process_open(&w->process, pid);
	return err ? process_refusal(pid, -1, err) : 0;
}

static int enter(struct watch *w)
{
	int err = w->table ? screen_enter(&w->screen) : 0;

	return err ? fail(w->t, "terminal", err) : 0;
}

int cmd_watch(struct tool *t, int pid, const int *fds, int n)
{
	struct watch w = {
		.t = t, .table = !t->json && screen_possible(),
		.process = { .pid = pid, .fd = -1 }, .screen = { .signals = -1 },
	};

	w.status = start(&w, pid, fds, n) ?: enter(&w);
	if (!w.status)
		run(&w);
	screen_leave(&w.screen);
	if (w.signal)
		screen_obey(w.signal);
	if (w.table && !w.status)
		puts("every flow has ended");
	while (w.n)
		row_remove(&w, &w.at[w.n - 1]);
	free(w.at);
	process_close(&w.process);
	return w.status;
}
