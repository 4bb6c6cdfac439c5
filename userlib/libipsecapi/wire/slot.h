/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status pages of a session: written by the broker, mapped read-only by the client from
 * a memfd sealed F_SEAL_FUTURE_WRITE | SHRINK | GROW | SEAL.
 *
 * A slot is a sequence lock around a body, plus a lease that is renewed without it. A reader
 * that sees an expired lease knows that the broker is gone, whatever the body says.
 */
#ifndef IPSECAPI_SLOT_H
#define IPSECAPI_SLOT_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ipsecapi.h>

#define PAGE_MAGIC	0x3150414955u

struct page_header {
	uint64_t magic;
	uint32_t slot_size;	/* distance of two slots; a newer broker's are longer */
	uint32_t slots;
	uint64_t lease;		/* ns that one renewal is good for */
	uint64_t reserved[5];
};
static_assert(sizeof(struct page_header) == 64, "page header");

enum slot_state {
	SLOT_FREE = 0,
	SLOT_LIVE = 1,
	SLOT_CLOSED = 2,	/* the socket is gone or was connected elsewhere */
};

struct slot_body {
	struct ipsecapi_direction dir[2];
	struct ipsecapi_tuple tuple;
	uint64_t read_at;
	uint32_t flow;		/* handle that this slot answers for */
	uint32_t state;		/* enum slot_state */
	uint32_t latch;
	uint32_t generation;
};

struct slot {
	uint64_t sequence;	/* odd: being written */
	uint64_t lease_until;	/* CLOCK_BOOTTIME ns */
	struct slot_body body;
};
static_assert(sizeof(struct ipsecapi_direction) == 120, "direction");
static_assert(sizeof(struct ipsecapi_tuple) == 64, "tuple");
static_assert(sizeof(struct slot_body) == 328, "slot body");
static_assert(sizeof(struct slot) == 344, "slot");

#define SLOT_WORDS	(sizeof(struct slot_body) / sizeof(uint64_t))
/* A writer holds the lock for tens of nanoseconds; more tries than this mean that it died. */
#define SLOT_TRIES	1000

/* @slot_size is the header's. A reader keeps the one that it checked: the page may change. */
static inline struct slot *slot_at(void *page, uint32_t slot_size, uint32_t index)
{
	return (struct slot *)((uint8_t *)page + sizeof(struct page_header) +
			       (size_t)slot_size * index);
}

/* Store @body; one writer at a time. Word-wise, so that a reader races with no torn word. */
static inline void slot_write(struct slot *s, const struct slot_body *body)
{
	uint64_t seq = __atomic_load_n(&s->sequence, __ATOMIC_RELAXED);
	uint64_t *dst = (uint64_t *)&s->body;
	uint64_t words[SLOT_WORDS];
	size_t i;

	memcpy(words, body, sizeof(words));
	__atomic_store_n(&s->sequence, seq | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (i = 0; i < SLOT_WORDS; i++)
		__atomic_store_n(&dst[i], words[i], __ATOMIC_RELAXED);
	__atomic_store_n(&s->sequence, (seq | 1) + 1, __ATOMIC_RELEASE);
}

/* Returns false when no consistent copy was to be had. */
static inline bool slot_read(const struct slot *s, struct slot_body *body)
{
	const uint64_t *src = (const uint64_t *)&s->body;
	uint64_t *words = (uint64_t *)body, seq;
	unsigned int n;
	size_t i;

	for (n = 0; n < SLOT_TRIES; n++) {
		seq = __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE);
		if (seq & 1)
			continue;
		for (i = 0; i < SLOT_WORDS; i++)
			words[i] = __atomic_load_n(&src[i], __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&s->sequence, __ATOMIC_RELAXED) == seq)
			return true;
	}
	return false;
}

static inline void slot_renew(struct slot *s, uint64_t until)
{
	__atomic_store_n(&s->lease_until, until, __ATOMIC_RELEASE);
}

static inline uint64_t slot_lease(const struct slot *s)
{
	return __atomic_load_n(&s->lease_until, __ATOMIC_ACQUIRE);
}

#endif
