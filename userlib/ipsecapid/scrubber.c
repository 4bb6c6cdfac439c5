// SPDX-License-Identifier: GPL-2.0-or-later
/* The scrubber's loop: hear that something changed, dump, hand on what is not secret. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "channel.h"
#include "clock.h"
#include "custody.h"
#include "fingerprint.h"
#include "policy_match.h"
#include "sandbox.h"
#include "scrubber.h"
#include "xfrm_dump.h"

#define BATCH		32
#define DUMP_TRIES	5
#define SETTLE_NS	(10 * MS)	/* changes come in bursts */
#define PAUSE_NS	(400 * MS)	/* longest between dumps: a change is told within a second */
#define UNIT_ASKS	64		/* per dump; the rest is asked when somebody wants to know */

struct spi_template {
	uint32_t policy, template, spi;
};

struct scrubber {
	int sock;
	struct xfrm_socks xfrm;
	struct units *units;
	uint32_t generation;
	struct sa_key *keys;	/* by index of the current generation */
	uint32_t sas, cap;
	uint32_t policies;
	struct fingerprint print;	/* of the current generation */
	unsigned int asks;
	bool dirty;
	uint64_t dump_at;	/* when dirty: not before */
	uint64_t dump_cost;	/* ns of the last dump */
	struct record *records;	/* for the front: no dump goes there before it is whole */
	uint32_t n_records, cap_records;
	struct record spare;	/* without memory: goes nowhere */
	int short_of;		/* -ENOMEM, until what was collected is sent */
	int send_error;
};

static void flush(struct scrubber *s)
{
	uint32_t at, n;

	for (at = 0; at < s->n_records && !s->send_error; at += n) {
		n = s->n_records - at < BATCH ? s->n_records - at : BATCH;
		s->send_error = chan_send(s->sock, &s->records[at], n * sizeof(s->records[0]), -1, 0);
	}
	s->n_records = 0;
	s->short_of = 0;
}

static struct record *new_record(struct scrubber *s)
{
	if (s->n_records == s->cap_records) {
		uint32_t cap = s->cap_records ? 2 * s->cap_records : 64;
		struct record *records = reallocarray(s->records, cap, sizeof(*records));

		if (!records) {
			s->short_of = -ENOMEM;
			return &s->spare;
		}
		s->records = records;
		s->cap_records = cap;
	}
	return &s->records[s->n_records++];
}

static struct record *next_record(struct scrubber *s, uint32_t type, uint32_t index)
{
	struct record *r = new_record(s);

	memset(r, 0, sizeof(*r));
	r->type = type;
	r->generation = s->generation;
	r->index = index;
	return r;
}

static int keep_key(struct scrubber *s, const struct sa_key *key)
{
	if (s->sas == s->cap) {
		uint32_t cap = s->cap ? 2 * s->cap : 64;
		struct sa_key *keys = reallocarray(s->keys, cap, sizeof(*keys));

		if (!keys)
			return -ENOMEM;
		s->keys = keys;
		s->cap = cap;
	}
	s->keys[s->sas++] = *key;
	return 0;
}

static int on_sa(const struct rec_sa *sa, const struct sa_key *key, void *arg)
{
	struct scrubber *s = arg;
	struct record *r = next_record(s, REC_SA, s->sas);

	r->body.sa = *sa;
	units_judge(s->units, &r->body.sa, key, s->asks < UNIT_ASKS);
	if (r->body.sa.unit == UNIT_KNOWS || r->body.sa.unit == UNIT_UNKNOWN_SA)
		s->asks++;
	return keep_key(s, key);
}

/*
 * Where an SA of this template leads: the packet's own destination unless the template, as
 * those of tunnels do, has one.
 */
static bool leads_to(const struct sa_key *k, const struct rec_policy *p,
		     const struct rec_template *t)
{
	static const uint8_t any[16];
	uint8_t daddr[16] = { 0 };

	memcpy(daddr, &k->id.daddr, k->id.family == AF_INET ? 4 : 16);
	if (memcmp(t->daddr, any, sizeof(any)))
		return k->id.family == t->family && !memcmp(daddr, t->daddr, sizeof(daddr));
	return k->id.family == p->sel.family && prefix_match(daddr, p->sel.daddr, p->sel.prefix_d);
}

/* SAs are dumped first, so that a template's SPI can become an index here. */
static uint32_t index_of_spi(const struct scrubber *s, const struct rec_policy *p,
			     const struct rec_template *t, uint32_t spi)
{
	uint32_t i;

	for (i = 0; i < s->sas; i++) {
		const struct sa_key *k = &s->keys[i];

		if (k->id.spi == spi && k->id.proto == t->proto && leads_to(k, p, t))
			return i;
	}
	return NO_SA;
}

static int on_policy(const struct rec_policy *p, const uint32_t *spis, void *arg)
{
	struct scrubber *s = arg;
	struct record *r = next_record(s, REC_POLICY, s->policies++);
	unsigned int i;

	fingerprint_policy(&s->print, p, spis);
	r->body.policy = *p;
	for (i = 0; i < p->templates; i++)
		if (p->tmpl[i].has_spi)
			r->body.policy.tmpl[i].spi_sa = index_of_spi(s, p, &p->tmpl[i], spis[i]);
	return 0;
}

static void send_units(struct scrubber *s)
{
	struct rec_unit unit;
	unsigned int i;

	for (i = 0; !units_describe(s->units, i, &unit); i++)
		next_record(s, REC_UNIT, i)->body.unit = unit;
}

/* Dumps take a fifth of the time, but none waits long. */
static uint64_t next_dump(const struct scrubber *s)
{
	uint64_t pause = 4 * s->dump_cost;

	return now_ns() + SETTLE_NS + (pause < PAUSE_NS ? pause : PAUSE_NS);
}

static int dump_once(struct scrubber *s, struct rec_end *end)
{
	int err;

	s->generation++;
	s->n_records = 0;	/* of the last try, which was torn */
	s->short_of = 0;
	s->sas = s->policies = 0;
	s->asks = 0;
	next_record(s, REC_BEGIN, 0);
	fingerprint_begin(&s->print);
	end->read_at = now_ns();
	err = xfrm_read_counts(&s->xfrm, &s->print.counts);
	if (!err)
		err = xfrm_dump_sas(&s->xfrm, on_sa, s);
	if (!err)
		err = xfrm_dump_policies(&s->xfrm, on_policy, s);
	if (!err)
		err = xfrm_read_defaults(&s->xfrm, end->default_block);
	send_units(s);
	return err ? err : s->short_of;
}

/* Dump everything to the front. What changed during the dump is dumped again. */
static void sync_front(struct scrubber *s, uint32_t tag)
{
	struct rec_end end = { .tag = tag };
	uint64_t start = now_ns();
	bool moved;
	int tries = 0;

	xfrm_drain(&s->xfrm);	/* what they tell is in the dump that follows */
	do {
		end.status = dump_once(s, &end);
		/* the kernel marks no dump as torn; its events tell, up to here */
		moved = xfrm_drain(&s->xfrm);
	} while ((moved || end.status == -EAGAIN) && ++tries < DUMP_TRIES);
	end.torn = moved;
	if (end.status)
		s->n_records = 0;	/* nothing of it is of use, and there must be room for the end */
	next_record(s, REC_END, 0)->body.end = end;
	flush(s);
	s->dump_cost = now_ns() - start;
	s->dirty = moved || end.status;	/* one that is torn is better than the one before */
	s->dump_at = next_dump(s);
}

static void note_events(struct scrubber *s)
{
	if (!xfrm_drain(&s->xfrm))
		return;
	if (!s->dirty)
		s->dump_at = next_dump(s);
	s->dirty = true;
}

/* Take in what was announced, and look for what is not. Dumps where anything changed. */
static void catch_up(struct scrubber *s)
{
	note_events(s);
	if (!s->dirty && fingerprint_check(&s->xfrm, &s->print) != 1)
		s->dirty = true;
	if (s->dirty)
		sync_front(s, 0);
}

static int read_one(struct scrubber *s, uint32_t index)
{
	struct rec_sa sa;
	int err;

	if (index >= s->sas)
		return -EINVAL;
	err = xfrm_read_sa(&s->xfrm, &s->keys[index], &sa);
	if (err == -ESRCH) {	/* gone without an event: a device was flushed */
		s->dirty = true;
		s->dump_at = now_ns();
		return -EAGAIN;
	}
	if (err)
		return err;
	units_judge(s->units, &sa, &s->keys[index], 1);
	next_record(s, REC_READ_SA, index)->body.sa = sa;
	return 0;
}

static void answer_read(struct scrubber *s, const struct scrub_request *req)
{
	struct rec_end end = { .tag = req->tag, .read_at = now_ns() };
	uint32_t i;

	catch_up(s);
	if (req->generation != s->generation || req->count > READ_MAX)
		end.status = -EAGAIN;
	for (i = 0; !end.status && i < req->count; i++)
		end.status = read_one(s, req->index[i]);
	if (end.status && end.status != -EAGAIN)
		s->dirty = true;	/* until a dump succeeds the front has no evidence */
	next_record(s, REC_READ_END, 0)->body.end = end;
	flush(s);
}

/* Returns false when the front is gone. */
static bool take_request(struct scrubber *s)
{
	struct scrub_request req;
	ssize_t n = chan_recv(s->sock, &req, sizeof(req), NULL, 0);

	if (n != sizeof(req))
		return false;
	if (req.type == REQ_READ) {
		answer_read(s, &req);
		return true;
	}
	if (req.force || !s->generation) {
		units_refresh(s->units);
		sync_front(s, req.tag);
	} else {
		struct rec_end end = { .tag = req.tag, .read_at = now_ns() };

		catch_up(s);
		next_record(s, REC_READ_END, 0)->body.end = end;
		flush(s);
	}
	return true;
}

static int timeout_ms(const struct scrubber *s)
{
	uint64_t now = now_ns();

	if (!s->dirty)
		return -1;
	return s->dump_at <= now ? 0 : (s->dump_at - now) / MS + 1;
}

int scrubber_main(int sock, uint64_t netns_cookie)
{
	struct scrubber *s = calloc(1, sizeof(*s));
	struct pollfd pfd[2];
	int err;

	if (!s)
		return 1;
	s->sock = sock;
	s->units = units_new(netns_cookie);
	err = s->units ? xfrm_socks_open(&s->xfrm) : -ENOMEM;
	if (!err)
		err = sandbox_enter(SANDBOX_SCRUBBER);
	if (err) {
		fprintf(stderr, "ipsecapid: scrubber: %s\n", strerror(-err));
		return 1;
	}
	pfd[0] = (struct pollfd){ .fd = sock, .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = s->xfrm.events, .events = POLLIN };
	while (!s->send_error) {
		if (poll(pfd, 2, timeout_ms(s)) < 0 && errno != EINTR)
			break;
		if (pfd[1].revents)
			note_events(s);
		if (pfd[0].revents && !take_request(s))
			break;
		if (s->dirty && now_ns() >= s->dump_at)
			sync_front(s, 0);
	}
	return 0;
}
