// SPDX-License-Identifier: GPL-2.0-or-later
/* Records for the administrator (api-rules 33, 34): what they look like, and how many one user gets. */
#include <string.h>

#include "../ipsecapid/audit.h"
#include "../ipsecapid/allowance.h"
#include "unit.h"

#define S 1000000000ull

static const struct audit_fields someone = { .uid = 1000, .reason = "flow-limit-user", .left_out = 3 };

static void a_record_for_the_journal_has_fields(void **state)
{
	char record[AUDIT_RECORD_MAX];
	size_t n = audit_for_journal(record, AUDIT_LIMIT, &someone, "too much");

	(void)state;
	record[n] = 0;
	assert_string_equal(record, "MESSAGE_ID=acc1798acf5c4dba982809fb04aad9db\nPRIORITY=4\n"
			    "SYSLOG_IDENTIFIER=ipsecapid\nIPSECAPI_EVENT=limit\nIPSECAPI_UID=1000\n"
			    "IPSECAPI_REASON=flow-limit-user\nIPSECAPI_LEFT_OUT=3\nMESSAGE=too much\n");
}

static void a_record_for_standard_error_is_a_line(void **state)
{
	char record[AUDIT_RECORD_MAX];
	size_t n = audit_for_stderr(record, AUDIT_LIMIT, &someone, "too much");

	(void)state;
	record[n] = 0;
	assert_string_equal(record, "ipsecapid: too much [event=limit uid=1000 reason=flow-limit-user left-out=3]\n");
	n = audit_for_stderr(record, AUDIT_STOPPED, NULL, "");
	record[n] = 0;
	assert_string_equal(record, "ipsecapid:  [event=stopped]\n");
}

static void every_event_has_its_own_word_and_number(void **state)
{
	char a[AUDIT_RECORD_MAX], b[AUDIT_RECORD_MAX];
	int i, k;

	(void)state;
	for (i = 0; i < AUDIT_EVENTS; i++) {
		audit_for_journal(a, i, NULL, "");
		assert_int_equal(strspn(a + strlen("MESSAGE_ID="), "0123456789abcdef"), 32);
		for (k = 0; k < i; k++) {
			audit_for_journal(b, k, NULL, "");
			assert_true(strncmp(a, b, strlen("MESSAGE_ID=") + 32));
			assert_true(strcmp(strstr(a, "IPSECAPI_EVENT="), strstr(b, "IPSECAPI_EVENT=")));
		}
	}
}

static void text_cannot_make_fields_or_lines(void **state)
{
	char record[AUDIT_RECORD_MAX];
	size_t n = audit_for_journal(record, AUDIT_STARTED, NULL, "a\nIPSECAPI_UID=0\033[31m\\ \xe2\x80\xae");

	(void)state;
	record[n] = 0;
	assert_non_null(strstr(record, "MESSAGE=a\\x0aIPSECAPI_UID=0\\x1b[31m\\x5c \\xe2\\x80\\xae\n"));
	assert_null(strstr(record, "\nIPSECAPI_UID"));
}

static void what_is_too_long_is_cut_and_still_ends(void **state)
{
	char record[AUDIT_RECORD_MAX], text[AUDIT_RECORD_MAX];
	size_t n;
	int how;

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	for (how = 0; how < 2; how++) {
		n = how ? audit_for_journal(record, AUDIT_STARTED, NULL, text) :
			  audit_for_stderr(record, AUDIT_STARTED, NULL, text);
		assert_true(n <= AUDIT_RECORD_MAX);
		assert_int_equal(record[n - 1], '\n');
	}
}

/* How many of @n at once pass. */
static int burst(struct allowance *l, uint32_t uid, uint64_t now, int n)
{
	uint32_t left_out;
	int passed = 0;

	while (n--)
		passed += allowance_take(l, &allowance_records, uid, now, &left_out);
	return passed;
}

static void a_user_gets_some_at_once_and_then_one_each_while(void **state)
{
	struct allowance l = { 0 };
	uint32_t left_out;

	(void)state;
	assert_int_equal(burst(&l, 1000, 100 * S, 50), (int)allowance_records.burst);
	assert_int_equal(burst(&l, 1001, 100 * S, 5), 5);	/* another has his own */
	assert_false(allowance_take(&l, &allowance_records, 1000, 109 * S, &left_out));
	assert_true(allowance_take(&l, &allowance_records, 1000, 110 * S, &left_out));
	assert_int_equal(left_out, 50 - (int)allowance_records.burst + 1);
	assert_false(allowance_take(&l, &allowance_records, 1000, 110 * S, &left_out));
	assert_true(allowance_take(&l, &allowance_records, 1000, 120 * S, &left_out));
	assert_int_equal(left_out, 1);
	/* long after, all of it is there again, and no more */
	assert_int_equal(burst(&l, 1000, 100000 * S, 50), (int)allowance_records.burst);
}

static void who_is_quiet_is_told_of_once(void **state)
{
	struct allowance l = { 0 };
	uint32_t uid, left_out;

	(void)state;
	assert_false(allowance_next(&l, &allowance_records, 100 * S, &uid, &left_out));
	burst(&l, 1000, 100 * S, 20);
	assert_false(allowance_next(&l, &allowance_records, 179 * S, &uid, &left_out));
	assert_true(allowance_next(&l, &allowance_records, 180 * S, &uid, &left_out));
	assert_int_equal(uid, 1000);
	assert_int_equal(left_out, 20 - (int)allowance_records.burst);
	assert_false(allowance_next(&l, &allowance_records, 180 * S, &uid, &left_out));
}

static void many_users_share_an_allowance(void **state)
{
	struct allowance l = { 0 };
	uint32_t uid, left_out, total = 0;
	int i, passed = 0;

	(void)state;
	for (i = 0; i < 1000; i++)
		passed += burst(&l, 100000 + i, 100 * S, 3);
	assert_int_equal(passed, (int)allowance_records.burst_all);
	/* nothing more, of whomever, until there is room; then all that is missing is told */
	assert_false(allowance_next(&l, &allowance_records, 100 * S, &uid, &left_out));
	for (i = 101; i < 1000; i++)
		while (allowance_next(&l, &allowance_records, i * S, &uid, &left_out))
			total += left_out;
	assert_int_equal(total, 3000 - (int)allowance_records.burst_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_for_the_journal_has_fields),
		cmocka_unit_test(a_record_for_standard_error_is_a_line),
		cmocka_unit_test(every_event_has_its_own_word_and_number),
		cmocka_unit_test(text_cannot_make_fields_or_lines),
		cmocka_unit_test(what_is_too_long_is_cut_and_still_ends),
		cmocka_unit_test(a_user_gets_some_at_once_and_then_one_each_while),
		cmocka_unit_test(who_is_quiet_is_told_of_once),
		cmocka_unit_test(many_users_share_an_allowance),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
