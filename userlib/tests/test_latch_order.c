// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests for one socket by several sessions at once: api-rules 27 (one record for each socket),
 * 32 (the floor is per cookie), and a broker that is busy.
 */
#include "latching.h"

/* Two sessions of one user, and a socket that is a flow of both. */
struct two {
	int raw[2], fd;
	uint32_t flow[2];
};

static void two_open(struct two *t)
{
	int i;

	t->fd = tcp_socket(AF_INET);
	for (i = 0; i < 2; i++) {
		t->raw[i] = raw_hello();
		t->flow[i] = raw_open(t->raw[i], t->fd);
	}
}

static void two_close(struct two *t)
{
	close(t->fd);
	close(t->raw[0]);
	close(t->raw[1]);
}

/* Is there an answer? What happened before is told as well, and is none. */
static bool has_answer(int raw)
{
	struct wire_header hdr;
	uint8_t event[256];

	while (recv(raw, &hdr, sizeof(hdr), MSG_PEEK | MSG_DONTWAIT) == sizeof(hdr)) {
		if (hdr.type != WIRE_EVENT)
			return true;
		CHECK(recv(raw, event, sizeof(event), 0) > 0);
	}
	return false;
}

/* Both ask while the applier can't answer; it goes on as soon as one of them has an answer. */
static void both_ask(struct two *t, uint16_t type, int status[2])
{
	struct pollfd pfd[2] = { { .fd = t->raw[0], .events = POLLIN },
				 { .fd = t->raw[1], .events = POLLIN } };
	pid_t applier = broker_process("ipsecapi-apply");

	stop_process(applier);
	CHECK(send_latch(t->raw[0], type, t->flow[0], t->fd));
	CHECK(send_latch(t->raw[1], type, t->flow[1], t->fd));
	while (!has_answer(t->raw[0]) && !has_answer(t->raw[1]))
		CHECK(poll(pfd, 2, 10000) > 0);
	continue_process(applier);
	status[0] = take_reply(t->raw[0], NULL, NULL);
	status[1] = take_reply(t->raw[1], NULL, NULL);
}

static bool one_of(const int status[2], int err)
{
	return (status[0] == err && status[1] == -EAGAIN) ||
	       (status[1] == err && status[0] == -EAGAIN);
}

static void t_one_socket_one_request(void **state)
{
	pid_t front = broker_process("ipsecapi-front");
	struct latch_record r;
	uint32_t n, reason;
	int status[2];
	struct two t;

	(void)state;
	two_open(&t);
	both_ask(&t, WIRE_REQUIRE, status);
	assert_true(one_of(status, -EINPROGRESS));
	assert_int_equal(record_of(cookie_of(t.fd), &r, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(kernel_holds(r.id).policies, 2);
	/* who was told to come again is served */
	assert_int_equal(raw_latch(t.raw[0], WIRE_REQUIRE, t.flow[0], t.fd, NULL), -EINPROGRESS);
	assert_int_equal(raw_latch(t.raw[1], WIRE_REQUIRE, t.flow[1], t.fd, NULL), -EINPROGRESS);
	assert_int_equal(raw_latch(t.raw[0], WIRE_RELAX, t.flow[0], t.fd, NULL), 0);
	assert_int_equal(raw_latch(t.raw[1], WIRE_RELAX, t.flow[1], t.fd, &reason), -ENOENT);
	assert_int_equal(reason, IPSECAPI_REASON_NOT_LATCHED);
	assert_int_equal(records(), 0);
	assert_int_equal(broker_process("ipsecapi-front"), front);
	two_close(&t);
}

/* The second of two that give up a latch takes nothing away from others. */
static void t_given_up_twice(void **state)
{
	struct latch_record r;
	int status[2], other;
	struct two t, bystander;
	uint32_t n;

	(void)state;
	two_open(&bystander);
	assert_int_equal(raw_latch(bystander.raw[0], WIRE_REQUIRE, bystander.flow[0], bystander.fd,
				   NULL), -EINPROGRESS);
	two_open(&t);
	assert_int_equal(raw_latch(t.raw[0], WIRE_REQUIRE, t.flow[0], t.fd, NULL), -EINPROGRESS);
	both_ask(&t, WIRE_RELAX, status);
	assert_true(one_of(status, 0));
	assert_int_equal(raw_latch(t.raw[0], WIRE_REQUIRE, t.flow[0], t.fd, NULL), -EINPROGRESS);
	other = record_of(cookie_of(t.fd), &r, &n);
	assert_int_equal(n, 1);
	assert_int_not_equal(record_of(cookie_of(bystander.fd), &r, &n), other);
	assert_int_equal(n, 1);
	two_close(&t);
	two_close(&bystander);
}

/* Say so much to an applier that does not listen that there is no more room. */
static void fill_channel(int raw, int fd)
{
	uint8_t buf[128];
	int i;

	for (i = 0; i < 4000; i++) {
		uint32_t flow = raw_open(raw, fd);
		const struct wire_header hdr = { .type = WIRE_FLOW_CLOSE, .version = 1 };
		struct tlv_writer w;

		tlv_begin(&w, buf, sizeof(buf), &hdr);
		tlv_put_u32(&w, WIRE_ATTR_FLOW, flow);
		raw_send(raw, buf, tlv_finish(&w), NULL, 0);
		CHECK(!take_reply(raw, NULL, NULL));
	}
}

static void t_a_busy_broker_loses_no_slot(void **state)
{
	int raw = raw_hello(), fd = tcp_socket(AF_INET), i;
	uint32_t flow = raw_open(raw, fd), reason, n;
	pid_t applier = broker_process("ipsecapi-apply");
	struct latch_record r;

	(void)state;
	wait_state(applier, 'S');
	stop_process(applier);
	fill_channel(raw, fd);
	for (i = 0; i < 20; i++) {
		CHECK(send_latch(raw, WIRE_REQUIRE, flow, fd));
		assert_int_equal(take_reply(raw, &reason, NULL), -EAGAIN);
		assert_int_equal(reason, IPSECAPI_REASON_BROKER_BUSY);
	}
	continue_process(applier);
	assert_int_equal(raw_latch(raw, WIRE_REQUIRE, flow, fd, NULL), -EINPROGRESS);
	assert_in_range(record_of(cookie_of(fd), &r, &n), 0, 3);
	close(fd);
	close(raw);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_one_socket_one_request),
	cmocka_unit_test(t_given_up_twice),
	cmocka_unit_test(t_a_busy_broker_loses_no_slot),
};

RUN_WITH_LATCHES(tests)
