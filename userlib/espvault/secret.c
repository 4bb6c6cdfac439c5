// SPDX-License-Identifier: GPL-2.0-or-later
#include "secret.h"

#include <arpa/inet.h>
#include <espvault/esv_unit.h>
#include <string.h>

static unsigned int find(const char *word, const char *const *words, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (words[i] && !strcmp(word, words[i]))
			return i;
	return 0;
}

enum espvault_secret secret_type(const char *word)
{
	static const char *const words[] = {
		[ESPVAULT_PSK] = "psk", [ESPVAULT_PPK] = "ppk", [ESPVAULT_KEK] = "kek", [ESPVAULT_PRIV] = "priv",
		[ESPVAULT_PUB] = "pub", [ESPVAULT_ANCHOR] = "anchor", [ESPVAULT_CERT] = "cert", [ESPVAULT_ESP] = "esp",
	};

	return (enum espvault_secret)find(word, words, sizeof(words) / sizeof(words[0]));
}

enum espvault_wrap wrap_type(const char *word)
{
	static const char *const words[] = {
		[ESPVAULT_WRAP_NONE] = "none", [ESPVAULT_WRAP_HPKE] = "hpke", [ESPVAULT_WRAP_KWP] = "kwp",
		[ESPVAULT_WRAP_STORED] = "stored",
	};

	return (enum espvault_wrap)find(word, words, sizeof(words) / sizeof(words[0]));
}

const char *provision_trouble(enum espvault_secret type, enum espvault_wrap wrap, bool store)
{
	if (type == ESPVAULT_CERT && wrap != ESPVAULT_WRAP_NONE)
		return "a certificate of a peer's chain is public and comes as it is: its wrap is none";
	if (type == ESPVAULT_CERT && store)
		return "a certificate of a peer's chain is public: no unit stores it";
	if (type == ESPVAULT_ESP && (store || wrap == ESPVAULT_WRAP_STORED))
		return "an ESP key can't be stored: it would come back with counters that nobody knows";
	return NULL;
}

const char *id_trouble(enum espvault_secret type, bool id)
{
	if (type == ESPVAULT_ESP && id)
		return "an ESP key belongs to an SA and to no identity: leave --id out";
	if ((type == ESPVAULT_PPK || type == ESPVAULT_KEK) && id)
		return "no unit takes a ppk or kek with an identity: leave --id out; psk, priv and anchor may have one, "
		       "pub must";
	if (type == ESPVAULT_PUB && !id)
		return "a pub is nothing without the peer that it authenticates: name that with --id";
	return NULL;
}

void secret_limits(enum espvault_secret type, size_t *min, size_t *max)
{
	*min = type == ESPVAULT_PPK || type == ESPVAULT_KEK ? 32 : 1;
	*max = type == ESPVAULT_PSK || type == ESPVAULT_PPK ? 512 : type == ESPVAULT_KEK ? 32 : ESV_SECRET_MAX;
}

int read_bytes(const char *path, struct bytes *out)
{
	return read_file(path, out->b, sizeof(out->b), &out->len);
}

uint8_t id_encode(const char *text, uint8_t *id, size_t *len)
{
	if (inet_pton(AF_INET, text, id) == 1) {
		*len = 4;
		return 1;
	}
	if (inet_pton(AF_INET6, text, id) == 1) {
		*len = 16;
		return 5;
	}
	*len = strlen(text);
	if (!*len || *len > ESPVAULT_NONCE_MAX)
		return 0;
	memcpy(id, text, *len);
	return strchr(text, '@') ? 3 : 2;
}
