// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: policy files. They are root's, but the tool reads others as well. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../ipsecapid/policy_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_build b;
	static struct policy p;
	static FILE *nowhere;
	struct complaints c = { .n = 0 };
	char *copy = malloc(size ? size : 1);

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!copy || !nowhere)
		abort();
	c.to = nowhere;
	memcpy(copy, data, size);	/* exactly as long, so that one byte too far is noticed */
	policy_build_begin(&b, &p, &c);
	/* the first half is the shipped file, the other the administrator's, which goes on with it */
	policy_build_file(&b, "shipped", true, copy, size / 2);
	policy_build_file(&b, "own", false, copy + size / 2, size - size / 2);
	if (!policy_build_end(&b) && p.n_classes < 3)
		abort();
	free(copy);
	return 0;
}
