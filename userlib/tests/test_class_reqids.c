// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What passes by a class that an enforcing rule asks for: api-rules 6 (class is checked on the
 * installed SA) and 21. One SA that will not do spoils its reqid, as packets carry no more.
 */
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../ipsecapid/class_reqids.h"
#include "shipped.h"
#include "unit.h"

enum { OUT = DIR_OUT, IN = DIR_IN };

static struct rec_sa sas[1100];
static struct tables tables = { .sas = sas };
static const struct world w = { .tables = &tables };
static struct listen_reqids got;
static const struct listen_reqids *before;

static struct rec_sa *add(int dir, uint32_t reqid)
{
	struct rec_sa *sa = &sas[tables.n_sas++];

	*sa = (struct rec_sa){ .family = AF_INET, .proto = IPPROTO_ESP, .mode = XFRM_MODE_TRANSPORT, .reqid = reqid,
		.dir = DIR_UNKNOWN, .cipher = CIPHER_GCM_16_256, .auth = AUTH_NONE, .encrypts = 1, .authenticates = 1,
		.host_key = 1, .replay_window = 64, .custody = IPSECAPI_CUSTODY_L0 };
	sa->daddr[0] = dir == IN;	/* what is ours, by own() */
	return sa;
}

static bool own(void *arg, uint16_t family, const uint8_t address[16])
{
	(void)arg;
	return family == AF_INET && address[0];
}

static void look(const char *class)
{
	const struct policy *p = shipped_policy();

	class_reqids(&w, &p->classes[policy_class_by_name(p, class)].set, own, NULL, before, &got);
}

static bool passes(int dir, uint32_t reqid)
{
	return reqids_has(&got.dir[dir], reqid);
}

/* Two SAs with reqid 7. */
static void begin(void)
{
	tables.n_sas = 0;
	add(OUT, 7);
	add(IN, 7);
}

static void what_is_within_the_class_passes(void **state)
{
	(void)state;
	begin();
	look("strong");
	assert_true(passes(OUT, 7) && passes(IN, 7));
	assert_false(passes(OUT, 8));
	sas[0].cipher = CIPHER_GCM_16_128;
	look("strong");
	assert_true(!passes(OUT, 7) && passes(IN, 7));
	look("standard");
	assert_true(passes(OUT, 7) && passes(IN, 7));
}

/* A daemon makes SAs that send without a window: that says nothing of what comes. */
static void what_sends_is_not_what_receives(void **state)
{
	(void)state;
	begin();
	sas[0].replay_window = 0;
	look("strong");
	assert_true(passes(OUT, 7) && passes(IN, 7));
	sas[1].replay_window = 0;
	look("strong");
	assert_true(passes(OUT, 7) && !passes(IN, 7));
	/* unless the kernel says which way it is */
	sas[0].dir = IN;
	sas[1].dir = OUT;
	look("strong");
	assert_true(passes(OUT, 7) && !passes(IN, 7));
}

static void one_that_will_not_do_spoils_its_reqid(void **state)
{
	struct rec_sa *more;

	(void)state;
	begin();
	more = add(OUT, 7);
	look("strong");
	assert_true(passes(OUT, 7));
	more->cipher = CIPHER_GCM_16_128;
	look("strong");
	assert_false(passes(OUT, 7));
	more->state = SA_ACQUIRING;	/* it carries nothing yet */
	look("strong");
	assert_true(passes(OUT, 7));
	/* what only compresses, and what nobody understands, is no protection */
	begin();
	add(IN, 7)->proto = IPPROTO_COMP;
	look("strong");
	assert_true(passes(OUT, 7) && !passes(IN, 7));
	begin();
	sas[0].encrypts = 2;
	look("weak");
	assert_false(passes(OUT, 7));
}

/* It is there for the asking; until then nothing changes. */
static void what_a_unit_was_not_asked_about_stays(void **state)
{
	static struct listen_reqids then;

	(void)state;
	begin();
	look("strong");
	then = got;
	sas[0].offload = OFFLOAD_PACKET;
	sas[0].unit = UNIT_NOT_ASKED;
	look("strong");
	assert_false(passes(OUT, 7));
	before = &then;
	look("strong");
	assert_true(passes(OUT, 7) && passes(IN, 7));
	sas[0].unit = UNIT_UNKNOWN_SA;
	look("strong");
	assert_true(!passes(OUT, 7) && passes(IN, 7));
	before = NULL;
}

static void more_than_can_be_listed_do_not_pass(void **state)
{
	uint32_t i;

	(void)state;
	tables.n_sas = 0;
	for (i = 0; i < 2 * LISTEN_REQIDS; i++)
		add(OUT, 1000 + i);
	look("strong");
	assert_int_equal(got.dir[OUT].n, LISTEN_REQIDS);
	/* nor does any where not all that spoil can be remembered */
	for (i = 0; i < 2 * LISTEN_REQIDS; i++)
		sas[i].cipher = i % 2 ? CIPHER_GCM_16_256 : CIPHER_GCM_16_128;
	look("strong");
	assert_int_equal(got.dir[OUT].n, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_within_the_class_passes),
	cmocka_unit_test(what_sends_is_not_what_receives),
	cmocka_unit_test(one_that_will_not_do_spoils_its_reqid),
	cmocka_unit_test(what_a_unit_was_not_asked_about_stays),
	cmocka_unit_test(more_than_can_be_listed_do_not_pass),
};
RUN(tests)
