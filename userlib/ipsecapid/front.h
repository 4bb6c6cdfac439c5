/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front: sessions, flows and their status pages. It has no capability; all it knows comes
 * from the scrubber, the applier, an unprivileged rtnetlink socket and the workers.
 */
#ifndef IPSECAPID_FRONT_H
#define IPSECAPID_FRONT_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "allowance.h"
#include "audit.h"
#include "counters.h"
#include "enforce.h"
#include "ike.h"
#include "keeper.h"
#include "latches.h"
#include "marks.h"
#include "policy.h"
#include "routes.h"
#include "session.h"
#include "tables.h"
#include "verdict.h"

#define WHY_MAX		8	/* per ring */
/* One for each direction, and what the IKE daemon does about it. */
#define WHY_IKE		2
#define WHY_RINGS	3
#define REPORT_TRIES	4

struct why_ring {
	struct ipsecapi_why at[WHY_MAX];	/* newest first */
	uint32_t n;
};

struct flow {
	uint32_t id;		/* slot | generation << 16; 0: slot is free */
	uint16_t uses;		/* of the slot, makes handles unique */
	bool closed;
	bool track_due;		/* the applier was not told of it yet */
	bool gated;		/* its facts have the gate's mark */
	uint32_t uid;		/* of the message that opened it */
	struct ipsecapi_tuple tuple;
	struct flow_facts facts;
	struct verdict verdict;
	uint32_t latch;		/* enum ipsecapi_latch */
	uint32_t latch_reason;
	char rule[LAYERS][POLICY_NAME];	/* of the system policy, that apply; empty: none */
	uint32_t generation;
	uint64_t read_at;
	struct why_ring why[WHY_RINGS];
};

struct session {
	struct front *front;
	struct session *next;
	sd_event_source *source;
	int channel;
	bool started;
	bool dead;		/* gets no more service */
	bool ended;		/* dead, and has given back what it held */
	bool gone;		/* its worker has ended */
	bool overflow;		/* events were dropped; RESYNC is due */
	uint32_t uid;		/* of the process that connected */
	unsigned int silent_ticks;	/* without HELLO */
	void *page;		/* NULL before HELLO */
	size_t page_size;
	int page_fd;
	struct flow *flows;	/* MAX_FLOWS_SESSION, from HELLO on */
	/* the one request that waits for evidence */
	bool pending;
	struct sess_request request;
	uint32_t sync_needed;	/* number of the dump that comes first, or 0 */
	uint32_t scrub_tag;
	uint32_t tries;
	uint64_t began;		/* when it came; evidence must not be older */
	uint64_t deadline;
	int passed;		/* descriptor that came with it, or -1 */
	uint32_t ticket;	/* of the message that the applier owes an answer to, or 0 */
	uint32_t waits_for;	/* what a latch that is being given will wait for, or NONE */
};

/* What the IKE daemon is asked for latches that wait. */
struct calling {
	bool asked;			/* it owes an answer */
	struct ike_question question;	/* to this */
	uint32_t uid;			/* for a latch of this user */
	char rule[POLICY_NAME];		/* which lets that one have the peer called */
	struct allowance allowance;	/* of negotiations */
};

struct front {
	sd_event *event;
	int keeper, scrubber, applier, reader, ike;
	struct policy *policy;		/* of the system, in force */
	uint32_t policy_generation;	/* how often another came */
	uint32_t policy_mistakes;	/* of one that was refused since */
	struct tables tables;		/* in force */
	struct tables incoming;		/* being received */
	uint32_t incoming_generation;
	bool incoming_failed;
	struct links links;
	struct latch_set latches;
	struct marks marks;
	struct enforcing enforcing;
	struct calling calling;
	uint32_t next_ticket;
	uint32_t ike_sockets;
	bool socket_policies;		/* some exist: the count above matters */
	bool count_due;			/* the applier was not asked for it yet */
	sd_event_source *applier_source;
	sd_event_source *keeper_source;	/* new sessions; off until the latches are judged */
	uint32_t generation;		/* of what host and rule answer from */
	struct session *sessions;
	sd_event_source *links_source;
	sd_event_source *tick;
	unsigned int ticks;
	sd_event_source *settle;	/* dumps again after a link event */
	unsigned int settling;
	uint32_t next_tag;
	uint64_t asked_at;		/* since when the scrubber owes an answer, or 0 */
	uint32_t asked_tag;		/* of the newest request */
	uint32_t units_tag;		/* of the request that has units asked, or 0 */
	uint32_t sync_tag;		/* of the dump that is on its way, or 0 */
	uint32_t syncs, syncs_done;	/* dumps asked for and answered */
	uint64_t sync_at;		/* when the last was asked for */
	uint64_t sync_pause;		/* until when none is */
	bool sync_due;			/* another is wanted */
	sd_event_source *sync_timer;
	bool sa_changed;		/* by what was read since the last answer */
	bool unread;			/* the scrubber answered, but that it could not read */
	bool stale;			/* that, or it does not answer: there is no current evidence */
	bool ready;
	struct allowance records;	/* of the log */
	struct counters counters;	/* the upper part: the rest is found when somebody asks */
	sd_event_source *figures;	/* NULL: nobody asks */
	int figures_channel;
};

/* front.c */
/* Its channels to the others. */
struct front_ends {
	int keeper, scrubber, applier, reader, ike;
};

/* @policy: of the system, to free(); the reader sends others. */
int front_main(const struct front_ends *ends, struct policy *policy, const struct marks *marks);
void front_world(struct front *f, struct world *w);
/* Serve clients, if what earlier lives left was found and judged. */
void front_open(struct front *f);
/* Say that the broker works, once the kernel's tables are read and it holds the policy's rules. */
void front_begin(struct front *f);

/* asking.c: what the scrubber is asked */
int asking_open(struct front *f);
/*
 * Want a dump that begins now or later. Returns its number: it has come when the front's
 * syncs_done is that far.
 */
uint32_t front_sync(struct front *f);
/* Have what was announced taken in, and looked for what is not: less than a dump if nothing changed. */
void front_look(struct front *f);
/* Ask for SAs again. Returns the tag that the answer will carry, 0 when none will come. */
uint32_t front_read(struct front *f, const uint32_t *sas, uint32_t n);
/* An answer with this tag, or 0, has come. */
void asking_answered(struct front *f, uint32_t tag);
static inline bool front_synced(const struct front *f, uint32_t number)
{
	return (int32_t)(f->syncs_done - number) >= 0;
}

/* evidence.c: what comes from the scrubber and from link events */
int evidence_from_scrubber(struct front *f);
void evidence_links_changed(struct front *f);
/* Another policy is in force: what is known is to be judged by it. */
void evidence_policy_changed(struct front *f);
/* See what links are like now: IPsec is switched off on one without an event. */
void evidence_look(struct front *f);
/* Have the units asked that flows rest on and no dump asked. */
void evidence_ask_units(struct front *f);

/* sessions.c */
int session_add(struct front *f, int channel);
void sessions_reap(struct front *f);
void sessions_expire(struct front *f);
void session_reply(struct session *s, const struct sess_request *req, int32_t status,
		   uint32_t reason, const void *data, size_t length, uint32_t flow);
void session_event(struct session *s, uint32_t type, uint32_t reason, uint32_t flow);
uint32_t sessions_flows_of(const struct front *f, uint32_t uid);

/* refusals.c: what was refused, and to whom */
/* May a record with these fields be written? If not, that one is left out is counted. */
bool record_due(struct front *f, struct audit_fields *fields);
void refusal_note(struct front *f, uint32_t uid, uint32_t reason);
/* The user got less than rules accept, as they let. */
void grant_note(struct front *f, uint32_t uid);
/* Of whom records were left out lately is told, once they are quiet. */
void refusals_tell(struct front *f);

/* staleness.c: is there current evidence? @why: in words, for the administrator. */
void evidence_lost(struct front *f, const char *why);
void evidence_back(struct front *f);

/* figures.c: what is counted, for the process that shows it */
void figures_begin(struct counters *c);
void figures_dump(struct counters *c, uint64_t ns);
/* Answer whoever asks there, and nobody else any more. Takes the channel unless it fails. */
int figures_channel(struct front *f, int channel);

/* pages.c */
int page_create(struct session *s);
struct slot *page_slot(struct session *s, const struct flow *flow);
void page_write(struct session *s, const struct flow *flow);
void page_renew(struct session *s, uint64_t until);

/* flows.c */
void flow_open(struct session *s, const struct sess_request *req);
void flow_close(struct session *s, const struct sess_request *req);
void flow_end(struct session *s, struct flow *flow);
struct flow *flow_find(struct session *s, const struct sess_request *req);
void flow_judge(struct session *s, struct flow *flow, const struct world *w);
/* A direction of it misses an SA. */
bool flow_waits(const struct flow *flow);
void flows_judge(struct front *f, bool routes);
/* Those of one socket. */
void flows_judge_socket(struct front *f, uint64_t cookie);
void flows_event(struct front *f, uint64_t cookie, uint32_t type, uint32_t reason);
void flows_gone(struct front *f, uint64_t cookie);
/* The socket has these ends now: flows that have others end. */
void flows_moved(struct front *f, const struct ipsecapi_tuple *t);
bool flows_waiting(const struct front *f);
bool flows_exist(const struct front *f);

/* tracking.c: what the applier is told and asked */
/* Returns false when the applier is behind: the same is to be told again. */
bool tracking_tell(struct front *f, const struct apply_msg *m);
bool tracking_send(struct front *f, const void *m, size_t size);
/* Have tracking_resume() called when there is room. */
void tracking_wait(struct front *f);
void tracking_begin(struct front *f, struct flow *flow);
void tracking_end(struct front *f, uint64_t cookie);
void tracking_count_ike(struct front *f);
void tracking_resume(struct front *f);

/* reports.c: requests that wait for fresh evidence */
#define REPORT_NS	1500000000ull
/* Have evidence read for the session's request. @sync: all of it. */
void report_wait(struct session *s, bool sync);
/* All tables were read whole, and after the session's request came. */
bool report_tables_fresh(const struct session *s);
void report_begin(struct session *s, const struct sess_request *req);
void host_begin(struct session *s, const struct sess_request *req);
void reports_progress(struct front *f, const struct rec_end *end);
void reports_synced(struct front *f);
void reports_expire(struct front *f, uint64_t now);

/* tickets.c: requests whose descriptor goes to the applier */
/* A number for a message that is to be answered; never 0. */
uint32_t ticket_new(struct front *f);
void ticket_begin(struct session *s, const struct sess_request *req, int fd);
/* Close the descriptor, if it is still here. */
void ticket_release(struct session *s);
void ticket_refuse(struct session *s, int err, uint32_t reason);
/* Send descriptor and message, which gets its ticket. False: it was refused, for the applier is behind. */
bool ticket_send(struct session *s, struct apply_msg *m);
/* Whose it was, and waits no more; NULL when nobody waits. */
struct session *ticket_answered(struct front *f, uint32_t ticket);

/* requires.c: latches, for those who ask; @fd is theirs to close */
void require_begin(struct session *s, const struct sess_request *req, int fd);
void relax_begin(struct session *s, const struct sess_request *req, int fd);
void accept_begin(struct session *s, const struct sess_request *req, int fd);
/* Is it one of the two that give a latch? */
bool require_is(const struct sess_request *req);
/* Have the SAs read that the answer rests on. */
void require_ask(struct session *s);
void require_finish(struct session *s, bool read);
void requires_applied(struct front *f, const struct apply_msg *m);

/* calling.c: the IKE daemon, for latches that wait */
/* Ask it for the latch that waits longest to be asked for, if any is due. */
void calling_look(struct front *f);
/* Returns 0, or a negative errno when its process is lost. */
int calling_answered(struct front *f);

/* reload.c: the policy is read again, for those who ask */
void reload_begin(struct session *s, const struct sess_request *req);
/* What came of a reading; @ticket: of who asked, or 0. */
void reload_ended(struct front *f, uint32_t ticket, enum front_says how);

/* confine.c: cgroups, for those who ask; @fd is theirs to close */
void confine_begin(struct session *s, const struct sess_request *req, int fd);
void confine_applied(struct front *f, const struct apply_msg *m);

/* answers.c: everything that is answered at once */
/* @fd: descriptor that came with it, or -1; it is closed. */
void answer(struct session *s, const struct sess_request *req, int fd);
void answer_host(struct session *s, const struct sess_request *req, bool read);
/* Add the figures of policies and SAs. */
void host_count(const struct tables *t, struct ipsecapi_host *h);

#endif
