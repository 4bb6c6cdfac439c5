/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libcrypto has allocated, so that a test can look for keys in it. */
#ifndef CHUNKS_H
#define CHUNKS_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
	struct chunk *next, **link;
	size_t len;
	_Alignas(16) uint8_t data[];
};

static struct chunk *chunks;	/* oldest last */
/* Before a chunk is in the list, and before it goes from it; NULL: nothing. */
static void (*on_chunk_get)(struct chunk *c);
static void (*on_chunk_put)(const struct chunk *c);

static struct chunk *chunk_of(void *p)
{
	return (struct chunk *)((uint8_t *)p - offsetof(struct chunk, data));
}

static void *chunk_get(size_t len, const char *file, int line)
{
	struct chunk *c = malloc(sizeof(*c) + len);

	if (!c)
		return NULL;
	c->len = len;
	if (on_chunk_get)
		on_chunk_get(c);
	c->next = chunks;
	c->link = &chunks;
	if (chunks)
		chunks->link = &c->next;
	chunks = c;
	return c->data;
}

static void chunk_put(void *p, const char *file, int line)
{
	struct chunk *c;

	if (!p)
		return;
	c = chunk_of(p);
	if (on_chunk_put)
		on_chunk_put(c);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c);
}

static void *chunk_again(void *old, size_t len, const char *file, int line)
{
	void *p = len ? chunk_get(len, file, line) : NULL;

	if (len && !p)
		return NULL;
	if (old && p)
		memcpy(p, old, chunk_of(old)->len < len ? chunk_of(old)->len : len);
	chunk_put(old, file, line);
	return p;
}

/* Before libcrypto allocates anything. False: too late. */
static inline bool chunks_track(void)
{
	return CRYPTO_set_mem_functions(chunk_get, chunk_again, chunk_put);
}

#endif
