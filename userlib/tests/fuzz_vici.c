// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: messages of the IKE daemon, about connections and about SAs. */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../ipsecapid/ike_connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ike_choice c = {
		.local = { .family = AF_INET, .protocol = IPPROTO_TCP, .port = 40000, .address = { 192, 0, 2, 1 } },
		.remote = { .family = AF_INET, .protocol = IPPROTO_TCP, .port = 80, .address = { 192, 0, 2, 2 } },
		.called = { .family = AF_INET, .address = { 192, 0, 2, 2 } }, .tunnel = size & 1,
	};
	struct ike_progress_of of = { .child = "http" };
	struct vici_reader r;
	uint8_t *copy = malloc(size + 1);	/* exact, so that one byte too far is noticed */
	int looked, read;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	r = (struct vici_reader){ .at = copy, .end = copy + size };
	looked = ike_connection_look(&r, &c);
	r = (struct vici_reader){ .at = copy, .end = copy + size };
	read = ike_connection_progress(&r, &of);
	free(copy);
	/* both read all of it; who chooses a child has its connection's name, and both end */
	if (looked != read || !*c.ike != !*c.child || strlen(c.child) >= IKE_NAME)
		abort();
	return 0;
}
