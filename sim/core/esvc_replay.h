/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anti-replay window of 32 to 4096 packets, with and without ESN (RFC 4303 3.4.3, appendix A). */
#ifndef ESVC_REPLAY_H
#define ESVC_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct esvc_replay {
	uint64_t top;		/* highest sequence number accepted */
	uint32_t window;	/* packets, multiple of 32; 0: not set up */
	uint32_t words;
	uint64_t *bitmap;	/* ring of words * 64 bits */
};

enum esvc_replay_verdict { ESVC_REPLAY_OK, ESVC_REPLAY_OLD, ESVC_REPLAY_DUP, ESVC_REPLAY_ZERO };

/* 0, -EINVAL window, -ENOMEM. A window that is set up already grows or shrinks, keeping what is known. */
int esvc_replay_init(struct esvc_replay *r, uint32_t window, uint64_t top);
void esvc_replay_free(struct esvc_replay *r);

/* The 64-bit number that a received low half stands for (RFC 4303 A.2.2); without ESN just seq_lo. */
uint64_t esvc_replay_expand(const struct esvc_replay *r, uint32_t seq_lo, bool esn);
/* Before the ICV check. */
enum esvc_replay_verdict esvc_replay_check(const struct esvc_replay *r, uint64_t seq);
/* After the ICV check; moves the window. */
void esvc_replay_accept(struct esvc_replay *r, uint64_t seq);

#endif
