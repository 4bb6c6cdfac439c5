/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The calls of esv_uapi.h over a SOCK_SEQPACKET socket (UAPI-4), for a unit that
 * is a process and no device: development and tests.
 *
 * A connection is what a descriptor of /dev/espvaultN is: a session, which goes
 * with it. Each record is one request or its answer, numbers are the machine's
 * own. The first request is HELLO. struct unit_socket_head is the same in every
 * version, and an answer that refuses is nothing else.
 */
#ifndef ESPVAULT_UNIT_SOCKET_H
#define ESPVAULT_UNIT_SOCKET_H

#include <linux/types.h>
#include "esv_admin.h"
#include "esv_assert.h"
#include "esv_uapi.h"

#define UNIT_SOCKET_MAGIC	0x55565345	/* "ESVU" */
#define UNIT_SOCKET_VERSION	1
#define UNIT_SOCKET_FD		3		/* of a unit that was started with its one connection */

enum unit_socket_kind {
	UNIT_SOCKET_HELLO = 1,	/* struct unit_socket_hello; answer: head */
	UNIT_SOCKET_INFO = 2,	/* head; answer: struct unit_socket_info */
	UNIT_SOCKET_CMD = 3,	/* struct unit_socket_cmd, both ways */
};

#define UNIT_SOCKET_READER	0x1	/* only what a descriptor opened for reading may */

struct unit_socket_head {
	__u32 magic;
	__u16 version;
	__u16 kind;
	__u32 seq;		/* an answer has its request's */
	__s32 err;		/* answer: 0, or a negative errno as the ioctl gives it; request: 0 */
};

struct unit_socket_hello {
	struct unit_socket_head head;
	__u32 flags;		/* UNIT_SOCKET_READER */
	__u32 rsvd;
};

struct unit_socket_info {
	struct unit_socket_head head;
	struct esv_uapi_info info;
};

/* cmd.in and cmd.out are 0: the record ends after cmd.in_len bytes of data, an answer after cmd.out_len. */
struct unit_socket_cmd {
	struct unit_socket_head head;
	struct esv_uapi_cmd cmd;
	__u8 data[ESV_ADMIN_BUF];
};

ESV_STATIC_ASSERT(sizeof(struct unit_socket_head) == 16 && sizeof(struct unit_socket_hello) == 24 &&
		  sizeof(struct unit_socket_info) == 128 && __builtin_offsetof(struct unit_socket_cmd, data) == 104,
		  "records have no holes");

#endif
