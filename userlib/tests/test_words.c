// SPDX-License-Identifier: GPL-2.0-or-later
/* Words and sentences: every value has its own, and no other value has any. */
#include <string.h>
#include <ipsecapi.h>

#include "unit.h"

#define LAST_REASON IPSECAPI_REASON_POLICY_OVERTAKEN

static void every_reason_has_its_own_words(void **state)
{
	uint32_t i, k;

	(void)state;
	for (i = 1; i <= LAST_REASON; i++) {
		assert_string_not_equal(ipsecapi_word(IPSECAPI_WORDS_REASON, i), "unknown");
		for (k = 0; k < i; k++) {
			assert_string_not_equal(ipsecapi_strreason(i), ipsecapi_strreason(k));
			assert_string_not_equal(ipsecapi_word(IPSECAPI_WORDS_REASON, i),
						ipsecapi_word(IPSECAPI_WORDS_REASON, k));
		}
	}
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_REASON, LAST_REASON + 1), "unknown");
	assert_string_equal(ipsecapi_strreason(UINT32_MAX), ipsecapi_strreason(0));
}

static void unknown_values_are_unknown(void **state)
{
	uint32_t kind;

	(void)state;
	for (kind = 0; kind < 40; kind++) {
		assert_string_equal(ipsecapi_word(kind, 0), "unknown");
		assert_string_equal(ipsecapi_word(kind, 1u << 31), "unknown");
		assert_string_equal(ipsecapi_word(kind, UINT32_MAX), "unknown");
	}
	/* bit sets take one bit at a time */
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_BASIS, 3), "unknown");
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_BASIS, 2), "device-counters");
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_CUSTODY, IPSECAPI_CUSTODY_L3), "L3");
	assert_string_equal(ipsecapi_word(IPSECAPI_WORDS_ENFORCED, IPSECAPI_ENFORCED_HW_PACKET),
			    "hw-packet");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_reason_has_its_own_words),
	cmocka_unit_test(unknown_values_are_unknown),
};
RUN(tests)
