// SPDX-License-Identifier: GPL-2.0-or-later
/* A latch is the socket's, wherever it is connected: api-rules 1 (what is dropped), 9 (flows). */
#include "../ipsecapid/latch_apply.h"
#include "../ipsecapid/marks.h"
#include "dropped.h"

static const struct wire_require here = { .class = "strong",
					  .disposition = IPSECAPI_DISPOSITION_WAIT };

/* The kernel holds the latch no more; a change of other policies has it seen. */
static void break_latch(int fd)
{
	assert_int_equal(latch_clear(fd, AF_INET, marks_default.gate), 0);
	ask_nothing();
}

static int listener(struct sockaddr_in *at)
{
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	*at = place("10.0.0.1", 0);
	CHECK(!bind(l, (struct sockaddr *)at, len) && !listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)at, &len));
	return l;
}

/* Who is connected elsewhere and says so at once is found there all the same. */
static void t_the_drop_follows(void **state)
{
	int other, fd = connection(&other), l;
	struct sockaddr_in at;

	(void)state;
	assert_int_equal(latch_once(fd, &here), -EINPROGRESS);
	break_latch(fd);
	wait_dropped("drop4", "10.0.0.1", fd);
	disconnect(fd);
	l = listener(&at);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(report_on(fd).latch, IPSECAPI_LATCH_BROKEN);
	wait_dropped("drop4", "10.0.0.1", fd);
	close(fd);
	close(other);
	close(l);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(t_the_drop_follows),
};

RUN_WITH_LATCHES(tests)
