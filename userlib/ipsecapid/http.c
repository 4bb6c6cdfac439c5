// SPDX-License-Identifier: GPL-2.0-or-later
/* HTTP/1.1: a request's head, and the head of the answer. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http.h"

struct answer {
	enum http_status status;
	const char *phrase;
	const char *words;
};

static const struct answer answers[] = {
	{ HTTP_OK, "OK", "" },
	{ HTTP_BAD_REQUEST, "Bad Request", "This is no HTTP/1.1 request; send GET " HTTP_PATH " with one Host field.\n" },
	{ HTTP_NOT_FOUND, "Not Found", "Nothing is here; the figures are at " HTTP_PATH ".\n" },
	{ HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed", "Figures are only read: send GET or HEAD.\n" },
	{ HTTP_REQUEST_TIMEOUT, "Request Timeout", "The request took too long; send it at once.\n" },
	{ HTTP_HEADERS_TOO_LARGE, "Request Header Fields Too Large",
	  "The request is longer than 4096 bytes; send fewer fields.\n" },
	{ HTTP_SERVER_ERROR, "Internal Server Error", "There is no memory left for an answer; try again.\n" },
	{ HTTP_NOT_IMPLEMENTED, "Not Implemented", "This method is not known; send GET or HEAD.\n" },
	{ HTTP_UNAVAILABLE, "Service Unavailable", "The broker does not answer; try again.\n" },
	{ HTTP_VERSION_NOT_SUPPORTED, "HTTP Version Not Supported", "Send HTTP/1.1.\n" },
};

static const struct answer *answer_of(enum http_status status)
{
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].status == status)
			return &answers[i];
	return answer_of(HTTP_SERVER_ERROR);
}

const char *http_words(enum http_status status)
{
	return answer_of(status)->words;
}

size_t http_head(char head[HTTP_HEAD_MAX], enum http_status status, size_t length, time_t now)
{
	char date[40];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return snprintf(head, HTTP_HEAD_MAX,
			"HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			"Cache-Control: no-store\r\n%sConnection: close\r\n\r\n",
			status, answer_of(status)->phrase, date,
			status == HTTP_OK ? "application/openmetrics-text; version=1.0.0; charset=utf-8" :
					    "text/plain; charset=utf-8",
			length, status == HTTP_METHOD_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "");
}

/* Cut the next line off. NULL: it has what no line may have. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*at = end + 1;
	*end = 0;
	if (end > line && end[-1] == '\r')
		end[-1] = 0;
	return strchr(line, '\r') ? NULL : line;
}

/* Cut off what is before the next single space. */
static char *next_word(char **at)
{
	char *word = *at, *space = strchr(word, ' ');

	if (!space || space == word)
		return NULL;
	*space = 0;
	*at = space + 1;
	return word;
}

static size_t token(const char *s)
{
	return strspn(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static enum http_status judge_version(const char *version)
{
	if (strncmp(version, "HTTP/", 5) || !isdigit((unsigned char)version[5]) || version[6] != '.' ||
	    !isdigit((unsigned char)version[7]) || version[8])
		return HTTP_BAD_REQUEST;
	return version[5] == '1' ? HTTP_OK : HTTP_VERSION_NOT_SUPPORTED;
}

static enum http_status judge_method(const char *method, bool *head_only)
{
	static const char *const others[] = { "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH" };
	size_t i;

	*head_only = !strcmp(method, "HEAD");
	if (*head_only || !strcmp(method, "GET"))
		return HTTP_OK;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(method, others[i]))
			return HTTP_METHOD_NOT_ALLOWED;
	return HTTP_NOT_IMPLEMENTED;
}

/* A path, or all of a URL (RFC 9112 3.2.2). */
static enum http_status judge_target(char *target)
{
	char *path = target;

	if (!strncasecmp(target, "http://", 7)) {
		path = target + 7 + strcspn(target + 7, "/?#");
		if (path == target + 7)
			return HTTP_BAD_REQUEST;
	} else if (*target != '/') {
		return HTTP_BAD_REQUEST;
	}
	if (strchr(path, '#'))
		return HTTP_BAD_REQUEST;
	path[strcspn(path, "?")] = 0;
	return strcmp(path, HTTP_PATH) ? HTTP_NOT_FOUND : HTTP_OK;
}

/* Returns how many Host fields there are, or -1 when a line is no field. */
static int read_fields(char *at)
{
	char *line;
	int hosts = 0;
	size_t n;

	for (;;) {
		line = next_line(&at);
		if (!line)
			return -1;
		if (!*line)
			return hosts;
		n = token(line);
		if (!n || line[n] != ':')
			return -1;
		hosts += n == 4 && !strncasecmp(line, "Host", 4);
	}
}

static enum http_status judge_head(char *text, bool *head_only)
{
	char *line, *method, *target;
	enum http_status status;
	int hosts;

	line = next_line(&text);
	method = line ? next_word(&line) : NULL;
	target = method ? next_word(&line) : NULL;
	if (!target || method[token(method)])
		return HTTP_BAD_REQUEST;
	status = judge_version(line);
	if (status != HTTP_OK)
		return status;
	hosts = read_fields(text);
	if (hosts < 0 || hosts > 1 || (!hosts && strcmp(line, "HTTP/1.0")))
		return HTTP_BAD_REQUEST;
	status = judge_method(method, head_only);
	return status == HTTP_OK ? judge_target(target) : status;
}

enum http_status http_judge(char *text, size_t length, bool *head_only)
{
	size_t empty = length >= 2 && !memcmp(text, "\r\n", 2) ? 2 : 0;	/* RFC 9112 2.2 */

	*head_only = false;
	text[length] = 0;
	if (strlen(text) != length)
		return HTTP_BAD_REQUEST;
	if (strstr(text + empty, "\n\r\n") || strstr(text + empty, "\n\n"))
		return judge_head(text + empty, head_only);
	return length < HTTP_REQUEST_MAX ? HTTP_MORE : HTTP_HEADERS_TOO_LARGE;
}
