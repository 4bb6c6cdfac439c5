// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom the IKE daemon is asked to call (api-rules 31): peers that a rule marks, for as much as a
 * user may have called, in the order in which latches wait; with a front alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/xfrm.h>

#include "../ipsecapid/channel.h"
#include "../ipsecapid/front.h"
#include "../ipsecapid/ike.h"
#include "shipped.h"
#include "unit.h"

#define USER 1000

static struct front f;
static struct policy policy;
static int ike;

static void begin(const char *rules)
{
	int sv[2];

	memset(&f, 0, sizeof(f));
	assert_return_code(build_policy(&policy, rules, stderr), errno);
	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), errno);
	f.policy = &policy;
	f.ike = sv[0];
	f.ready = true;
	ike = sv[1];
	f.scrubber = f.applier = f.keeper = -1;
	f.links = (struct links){ .events = -1, .query = -1, .inet = -1, .all_no_xfrm4 = -1, .all_no_policy4 = -1,
				  .all_no_policy6 = -1 };
}

static void end(void)
{
	uint64_t cookie;

	for (cookie = 1; cookie < 200; cookie++)
		latches_drop(&f, cookie);
	free(f.latches.ids);
	close(f.ike);
	close(ike);
}

/* Of a socket that is yet to be connected, to port @cookie. */
static struct latch *waits(uint64_t cookie, uint32_t uid)
{
	const struct latch_record r = {
		.version = LATCH_RECORD_VERSION, .id = LATCH_ID_MARK << 32 | (uint32_t)cookie, .uid = uid, .owner = uid,
		.tuple = { .cookie = cookie, .family = AF_INET, .protocol = IPPROTO_TCP, .local = { 192, 0, 2, 1 },
			   .local_port = htons(40000) },
		.want = { .family = AF_INET, .port = htons(cookie), .address = { 192, 0, 2, 2 } }, .waiting = 1,
	};
	struct latch *l = latches_put(&f, &r, latches_free_slot(&f));

	assert_non_null(l);
	l->reason = IPSECAPI_REASON_NO_SA;	/* as it was judged */
	return l;
}

static bool question(struct ike_question *q)
{
	return chan_recv(ike, q, sizeof(*q), NULL, MSG_DONTWAIT) == sizeof(*q);
}

static void reply(uint64_t cookie, uint32_t reason)
{
	const struct ike_answer a = { .cookie = cookie, .reason = reason,
				      .begun = reason == IPSECAPI_REASON_IKE_STARTED };

	assert_return_code(chan_send(ike, &a, sizeof(a), -1, 0), errno);
	assert_int_equal(calling_answered(&f), 0);
}

#define CALLABLE "[application a]\nuse = weak\nremote = 192.0.2.2\nremote-port = 1-100\nuser = 1000, 1001\ncallable = yes\n"

static void only_where_a_rule_lets(void **state)
{
	struct ike_question q;

	(void)state;
	begin(CALLABLE);
	waits(80, USER);
	calling_look(&f);
	assert_true(question(&q));
	assert_int_equal(q.cookie, 80);
	assert_int_equal(q.family, AF_INET);
	assert_int_equal(q.protocol, IPPROTO_TCP);
	assert_int_equal(q.local_port, 40000);
	assert_int_equal(q.peer_port, 80);
	assert_memory_equal(q.local, ((uint8_t[]){ 192, 0, 2, 1 }), 4);
	assert_memory_equal(q.peer, ((uint8_t[]){ 192, 0, 2, 2 }), 4);
	assert_int_equal(q.instead, IPSECAPI_REASON_NONE);
	reply(80, IPSECAPI_REASON_IKE_STARTED);
	waits(101, USER);	/* another port */
	calling_look(&f);
	assert_true(question(&q));
	assert_int_equal(q.instead, IPSECAPI_REASON_IKE_NOT_CALLABLE);
	reply(101, IPSECAPI_REASON_IKE_NOT_CALLABLE);
	waits(81, USER + 2);	/* another user */
	calling_look(&f);
	assert_true(question(&q));
	assert_int_equal(q.instead, IPSECAPI_REASON_IKE_NOT_CALLABLE);
	end();
}

static void a_rule_that_comes_first_decides(void **state)
{
	struct ike_question q;

	(void)state;
	begin(CALLABLE "[application first]\nuse = weak\nremote-port = 80\npriority = 1\n");
	waits(80, USER);
	calling_look(&f);
	assert_true(question(&q));
	assert_int_equal(q.instead, IPSECAPI_REASON_IKE_NOT_CALLABLE);
	end();
}

/* What was found is no call: it costs nothing. */
static void a_user_has_so_many_called(void **state)
{
	struct ike_question q;
	uint32_t i;

	(void)state;
	begin(CALLABLE);
	for (i = 1; i <= allowance_calls.burst + 2; i++) {
		waits(i, USER);
		calling_look(&f);
		assert_true(question(&q));
		assert_int_equal(q.cookie, i);
		assert_int_equal(q.instead, i <= allowance_calls.burst + 1 ? IPSECAPI_REASON_NONE :
									      IPSECAPI_REASON_IKE_LIMIT);
		reply(i, i == 1 ? IPSECAPI_REASON_IKE_UNDER_WAY : IPSECAPI_REASON_IKE_STARTED);
	}
	waits(99, USER + 1);	/* another has his own */
	calling_look(&f);
	assert_true(question(&q));
	assert_int_equal(q.instead, IPSECAPI_REASON_NONE);
	end();
}

/* Whatever it said to that: it may go on when nobody waits for it any more. */
static void what_was_begun_is_paid(void **state)
{
	struct ike_answer a = { .reason = IPSECAPI_REASON_IKE_SILENT, .begun = 1 };
	struct ike_question q;
	uint32_t i;

	(void)state;
	begin(CALLABLE);
	for (i = 1; i <= allowance_calls.burst + 1; i++) {
		waits(i, USER);
		calling_look(&f);
		assert_true(question(&q));
		assert_int_equal(q.instead, i <= allowance_calls.burst ? IPSECAPI_REASON_NONE : IPSECAPI_REASON_IKE_LIMIT);
		a.cookie = i;
		assert_return_code(chan_send(ike, &a, sizeof(a), -1, 0), errno);
		assert_int_equal(calling_answered(&f), 0);
	}
	end();
}

static void one_at_a_time_and_in_order(void **state)
{
	struct ike_question q;
	struct latch *l;

	(void)state;
	begin(CALLABLE);
	l = waits(3, USER);
	l->call_at = 20;
	l = waits(1, USER);
	l->call_at = 10;
	calling_look(&f);
	calling_look(&f);
	assert_true(question(&q));
	assert_int_equal(q.cookie, 1);
	assert_false(question(&q));
	reply(1, IPSECAPI_REASON_IKE_NO_CONNECTION);	/* then the next goes at once */
	assert_true(question(&q));
	assert_int_equal(q.cookie, 3);
	reply(3, IPSECAPI_REASON_IKE_NO_CONNECTION);	/* and both have been asked for lately */
	calling_look(&f);
	assert_false(question(&q));
	waits(1, USER);		/* nor is who asks again asked for again */
	calling_look(&f);
	assert_false(question(&q));
	end();
}

/* Who has many that wait does not keep others from being asked for. */
static void users_take_turns(void **state)
{
	static const uint64_t turns[] = { 1, 11, 21, 2, 12, 22, 3, 4 };
	struct ike_question q;
	uint64_t cookie;
	size_t i;

	(void)state;
	begin(CALLABLE);
	for (cookie = 1; cookie <= 4; cookie++)
		waits(cookie, USER)->call_at = cookie;
	for (cookie = 11; cookie <= 12; cookie++)
		waits(cookie, USER + 1)->call_at = cookie;
	for (cookie = 21; cookie <= 22; cookie++)
		waits(cookie, UINT32_MAX - 1)->call_at = cookie;
	calling_look(&f);
	for (i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		assert_true(question(&q));
		assert_int_equal(q.cookie, turns[i]);
		reply(q.cookie, IPSECAPI_REASON_IKE_UNDER_WAY);
	}
	assert_false(question(&q));
	end();
}

/* Nobody is there, for whomever it is asked: one question is enough. */
static void a_daemon_that_is_not_there_is_so_for_all(void **state)
{
	struct ike_question q;
	uint64_t cookie;

	(void)state;
	begin(CALLABLE);
	for (cookie = 1; cookie <= 9; cookie++)
		waits(cookie, USER + cookie);
	calling_look(&f);
	assert_true(question(&q));
	reply(q.cookie, IPSECAPI_REASON_IKE_ABSENT);
	assert_false(question(&q));
	for (cookie = 1; cookie <= 9; cookie++)
		assert_int_equal(latches_find(&f, cookie)->ike, IPSECAPI_REASON_IKE_ABSENT);
	end();
}

/* Of a tunnel it is the other end that is called, not who is behind it. */
static void the_end_of_a_tunnel_is_called(void **state)
{
	struct ike_question q;
	struct latch *l;

	(void)state;
	begin(CALLABLE);
	l = waits(1, USER);
	calling_look(&f);
	assert_true(question(&q));
	assert_false(q.tunnel);
	assert_int_equal(q.called_family, AF_INET);
	assert_memory_equal(q.called, q.peer, 16);
	reply(1, IPSECAPI_REASON_IKE_NO_CONNECTION);
	l->call_at = 0;
	l->record.spd[DIR_OUT] = (struct latch_spd){ .family = AF_INET6, .mode = XFRM_MODE_TUNNEL, .daddr = { 0x20, 1 } };
	calling_look(&f);
	assert_true(question(&q));
	assert_true(q.tunnel);
	assert_int_equal(q.called_family, AF_INET6);
	assert_memory_equal(q.called, l->record.spd[DIR_OUT].daddr, 16);
	end();
}

static void only_latches_that_lack_sas(void **state)
{
	struct ike_question q;
	struct latch *l;

	(void)state;
	begin(CALLABLE);
	l = waits(5, USER);
	l->reason = IPSECAPI_REASON_OUTSIDE_CLASS;	/* there are some, which won't do */
	l = waits(6, USER);
	l->reason = IPSECAPI_REASON_NO_POLICY;
	l = waits(1, USER);
	l->ready = true;
	l = waits(2, USER);
	l->state = IPSECAPI_LATCH_BROKEN;
	l = waits(3, USER);
	l->state = IPSECAPI_LATCH_ESTABLISHED;
	l = waits(4, USER);
	l->state = IPSECAPI_LATCH_LISTENER;
	calling_look(&f);
	assert_false(question(&q));
	/* nor as long as nothing is known */
	waits(7, USER);
	f.stale = true;
	calling_look(&f);
	f.stale = f.ready = false;
	calling_look(&f);
	assert_false(question(&q));
	f.ready = true;
	calling_look(&f);
	assert_true(question(&q));
	end();
}

/* Who ends a socket has had the peer called all the same. */
static void an_end_pays_nothing_back(void **state)
{
	struct ike_question q;
	uint32_t i;

	(void)state;
	begin(CALLABLE);
	for (i = 1; i <= allowance_calls.burst; i++) {
		waits(i, USER);
		calling_look(&f);
		assert_true(question(&q));
		assert_int_equal(q.instead, IPSECAPI_REASON_NONE);
		latches_drop(&f, i);
		reply(i, IPSECAPI_REASON_IKE_STARTED);
	}
	waits(99, USER);
	calling_look(&f);
	assert_true(question(&q));
	assert_int_equal(q.instead, IPSECAPI_REASON_IKE_LIMIT);
	end();
}

static void answers_are_for_what_was_asked(void **state)
{
	const struct ike_answer other = { .cookie = 2, .reason = IPSECAPI_REASON_IKE_STARTED };
	struct ike_question q;
	struct latch *l;

	(void)state;
	begin(CALLABLE);
	l = waits(1, USER);
	calling_look(&f);
	assert_true(question(&q));
	l->facts.peer_port = htons(2);	/* it was required for another peer meanwhile */
	reply(1, IPSECAPI_REASON_IKE_UNDER_WAY);
	assert_int_equal(l->ike, 0);
	l->call_at = 0;
	calling_look(&f);
	assert_true(question(&q));
	assert_return_code(chan_send(ike, &other, sizeof(other), -1, 0), errno);
	assert_int_equal(calling_answered(&f), -EPROTO);
	end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(only_where_a_rule_lets),
	cmocka_unit_test(a_rule_that_comes_first_decides),
	cmocka_unit_test(a_user_has_so_many_called),
	cmocka_unit_test(what_was_begun_is_paid),
	cmocka_unit_test(one_at_a_time_and_in_order),
	cmocka_unit_test(users_take_turns),
	cmocka_unit_test(a_daemon_that_is_not_there_is_so_for_all),
	cmocka_unit_test(the_end_of_a_tunnel_is_called),
	cmocka_unit_test(only_latches_that_lack_sas),
	cmocka_unit_test(an_end_pays_nothing_back),
	cmocka_unit_test(answers_are_for_what_was_asked),
};

RUN(tests)
