/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Building and taking apart the attributes of a message. Nothing here allocates; every length
 * is checked once, in tlv_parse().
 */
#ifndef IPSECAPI_TLV_H
#define IPSECAPI_TLV_H

#include <stddef.h>
#include <stdint.h>
#include "wire.h"

struct tlv_value {
	const void *data;	/* NULL: attribute absent */
	uint16_t length;
};

struct tlv_set {
	struct tlv_value at[WIRE_ATTR_MAX + 1];
};

struct tlv_writer {
	uint8_t *buf;
	size_t cap;
	size_t used;		/* more than cap: it did not fit */
};

/**
 * Check a received message and collect its attributes.
 * @buf, @len: the message as received; must stay valid as long as @set is used.
 * @hdr, @set: filled.
 *
 * Returns 0; -EBADMSG malformed (short, magic, lengths, padding, an attribute twice);
 * -EOPNOTSUPP an attribute that is unknown and not optional.
 */
int tlv_parse(const void *buf, size_t len, struct wire_header *hdr, struct tlv_set *set);

/** Fetch a u32. Returns 0, -ENODATA when absent, -EBADMSG when of another length. */
int tlv_u32(const struct tlv_set *set, unsigned int type, uint32_t *value);

/** Start a message in @buf; @hdr->length is filled in by tlv_finish(). */
void tlv_begin(struct tlv_writer *w, void *buf, size_t cap, const struct wire_header *hdr);
void tlv_put(struct tlv_writer *w, unsigned int type, const void *value, size_t length);
void tlv_put_u32(struct tlv_writer *w, unsigned int type, uint32_t value);
/** Returns the length of the message, or -EMSGSIZE when it did not fit. */
int tlv_finish(struct tlv_writer *w);

/**
 * Copy a structure that crosses between differently old programs: what both know is copied,
 * what only the reader knows is zeroed.
 */
void sized_copy_out(void *dst, size_t dst_size, const void *src, size_t src_size);

#endif
