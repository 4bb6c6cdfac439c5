/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader: reads the policy again when it is told to. It stays user 0, whose the files are,
 * without any capability, and has no socket but those to the keeper and the front.
 */
#ifndef IPSECAPID_POLICY_READER_H
#define IPSECAPID_POLICY_READER_H

#include "policy_files.h"

/* To the front, with a descriptor of a memory file that has a struct policy unless mistakes. */
struct policy_news {
	uint32_t mistakes;	/* 0: it is good */
};

/*
 * Run until @keeper closes; the result is an exit status. A byte from @keeper asks for a
 * reading; one comes back, 1 when the policy is good. What is wrong with it goes to stderr.
 */
int reader_main(int keeper, int front, const struct policy_source *from);

/* For the front: take in what the reader sent. Returns a policy to free(), or NULL. */
struct policy *reader_take(int sock, struct policy_news *news, int *err);

#endif
