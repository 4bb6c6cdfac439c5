/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a latch was handed to the applier and is not answered yet. Until it is, nobody knows
 * what the socket has: nothing else is asked for it, and its slot is nobody else's. It outlives
 * the session that asked.
 */
#ifndef IPSECAPID_HANDED_H
#define IPSECAPID_HANDED_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_HANDED	256
#define NO_SLOT		UINT32_MAX

struct handed {
	uint64_t cookie;
	uint32_t ticket;
	uint32_t slot;		/* of the record that is being written, or NO_SLOT */
};

struct handed_set {
	struct handed at[MAX_HANDED];
	uint32_t n;
};

bool handed_full(const struct handed_set *s);
void handed_add(struct handed_set *s, const struct handed *h);
void handed_answered(struct handed_set *s, uint32_t ticket);
bool handed_has_socket(const struct handed_set *s, uint64_t cookie);
bool handed_has_slot(const struct handed_set *s, uint32_t slot);

#endif
