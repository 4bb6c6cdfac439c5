// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments of one line of a script. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

int line_complain(struct line *l, const char *fmt, ...)
{
	char words[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	/* one message for one line */
	if (!l->bad) {
		complain(EXIT_USAGE, "%s:%u: %s", l->file, l->number, words);
		put_str(l->out, "error", words);
	}
	return l->bad = EXIT_USAGE;
}

const char *may_text(struct line *l, const char *key)
{
	for (unsigned int i = 0; i < l->nr_args; i++)
		if (!strcmp(l->arg[i].key, key))
			return l->arg[i].value;
	return NULL;
}

const char *need_text(struct line *l, const char *key)
{
	const char *text = may_text(l, key);

	if (!text)
		line_complain(l, "%s needs %s=", l->step, key);
	return text;
}

static espvault_handle to_handle(struct line *l, const char *key, const char *text)
{
	uint64_t h;

	if (!text)
		return 0;
	if (number(text, 1, UINT64_MAX, &h))
		return h;
	line_complain(l, "%s=%.40s is no handle; $NAME is the one that a line made", key, text);
	return 0;
}

espvault_handle need_handle(struct line *l, const char *key)
{
	return to_handle(l, key, need_text(l, key));
}

espvault_handle may_handle(struct line *l, const char *key)
{
	return to_handle(l, key, may_text(l, key));
}

size_t may_handles(struct line *l, const char *key, espvault_handle *h, size_t max)
{
	const char *text = may_text(l, key);
	char *copy = text ? strdup(text) : NULL, *save = NULL;
	size_t n = 0;

	for (char *one = copy ? strtok_r(copy, ",", &save) : NULL; one; one = strtok_r(NULL, ",", &save)) {
		if (n == max) {
			line_complain(l, "%s= takes at most %zu handles", key, max);
			break;
		}
		h[n++] = to_handle(l, key, one);
	}
	free(copy);
	return n;
}

uint64_t may_number(struct line *l, const char *key, uint64_t min, uint64_t max)
{
	const char *text = may_text(l, key);
	uint64_t n;

	if (!text)
		return 0;
	if (number(text, min, max, &n))
		return n;
	line_complain(l, "%s=%.40s is no number from %llu to %llu", key, text, (unsigned long long)min,
		      (unsigned long long)max);
	return 0;
}

bool may_flag(struct line *l, const char *key)
{
	const char *text = may_text(l, key);

	if (text && strcmp(text, "yes") && strcmp(text, "no"))
		line_complain(l, "%s= takes yes or no, not %.40s", key, text);
	return text && !strcmp(text, "yes");
}

const char *const roles[] = { "initiator", "responder", NULL };
const char *const prfs[] = { "sha256", "sha384", "sha512", NULL };
const char *const methods[] = { "x25519", "p-256", "p-384", "modp-2048", "modp-3072", "ml-kem-768", NULL };
const char *const schemes[] = { "ecdsa-p256-sha256", "ecdsa-p384-sha384", "ed25519", "rsa-pss-sha256",
				"rsa-pss-sha384", "rsa-pss-sha512", NULL };

unsigned int need_word(struct line *l, const char *key, const char *const *words)
{
	const char *text = need_text(l, key);
	char all[128] = "";

	for (unsigned int i = 0; text && words[i]; i++) {
		if (!strcmp(text, words[i]))
			return i + 1;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "", words[i]);
	}
	if (text)
		line_complain(l, "%s=%.40s is none of %s", key, text, all);
	return 0;
}

static void to_bytes(struct line *l, const char *key, const char *text, struct bytes *out)
{
	out->len = 0;
	if (!text)
		return;
	if (*text == '@') {
		if (read_bytes(text + 1, out) != EXIT_OK)
			l->bad = EXIT_USAGE;
	} else if (!hex_decode(text, out->b, sizeof(out->b), &out->len)) {
		line_complain(l, "%s= takes up to %d bytes as hex digits, or @FILE", key, SECRET_FILE_MAX);
	}
}

void may_bytes(struct line *l, const char *key, struct bytes *out)
{
	to_bytes(l, key, may_text(l, key), out);
}

void need_bytes(struct line *l, const char *key, struct bytes *out)
{
	to_bytes(l, key, need_text(l, key), out);
}

void need_exactly(struct line *l, const char *key, uint8_t *out, size_t len)
{
	const char *text = need_text(l, key);

	if (text && !hex_bytes(text, out, len))
		line_complain(l, "%s= takes %zu bytes as hex digits", key, len);
}

uint8_t need_id(struct line *l, const char *key, uint8_t id[ESPVAULT_NONCE_MAX], size_t *len)
{
	const char *text = need_text(l, key);
	uint8_t type = text ? id_encode(text, id, len) : 0;

	if (text && !type)
		line_complain(l, "%s= takes an identity of 1 to 256 bytes", key);
	return type;
}

void put_handle(struct line *l, const char *key, espvault_handle h)
{
	put_hex64(l->out, key, h);
}
