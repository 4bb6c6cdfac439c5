/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A front alone: a session with one flow stands on a host on which all is well in hardware, and
 * the test is the scrubber, the applier and the client.
 */
#ifndef USERLIB_STAGE_H
#define USERLIB_STAGE_H

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/xfrm.h>

#include "../ipsecapid/channel.h"
#include "../ipsecapid/front.h"
#include "../libipsecapi/wire/wire.h"
#include "shipped.h"
#include "unit.h"

#define NIC 3

struct stage {
	struct front f;
	struct session s;
	struct link link[2];
	int scrubber;		/* our ends of the front's channels */
	int applier;
	int client;
	uint32_t generation;
};

static const uint8_t us[16] = { 10, 0, 0, 1 }, peer[16] = { 10, 0, 0, 2 };

static inline int channel(int *theirs)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	*theirs = sv[1];
	return sv[0];
}

static inline void open_flow(struct stage *st)
{
	struct flow *flow = &st->s.flows[0];

	flow->id = 1 << 16;
	flow->facts = (struct flow_facts){ .family = AF_INET, .protocol = IPPROTO_UDP,
					   .local_port = htons(1), .peer_port = htons(2),
					   .route = { .found = true, .oif = NIC } };
	memcpy(flow->facts.local, us, 16);
	memcpy(flow->facts.peer, peer, 16);
}

static inline void set_stage(struct stage *st)
{
	memset(st, 0, sizeof(*st));
	st->f.scrubber = channel(&st->scrubber);
	st->f.applier = channel(&st->applier);
	st->f.keeper = -1;
	st->f.links = (struct links){ .events = -1, .query = -1, .inet = -1, .all_no_xfrm4 = -1,
				      .all_no_policy4 = -1, .all_no_policy6 = -1,
				      .at = st->link, .n = 2 };
	st->link[0] = (struct link){ .ifindex = 1, .up = true, .admin_up = true, .loopback = true };
	st->link[1] = (struct link){ .ifindex = NIC, .up = true, .admin_up = true,
				     .offload = IPSECAPI_OFFLOAD_ESP };
	st->f.policy = shipped_policy();
	st->f.marks = marks_default;
	st->s.front = &st->f;
	st->s.channel = channel(&st->client);
	st->s.flows = calloc(MAX_FLOWS_SESSION, sizeof(*st->s.flows));
	assert_non_null(st->s.flows);
	assert_int_equal(page_create(&st->s), 0);
	st->f.sessions = &st->s;
	open_flow(st);
}

static inline void end_stage(struct stage *st)
{
	tables_free(&st->f.tables);
	tables_free(&st->f.incoming);
	munmap(st->s.page, st->s.page_size);
	close(st->s.page_fd);
	free(st->s.flows);
	close(st->f.scrubber);
	close(st->f.applier);
	close(st->s.channel);
	close(st->scrubber);
	close(st->applier);
	close(st->client);
}

static inline void give(struct stage *st, const struct record *r)
{
	assert_int_equal(chan_send(st->scrubber, r, sizeof(*r), -1, 0), 0);
	assert_int_equal(evidence_from_scrubber(&st->f), 0);
}

static inline struct record new_record(const struct stage *st, uint32_t type, uint32_t index)
{
	struct record r;

	memset(&r, 0, sizeof(r));
	r.type = type;
	r.generation = st->generation;
	r.index = index;
	return r;
}

static inline void give_policy(struct stage *st, int dir)
{
	struct record r = new_record(st, REC_POLICY, dir);
	struct rec_policy *p = &r.body.policy;

	p->dir = dir;
	p->offload_ifindex = NIC;
	p->sel.family = AF_INET;
	p->sel.prefix_s = p->sel.prefix_d = 32;
	memcpy(p->sel.saddr, dir == DIR_OUT ? us : peer, 16);
	memcpy(p->sel.daddr, dir == DIR_OUT ? peer : us, 16);
	p->templates = 1;
	p->tmpl[0] = (struct rec_template){ .family = AF_INET, .proto = IPPROTO_ESP,
					    .mode = XFRM_MODE_TRANSPORT, .reqid = 7 };
	give(st, &r);
}

static inline void give_sa(struct stage *st, uint32_t type, int dir, uint8_t unit)
{
	struct record r = new_record(st, type, dir);
	struct rec_sa *sa = &r.body.sa;

	*sa = (struct rec_sa){
		.family = AF_INET, .proto = IPPROTO_ESP, .mode = XFRM_MODE_TRANSPORT, .reqid = 7,
		.dir = dir, .offload = OFFLOAD_PACKET, .offload_ifindex = NIC, .encrypts = 1,
		.authenticates = 1, .replay_window = 64, .unit = unit,
	};
	sa->custody = unit == UNIT_KNOWS ? IPSECAPI_CUSTODY_L3 : IPSECAPI_CUSTODY_UNKNOWN;
	sa->cipher = unit == UNIT_KNOWS ? CIPHER_GCM_16_256 : CIPHER_UNKNOWN;
	sa->auth = AUTH_NONE;
	memcpy(sa->saddr, dir == DIR_OUT ? us : peer, 16);
	memcpy(sa->daddr, dir == DIR_OUT ? peer : us, 16);
	give(st, &r);
}

static bool torn;	/* are the dumps? */

static inline void give_end(struct stage *st, uint32_t type, uint32_t tag, int status, uint64_t read_at)
{
	struct record r = new_record(st, type, 0);

	r.body.end.tag = tag;
	r.body.end.status = status;
	r.body.end.read_at = read_at;
	r.body.end.torn = torn;
	give(st, &r);
}

/* A dump with an SA for each direction, about which the unit was asked or not. */
static inline void dump_begin(struct stage *st, uint8_t unit)
{
	struct record r;
	int dir;

	st->generation++;
	r = new_record(st, REC_BEGIN, 0);
	give(st, &r);
	for (dir = 0; dir < 2; dir++)
		give_sa(st, REC_SA, dir, unit);
}

static inline void dump_end(struct stage *st, int status, uint64_t read_at)
{
	struct record r = new_record(st, REC_UNIT, 0);

	r.body.unit.ifindex = NIC;
	give(st, &r);
	give_end(st, REC_END, 0, status, read_at);
}

static inline void dump(struct stage *st, uint8_t unit, int status, uint64_t read_at)
{
	dump_begin(st, unit);
	give_policy(st, DIR_OUT);
	give_policy(st, DIR_IN);
	dump_end(st, status, read_at);
}

/* The next reply to the client, whatever events come before. */
static inline struct sess_reply replied(const struct stage *st)
{
	struct sess_reply r;

	do {
		assert_int_equal(chan_recv(st->client, &r, sizeof(r), NULL, MSG_DONTWAIT), sizeof(r));
	} while (r.type == WIRE_EVENT);
	return r;
}

static inline void ask_report(struct stage *st, uint32_t tag, uint32_t tries)
{
	st->s.pending = true;
	st->s.request = (struct sess_request){ .type = WIRE_REPORT, .flow = 1 << 16 };
	st->s.scrub_tag = tag;
	st->s.tries = tries;
}

#endif
