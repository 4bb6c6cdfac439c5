/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recognise a token of the trusted unit where a key is expected, and key
 * material that is no key at all.
 *
 * Only the magic is looked at: whether a token is good is for the unit to
 * say. The version byte is ignored, so that tokens of a later version key
 * nothing either.
 */
#ifndef _ESV_TOKEN_H
#define _ESV_TOKEN_H

#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <string.h>
#endif

#include <espvault/esv_unit.h>

#define ESV_TOKEN_VERSION_AT	(ESV_TOKEN_MAGIC_LEN - 2)

/**
 * esv_is_token() - do these bytes begin as a token does?
 * @key: bytes given as a key
 * @len: how many
 *
 * True also for a token that was cut short or made longer: it must not become
 * a key under a cipher with keys of that length.
 */
static inline bool esv_is_token(const void *key, unsigned int len)
{
	const __u8 *k = key;
	const char *magic = ESV_TOKEN_MAGIC;

	if (len < ESV_TOKEN_MAGIC_LEN)
		return false;
	return !memcmp(k, magic, ESV_TOKEN_VERSION_AT) &&
	       k[ESV_TOKEN_MAGIC_LEN - 1] == (__u8)magic[ESV_TOKEN_MAGIC_LEN - 1];
}

/*
 * Empty or all-zero key material: what a dump of an SA shows whose key was
 * wiped. It must not become the key of a new SA.
 */
static inline bool esv_is_no_key(const void *key, unsigned int len)
{
	const __u8 *k = key;
	__u8 any = 0;

	while (len--)
		any |= *k++;
	return !any;
}

#endif
