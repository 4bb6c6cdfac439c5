// SPDX-License-Identifier: GPL-2.0-or-later
/* The library against a broker that does what the test wants, or nothing at all. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../ipsecapid/channel.h"
#include "../libipsecapi/wire/slot.h"
#include "../libipsecapi/wire/tlv.h"
#include "unit.h"

#define SLOTS 4
#define PAGE (sizeof(struct page_header) + SLOTS * sizeof(struct slot))
#define FLOW (1u << 16)

static char dir[64], path[96];
static int listener;

/* --- the broker ----------------------------------------------------------------------------- */

static void begin_listening(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(addr.sun_path, path);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	assert_false(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	assert_false(listen(listener, 8));
}

static void end_listening(void)
{
	close(listener);
	unlink(path);
}

/* The connection that waits, or -1. */
static int take_connection(void)
{
	return accept(listener, NULL, NULL);
}

static int pages(void)
{
	const struct page_header hdr = { .magic = PAGE_MAGIC, .slot_size = sizeof(struct slot),
					 .slots = SLOTS };
	int fd = memfd_create("pages", MFD_ALLOW_SEALING);

	assert_false(ftruncate(fd, PAGE));
	assert_int_equal(write(fd, &hdr, sizeof(hdr)), sizeof(hdr));
	assert_false(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW |
					    F_SEAL_SEAL));
	return fd;
}

static void put_tuple(struct tlv_writer *w, int fd)
{
	struct ipsecapi_tuple t = { .family = AF_INET, .protocol = IPPROTO_UDP };
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer), clen = sizeof(t.cookie);

	assert_false(getpeername(fd, (struct sockaddr *)&peer, &len));
	assert_false(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &t.cookie, &clen));
	t.peer_port = peer.sin_port;
	memcpy(t.peer, &peer.sin_addr, 4);
	tlv_put_u32(w, WIRE_ATTR_FLOW, FLOW);
	tlv_put(w, WIRE_ATTR_STRUCT, &t, sizeof(t));
}

/* Take one request, which must wait (or come, without MSG_DONTWAIT), and answer it. */
static void answer(int s, uint16_t type, int flags)
{
	uint8_t in[WIRE_MAX_MESSAGE], out[256];
	struct wire_header hdr;
	struct tlv_writer w;
	struct tlv_set set;
	int fd, page = -1;
	ssize_t n = chan_recv(s, in, sizeof(in), &fd, flags);

	assert_true(n > 0 && !tlv_parse(in, n, &hdr, &set));
	assert_int_equal(hdr.type, type);
	hdr.type |= WIRE_REPLY;
	hdr.reason = IPSECAPI_REASON_NONE;
	tlv_begin(&w, out, sizeof(out), &hdr);
	if (type == WIRE_HELLO) {
		page = pages();
		tlv_put_u32(&w, WIRE_ATTR_VERSION, 1);
		tlv_put_u32(&w, WIRE_ATTR_PAGE_SIZE, PAGE);
	} else if (type == WIRE_FLOW_OPEN) {
		put_tuple(&w, fd);
	}
	n = tlv_finish(&w);
	assert_false(chan_send(s, out, n, page, 0));
	if (page >= 0)
		close(page);
	if (fd >= 0)
		close(fd);
}

static void *serve_beginning(void *arg)
{
	int *s = arg;

	do {
		*s = take_connection();
	} while (*s < 0);
	answer(*s, WIRE_HELLO, 0);
	answer(*s, WIRE_FLOW_OPEN, 0);
	return NULL;
}

/* --- the program that uses the library ------------------------------------------------------- */

struct program {
	struct ipsecapi *ctx;
	struct ipsecapi_flow *flow;
	int socket;
	int broker;	/* the other end */
};

static int connected_socket(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_false(connect(s, (struct sockaddr *)&to, sizeof(to)));
	return s;
}

static void begin(struct program *p)
{
	pthread_t thread;

	begin_listening();
	p->socket = connected_socket();
	assert_false(pthread_create(&thread, NULL, serve_beginning, &p->broker));
	assert_int_equal(ipsecapi_open(path, 0, &p->ctx), 0);
	assert_int_equal(ipsecapi_flow_open(p->ctx, p->socket, &p->flow), 0);
	pthread_join(thread, NULL);
	assert_int_equal(ipsecapi_get_timeout(p->ctx), -1);
}

static void end(struct program *p)
{
	ipsecapi_close(p->ctx);
	close(p->socket);
	end_listening();
}

/* The type of the next event, 0 without one. */
static uint32_t next_event(struct program *p)
{
	struct ipsecapi_event ev = { 0 };
	int n = ipsecapi_next_event(p->ctx, &ev, sizeof(ev));

	assert_true(n == 0 || n == 1);
	return n ? ev.type : 0;
}

/* Something is on its way: there is no need to call at once again, nor to wait for ever. */
static void expect_patience(struct program *p)
{
	int i;

	for (i = 0; i < 10; i++)
		assert_int_equal(next_event(p), 0);
	assert_true(ipsecapi_get_timeout(p->ctx) > 0);
}

/* Go on until the library has connected again, which it does not do at once each time. */
static void take_attempt(struct program *p)
{
	while (p->broker = take_connection(), p->broker < 0)
		assert_int_equal(next_event(p), 0);
}

/* --- tests ----------------------------------------------------------------------------------- */

/*
 * The broker is gone, but somebody holds its listening socket, as systemd does. That one thread
 * plays both sides shows that no call waited for the other.
 */
static void coming_back_never_blocks(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	close(p.broker);
	assert_int_equal(next_event(&p), IPSECAPI_EVENT_BROKER_LOST);
	expect_patience(&p);
	take_attempt(&p);
	answer(p.broker, WIRE_HELLO, MSG_DONTWAIT);
	expect_patience(&p);
	answer(p.broker, WIRE_FLOW_OPEN, MSG_DONTWAIT);
	assert_int_equal(next_event(&p), IPSECAPI_EVENT_BROKER_BACK);
	assert_int_equal(ipsecapi_get_timeout(p.ctx), -1);
	assert_int_equal(take_connection(), -1);
	close(p.broker);
	end(&p);
}

static void a_broker_that_is_away_is_lost_once(void **state)
{
	struct program p;
	int i;

	(void)state;
	begin(&p);
	close(p.broker);
	end_listening();
	assert_int_equal(next_event(&p), IPSECAPI_EVENT_BROKER_LOST);
	expect_patience(&p);
	begin_listening();
	/* an attempt that fails half-way is no loss of what was not there */
	for (i = 0; i < 2; i++) {
		take_attempt(&p);
		close(p.broker);
		assert_int_equal(next_event(&p), 0);
	}
	end(&p);
}

/* A call that has used its time up makes no second attempt. */
static void a_call_has_one_deadline(void **state)
{
	struct ipsecapi_report rep;
	struct program p;

	(void)state;
	begin(&p);
	assert_int_equal(ipsecapi_report(p.flow, &rep, sizeof(rep)), -ENOLINK);
	assert_int_equal(ipsecapi_last_reason(p.ctx), IPSECAPI_REASON_BROKER_LOST);
	assert_int_equal(take_connection(), -1);
	close(p.broker);
	end(&p);
}

/* What is under way when a flow is closed must not end up with another one. */
static void a_flow_may_be_closed_while_the_session_comes_back(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	close(p.broker);
	assert_int_equal(next_event(&p), IPSECAPI_EVENT_BROKER_LOST);
	take_attempt(&p);
	answer(p.broker, WIRE_HELLO, MSG_DONTWAIT);
	assert_int_equal(next_event(&p), 0);	/* the flow's socket is shown now */
	ipsecapi_flow_close(p.flow);
	close(p.broker);
	take_attempt(&p);
	answer(p.broker, WIRE_HELLO, MSG_DONTWAIT);
	assert_int_equal(next_event(&p), IPSECAPI_EVENT_BROKER_BACK);
	close(p.broker);
	end(&p);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ipsecapi-library-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(coming_back_never_blocks),
	cmocka_unit_test(a_broker_that_is_away_is_lost_once),
	cmocka_unit_test(a_call_has_one_deadline),
	cmocka_unit_test(a_flow_may_be_closed_while_the_session_comes_back),
};

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
