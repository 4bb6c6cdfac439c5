/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of HTTP/1.1 (RFC 9112, RFC 9110) as it takes to give one page, or say why not. */
#ifndef IPSECAPID_HTTP_H
#define IPSECAPID_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define HTTP_REQUEST_MAX	4096
#define HTTP_PATH		"/metrics"

enum http_status {
	HTTP_MORE = 0,			/* the request is not complete yet */
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD_NOT_ALLOWED = 405,
	HTTP_REQUEST_TIMEOUT = 408,
	HTTP_HEADERS_TOO_LARGE = 431,
	HTTP_SERVER_ERROR = 500,
	HTTP_NOT_IMPLEMENTED = 501,
	HTTP_UNAVAILABLE = 503,
	HTTP_VERSION_NOT_SUPPORTED = 505,
};

/*
 * Judge what came so far. @head_only: the answer has no body. @text is changed, and has room for
 * a zero after its @length bytes.
 */
enum http_status http_judge(char *text, size_t length, bool *head_only);

#define HTTP_HEAD_MAX 512

/* Write the head of an answer whose body has @length bytes; the connection ends with it. */
size_t http_head(char head[HTTP_HEAD_MAX], enum http_status status, size_t length, time_t now);

/* The body of an answer that is no page: what is wrong, and what would be right. */
const char *http_words(enum http_status status);

#endif
