/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hash of the tables that the guest fills. Multilinear hashing over 32-bit
 * words with a secret random multiplier for each (Thorup, "High Speed Hashing
 * for Integers and Strings", 3.2; strongly universal): whoever chooses keys
 * without knowing the multipliers finds collisions no more often than by
 * chance, so chains stay short.
 */
#ifndef ESVC_HASH_H
#define ESVC_HASH_H

#include <errno.h>
#include <stdint.h>

#include <openssl/rand.h>

#define ESVC_HASH_WORDS	9

struct esvc_hash {
	uint64_t mul[ESVC_HASH_WORDS];
	uint64_t add;
};

/* 0 or -EIO. */
static inline int esvc_hash_init(struct esvc_hash *h)
{
	return RAND_bytes((unsigned char *)h, sizeof(*h)) == 1 ? 0 : -EIO;
}

/* n words, at most ESVC_HASH_WORDS. All bits of the result are equally good. */
static inline uint32_t esvc_hash(const struct esvc_hash *h, const uint32_t *words, unsigned int n)
{
	uint64_t sum = h->add;

	for (unsigned int i = 0; i < n; i++)
		sum += h->mul[i] * words[i];
	return (uint32_t)(sum >> 32);
}

#endif
