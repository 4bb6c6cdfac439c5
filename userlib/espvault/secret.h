/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets on their way into a unit: their types, their wraps, and the files that they come from. */
#ifndef SECRET_H
#define SECRET_H

#include "file.h"
#include "tool.h"

#define SECRET_FILE_MAX	4080	/* bytes of anything that is read or wrapped here */

struct bytes {
	size_t len;
	uint8_t b[SECRET_FILE_MAX];
};

/* 0: no such word. */
enum espvault_secret secret_type(const char *word);
enum espvault_wrap wrap_type(const char *word);
/* What they take, for who gave something else. */
#define SECRET_TYPES	"psk, ppk, kek, priv, pub, anchor, cert or esp"
#define WRAP_TYPES	"hpke, kwp, stored or none"

/* Why no unit takes a secret of this type that comes so, or is to be stored. NULL: one may. */
const char *provision_trouble(enum espvault_secret type, enum espvault_wrap wrap, bool store);

/* Why a secret of this type can't be sealed with an identity, or without one (UNIT-90). NULL: it can. */
const char *id_trouble(enum espvault_secret type, bool id);

/* A secret of another length no unit takes. */
void secret_limits(enum espvault_secret type, size_t *min, size_t *max);

/* As read_file(). */
int read_bytes(const char *path, struct bytes *out);

/*
 * Type of an identity by the look of its text (RFC 7296 3.5), 0: it has not 1 to 256 bytes. id has room for
 * ESPVAULT_NONCE_MAX.
 */
uint8_t id_encode(const char *text, uint8_t *id, size_t *len);

#endif
