/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command channel between the test programs and the virtual machine, over
 * a virtio-serial port. A frame is
 *
 *	le32 length of what follows, le32 id, u8 kind, body
 *
 * Strings and byte arrays in a body are le32 length and bytes. Ids are chosen
 * by the test program; every answer carries the id of its request.
 */
#ifndef ESPVAULT_GUEST_WIRE_H
#define ESPVAULT_GUEST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PORT_NAME	"espvault.agent"
#define WIRE_MAX_FRAME	(64u << 20)

enum wire_request {
	/* le32 timeout in ms, le32 uid, string netns (may be empty),
	 * bytes stdin, u8 1 to keep stdin open, le32 argc, argc strings
	 */
	WIRE_RUN = 1,
	/* string path, le32 mode, bytes content */
	WIRE_PUT = 2,
	/* string path */
	WIRE_GET = 3,
	/* le32 signal: to the process group of the RUN with this id */
	WIRE_SIGNAL = 4,
	/* bytes for stdin of the RUN with this id; none closes it */
	WIRE_STDIN = 5,
};

enum wire_event {
	/* string kernel release; sent once, when the channel is up */
	WIRE_HELLO = 128,
	/* u8 1 stdout or 2 stderr, then the bytes */
	WIRE_OUTPUT = 129,
	/* le32 exit status or negative signal, u8 1 when the time was over */
	WIRE_EXIT = 130,
	/* the content of a file */
	WIRE_DATA = 131,
	/* empty */
	WIRE_DONE = 132,
	/* string message */
	WIRE_ERROR = 133,
};

/* A cursor over a received body. A read past the end sets bad and gives 0. */
struct wire_in {
	const uint8_t *p;
	size_t left;
	bool bad;
};

uint8_t wire_u8(struct wire_in *in);
uint32_t wire_u32(struct wire_in *in);

/* Points into the frame; not terminated. */
const uint8_t *wire_bytes(struct wire_in *in, size_t *len);

/* A malloc()ed terminated copy, or NULL when the body is bad. */
char *wire_string(struct wire_in *in);

#endif
