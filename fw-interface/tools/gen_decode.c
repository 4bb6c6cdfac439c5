// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/* Hex digits of a struct to text. The bytes may come from anywhere: nothing is trusted. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gen.h"

#define DECODE_MAX 65536

static int read_hex(FILE *in, uint8_t *buf, size_t max)
{
	size_t digits = 0;
	int c;

	while ((c = fgetc(in)) != EOF) {
		if (isspace(c) || c == ':')
			continue;
		if (!isxdigit(c)) {
			fprintf(stderr, "esvgen: '%c' is not a hex digit\n", c);
			return -EINVAL;
		}
		if (digits / 2 == max) {
			fprintf(stderr, "esvgen: more than %zu bytes\n", max);
			return -E2BIG;
		}
		c = isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
		buf[digits / 2] = digits % 2 ? buf[digits / 2] << 4 | c : c;
		digits++;
	}
	if (digits % 2) {
		fputs("esvgen: odd number of hex digits\n", stderr);
		return -EINVAL;
	}
	return digits / 2;
}

static uint64_t scalar(const uint8_t *p, size_t size, bool big)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v = v << 8 | p[big ? i : size - 1 - i];
	return v;
}

static const char *value_name(const struct gen_struct *s, const struct gen_field *f, uint64_t v)
{
	if (!strcmp(f->name, "opcode"))
		return gen_item_name(GEN_OPCODE, v);
	if (!strcmp(f->name, "status"))
		return gen_item_name(GEN_STATUS, v);
	if (!strcmp(s->name, "esv_eqe") && !strcmp(f->name, "type"))
		return gen_item_name(GEN_EVENT, v);
	if (!strcmp(s->name, "esv_cap_hdr") && !strcmp(f->name, "id"))
		return gen_item_name(GEN_CAP, v);
	return NULL;
}

static void print_bytes(FILE *out, const struct gen_field *f, const uint8_t *p)
{
	for (size_t i = 0; i < f->size; i++)
		if (strcmp(f->type, "text"))
			fprintf(out, "%02x", p[i]);
		else if (p[i])
			fputc(isprint(p[i]) ? p[i] : '.', out);
	fputc('\n', out);
}

static void print_numbers(FILE *out, const struct gen_struct *s, const struct gen_field *f, const uint8_t *p)
{
	size_t size = gen_elem_size(f), nr = gen_elems(f);
	bool big = !strncmp(f->type, "be", 2);

	for (size_t i = 0; i < nr; i++) {
		uint64_t v = scalar(p + i * size, size, big);
		const char *name = nr == 1 ? value_name(s, f, v) : NULL;

		fprintf(out, "%s%#" PRIx64, i ? " " : "", v);
		if (nr == 1 && v > 9)
			fprintf(out, " (%" PRIu64 ")", v);
		if (name)
			fprintf(out, " %s", name);
	}
	fputc('\n', out);
}

static void print_struct(FILE *out, const struct gen_struct *s, const uint8_t *p, const char *prefix)
{
	char inner[128];

	for (size_t i = 0; i < s->nr; i++) {
		const struct gen_field *f = &s->fields[i];
		const struct gen_struct *sub = gen_find_struct(f->type);

		if (sub) {
			snprintf(inner, sizeof(inner), "%s%s.", prefix, f->name);
			print_struct(out, sub, p + f->off, inner);
			continue;
		}
		fprintf(out, "%s%s: ", prefix, f->name);
		if (gen_elem_size(f) == 1 && f->size > 1)
			print_bytes(out, f, p + f->off);
		else
			print_numbers(out, s, f, p + f->off);
	}
}

int gen_decode(const char *name, FILE *in, FILE *out)
{
	static uint8_t buf[DECODE_MAX];
	const struct gen_struct *s = gen_find_struct(name);
	int len;

	if (!s) {
		fprintf(stderr, "esvgen: no struct '%s'\n", name);
		return -ENOENT;
	}
	len = read_hex(in, buf, sizeof(buf));
	if (len < 0)
		return len;
	if ((size_t)len < s->size) {
		fprintf(stderr, "esvgen: struct %s has %zu bytes, not %d\n", name, s->size, len);
		return -EMSGSIZE;
	}
	print_struct(out, s, buf, "");
	if ((size_t)len > s->size)
		fprintf(out, "and %zu bytes\n", (size_t)len - s->size);
	return 0;
}
