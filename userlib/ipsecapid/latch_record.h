/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a latch, as it crosses between the front and the applier and as it is written
 * down before the kernel is told (write-ahead): whatever ends the broker, its next life finds
 * each socket that may be latched.
 *
 * The file is an array of slots. It lies where it does not outlive the boot, as latches don't.
 */
#ifndef IPSECAPID_LATCH_RECORD_H
#define IPSECAPID_LATCH_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <ipsecapi.h>

#include "../libipsecapi/wire/wire.h"
#include "outcomes.h"

#define MAX_LATCHES		16384
#define MAX_LATCHES_USER	4096

/* In the upper half of each latch's id: tells it from a limit that somebody set. */
#define LATCH_ID_MARK		0x4950534cull	/* "IPSL" */

enum spd_kind {
	SPD_CLEAR = 0,		/* nothing, or a bypass */
	SPD_PROTECT = 1,	/* one ESP transform, in transport or tunnel mode */
	SPD_BLOCK = 2,
	SPD_OTHER = 3,
};

/* What the system's own policy said of one direction when the latch was granted. */
struct latch_spd {
	uint32_t kind;		/* enum spd_kind */
	/* of PROTECT */
	uint32_t reqid;
	uint32_t device;	/* that holds the policy, or 0 */
	uint16_t family;	/* of the addresses */
	uint16_t mode;		/* XFRM_MODE_TRANSPORT or _TUNNEL */
	uint8_t saddr[16], daddr[16];	/* of a tunnel */
};

struct latch_record {
	uint32_t version;	/* LATCH_RECORD_VERSION; 0: the slot is free */
	uint32_t checksum;	/* of all that follows */
	uint8_t boot_id[16];
	uint64_t id;		/* stands in the kernel's socket policies */
	struct ipsecapi_tuple tuple;	/* its cookie names the socket; peer_port 0: not connected yet */
	uint32_t uid;		/* who was granted it */
	uint32_t owner;		/* of the socket */
	uint32_t mark, bound_ifindex, tos;	/* by which it sends */
	uint32_t listener;	/* 1: it listens, or will; its connections are other sockets */
	uint32_t waiting;	/* 1: for SAs; the kernel blocks both directions */
	uint32_t gated;		/* 1: outbound the gate holds it (gateset.h), not a policy of the socket */
	uint32_t broken;	/* enum ipsecapi_reason, or 0 */
	uint32_t prior_data;
	uint32_t gate;		/* if gated: the bit of its mark; 0: from when there was no choice */
	uint32_t reqid[2];	/* by DIR_OUT, DIR_IN */
	struct latch_spd spd[2];
	struct wire_require want;	/* of the last request */
	struct outcomes set;	/* what all requests together accept */
};

#define LATCH_RECORD_VERSION	2

/*
 * Open the file, locked for this broker. Returns a descriptor or a negative errno: -EWOULDBLOCK
 * another broker has it, -EPERM it is not what a broker made.
 */
int records_open(const char *path);
/* Who this boot is. Returns 0 or a negative errno. */
int records_boot_id(uint8_t boot_id[16]);

/* Write a record down, or free its slot with NULL. Returns 0 or a negative errno. */
int record_write(int fd, uint32_t slot, struct latch_record *r);
/* Returns 1 with a record that is in use, 0 when the slot is free or of an earlier boot, -ENODATA behind the end. */
int record_read(int fd, uint32_t slot, const uint8_t boot_id[16], struct latch_record *r);
/* The bit by which the gate holds sockets that are on record; 0: there are none. */
uint32_t records_gate(int fd);

#endif
