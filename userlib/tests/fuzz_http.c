// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: requests of scrapers, as they come in two pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../ipsecapid/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum http_status judge(const uint8_t *data, size_t size, bool *head_only)
{
	enum http_status status;
	char *copy = malloc(size + 1);	/* exact, so that one byte too far is noticed */

	if (!copy)
		abort();
	memcpy(copy, data, size);
	status = http_judge(copy, size, head_only);
	free(copy);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http_status first, all;
	bool first_head, all_head;

	if (!size || size > HTTP_REQUEST_MAX)
		return 0;
	first = judge(data, size / 2, &first_head);
	all = judge(data, size, &all_head);
	/* what was complete stays what it was, whatever follows that is text */
	if (first != HTTP_MORE && !memchr(data, 0, size) && (first != all || first_head != all_head))
		abort();
	if (all == HTTP_MORE && size == HTTP_REQUEST_MAX)
		abort();
	return 0;
}
