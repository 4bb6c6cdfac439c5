// SPDX-License-Identifier: GPL-2.0-or-later
/* What the front makes of what the scrubber sends. */
#include "stage.h"

/* The front's next request, or type 0 when it has none. */
static struct scrub_request asked(const struct stage *st)
{
	struct scrub_request req = { 0 };

	chan_recv(st->scrubber, &req, sizeof(req), NULL, MSG_DONTWAIT);
	return req;
}

static unsigned int events(const struct stage *st)
{
	struct sess_reply r;
	unsigned int n = 0;

	while (chan_recv(st->client, &r, sizeof(r), NULL, MSG_DONTWAIT) == sizeof(r))
		n += r.type == WIRE_EVENT && r.event == IPSECAPI_EVENT_CHANGED;
	return n;
}

#define SAYS(st, e, r) do { \
	int dir_; \
	for (dir_ = 0; dir_ < 2; dir_++) { \
		const struct ipsecapi_direction *d_ = &(st)->s.flows[0].verdict.dir[dir_]; \
		assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_ENFORCED, d_->enforced_by), e); \
		assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_REASON, d_->reason), r); \
	} \
} while (0)

/* What the front does first when a link has fallen must not wait for the kernel. */
static void a_fallen_link_is_judged_before_links_are_read(void **state)
{
	struct stage st;

	(void)state;
	set_stage(&st);
	dump(&st, UNIT_KNOWS, 0, 5);
	SAYS(&st, "hw-packet", "none");
	st.link[1].up = false;	/* as its event has it; reading fails here */
	st.f.links.fell = true;
	evidence_links_changed(&st.f);
	assert_int_equal(st.s.flows[0].why[0].at[1].reason, IPSECAPI_REASON_LINK_DOWN);
	assert_int_equal(asked(&st).type, REQ_SYNC);
	end_stage(&st);
}

static void a_unit_that_no_dump_asked_is_asked(void **state)
{
	struct scrub_request req;
	struct stage st;
	int dir;

	(void)state;
	set_stage(&st);
	dump(&st, UNIT_NOT_ASKED, 0, 5);
	SAYS(&st, "unknown", "not-yet");
	req = asked(&st);
	assert_true(req.type == REQ_READ && req.count == 2 && req.generation == st.generation);
	for (dir = 0; dir < 2; dir++)
		give_sa(&st, REC_READ_SA, dir, UNIT_KNOWS);
	give_end(&st, REC_READ_END, req.tag, 0, 6);
	SAYS(&st, "hw-packet", "none");
	assert_int_equal(events(&st), 1);
	assert_int_equal(asked(&st).type, 0);
	end_stage(&st);
}

static void a_dump_that_asked_no_unit_is_no_change(void **state)
{
	struct scrub_request req;
	uint32_t generation;
	struct stage st;
	int dir;

	(void)state;
	set_stage(&st);
	dump(&st, UNIT_KNOWS, 0, 5);
	SAYS(&st, "hw-packet", "none");
	generation = st.f.generation;
	dump(&st, UNIT_NOT_ASKED, 0, 7);
	SAYS(&st, "hw-packet", "none");
	assert_int_equal(st.s.flows[0].read_at, 5);	/* when that was true */
	req = asked(&st);
	assert_int_equal(req.type, REQ_READ);
	for (dir = 0; dir < 2; dir++)
		give_sa(&st, REC_READ_SA, dir, UNIT_KNOWS);
	give_end(&st, REC_READ_END, req.tag, 0, 8);
	SAYS(&st, "hw-packet", "none");
	assert_int_equal(st.s.flows[0].read_at, 7);
	assert_int_equal(events(&st), 0);
	assert_int_equal(st.f.generation, generation);
	/* and when the unit knows better by now */
	dump(&st, UNIT_NOT_ASKED, 0, 9);
	req = asked(&st);
	for (dir = 0; dir < 2; dir++)
		give_sa(&st, REC_READ_SA, dir, UNIT_UNKNOWN_SA);
	give_end(&st, REC_READ_END, req.tag, 0, 10);
	SAYS(&st, "unknown", "unit-disagrees");
	assert_int_equal(events(&st), 1);
	end_stage(&st);
}

/* More than one request's worth is asked for bit by bit. */
static void all_flows_have_their_units_asked(void **state)
{
	struct scrub_request req;
	struct stage st;
	struct record r;
	uint32_t i, k, n = 0;

	(void)state;
	set_stage(&st);
	st.generation = 1;
	r = new_record(&st, REC_BEGIN, 0);
	give(&st, &r);
	give_policy(&st, DIR_OUT);
	for (i = 0; i < READ_MAX + 2; i++) {
		st.s.flows[i] = st.s.flows[0];
		st.s.flows[i].id = 1 << 16 | i;
		st.s.flows[i].facts.peer[3] = st.s.flows[i].facts.local[3] = 20 + i;
		give_sa(&st, REC_SA, DIR_OUT, UNIT_NOT_ASKED);
	}
	give_end(&st, REC_END, 0, 0, 5);
	/* one SA each, made here because the record's addresses are the same */
	for (i = 0; i < READ_MAX + 2; i++) {
		struct verdict *v = &st.s.flows[i].verdict;

		v->sa[0] = i;
		v->n_sas = 1;
	}
	evidence_ask_units(&st.f);
	for (k = 0; k < 3; k++) {
		req = asked(&st);
		if (!req.type)
			break;
		n += req.count;
		for (i = 0; i < req.count; i++)
			st.f.tables.sas[req.index[i]].unit = UNIT_KNOWS;
		give_end(&st, REC_READ_END, req.tag, 0, 6);
	}
	assert_int_equal(n, READ_MAX + 2);
	end_stage(&st);
}

static void what_could_not_be_read_is_no_answer(void **state)
{
	struct stage st;

	(void)state;
	set_stage(&st);
	dump(&st, UNIT_KNOWS, 0, 5);
	SAYS(&st, "hw-packet", "none");
	st.f.asked_at = 1;	/* the answer comes in time, but it is none */
	dump(&st, UNIT_KNOWS, -ENOMEM, 6);
	SAYS(&st, "unknown", "evidence-stale");
	give_end(&st, REC_READ_END, 1, 0, 7);
	SAYS(&st, "unknown", "evidence-stale");
	dump(&st, UNIT_KNOWS, 0, 8);
	SAYS(&st, "hw-packet", "none");
	/* an SA that could not be read again */
	give_end(&st, REC_READ_END, 2, -EAGAIN, 9);
	SAYS(&st, "hw-packet", "none");
	give_end(&st, REC_READ_END, 3, -EMSGSIZE, 9);
	SAYS(&st, "unknown", "evidence-stale");
	dump(&st, UNIT_KNOWS, 0, 10);
	SAYS(&st, "hw-packet", "none");
	end_stage(&st);
}

static void a_report_that_could_not_be_read_says_so(void **state)
{
	struct ipsecapi_report rep;
	struct sess_reply r;
	struct stage st;

	(void)state;
	set_stage(&st);
	dump(&st, UNIT_KNOWS, 0, 5);
	ask_report(&st, 77, 0);
	give_end(&st, REC_READ_END, 77, 0, 6);
	r = replied(&st);
	memcpy(&rep, r.data, sizeof(rep));
	assert_int_equal(rep.dir[0].enforced_by, IPSECAPI_ENFORCED_HW_PACKET);
	assert_int_equal(rep.read_at, 6);
	/* the tables moved on each time */
	ask_report(&st, 78, REPORT_TRIES - 1);
	give_end(&st, REC_READ_END, 78, -EAGAIN, 7);
	r = replied(&st);
	memcpy(&rep, r.data, sizeof(rep));
	assert_int_equal(rep.dir[0].enforced_by, IPSECAPI_ENFORCED_UNKNOWN);
	assert_int_equal(rep.dir[1].reason, IPSECAPI_REASON_EVIDENCE_STALE);
	SAYS(&st, "hw-packet", "none");
	/* no answer came at all */
	ask_report(&st, 79, 0);
	st.s.deadline = 9;
	reports_expire(&st.f, 10);
	r = replied(&st);
	memcpy(&rep, r.data, sizeof(rep));
	assert_int_equal(rep.dir[0].reason, IPSECAPI_REASON_EVIDENCE_STALE);
	ask_report(&st, 80, 0);
	st.s.request.type = WIRE_HOST;
	reports_expire(&st.f, 10);
	assert_int_equal(replied(&st).status, -EAGAIN);
	end_stage(&st);
}

/* The tables moved on: is the flow's part to be read again, or does the dump answer already? */
static bool is_answered(struct stage *st, uint64_t began)
{
	struct scrub_request req;
	struct sess_reply r;

	while (asked(st).type)
		;
	ask_report(st, 77, 0);
	st->s.began = began;
	give_end(st, REC_READ_END, 77, -EAGAIN, 30);
	req = asked(st);
	if (req.type) {
		assert_true(req.type == REQ_READ && req.count == 2 && st->s.pending);
		return false;
	}
	r = replied(st);
	assert_true(!r.status && !st->s.pending);
	return true;
}

static void a_dump_that_began_after_the_question_answers_it(void **state)
{
	struct ipsecapi_report rep;
	struct sess_reply r;
	struct stage st;

	(void)state;
	set_stage(&st);
	dump(&st, UNIT_KNOWS, 0, 20);
	assert_false(is_answered(&st, 21));
	assert_true(is_answered(&st, 20));
	assert_int_equal(st.s.flows[0].read_at, 20);
	torn = true;
	dump(&st, UNIT_KNOWS, 0, 22);
	torn = false;
	assert_false(is_answered(&st, 20));
	dump(&st, UNIT_NOT_ASKED, 0, 24);
	assert_false(is_answered(&st, 20));
	/* nor is anything else read for one that waited for a dump */
	dump(&st, UNIT_KNOWS, 0, 26);
	while (asked(&st).type)
		;
	ask_report(&st, 0, 0);
	st.s.began = 27;
	st.s.sync_needed = 1;
	st.f.syncs_done = 1;
	dump(&st, UNIT_KNOWS, 0, 28);
	r = replied(&st);
	memcpy(&rep, r.data, sizeof(rep));
	assert_true(rep.read_at == 28 && rep.dir[0].enforced_by == IPSECAPI_ENFORCED_HW_PACKET);
	assert_int_equal(asked(&st).type, 0);
	end_stage(&st);
}

static void without_evidence_nothing_is_told_of_the_host(void **state)
{
	static const uint32_t types[] = { WIRE_RULE, WIRE_INTERFACE };
	struct sess_request req = { 0 };
	struct ipsecapi_caps caps;
	struct sess_reply r;
	struct stage st;
	size_t i;

	(void)state;
	set_stage(&st);
	for (i = 0; i < 2; i++) {
		req.type = types[i];
		answer(&st.s, &req, -1);
		assert_int_equal(replied(&st).status, -EAGAIN);	/* not yet */
	}
	dump(&st, UNIT_KNOWS, 0, 5);
	for (i = 0; i < 2; i++) {
		req.type = types[i];
		answer(&st.s, &req, -1);
		assert_int_equal(replied(&st).status, 0);
	}
	dump(&st, UNIT_KNOWS, -ENOMEM, 6);
	for (i = 0; i < 2; i++) {
		req.type = types[i];
		answer(&st.s, &req, -1);
		r = replied(&st);
		assert_true(r.status == -EAGAIN && r.reason == IPSECAPI_REASON_EVIDENCE_STALE);
	}
	req.type = WIRE_CAPS;
	answer(&st.s, &req, -1);
	r = replied(&st);
	memcpy(&caps, r.data, sizeof(caps));
	assert_true(!r.status && !caps.evidence && caps.max_flows_session);
	end_stage(&st);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_could_not_be_read_is_no_answer),
	cmocka_unit_test(a_report_that_could_not_be_read_says_so),
	cmocka_unit_test(a_dump_that_began_after_the_question_answers_it),
	cmocka_unit_test(without_evidence_nothing_is_told_of_the_host),
	cmocka_unit_test(a_fallen_link_is_judged_before_links_are_read),
	cmocka_unit_test(a_unit_that_no_dump_asked_is_asked),
	cmocka_unit_test(a_dump_that_asked_no_unit_is_no_change),
	cmocka_unit_test(all_flows_have_their_units_asked),
};
RUN(tests)
