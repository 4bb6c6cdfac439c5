// SPDX-License-Identifier: GPL-2.0-or-later
/* The front's questions to the scrubber: not too many, and silence is told from being busy. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../ipsecapid/channel.h"
#include "../ipsecapid/front.h"
#include "unit.h"

static struct front f;
static int scrubber;

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	memset(&f, 0, sizeof(f));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) || sd_event_new(&f.event) < 0)
		return -1;
	f.scrubber = pair[0];
	scrubber = pair[1];
	return asking_open(&f);
}

static int tear_down(void **state)
{
	(void)state;
	sd_event_source_unref(f.sync_timer);
	sd_event_unref(f.event);
	close(f.scrubber);
	close(scrubber);
	return 0;
}

/* The next request that waits, by its tag; 0: none. */
static uint32_t next_tag(void)
{
	struct scrub_request req;
	ssize_t n = chan_recv(scrubber, &req, sizeof(req), NULL, MSG_DONTWAIT);

	if (n == -EAGAIN)
		return 0;
	assert_int_equal(n, sizeof(req));
	return req.tag;
}

static void run_once(void)
{
	assert_true(sd_event_run(f.event, 5000000) > 0);
}

static void one_dump_at_a_time(void **state)
{
	uint32_t tag, i;

	(void)state;
	assert_int_equal(front_sync(&f), 1);
	for (i = 0; i < 1000; i++)
		assert_int_equal(front_sync(&f), 2);
	tag = next_tag();
	assert_int_not_equal(tag, 0);
	assert_int_equal(next_tag(), 0);
	assert_false(front_synced(&f, 1));
	asking_answered(&f, tag);
	assert_true(front_synced(&f, 1));
	assert_false(front_synced(&f, 2));
	/* all that asked meanwhile get one more, after a pause */
	assert_int_equal(next_tag(), 0);
	assert_int_equal(front_sync(&f), 2);
	run_once();
	tag = next_tag();
	assert_int_not_equal(tag, 0);
	assert_int_equal(next_tag(), 0);
	asking_answered(&f, tag);
	assert_true(front_synced(&f, 2));
	assert_false(f.sync_due);
}

/* The silence timer runs from asked_at. */
static void each_answer_is_a_sign_of_life(void **state)
{
	uint32_t a = front_read(&f, NULL, 0), b = front_read(&f, NULL, 0);

	(void)state;
	f.asked_at = 1;
	asking_answered(&f, a);
	assert_true(f.asked_at > 1);
	f.asked_at = 1;
	asking_answered(&f, 0);		/* a dump that the kernel's events caused */
	assert_true(f.asked_at > 1);
	asking_answered(&f, b);
	assert_int_equal(f.asked_at, 0);
	asking_answered(&f, 0);
	assert_int_equal(f.asked_at, 0);
}

static void a_full_channel_delays_a_dump(void **state)
{
	uint32_t last = 0, tag;

	(void)state;
	while ((tag = front_read(&f, NULL, 0)))
		last = tag;
	assert_int_equal(front_sync(&f), 1);
	while ((tag = next_tag()))
		asking_answered(&f, tag);
	/* what was never sent is not waited for */
	assert_int_not_equal(last, 0);
	assert_int_equal(f.asked_at, 0);
	run_once();
	tag = next_tag();
	assert_int_not_equal(tag, 0);
	asking_answered(&f, tag);
	assert_true(front_synced(&f, 1));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(one_dump_at_a_time, set_up, tear_down),
	cmocka_unit_test_setup_teardown(each_answer_is_a_sign_of_life, set_up, tear_down),
	cmocka_unit_test_setup_teardown(a_full_channel_delays_a_dump, set_up, tear_down),
};
RUN(tests)
