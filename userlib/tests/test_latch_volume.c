// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many latches: what a user and all users may have (api-rules 34), sockets that come and go
 * (scenario 15), one of many that ends, and processes of the broker that are killed.
 *
 * With VOLUME=NUMBER in the environment so many sockets come and go instead of some hundred, and
 * there are as many latches at once, but no more than a user may have; then one more is asked for.
 */
#include <sys/resource.h>

#include "../ipsecapid/channel.h"
#include "../ipsecapid/clock.h"
#include "../ipsecapid/front.h"
#include "dropped.h"
#include "shipped.h"
#include "usage.h"

#define CREW	16	/* sessions that ask side by side: a user may have no more */
#define FEW	160

static uint32_t volume(uint32_t most)
{
	const char *asked = getenv("VOLUME");
	uint32_t n = asked ? atoi(asked) : FEW;

	return n < most ? n : most;
}

static uint64_t ms_since(uint64_t start)
{
	return (now_ns() - start) / MS;
}

/* --- limits, with a front alone ------------------------------------------------------------- */

struct stage {
	struct front f;
	struct session s;
	int scrubber, client, applier;
};

static struct stage stage;

static int channel(int *theirs)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	*theirs = sv[1];
	return sv[0];
}

static struct latch_record record_for(uint64_t cookie, uint32_t uid)
{
	const struct latch_record r = {
		.version = LATCH_RECORD_VERSION, .id = LATCH_ID_MARK << 32 | (uint32_t)cookie, .uid = uid, .owner = uid,
		.tuple = { .cookie = cookie, .family = AF_INET, .protocol = IPPROTO_TCP }, .listener = 1,
	};

	return r;
}

/* Latches of a user, up to so many in all. */
static void fill(uint32_t uid, uint32_t up_to)
{
	struct front *f = &stage.f;

	while (latches_count(f) < up_to) {
		const struct latch_record r = record_for(latches_count(f) + 1, uid);

		assert_non_null(latches_put(f, &r, latches_free_slot(f)));
	}
}

/* What a user is told who wants one more, of a socket that will listen. */
static void expect_limit(uint32_t uid, int err, uint32_t reason)
{
	const struct sess_request req = {
		.type = WIRE_REQUIRE, .uid = uid, .flow = 1 << 16, .want = { .class = "strong", .flags = WANT_LISTEN },
		.sock = { .owner = uid, .tuple = { .cookie = MAX_LATCHES + 5, .family = AF_INET, .protocol = IPPROTO_TCP,
						   .local_port = htons(80) } },
	};
	struct sess_reply r;

	stage.s.flows[0] = (struct flow){ .id = 1 << 16, .uid = uid, .tuple = req.sock.tuple };
	stage.s.pending = false;
	require_begin(&stage.s, &req, open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (!err) {	/* it is not refused at once: evidence is read */
		assert_true(stage.s.pending);
		ticket_release(&stage.s);
		return;
	}
	assert_int_equal(chan_recv(stage.client, &r, sizeof(r), NULL, MSG_DONTWAIT), sizeof(r));
	assert_int_equal(r.status, err);
	assert_int_equal(r.reason, reason);
}

static void set_stage(void)
{
	stage.f.scrubber = channel(&stage.scrubber);
	stage.f.applier = channel(&stage.applier);
	stage.f.keeper = -1;
	stage.f.links = (struct links){ .events = -1, .query = -1, .inet = -1, .all_no_xfrm4 = -1,
					.all_no_policy4 = -1, .all_no_policy6 = -1 };
	stage.f.policy = shipped_policy();
	stage.f.latches.possible = true;
	stage.f.tables.read_at = 1;
	stage.s.front = &stage.f;
	stage.s.passed = -1;
	stage.s.channel = channel(&stage.client);
	stage.s.flows = calloc(MAX_FLOWS_SESSION, sizeof(*stage.s.flows));
	assert_non_null(stage.s.flows);
}

static void t_limits(void **state)
{
	(void)state;
	set_stage();
	fill(USER, MAX_LATCHES_USER - 1);
	expect_limit(USER, 0, 0);
	fill(USER, MAX_LATCHES_USER);
	expect_limit(USER, -EDQUOT, IPSECAPI_REASON_LATCH_LIMIT_USER);
	expect_limit(USER + 1, 0, 0);
	fill(USER + 1, 2 * MAX_LATCHES_USER);
	fill(USER + 2, 3 * MAX_LATCHES_USER);
	fill(USER + 3, MAX_LATCHES - 1);
	expect_limit(USER + 4, 0, 0);
	fill(USER + 3, MAX_LATCHES);
	expect_limit(USER + 4, -EUSERS, IPSECAPI_REASON_LATCH_LIMIT);
	expect_limit(USER + 3, -EDQUOT, IPSECAPI_REASON_LATCH_LIMIT_USER);
	/* one that ends makes room for one */
	latches_drop(&stage.f, 7);
	expect_limit(USER, 0, 0);
	latches_drop(&stage.f, 3 * MAX_LATCHES_USER + 7);
	expect_limit(USER + 4, 0, 0);
}

/* --- sockets of a real broker --------------------------------------------------------------- */

struct crew {
	int raw[CREW], fd[CREW];
	uint32_t flow[CREW];
};

static void crew_begin(struct crew *c)
{
	int i;

	for (i = 0; i < CREW; i++)
		c->raw[i] = raw_hello();
}

static void crew_end(struct crew *c)
{
	int i;

	for (i = 0; i < CREW; i++)
		close(c->raw[i]);
}

static void raw_close(int raw, uint32_t flow)
{
	const struct wire_header hdr = { .type = WIRE_FLOW_CLOSE, .version = 1 };
	struct tlv_writer w;
	uint8_t buf[128];

	tlv_begin(&w, buf, sizeof(buf), &hdr);
	tlv_put_u32(&w, WIRE_ATTR_FLOW, flow);
	raw_send(raw, buf, tlv_finish(&w), NULL, 0);
	CHECK(!take_reply(raw, NULL, NULL));
}

/* So many sockets, which wait for an SA, latched side by side. Their flows are closed again. */
static void crew_latch(struct crew *c, int n)
{
	const struct wire_require want = want_latch();
	int i, err;

	for (i = 0; i < n; i++) {
		c->fd[i] = tcp_socket(AF_INET);
		c->flow[i] = raw_open(c->raw[i], c->fd[i]);
		CHECK(send_want(c->raw[i], WIRE_REQUIRE, c->flow[i], c->fd[i], &want));
	}
	for (i = 0; i < n; i++) {
		err = take_reply(c->raw[i], NULL, NULL);
		if (err == -EAGAIN)
			err = raw_latch(c->raw[i], WIRE_REQUIRE, c->flow[i], c->fd[i], NULL);
		CHECK(err == -EINPROGRESS);
		raw_close(c->raw[i], c->flow[i]);
	}
}

static void come_and_go(void)
{
	uint32_t n = volume(UINT32_MAX), done;
	uint64_t start = now_ns();
	struct crew c;
	int i;

	crew_begin(&c);
	for (done = 0; done < n; done += CREW) {
		crew_latch(&c, CREW);
		for (i = 0; i < CREW; i++)
			close(c.fd[i]);
	}
	crew_end(&c);
	print_message("# %u latched sockets came and went in %lu ms\n", done, ms_since(start));
}

/* Of sockets: the set that tells which bits of marks are used always has one. */
static bool has_elements(void)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *text;
	bool found;

	CHECK(!nft_ctx_buffer_output(nft) && !nft_run_cmd_from_buffer(nft, "list table inet ipsecapi"));
	text = strstr(nft_ctx_get_output_buffer(nft), "elements");
	found = text && strstr(text + 1, "elements");
	nft_ctx_free(nft);
	return found;
}

/* Scenario 15, for sockets that end before they are connected. */
static void t_sockets_that_come_and_go_leave_nothing(void **state)
{
	struct usage before, after;
	int tries;
	size_t i;

	(void)state;
	as_user(USER, come_and_go);	/* what is made at first use is no leak */
	usage_measure(&before);
	as_user(USER, come_and_go);
	for (tries = 0; tries < 2000 && (kernel_holds(0).policies || records()); tries++)
		poll(NULL, 0, 10);
	assert_int_equal(kernel_holds(0).policies, 0);
	assert_int_equal(records(), 0);
	assert_false(has_elements());
	usage_measure(&after);
	for (i = 0; i < PROCESSES; i++) {
		print_message("# %s: %d descriptors, then %d; %ld KiB, then %ld\n", processes[i], before.fds[i],
			      after.fds[i], before.kb[i], after.kb[i]);
		assert_int_equal(after.fds[i], before.fds[i]);
		/* malloc() keeps megabytes of what was freed: a leak shows when the volume is large */
		assert_in_range(after.kb[i], 0, before.kb[i] + 4 * SLACK_KB);
	}
}

static void one_of_many(void)
{
	const struct wire_require want = want_latch();
	uint32_t n = volume(MAX_LATCHES_USER), made, reason, left;
	uint64_t start = now_ns(), cookie;
	struct latch_record r;
	struct crew c;
	int last = -1, extra;

	crew_begin(&c);
	for (made = 0; made < n; made += CREW) {
		crew_latch(&c, CREW);
		last = c.fd[CREW - 1];
	}
	print_message("# %u latches given in %lu ms\n", made, ms_since(start));
	if (made >= MAX_LATCHES_USER) {
		extra = tcp_socket(AF_INET);
		CHECK(raw_want(c.raw[0], WIRE_REQUIRE, raw_open(c.raw[0], extra), extra, &want, &reason) == -EDQUOT);
		CHECK(reason == IPSECAPI_REASON_LATCH_LIMIT_USER);
	}
	cookie = cookie_of(last);
	start = now_ns();
	close(last);
	do {
		poll(NULL, 0, 10);
		record_of(cookie, &r, &left);
	} while (left && ms_since(start) < 90000);
	CHECK(!left);
	print_message("# the record of one is gone %lu ms after it was closed\n", ms_since(start));
	crew_end(&c);
}

static void t_one_of_many_ends(void **state)
{
	int tries;

	(void)state;
	as_user(USER, one_of_many);
	for (tries = 0; tries < 9000 && (kernel_holds(0).policies || records()); tries++)
		poll(NULL, 0, 10);
	assert_int_equal(kernel_holds(0).policies, 0);
	assert_int_equal(records(), 0);
}

/* --- processes that are killed -------------------------------------------------------------- */

/* Whichever of the others ends, the keeper ends as well, so that all of it is started again. */
static void expect_end(pid_t pid)
{
	int status;

	assert_true(pid > 0 && !kill(pid, SIGKILL));
	assert_int_equal(waitpid(broker_pid, &status, 0), broker_pid);
	assert_true(pid == broker_pid ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void t_a_latch_outlives_each_process(void **state)
{
	static const char *const killed[] = { "ipsecapi-front", "ipsecapi-apply", "ipsecapi-scrub",
					      "ipsecapi-ike", "ipsecapi-policy", "keeper" };
	const struct sockaddr_in to = place("10.0.0.7", 80);
	const struct wire_require want = want_latch();
	int fd = tcp_socket(AF_INET), i;
	struct ipsecapi_report rep;
	struct latch_record r;
	uint32_t n;

	(void)state;
	assert_int_equal(latch_once(fd, &want), -EINPROGRESS);
	assert_in_range(record_of(cookie_of(fd), &r, &n), 0, MAX_LATCHES);
	for (i = 0; i < 2 * 6; i++) {
		const char *name = killed[i % 6];

		wait_no_sessions();
		expect_end(strcmp(name, "keeper") ? broker_process(name) : broker_pid);
		assert_int_equal(kernel_holds(r.id).blocking, 2);
		assert_true(connect(fd, (const struct sockaddr *)&to, sizeof(to)) && errno == EPERM);
		assert_int_equal(start_broker(), 0);
		rep = report_on(fd);
		assert_int_equal(rep.latch, IPSECAPI_LATCH_NEGOTIATING);
		assert_int_equal(records(), 1);
	}
	close(fd);
}

/* A worker is one session's, and no more. */
static void t_a_killed_worker_takes_its_session_alone(void **state)
{
	int fd = tcp_socket(AF_INET), raw, i;
	uint8_t buf[WIRE_MAX_MESSAGE];

	(void)state;
	for (i = 0; i < 20; i++) {
		raw = raw_hello();
		assert_int_equal(raw_latch(raw, WIRE_REQUIRE, raw_open(raw, fd), fd, NULL), -EINPROGRESS);
		assert_int_equal(kill(broker_process("ipsecapi-worker"), SIGKILL), 0);
		while (recv(raw, buf, sizeof(buf), 0) > 0)
			;
		close(raw);
		assert_int_equal(report_on(fd).latch, IPSECAPI_LATCH_NEGOTIATING);
		assert_int_equal(kernel_holds(0).blocking, 2);
	}
	close(fd);
}

static int set_up_volume(void **state)
{
	const struct rlimit files = { 20000, 20000 };

	setrlimit(RLIMIT_NOFILE, &files);
	return set_up_latching(state);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_limits),
	cmocka_unit_test(t_sockets_that_come_and_go_leave_nothing),
	cmocka_unit_test(t_one_of_many_ends),
	cmocka_unit_test(t_a_latch_outlives_each_process),
	cmocka_unit_test(t_a_killed_worker_takes_its_session_alone),
};

RUN_AFTER(set_up_volume, tests)
