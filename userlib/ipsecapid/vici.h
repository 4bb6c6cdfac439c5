/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VICI, the local protocol of strongSwan's IKE daemon (its README.md of the vici plugin, protocol
 * version 1), as far as the broker asks. Who may speak it controls the daemon: so there are the
 * requests named here, and no way to send another. Every length from the daemon is checked here.
 */
#ifndef IPSECAPID_VICI_H
#define IPSECAPID_VICI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VICI_MESSAGE_MAX	(512 * 1024)	/* the protocol's own limit */
#define VICI_DEPTH_MAX		16

enum vici_request {
	VICI_LIST_CONNS = 0,	/* configured connections, one a message */
	VICI_LIST_SAS = 1,	/* IKE SAs, one a message */
	VICI_INITIATE = 2,	/* begin a negotiation */
};

enum vici_type {
	VICI_SECTION = 1, VICI_SECTION_END = 2, VICI_VALUE = 3,
	VICI_LIST = 4, VICI_LIST_ITEM = 5, VICI_LIST_END = 6,
};

/* One element of a message; texts are in the message, without NUL. */
struct vici_item {
	uint8_t type;		/* enum vici_type */
	const char *name;	/* of a section, value or list; of an item of a list, the list's */
	size_t name_length;
	const char *value;
	size_t length;
};

/* Where a message was read to. Zero but for the first two at the beginning. */
struct vici_reader {
	const uint8_t *at, *end;
	unsigned int depth;	/* so many sections are open */
	const char *list;	/* the name of the list that is open, or NULL */
	size_t list_length;
};

/* The next element: 1, 0 at the end of a whole message, or -EBADMSG. */
int vici_read(struct vici_reader *r, struct vici_item *item);
bool vici_named(const struct vici_item *item, const char *name);
bool vici_says(const struct vici_item *item, const char *value);

struct vici {
	int fd;
	uint64_t until;		/* CLOCK_BOOTTIME ns: everything is to be done by then */
	size_t length;		/* of the message received last */
	uint8_t buf[VICI_MESSAGE_MAX];
};

/* Connect. Returns 0 or a negative errno; -ETIMEDOUT once @until has passed, as all the others. */
int vici_open(struct vici *v, const char *path, uint64_t until);
/* What was received goes as well: SPIs were in it. */
void vici_close(struct vici *v);

struct vici_arg {
	const char *key, *value;	/* at most 255 and 65535 bytes */
};

/**
 * Ask, and take the whole answer.
 * @args: up to one with a NULL key.
 * @each: called for each message of a list, if not NULL; other than 0 ends the reading with that
 *        result, after which the connection is of no more use.
 * @answer: NULL, or set to read the answer proper, which stays until the next request.
 *
 * Returns 0 or a negative errno: -EOPNOTSUPP the daemon does not know the request, -EBADMSG it
 * does not keep to the protocol, -ECONNRESET it hung up.
 */
int vici_ask(struct vici *v, enum vici_request request, const struct vici_arg *args,
	     int (*each)(struct vici_reader *r, void *arg), void *arg, struct vici_reader *answer);

#endif
