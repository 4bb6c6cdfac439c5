// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for numbers, and printing for people and programs. */
#include "tool.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *word(const char *const *table, size_t n, unsigned int i)
{
	return i < n && table[i] ? table[i] : "unknown";
}

#define WORDS(fn, ...) \
	const char *fn(unsigned int n) \
	{ \
		static const char *const table[] = { __VA_ARGS__ }; \
		return word(table, sizeof(table) / sizeof(table[0]), n); \
	}

WORDS(word_dir, "any", "out", "in")
WORDS(word_mode, "any", "transport", "tunnel")
WORDS(word_action, NULL, "allow", "protect", "drop")
WORDS(word_algo, NULL, "aes-128-gcm-16", "aes-256-gcm-16")
WORDS(word_custody, NULL, "L1", "L2", "L3", "L4")
WORDS(word_vouch, "nobody", "host", "unit")
WORDS(word_sa_state, NULL, "active", "soft-expired", "expired")
WORDS(word_subject, NULL, "unit", "handle", "sa")
WORDS(word_handle, NULL, "nonce", "key-exchange", "shared-secret", "ike-sa", "esp-key", "psk", "ppk", "kek",
      "priv", "pub", "anchor", "cert")
WORDS(word_handle_state, NULL, "new", "authenticated", "installed", "suspended", "deactivated")

void put_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

void put_u64(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

/* Identifiers are text: JSON readers round large numbers. */
void put_hex64(struct json_object *o, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%016" PRIx64, value);
	put_str(o, key, text);
}

void put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void put_hex(struct json_object *o, const char *key, const uint8_t *bytes, size_t len)
{
	char *text = malloc(2 * len + 1);

	if (!text)
		abort();
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * len] = '\0';
	put_str(o, key, text);
	free(text);
}

void put_spi(struct json_object *o, uint32_t spi)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", spi);
	put_str(o, "spi", text);
}

void put_version(struct json_object *o, const char *key, uint32_t v, bool patch)
{
	char text[24];

	if (patch)
		snprintf(text, sizeof(text), "%u.%u.%u", v >> 16, v >> 8 & 0xff, v & 0xff);
	else
		snprintf(text, sizeof(text), "%u.%u", v >> 16, v & 0xffff);
	put_str(o, key, text);
}

void put_addr(struct json_object *o, const char *key, unsigned int family, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family == 6 ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	put_str(o, key, text);
}

void put_prefix(struct json_object *o, const char *key, unsigned int family, const uint8_t *addr,
		unsigned int plen)
{
	char text[INET6_ADDRSTRLEN] = "?", whole[INET6_ADDRSTRLEN + 8];

	inet_ntop(family == 6 ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	snprintf(whole, sizeof(whole), "%s/%u", text, plen);
	put_str(o, key, whole);
}

void put_words(struct json_object *o, const char *key, uint32_t bits, const char *const *names, unsigned int n)
{
	struct json_object *a = json_object_new_array();

	for (unsigned int i = 0; i < n; i++)
		if (bits & 1u << i && names[i])
			json_object_array_add(a, json_object_new_string(names[i]));
	json_object_object_add(o, key, a);
}

const char *get(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

bool to_file(const struct tool *t, const char *file)
{
	return file && (strcmp(file, "-") || !t->json);
}

bool stdout_alone(const struct tool *t, const char *file)
{
	return file && !strcmp(file, "-") && !t->json;
}

static void print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void print_value(struct json_object *v)
{
	if (json_object_get_type(v) == json_type_boolean) {
		puts(json_object_get_boolean(v) ? "yes" : "no");
	} else if (json_object_get_type(v) == json_type_array) {
		for (size_t i = 0; i < json_object_array_length(v); i++)
			printf("%s%s", i ? ", " : "", json_object_get_string(json_object_array_get_idx(v, i)));
		putchar('\n');
	} else {
		puts(json_object_get_string(v));
	}
}

int print_object(const struct tool *t, struct json_object *o)
{
	if (t->json) {
		print_json(o);
	} else {
		json_object_object_foreach(o, key, value) {
			printf("%-16s ", key);
			print_value(value);
		}
	}
	json_object_put(o);
	return EXIT_OK;
}

int print_array(const struct tool *t, struct json_object *a, void (*line)(struct json_object *o))
{
	if (t->json)
		print_json(a);
	else
		for (size_t i = 0; i < json_object_array_length(a); i++)
			line(json_object_array_get_idx(a, i));
	json_object_put(a);
	return EXIT_OK;
}
