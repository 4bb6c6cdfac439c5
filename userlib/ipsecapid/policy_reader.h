/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader: reads the policy again when the keeper tells it to, for a signal, or the front,
 * for a program. It stays user 0, whose the files are, without any capability, and has no socket
 * but those to these two.
 */
#ifndef IPSECAPID_POLICY_READER_H
#define IPSECAPID_POLICY_READER_H

#include "policy_files.h"

/* From the front: somebody waits for what comes of it. */
struct policy_wanted {
	uint32_t ticket;
};

/* To the front, with a descriptor of a memory file that has a struct policy unless mistakes. */
struct policy_news {
	uint32_t mistakes;	/* 0: it is good */
	uint32_t ticket;	/* of who waits, or 0 */
};

/*
 * Run until @keeper closes; the result is an exit status. A byte from there asks for a reading,
 * or a struct policy_wanted from @front. What is wrong with the policy goes to stderr.
 */
int reader_main(int keeper, int front, const struct policy_source *from);

/* For the front: take in what the reader sent. Returns a policy to free(), or NULL. */
struct policy *reader_take(int sock, struct policy_news *news, int *err);

#endif
