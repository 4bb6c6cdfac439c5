// SPDX-License-Identifier: GPL-2.0-or-later
/* More events than anybody takes: a client is told that it missed some, and keeps its session. */
#include <sys/ioctl.h>

#include "broker.h"

#define FLOWS 256

/* All routes change at once, and with them the answer for each flow. */
static void set_link(bool up)
{
	struct ifreq ifr = { .ifr_name = "tun0" };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_false(ioctl(s, SIOCGIFFLAGS, &ifr));
	ifr.ifr_flags = up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP;
	assert_false(ioctl(s, SIOCSIFFLAGS, &ifr));
	close(s);
}

/* The front has done what it was told, so far as nobody held it up. */
static void front_done(void)
{
	wait_state(broker_process("ipsecapi-front"), 'S');
}

/* A session with so many flows, all on one socket. */
static int raw_flows(int s, int n)
{
	int raw = raw_hello(), i;
	uint8_t buf[128];

	for (i = 0; i < n; i++) {
		raw_send(raw, buf, message(buf, WIRE_FLOW_OPEN, 1, 0), &s, 1);
		assert_int_equal(reply(raw, NULL, NULL), IPSECAPI_REASON_NONE);
	}
	return raw;
}

/*
 * Take what waits, ask a question, and take what comes before its answer. Returns the type of the
 * last event: nothing else may have happened until then, so this is how the client hears that it
 * missed some.
 */
static uint32_t last_event(int raw)
{
	uint8_t buf[WIRE_MAX_MESSAGE];
	struct wire_header hdr;
	struct tlv_set set;
	uint32_t last = 0;
	int flags = MSG_DONTWAIT;
	ssize_t n;

	for (;;) {
		n = recv(raw, buf, sizeof(buf), flags);
		if (n < 0 && errno == EAGAIN && flags) {
			flags = 0;
			raw_send(raw, buf, message(buf, WIRE_CAPS, 1, 0), NULL, 0);
			continue;
		}
		assert_true(n > 0 && !tlv_parse(buf, n, &hdr, &set));
		if (hdr.type == (WIRE_CAPS | WIRE_REPLY))
			return last;
		assert_int_equal(hdr.type, WIRE_EVENT);
		memcpy(&last, set.at[WIRE_ATTR_EVENT].data, sizeof(last));
	}
}

/*
 * The link changes, and all flows with it. Events of links are not taken in one by one when they
 * come fast, so that the front rests does not mean that it has seen this one: the witness hears.
 */
static void change_link(int witness, bool up)
{
	uint8_t buf[WIRE_MAX_MESSAGE];

	while (recv(witness, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	set_link(up);
	assert_true(recv(witness, buf, sizeof(buf), 0) > 0);
	front_done();
}

static void t_a_busy_worker_loses_events_only(void **state)
{
	int s = udp_to("10.0.0.7", 7), raw = raw_flows(s, FLOWS);
	pid_t worker = broker_process("ipsecapi-worker");

	(void)state;
	stop_process(worker);
	set_link(false);
	front_done();
	continue_process(worker);
	front_done();
	wait_state(worker, 'S');
	assert_int_equal(last_event(raw), IPSECAPI_EVENT_RESYNC);
	set_link(true);
	close(raw);
	close(s);
}

static void t_a_client_that_does_not_read_is_told(void **state)
{
	int s = udp_to("10.0.0.7", 7), raw = raw_flows(s, FLOWS), i;
	pid_t worker = broker_process("ipsecapi-worker");
	int witness = raw_flows(s, 1);	/* brings a worker of its own */

	(void)state;
	/* the front gives the worker less at once than it could give the client */
	for (i = 0; i < 6; i++) {
		change_link(witness, i % 2);
		wait_state(worker, 'S');
	}
	assert_int_equal(last_event(raw), IPSECAPI_EVENT_RESYNC);
	close(witness);
	close(raw);
	close(s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_a_busy_worker_loses_events_only),
	cmocka_unit_test(t_a_client_that_does_not_read_is_told),
};

RUN_WITH_BROKER(tests)
