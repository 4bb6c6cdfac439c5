// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memscan: look for secrets in a memory image.
 *
 * usage: memscan IMAGE... < SECRETS
 *
 * SECRETS has a line "name hex" for each secret. Every 8-byte piece of every
 * secret, at every offset, is looked for at every offset of the images, so
 * that a part of a key is found too. Pieces with fewer than five different
 * bytes are left out: they stand everywhere. A secret of less than 8 bytes
 * can't be told from chance and is refused.
 *
 * Prints for each secret that was found "found NAME BYTES", BYTES being how
 * many different bytes of it were seen, and last
 * "scanned N bytes for M secrets". Exit status 0 when the scan was done,
 * whatever it found; 2 on bad input.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 8
#define FILTER_BITS 22

struct secret {
	char *name;
	uint8_t *bytes;
	uint8_t *seen;
	size_t len;
};

struct piece {
	uint64_t value;
	uint32_t secret;
	uint32_t offset;
};

static struct secret *secrets;
static size_t nr_secrets;
static struct piece *pieces;
static size_t nr_pieces;
static uint8_t *filter;

static uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t filter_slot(uint64_t v)
{
	return (v * 0x9e3779b97f4a7c15ULL) >> (64 - FILTER_BITS);
}

static void *grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (!p) {
		fprintf(stderr, "memscan: out of memory\n");
		exit(2);
	}
	return p;
}

/* Too plain a piece would be found by chance. */
static int plain(const uint8_t *p)
{
	int different = 0;

	for (int i = 0; i < PIECE; i++)
		different += !memchr(p, p[i], i);
	return different < 5;
}

static int hex_bytes(const char *hex, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &out[i]) != 1)
			return -EINVAL;
	return 0;
}

static int add_secret(const char *name, const char *hex)
{
	size_t digits = strlen(hex);
	struct secret *s;

	if (digits % 2 || digits < 2 * PIECE || strspn(hex, "0123456789abcdefABCDEF") != digits)
		return -EINVAL;
	secrets = grow(secrets, nr_secrets + 1, sizeof(*secrets));
	s = &secrets[nr_secrets++];
	s->len = digits / 2;
	s->name = strdup(name);
	s->bytes = grow(NULL, s->len, 1);
	s->seen = calloc(1, s->len);
	if (!s->name || !s->seen)
		return -ENOMEM;
	return hex_bytes(hex, s->bytes, s->len);
}

static int by_value(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

static void build_pieces(void)
{
	filter = calloc(1, (1u << FILTER_BITS) / 8);
	if (!filter)
		exit(2);
	for (size_t i = 0; i < nr_secrets; i++) {
		const struct secret *s = &secrets[i];

		pieces = grow(pieces, nr_pieces + s->len, sizeof(*pieces));
		for (size_t off = 0; off + PIECE <= s->len; off++) {
			uint64_t v = load(s->bytes + off);
			uint32_t slot = filter_slot(v);

			if (plain(s->bytes + off))
				continue;
			pieces[nr_pieces++] = (struct piece){ v, (uint32_t)i, (uint32_t)off };
			filter[slot / 8] |= 1u << (slot % 8);
		}
	}
	qsort(pieces, nr_pieces, sizeof(*pieces), by_value);
}

static void mark(uint64_t value)
{
	size_t lo = 0, hi = nr_pieces;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (pieces[mid].value < value)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < nr_pieces && pieces[lo].value == value; lo++)
		memset(secrets[pieces[lo].secret].seen + pieces[lo].offset, 1, PIECE);
}

static void scan(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + PIECE <= len; i++) {
		uint64_t v = load(p + i);
		uint32_t slot = filter_slot(v);

		if (filter[slot / 8] & (1u << (slot % 8)))
			mark(v);
	}
}

static int scan_file(const char *path, uint64_t *total)
{
	struct stat st;
	void *map;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		goto bad;
	if (st.st_size) {
		map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED)
			goto bad;
		scan(map, st.st_size);
		munmap(map, st.st_size);
	}
	*total += st.st_size;
	close(fd);
	return 0;
bad:
	fprintf(stderr, "memscan: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int read_secrets(void)
{
	char *line = NULL, *hex;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			continue;
		hex = strrchr(line, ' ');
		if (!hex || (*hex++ = '\0', add_secret(line, hex))) {
			fprintf(stderr, "memscan: not a line of \"name hex\" with 8 bytes or more: %s\n", line);
			return -1;
		}
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: memscan IMAGE... < SECRETS\n");
		return 2;
	}
	if (read_secrets())
		return 2;
	build_pieces();
	for (int i = 1; i < argc; i++)
		if (scan_file(argv[i], &total))
			return 2;
	for (size_t i = 0; i < nr_secrets; i++) {
		size_t seen = 0;

		for (size_t j = 0; j < secrets[i].len; j++)
			seen += secrets[i].seen[j];
		if (seen)
			printf("found %s %zu\n", secrets[i].name, seen);
	}
	printf("scanned %llu bytes for %zu secrets\n", (unsigned long long)total, nr_secrets);
	return 0;
}
