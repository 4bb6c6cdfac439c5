// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When are clients told that a latch broke, and that it holds again? Not before the applier has
 * said so: api-rules 1 (what is dropped), 9 (the page must not lie), 27 (restart), RFC 5660 2.2.
 * The test is the applier, and no policy or the device's is what breaks and mends.
 */
#include "../ipsecapid/latch_plan.h"
#include "../libipsecapi/wire/slot.h"
#include "stage.h"

#define COOKIE	77

static struct stage st;
static uint64_t read_at;

static struct latch *latch(void)
{
	return latches_find(&st.f, COOKIE);
}

static void policy_there(void)
{
	dump(&st, UNIT_KNOWS, 0, ++read_at);
}

static void policy_gone(void)
{
	dump_begin(&st, UNIT_KNOWS);
	dump_end(&st, 0, ++read_at);
}

/* What would be granted to the stage's flow by what the kernel has now. */
static struct latch_record plan_record(void)
{
	const struct flow_facts *facts = &st.s.flows[0].facts;
	const struct wire_require want = { .class = "strong", .disposition = IPSECAPI_DISPOSITION_WAIT };
	struct latch_record r = { .version = LATCH_RECORD_VERSION, .id = LATCH_ID_MARK << 32 | 5, .want = want };
	struct latch_plan plan;
	struct world w;

	r.tuple = st.s.flows[0].tuple;
	front_world(&st.f, &w);
	assert_int_equal(latch_wanted(st.f.policy, &want, &r.set), IPSECAPI_REASON_NONE);
	latch_plan(&w, facts, &r.set, &plan);
	assert_true(plan.status == PLAN_LATCH && plan.gated);
	r.gated = 1;
	memcpy(r.reqid, plan.reqid, sizeof(r.reqid));
	memcpy(r.spd, plan.spd, sizeof(r.spd));
	return r;
}

/* There is no kernel to ask for the route of what has the gate's mark. */
static void put(const struct latch_record *r)
{
	struct latch *l = latches_put(&st.f, r, 3);
	struct flow *flow = &st.s.flows[0];

	assert_non_null(l);
	l->facts.route = (struct route){ .found = true, .oif = NIC };
	flow->facts.route = l->facts.route;
	flow->facts.mark = st.f.marks.gate;
	flow->gated = true;
}

static int set_up(void **state)
{
	struct latch_record r;
	struct flow *flow;

	(void)state;
	set_stage(&st);
	read_at = 4;
	flow = &st.s.flows[0];
	flow->tuple = (struct ipsecapi_tuple){ .cookie = COOKIE, .family = AF_INET, .protocol = IPPROTO_UDP,
					       .local_port = htons(1), .peer_port = htons(2) };
	memcpy(flow->tuple.local, us, sizeof(us));
	memcpy(flow->tuple.peer, peer, sizeof(peer));
	policy_there();
	r = plan_record();
	put(&r);
	policy_there();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	latches_drop(&st.f, COOKIE);
	free(st.f.latches.ids);
	end_stage(&st);
	return 0;
}

/* --- the applier ---------------------------------------------------------------------------- */

/* What it is told next; type 0: nothing. */
static struct apply_msg heard(void)
{
	struct apply_msg m = { 0 };

	chan_recv(st.applier, &m, sizeof(m), NULL, MSG_DONTWAIT);
	return m;
}

static struct apply_msg hear(uint32_t type)
{
	struct apply_msg m = heard();

	assert_int_equal(m.type, type);
	assert_int_equal(m.tuple.cookie, COOKIE);
	return m;
}

/* Its answer, with a reason if it could not mend. */
static void answer_to(const struct apply_msg *m, uint32_t reason)
{
	const struct apply_msg a = { .type = m->type == APPLY_BREAK ? APPLY_BROKEN : APPLY_MENDED,
				     .ticket = m->ticket, .reason = reason, .tuple.cookie = COOKIE };

	latches_from_applier(&st.f, &a);
}

static void obey(uint32_t type)
{
	const struct apply_msg m = hear(type);

	answer_to(&m, 0);
}

/* --- the client ----------------------------------------------------------------------------- */

/* Events since the last time, in their order; that something changed is not what this is about. */
static const char *events(void)
{
	static char text[256];
	struct sess_reply r;

	*text = 0;
	while (chan_recv(st.client, &r, sizeof(r), NULL, MSG_DONTWAIT) == sizeof(r)) {
		if (r.type != WIRE_EVENT || r.event == IPSECAPI_EVENT_CHANGED)
			continue;
		strcat(strcat(text, *text ? " " : ""), ipsecapi_word(IPSECAPI_WORDS_EVENT, r.event));
	}
	return text;
}

static struct ipsecapi_report report(void)
{
	struct ipsecapi_report r;
	struct sess_reply reply;

	ask_report(&st, 77, 0);
	give_end(&st, REC_READ_END, 77, 0, read_at);
	reply = replied(&st);
	memcpy(&r, reply.data, sizeof(r));
	return r;
}

/* Events, page and report tell the same. */
static void told(const char *happened, uint32_t state, uint32_t protection)
{
	struct ipsecapi_report r;
	struct slot_body page;
	int d;

	assert_string_equal(events(), happened);
	assert_true(slot_read(page_slot(&st.s, &st.s.flows[0]), &page));
	r = report();
	assert_int_equal(page.latch, state);
	assert_int_equal(r.latch, state);
	for (d = 0; d < 2; d++) {
		assert_int_equal(page.dir[d].protection, protection);
		assert_int_equal(r.dir[d].protection, protection);
	}
}

#define HOLDS	IPSECAPI_LATCH_ESTABLISHED, IPSECAPI_PROTECTION_ENCRYPTED
#define DROPPED	IPSECAPI_LATCH_BROKEN, IPSECAPI_PROTECTION_BLOCKED
#define BETWEEN	IPSECAPI_LATCH_BROKEN, IPSECAPI_PROTECTION_UNKNOWN

static void broken(void)
{
	policy_gone();
	obey(APPLY_BREAK);
	told("broken", DROPPED);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void it_holds_again_when_nothing_is_dropped(void **state)
{
	struct apply_msg mend;

	(void)state;
	told("", HOLDS);
	broken();
	policy_there();
	mend = hear(APPLY_MEND);
	told("", BETWEEN);
	policy_there();		/* another reading does not end it, nor ask twice */
	assert_int_equal(heard().type, 0);
	told("", BETWEEN);
	answer_to(&mend, 0);
	told("restored", HOLDS);
	answer_to(&mend, 0);
	told("", HOLDS);
}

static void who_saw_it_broken_is_told_that_it_holds(void **state)
{
	struct apply_msg m;

	(void)state;
	policy_gone();
	m = hear(APPLY_BREAK);
	told("", BETWEEN);
	policy_there();
	answer_to(&m, 0);	/* it was dropped, but maybe is not any more */
	told("", BETWEEN);
	obey(APPLY_MEND);
	told("restored", HOLDS);
}

static void what_breaks_again_meanwhile_stays_broken(void **state)
{
	struct apply_msg mend;

	(void)state;
	broken();
	policy_there();
	mend = hear(APPLY_MEND);
	policy_gone();
	answer_to(&mend, 0);
	told("", BETWEEN);
	obey(APPLY_BREAK);
	told("broken", DROPPED);
}

/* Of a quick break, mend and break the first answer is none to the second. */
static void late_answers_are_none(void **state)
{
	struct apply_msg m[3];
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		if (i % 2)
			policy_there();
		else
			policy_gone();
		m[i] = hear(i % 2 ? APPLY_MEND : APPLY_BREAK);
	}
	for (i = 0; i < 2; i++) {
		answer_to(&m[i], 0);
		told("", BETWEEN);
	}
	answer_to(&m[2], 0);
	told("broken", DROPPED);
}

static void a_drop_that_stays_is_tried_again(void **state)
{
	struct apply_msg mend;

	(void)state;
	broken();
	policy_there();
	mend = hear(APPLY_MEND);
	answer_to(&mend, IPSECAPI_REASON_POLICY_CHANGED);
	told("", DROPPED);
	assert_int_equal(heard().type, 0);	/* not at once: it would fail at once */
	policy_there();
	mend = hear(APPLY_MEND);
	answer_to(&mend, IPSECAPI_REASON_POLICY_CHANGED);
	latches_retry(&st.f);	/* where nothing else has it judged */
	obey(APPLY_MEND);
	told("restored", HOLDS);
}

/* Neither the sets took it nor could the connection be ended. */
static void what_is_not_dropped_is_not_told_to_be(void **state)
{
	struct apply_msg m, failed = { .type = APPLY_BROKEN, .status = -EIO, .tuple.cookie = COOKIE };

	(void)state;
	policy_gone();
	m = hear(APPLY_BREAK);
	failed.ticket = m.ticket;
	latches_from_applier(&st.f, &failed);
	told("", BETWEEN);
	latches_retry(&st.f);
	m = hear(APPLY_BREAK);
	latches_retry(&st.f);	/* the answer is not here yet */
	assert_int_equal(heard().type, 0);
	latches_from_applier(&st.f, &failed);	/* nor is it this one */
	told("", BETWEEN);
	answer_to(&m, 0);
	told("broken", DROPPED);
	latches_retry(&st.f);
	assert_int_equal(heard().type, 0);
}

static void what_is_not_dropped_can_be_mended(void **state)
{
	struct apply_msg m, failed = { .type = APPLY_BROKEN, .status = -EIO, .tuple.cookie = COOKIE };

	(void)state;
	policy_gone();
	m = hear(APPLY_BREAK);
	failed.ticket = m.ticket;
	latches_from_applier(&st.f, &failed);
	policy_there();
	obey(APPLY_MEND);
	told("restored", HOLDS);
}

static void while_nothing_is_known_nothing_is_restored(void **state)
{
	struct apply_msg mend;

	(void)state;
	broken();
	policy_there();
	mend = hear(APPLY_MEND);
	evidence_lost(&st.f, "a test");
	answer_to(&mend, 0);
	assert_string_equal(events(), "");
	assert_int_equal(latch()->state, IPSECAPI_LATCH_BROKEN);
	evidence_back(&st.f);
	told("restored", HOLDS);
}

/* Leave no room for anything. */
static void fill_channel(void)
{
	const struct apply_msg m = { .type = APPLY_COUNT_IKE };

	while (tracking_tell(&st.f, &m))
		;
}

static void drain_channel(void)
{
	while (heard().type == APPLY_COUNT_IKE)
		;
	tracking_resume(&st.f);
}

static void a_full_channel_delays_both(void **state)
{
	(void)state;
	fill_channel();
	policy_gone();
	told("", BETWEEN);
	drain_channel();
	obey(APPLY_BREAK);
	told("broken", DROPPED);
	fill_channel();
	policy_there();
	told("", DROPPED);
	drain_channel();
	obey(APPLY_MEND);
	told("restored", HOLDS);
	/* what the applier never heard of needs no answer */
	fill_channel();
	policy_gone();
	told("", BETWEEN);
	policy_there();
	told("restored", HOLDS);
	drain_channel();
	assert_int_equal(heard().type, 0);
}

/* What the socket has after a request is for the answer to say: until then nothing is told. */
static void a_request_on_its_way_comes_first(void **state)
{
	const struct handed h = { .cookie = COOKIE, .ticket = 1000, .slot = 3 };
	struct apply_msg done = { .type = APPLY_LATCHED, .ticket = 1000, .slot = 3, .tuple.cookie = COOKIE };

	(void)state;
	handed_add(&st.f.latches.handed, &h);
	policy_gone();
	assert_int_equal(heard().type, 0);
	told("", BETWEEN);
	evidence_lost(&st.f, "a test");		/* what was known before is to be done all the same */
	done.status = -EIO;
	latches_from_applier(&st.f, &done);
	obey(APPLY_BREAK);
	assert_string_equal(events(), "broken");
	evidence_back(&st.f);
	told("", DROPPED);
	handed_add(&st.f.latches.handed, &h);
	policy_there();
	assert_int_equal(heard().type, 0);
	told("", DROPPED);
	done.status = 0;
	done.record = latch()->record;
	latches_from_applier(&st.f, &done);
	assert_int_equal(heard().type, 0);
	assert_int_equal(latch()->state, IPSECAPI_LATCH_ESTABLISHED);
	assert_string_equal(events(), "restored");
}

static void one_that_ends_meanwhile_is_told_nothing(void **state)
{
	struct apply_msg mend;

	(void)state;
	broken();
	policy_there();
	mend = hear(APPLY_MEND);
	latches_drop(&st.f, COOKIE);
	flows_gone(&st.f, COOKIE);
	assert_string_equal(events(), "closed");
	answer_to(&mend, 0);
	assert_string_equal(events(), "");
	assert_null(latch());
}

/* What was broken when the last life ended: nobody is served before it passes, if it holds by now. */
static void a_restart_waits_for_it(void **state)
{
	struct latch_record r = latch()->record;
	struct apply_msg mend;

	(void)state;
	latches_drop(&st.f, COOKIE);
	r.broken = IPSECAPI_REASON_POLICY_CHANGED;
	put(&r);
	st.f.latches.loaded = true;
	policy_there();
	mend = hear(APPLY_MEND);
	assert_false(st.f.latches.settled);
	answer_to(&mend, 0);
	assert_true(st.f.latches.settled);
	assert_int_equal(latch()->state, IPSECAPI_LATCH_ESTABLISHED);
}

/* One that can't be dropped is told as it is; the others are served. */
static void a_restart_does_not_wait_for_what_can_t_be(void **state)
{
	struct latch_record r = latch()->record;
	struct apply_msg m, failed = { .type = APPLY_BROKEN, .status = -EIO, .tuple.cookie = COOKIE };
	const struct apply_msg without_sets = { .type = APPLY_RECORDS_END, .count = 0 };

	(void)state;
	latches_drop(&st.f, COOKIE);
	r.broken = IPSECAPI_REASON_POLICY_CHANGED;
	put(&r);
	policy_gone();
	assert_int_equal(heard().type, 0);
	latches_from_applier(&st.f, &without_sets);	/* so what the record says is dropped may not be */
	m = hear(APPLY_BREAK);
	told("", BETWEEN);
	assert_false(st.f.latches.settled);
	failed.ticket = m.ticket;
	latches_from_applier(&st.f, &failed);
	assert_true(st.f.latches.settled);
	assert_int_equal(heard().type, APPLY_SETTLED);
	told("", BETWEEN);
	latches_retry(&st.f);
	obey(APPLY_BREAK);
	told("broken", DROPPED);
}

/* Its ends are others by now: what was dropped is not what it sends. That it speaks IPv4 broke it. */
static void one_that_moves_is_dropped_again(void **state)
{
	struct apply_msg m = { .type = APPLY_MOVED, .tuple = st.s.flows[0].tuple };

	(void)state;
	m.tuple.family = AF_INET6;
	memset(m.tuple.peer + 10, 0xff, 2);
	memset(m.tuple.peer, 0, 10);
	latches_from_applier(&st.f, &m);
	obey(APPLY_BREAK);
	assert_int_equal(latch()->reason, IPSECAPI_REASON_DUAL_STACK);
	assert_int_equal(latch()->drop, DROP_ALL);
	m.tuple.local_port++;
	latches_from_applier(&st.f, &m);
	assert_int_equal(latch()->drop, DROP_UNKNOWN);
	obey(APPLY_BREAK);
	assert_int_equal(latch()->drop, DROP_ALL);
	assert_int_equal(heard().type, 0);
}

#define TEST(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(it_holds_again_when_nothing_is_dropped),
	TEST(who_saw_it_broken_is_told_that_it_holds),
	TEST(what_breaks_again_meanwhile_stays_broken),
	TEST(late_answers_are_none),
	TEST(a_drop_that_stays_is_tried_again),
	TEST(what_is_not_dropped_is_not_told_to_be),
	TEST(what_is_not_dropped_can_be_mended),
	TEST(while_nothing_is_known_nothing_is_restored),
	TEST(a_full_channel_delays_both),
	TEST(a_request_on_its_way_comes_first),
	TEST(one_that_ends_meanwhile_is_told_nothing),
	TEST(a_restart_waits_for_it),
	TEST(a_restart_does_not_wait_for_what_can_t_be),
	TEST(one_that_moves_is_dropped_again),
};
RUN(tests)
