// SPDX-License-Identifier: GPL-2.0-or-later
/* A unit that is there and does not answer is never taken for one that is not there. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../../ipsecapid/custody.h"
#include "fake.h"

#define COOKIE 77	/* of the namespace that the fakes are in */
#define NIC 10		/* interface of the first of them */

static const struct sa_key key = { .id.spi = 0x01000000 };

static uint8_t judged(struct units *u, uint32_t ifindex, int ask, uint8_t *custody)
{
	struct rec_sa sa = { .offload = OFFLOAD_PACKET, .offload_ifindex = ifindex, .family = AF_INET };

	units_judge(u, &sa, &key, ask);
	*custody = sa.custody;
	return sa.unit;
}

static void done(struct units *u)
{
	fake_faults.units = 0;
	units_refresh(u);	/* closes what it had open */
	free(u);
}

#define SAYS(u, ifindex, unit, level) do { \
	uint8_t custody_; \
	assert_int_equal(judged(u, ifindex, 1, &custody_), unit); \
	assert_int_equal(custody_, level); \
} while (0)

static void nics_without_a_unit_are_l1(void **state)
{
	struct units *u = units_new(COOKIE);
	uint8_t custody;

	units_refresh(u);
	SAYS(u, NIC, UNIT_UNKNOWN_SA, IPSECAPI_CUSTODY_UNKNOWN);
	assert_int_equal(judged(u, NIC, 0, &custody), UNIT_NOT_ASKED);
	SAYS(u, 99, UNIT_ABSENT, IPSECAPI_CUSTODY_L1);
	fake_faults.units = 0;
	units_refresh(u);
	SAYS(u, NIC, UNIT_ABSENT, IPSECAPI_CUSTODY_L1);
	done(u);
}

static void a_unit_that_says_nothing_is_silent(void **state)
{
	struct units *u = units_new(COOKIE);
	struct rec_unit unit;

	fake_faults.cmd_err = -ETIMEDOUT;
	units_refresh(u);
	SAYS(u, NIC, UNIT_SILENT, IPSECAPI_CUSTODY_UNKNOWN);
	SAYS(u, 99, UNIT_ABSENT, IPSECAPI_CUSTODY_L1);
	assert_int_equal(units_describe(u, 0, &unit), 0);
	assert_true(unit.silent && unit.ifindex == NIC);
	fake_faults.cmd_err = 0;
	units_refresh(u);
	SAYS(u, NIC, UNIT_UNKNOWN_SA, IPSECAPI_CUSTODY_UNKNOWN);
	units_describe(u, 0, &unit);
	assert_false(unit.silent);
	done(u);
}

static void a_node_that_cannot_be_read_may_be_any_devices(void **state)
{
	struct units *u = units_new(COOKIE);

	fake_faults.open_err = -EMFILE;
	units_refresh(u);
	SAYS(u, NIC, UNIT_SILENT, IPSECAPI_CUSTODY_UNKNOWN);
	SAYS(u, 99, UNIT_SILENT, IPSECAPI_CUSTODY_UNKNOWN);
	fake_faults.open_err = -ENODEV;	/* it is being taken away */
	units_refresh(u);
	SAYS(u, NIC, UNIT_ABSENT, IPSECAPI_CUSTODY_L1);
	fake_faults.open_err = 0;
	fake_faults.uapi_version = 99;
	units_refresh(u);
	SAYS(u, NIC, UNIT_SILENT, IPSECAPI_CUSTODY_UNKNOWN);
	done(u);
}

/* A device without a unit does not know the unit's commands, but it has a node. */
static void without_unit(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	if (opcode == ESV_OP_UNIT_STATUS)
		*status = ESV_S_UNSUPPORTED_OP;
}

static void a_device_may_say_that_it_has_none(void **state)
{
	struct units *u = units_new(COOKIE);
	struct rec_unit unit;

	fake_faults.answer = without_unit;
	units_refresh(u);
	SAYS(u, NIC, UNIT_NONE, IPSECAPI_CUSTODY_L1);
	SAYS(u, 99, UNIT_ABSENT, IPSECAPI_CUSTODY_L1);
	assert_int_equal(units_describe(u, 0, &unit), -ENOENT);
	done(u);
}

static void units_of_other_namespaces_are_not_ours(void **state)
{
	struct units *u = units_new(COOKIE + 1);

	units_refresh(u);
	SAYS(u, NIC, UNIT_ABSENT, IPSECAPI_CUSTODY_L1);
	fake_faults.cmd_err = -ETIMEDOUT;
	units_refresh(u);
	SAYS(u, NIC, UNIT_ABSENT, IPSECAPI_CUSTODY_L1);
	done(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nics_without_a_unit_are_l1, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_unit_that_says_nothing_is_silent, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(a_node_that_cannot_be_read_may_be_any_devices, fake_setup,
						fake_teardown),
		cmocka_unit_test_setup_teardown(a_device_may_say_that_it_has_none, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(units_of_other_namespaces_are_not_ours, fake_setup, fake_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
