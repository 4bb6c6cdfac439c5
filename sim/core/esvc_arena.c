// SPDX-License-Identifier: GPL-2.0-or-later
#include "esvc_arena.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define slot_poison(p, n)	__asan_poison_memory_region(p, n)
#define slot_unpoison(p, n)	__asan_unpoison_memory_region(p, n)
#else
#define slot_poison(p, n)	((void)(p), (void)(n))
#define slot_unpoison(p, n)	((void)(p), (void)(n))
#endif

#define CHUNK_BYTES	(64u * 1024)
#define CHUNKS_MAX	256	/* a process may have only so many mappings */

struct esvc_arena {
	size_t slot_size;
	size_t chunk_bytes;	/* without the guard pages */
	size_t page;
	uint32_t per_chunk;
	uint32_t slot_max;
	uint32_t chunks;	/* mapped so far */
	uint32_t chunk_max;
	uint32_t free_count;
	uint32_t *free;		/* stack of free slots of mapped chunks */
	uint8_t **chunk;
};

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* A chunk between two guard pages: locked, not dumped, zero in a forked child. */
static uint8_t *chunk_map(const struct esvc_arena *a)
{
	size_t total = a->chunk_bytes + 2 * a->page;
	uint8_t *base, *p;

	base = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	p = base + a->page;
	if (mprotect(p, a->chunk_bytes, PROT_READ | PROT_WRITE) ||
	    madvise(p, a->chunk_bytes, MADV_DONTDUMP) ||
	    madvise(p, a->chunk_bytes, MADV_WIPEONFORK) ||
	    /* not mlock(): sanitizers replace that one by nothing */
	    mlock2(p, a->chunk_bytes, 0)) {
		int err = errno;

		munmap(base, total);
		errno = err;
		return NULL;
	}
	return p;
}

static void chunk_unmap(const struct esvc_arena *a, uint8_t *p)
{
	slot_unpoison(p, a->chunk_bytes);
	OPENSSL_cleanse(p, a->chunk_bytes);
	munmap(p - a->page, a->chunk_bytes + 2 * a->page);
}

static int arena_grow(struct esvc_arena *a)
{
	uint32_t first = a->chunks * a->per_chunk, n = a->per_chunk;
	uint8_t *p;

	if (a->chunks == a->chunk_max)
		return -ENOSPC;
	p = chunk_map(a);
	if (!p)
		return -ENOMEM;
	a->chunk[a->chunks++] = p;
	slot_poison(p, a->chunk_bytes);
	if (n > a->slot_max - first)
		n = a->slot_max - first;
	while (n--)	/* so that the lowest slot is taken first */
		a->free[a->free_count++] = first + n;
	return 0;
}

static size_t chunk_size(const struct esvc_arena *a)
{
	size_t all = a->slot_size * a->slot_max, n = CHUNK_BYTES;

	if (n < all / CHUNKS_MAX)
		n = all / CHUNKS_MAX;
	if (n > all)
		n = all;
	if (n < a->slot_size)
		n = a->slot_size;
	return round_up(n, a->page);
}

struct esvc_arena *esvc_arena_new(size_t slot_size, uint32_t slot_max)
{
	struct esvc_arena *a;
	int err;

	if (!slot_size || !slot_max) {
		errno = EINVAL;
		return NULL;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->page = (size_t)sysconf(_SC_PAGESIZE);
	a->slot_size = round_up(slot_size, ESVC_ARENA_ALIGN);
	a->slot_max = slot_max;
	a->chunk_bytes = chunk_size(a);
	a->per_chunk = (uint32_t)(a->chunk_bytes / a->slot_size);
	a->chunk_max = (slot_max + a->per_chunk - 1) / a->per_chunk;
	a->chunk = calloc(a->chunk_max, sizeof(*a->chunk));
	a->free = calloc(slot_max, sizeof(*a->free));
	if (!a->chunk || !a->free) {
		err = ENOMEM;
		goto fail;
	}
	if (arena_grow(a)) {
		err = errno;
		goto fail;
	}
	return a;
fail:
	esvc_arena_free(a);
	errno = err;
	return NULL;
}

void esvc_arena_free(struct esvc_arena *a)
{
	if (!a)
		return;
	while (a->chunks)
		chunk_unmap(a, a->chunk[--a->chunks]);
	free(a->free);
	free(a->chunk);
	free(a);
}

int esvc_arena_get(struct esvc_arena *a, uint32_t *slot)
{
	if (!a->free_count) {
		int err = arena_grow(a);

		if (err)
			return err;
	}
	*slot = a->free[--a->free_count];
	slot_unpoison(esvc_arena_at(a, *slot), a->slot_size);
	return 0;
}

void *esvc_arena_at(const struct esvc_arena *a, uint32_t slot)
{
	return a->chunk[slot / a->per_chunk] + (size_t)(slot % a->per_chunk) * a->slot_size;
}

void esvc_arena_put(struct esvc_arena *a, uint32_t slot)
{
	void *p = esvc_arena_at(a, slot);

	OPENSSL_cleanse(p, a->slot_size);
	slot_poison(p, a->slot_size);
	a->free[a->free_count++] = slot;
}
