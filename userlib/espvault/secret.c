// SPDX-License-Identifier: GPL-2.0-or-later
#include "secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
		[ESPVAULT_PUB] = "pub",
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

int read_bytes(const char *path, struct bytes *out)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO, code = EXIT_OK;
	uint8_t more;
	ssize_t n = fd < 0 ? -1 : 1;

	out->len = 0;
	while (n > 0 && out->len < sizeof(out->b)) {
		n = read(fd, out->b + out->len, sizeof(out->b) - out->len);
		out->len += n > 0 ? (size_t)n : 0;
	}
	if (n > 0)
		n = read(fd, &more, 1);
	if (n < 0)
		code = complain(EXIT_USAGE, "%s: it can't be read: %s", path, strerror(errno));
	else if (n)
		code = complain(EXIT_USAGE, "%s: it is longer than the %d bytes that a unit can take", path,
				SECRET_FILE_MAX);
	else if (!out->len)
		code = complain(EXIT_USAGE, "%s: it is empty", path);
	if (fd > STDIN_FILENO)
		close(fd);
	return code;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int write_bytes(const char *path, const void *bytes, size_t len)
{
	bool out = !strcmp(path, "-");
	int fd = out ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600), err;

	if (fd < 0)
		return complain(EXIT_REFUSED, "%s: it can't be written: %s", path, strerror(errno));
	err = write_all(fd, bytes, len);
	if (!out && close(fd) && !err)
		err = -errno;
	return err ? complain(EXIT_REFUSED, "%s: it can't be written: %s", path, strerror(-err)) : EXIT_OK;
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
