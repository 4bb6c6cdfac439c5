// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow.h"

#include <ipsecapi.h>
#include <stdio.h>
#include <string.h>

static void print_bits(const char *name, uint32_t kind, uint32_t bits)
{
	const char *comma = "";

	printf(", \"%s\": [", name);
	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (!(bits & bit))
			continue;
		printf("%s\"%s\"", comma, ipsecapi_word(kind, bit));
		comma = ", ";
	}
	printf("]");
}

static void print_direction(const char *name, const struct ipsecapi_direction *d)
{
	printf(", \"%s\": {\"protection\": \"%s\"", name,
	       ipsecapi_word(IPSECAPI_WORDS_PROTECTION, d->protection));
	printf(", \"enforced\": \"%s\"", ipsecapi_word(IPSECAPI_WORDS_ENFORCED, d->enforced_by));
	print_bits("basis", IPSECAPI_WORDS_BASIS, d->basis);
	print_bits("caveats", IPSECAPI_WORDS_CAVEAT, d->caveats);
	printf(", \"custody\": \"%s\"", ipsecapi_word(IPSECAPI_WORDS_CUSTODY, d->custody));
	printf(", \"class\": \"%s\"", ipsecapi_word(IPSECAPI_WORDS_STRENGTH, d->strength));
	printf(", \"reach\": \"%s\"", ipsecapi_word(IPSECAPI_WORDS_REACH, d->reach));
	printf(", \"reason\": \"%s\"}", ipsecapi_word(IPSECAPI_WORDS_REASON, d->reason));
}

int flow_report(const char *api, int fd)
{
	struct ipsecapi_flow *flow = NULL;
	struct ipsecapi_report rep;
	struct ipsecapi *ctx = NULL;
	int err = ipsecapi_open(api, 0, &ctx);

	if (!err)
		err = ipsecapi_flow_open(ctx, fd, &flow);
	if (!err)
		err = ipsecapi_report(flow, &rep, sizeof(rep));
	if (err) {
		fprintf(stderr, "flow: report: %s (%s)\n", strerror(-err),
			ctx ? ipsecapi_strreason(ipsecapi_last_reason(ctx)) : "no broker");
	} else {
		print_direction("out", &rep.dir[IPSECAPI_OUT]);
		print_direction("in", &rep.dir[IPSECAPI_IN]);
		printf(", \"latch\": \"%s\"", ipsecapi_word(IPSECAPI_WORDS_LATCH, rep.latch));
	}
	ipsecapi_flow_close(flow);
	ipsecapi_close(ctx);
	return err ? -1 : 0;
}
