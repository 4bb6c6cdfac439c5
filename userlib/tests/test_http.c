// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests for figures (RFC 9112, RFC 9110), and the figures' names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../ipsecapid/http.h"
#include "../ipsecapid/openmetrics.h"
#include "../libipsecapi/wire/wire.h"
#include "unit.h"

static enum http_status judge(const char *request, size_t n, bool *head_only)
{
	char *copy = malloc(n + 1);	/* so that a byte too far is seen */
	enum http_status status;

	memcpy(copy, request, n);
	status = http_judge(copy, n, head_only);
	free(copy);
	return status;
}

#define EXPECT(request, status) do { \
	bool head_; \
	assert_int_equal(judge(request, sizeof(request) - 1, &head_), status); \
} while (0)

#define GET "GET /metrics HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"

static void good_requests(void **state)
{
	bool head;

	(void)state;
	EXPECT(GET HOST "\r\n", HTTP_OK);
	EXPECT(GET "User-Agent: curl/8\r\nAccept: */*\r\nhOsT:\r\n\r\n", HTTP_OK);
	EXPECT("\r\n" GET HOST "\r\n", HTTP_OK);
	EXPECT("GET /metrics HTTP/1.0\r\n\r\n", HTTP_OK);
	EXPECT("GET /metrics HTTP/1.1\nHost: a\n\n", HTTP_OK);
	EXPECT("GET /metrics?name=a HTTP/1.1\r\n" HOST "\r\n", HTTP_OK);
	EXPECT("GET http://localhost/metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_OK);
	EXPECT("GET HTTP://a:1/metrics?x HTTP/1.9\r\n" HOST "\r\n", HTTP_OK);
	EXPECT(GET HOST "\r\nand more", HTTP_OK);
	assert_int_equal(judge("HEAD /metrics HTTP/1.1\r\n" HOST "\r\n", 43, &head), HTTP_OK);
	assert_true(head);
}

static void bad_requests(void **state)
{
	(void)state;
	EXPECT("\r\n\r\n" GET HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET\r\n\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET /metrics\r\n\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET  /metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET /metrics  HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET /metrics HTTP/1.1 \r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("G(T /metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET http:///metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET /metrics#a HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET /metrics HTTP/1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET /metrics http/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT(GET "\r\n", HTTP_BAD_REQUEST);			/* no Host */
	EXPECT(GET HOST HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT(GET "Host : a\r\n\r\n", HTTP_BAD_REQUEST);
	EXPECT(GET HOST " folded\r\n\r\n", HTTP_BAD_REQUEST);
	EXPECT(GET HOST "no field\r\n\r\n", HTTP_BAD_REQUEST);
	EXPECT(GET HOST "a: b\rc\r\n\r\n", HTTP_BAD_REQUEST);
	EXPECT("GET /met\0rics HTTP/1.1\r\n" HOST "\r\n", HTTP_BAD_REQUEST);
	EXPECT("\x16\x03\x01\x02\x00\x01", HTTP_BAD_REQUEST);	/* TLS */
}

static void other_requests(void **state)
{
	(void)state;
	EXPECT("GET / HTTP/1.1\r\n" HOST "\r\n", HTTP_NOT_FOUND);
	EXPECT("GET /metrics/ HTTP/1.1\r\n" HOST "\r\n", HTTP_NOT_FOUND);
	EXPECT("GET /../metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_NOT_FOUND);
	EXPECT("GET http://localhost HTTP/1.1\r\n" HOST "\r\n", HTTP_NOT_FOUND);
	EXPECT("POST /metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_METHOD_NOT_ALLOWED);
	EXPECT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", HTTP_METHOD_NOT_ALLOWED);
	EXPECT("get /metrics HTTP/1.1\r\n" HOST "\r\n", HTTP_NOT_IMPLEMENTED);
	EXPECT("GET /metrics HTTP/2.0\r\n" HOST "\r\n", HTTP_VERSION_NOT_SUPPORTED);
}

static void what_is_not_complete_is_waited_for(void **state)
{
	static const char request[] = GET HOST "\r\n";
	bool head;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(request) - 1; n++)
		assert_int_equal(judge(request, n, &head), HTTP_MORE);
}

static void what_is_too_long_is_refused(void **state)
{
	char request[HTTP_REQUEST_MAX + 1];
	bool head;

	(void)state;
	memset(request, 'a', sizeof(request));
	memcpy(request, GET HOST "a: ", strlen(GET HOST "a: "));
	assert_int_equal(judge(request, HTTP_REQUEST_MAX - 1, &head), HTTP_MORE);
	assert_int_equal(judge(request, HTTP_REQUEST_MAX, &head), HTTP_HEADERS_TOO_LARGE);
	memcpy(request + HTTP_REQUEST_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(judge(request, HTTP_REQUEST_MAX, &head), HTTP_OK);
}

static void heads_of_answers(void **state)
{
	static const enum http_status all[] = { 200, 400, 404, 405, 408, 431, 500, 501, 503, 505 };
	char head[HTTP_HEAD_MAX], line[32];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		n = http_head(head, all[i], 1234, 1700000000);
		assert_true(n < sizeof(head) && n == strlen(head));
		snprintf(line, sizeof(line), "HTTP/1.1 %d ", all[i]);
		assert_memory_equal(head, line, strlen(line));
		assert_non_null(strstr(head, "\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"));
		assert_non_null(strstr(head, "\r\nContent-Length: 1234\r\n"));
		assert_string_equal(head + n - 4, "\r\n\r\n");
		assert_int_equal(!!strstr(head, "\r\nAllow: GET, HEAD\r\n"), all[i] == 405);
		assert_int_equal(!*http_words(all[i]), all[i] == 200);
	}
}

/* The numbers have gaps. */
static bool is_request(uint32_t type)
{
	return type <= WIRE_POLICY || (type >= WIRE_REQUIRE && type <= WIRE_ACCEPT) || type == WIRE_RUN ||
	       type == WIRE_RELOAD;
}

static void every_request_has_a_name_of_its_own(void **state)
{
	uint32_t i, k;

	(void)state;
	assert_true(WIRE_REQUEST_MAX < COUNTED_REQUESTS);
	for (i = 1; i <= WIRE_REQUEST_MAX; i++)
		for (k = 0; k < i && is_request(i); k++)
			if (!k || is_request(k))
				assert_string_not_equal(openmetrics_request(i), openmetrics_request(k));
	assert_string_equal(openmetrics_request(COUNTED_REQUESTS), "other");
}

static void figures_are_in_the_text(void **state)
{
	struct counters c = { .started = 1700000000, .dump_ns = 1500000000, .units = 3, .units_silent = 1 };
	size_t length;
	char *text;

	(void)state;
	c.requests[WIRE_REPORT] = UINT64_MAX;
	c.refusals[IPSECAPI_REASON_MALFORMED] = 5;
	c.flows[IPSECAPI_IN][IPSECAPI_ENFORCED_HW_PACKET] = 7;
	c.dumps[0] = 1;
	c.dumps[DUMP_BOUNDS] = 2;
	text = openmetrics_text(&c, &length);
	assert_non_null(text);
	assert_int_equal(strlen(text), length);
#define HAS(line) assert_non_null(strstr(text, "\n" line "\n"))
	HAS("ipsecapi_start_time_seconds 1700000000");
	HAS("ipsecapi_requests_total{request=\"report\"} 18446744073709551615");
	HAS("ipsecapi_refusals_total{reason=\"malformed\"} 5");
	HAS("ipsecapi_refusals_total{reason=\"not-permitted\"} 0");
	HAS("ipsecapi_flows{direction=\"in\",enforced=\"hw-packet\"} 7");
	HAS("ipsecapi_dump_duration_seconds_bucket{le=\"0.001\"} 1");
	HAS("ipsecapi_dump_duration_seconds_bucket{le=\"2.5\"} 1");
	HAS("ipsecapi_dump_duration_seconds_bucket{le=\"+Inf\"} 3");
	HAS("ipsecapi_dump_duration_seconds_count 3");
	HAS("ipsecapi_dump_duration_seconds_sum 1.500000000");
	HAS("ipsecapi_units{state=\"answering\"} 2");
	HAS("# EOF");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(other_requests),
		cmocka_unit_test(what_is_not_complete_is_waited_for),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(heads_of_answers),
		cmocka_unit_test(every_request_has_a_name_of_its_own),
		cmocka_unit_test(figures_are_in_the_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
