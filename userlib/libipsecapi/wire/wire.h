/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket protocol between libipsecapi and ipsecapid, version 1. doc/protocol.md is its
 * description for other languages; both must say the same.
 */
#ifndef IPSECAPI_WIRE_H
#define IPSECAPI_WIRE_H

#include <assert.h>
#include <stdint.h>

#define WIRE_MAGIC		0x31415049u	/* "IPA1", little-endian hosts */
#define WIRE_VERSION_MIN	1
#define WIRE_VERSION_MAX	1
#define WIRE_MAX_MESSAGE	4096

/* One SEQPACKET message: this header, then attributes. Byte order of the host. */
struct wire_header {
	uint32_t magic;
	uint16_t type;		/* enum wire_type */
	uint16_t version;	/* 0 in HELLO, then what HELLO agreed on */
	uint32_t tag;		/* chosen by the client, returned in the reply; 0 in events */
	int32_t status;		/* replies: 0 or a negative errno; 0 in requests */
	uint32_t reason;	/* replies: enum ipsecapi_reason; 0 in requests */
	uint32_t length;	/* of the attributes that follow, in bytes */
};
static_assert(sizeof(struct wire_header) == 24, "wire header");

/* Attribute: type, length of the value, the value, zero padding to 4 bytes. */
struct wire_attr {
	uint16_t type;		/* enum wire_attr_type, | WIRE_ATTR_OPTIONAL */
	uint16_t length;
};
static_assert(sizeof(struct wire_attr) == 4, "wire attribute");

/* A receiver that does not know an attribute refuses the message unless this bit is set. */
#define WIRE_ATTR_OPTIONAL	0x8000

#define WIRE_REPLY		0x8000

enum wire_type {
	WIRE_HELLO = 1,		/* MIN_VERSION, MAX_VERSION -> VERSION, PAGE_SIZE, STRUCT(wire_hello) + memfd */
	WIRE_FLOW_OPEN = 2,	/* one descriptor -> FLOW, STRUCT(tuple) */
	WIRE_FLOW_CLOSE = 3,	/* FLOW */
	WIRE_REPORT = 4,	/* FLOW -> STRUCT(report) */
	WIRE_WHY = 5,		/* FLOW, INDEX -> STRUCT(why) */
	WIRE_CAPS = 6,		/* -> STRUCT(caps) */
	WIRE_CLASS = 7,		/* INDEX -> STRUCT(class) */
	WIRE_INTERFACE = 8,	/* INDEX -> STRUCT(interface) */
	WIRE_HOST = 9,		/* -> STRUCT(host) */
	WIRE_RULE = 10,		/* INDEX -> STRUCT(rule) */
	WIRE_POLICY = 11,	/* INDEX -> STRUCT(policy_text) */
	WIRE_REQUIRE = 16,	/* FLOW, STRUCT(wire_require), one descriptor */
	WIRE_RELAX = 17,	/* FLOW, one descriptor */
	WIRE_ACCEPT = 18,	/* FLOW of the listener, INDEX, one descriptor -> FLOW, STRUCT(tuple) */
	WIRE_RUN = 20,		/* INDEX: enum ipsecapi_confine, the directory of a cgroup as a descriptor */
	WIRE_RELOAD = 21,	/* for root: answered once the policy was read again, and is in force or refused */
	/* 12..15, 19 and 22..31 are kept: pins, peers */
	WIRE_REQUEST_MAX = 21,
	WIRE_EVENT = 0x4001,	/* EVENT, FLOW */
};

enum wire_attr_type {
	WIRE_ATTR_MIN_VERSION = 1,	/* u32 */
	WIRE_ATTR_MAX_VERSION = 2,	/* u32 */
	WIRE_ATTR_VERSION = 3,		/* u32 */
	WIRE_ATTR_FLOW = 4,		/* u32: slot index | generation << 16 */
	WIRE_ATTR_INDEX = 5,		/* u32 */
	WIRE_ATTR_PAGE_SIZE = 6,	/* u32: bytes of the status pages */
	WIRE_ATTR_EVENT = 7,		/* u32 type, u32 reason */
	WIRE_ATTR_STRUCT = 8,		/* the public structure, as in ipsecapi.h, or one of below */
	/* 9..12 are kept: kind and name of a peer, label and value of a binding */
	WIRE_ATTR_MAX = 8,
};

/* The STRUCT of the reply to HELLO. It only grows at its end. */
struct wire_hello {
	uint32_t gate_mark;	/* bit of sockets' marks: the broker's, for some that are latched */
	uint32_t reserved[3];	/* 0 */
};
static_assert(sizeof(struct wire_hello) == 16, "wire hello");

/* Of brokers that don't tell. */
#define WIRE_GATE_MARK		0x20000000u

enum wire_want_flag {
	WANT_REPLAY = 1,
	WANT_STRICT = 2,
	WANT_LESS = 4,
	WANT_LISTEN = 8,
	WANT_FLAGS = 15,
};

/* What REQUIRE asks for. It only grows at its end; 0 asks for nothing. */
struct wire_require {
	char class[16];		/* ends in NUL */
	uint32_t protection;	/* enum ipsecapi_protection: INTEGRITY, ENCRYPTED, or 0 */
	uint32_t hardware;	/* enum ipsecapi_hardware */
	uint32_t disposition;	/* enum ipsecapi_disposition; 0: RESET */
	uint32_t custody;	/* enum ipsecapi_custody: at least that, or 0 */
	uint32_t flags;		/* enum wire_want_flag */
	uint16_t family;	/* of the address to be connected to; 0: none given */
	uint16_t port;		/* network byte order */
	uint8_t address[16];	/* AF_INET uses the first four */
	uint32_t reserved[4];	/* 0 */
};
static_assert(sizeof(struct wire_require) == 72, "wire require");

#endif
