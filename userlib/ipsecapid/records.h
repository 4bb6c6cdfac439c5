/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the scrubber tells the front: policies and SAs without keys and without SPIs. An SA is
 * named by its position in the table of one generation, and by nothing that travels on a wire.
 */
#ifndef IPSECAPID_RECORDS_H
#define IPSECAPID_RECORDS_H

#include <assert.h>
#include <stdint.h>
#include <ipsecapi.h>

enum { DIR_OUT = 0, DIR_IN = 1, DIR_FWD = 2, DIR_UNKNOWN = 3 };

struct rec_selector {
	uint16_t family;	/* 0: an SA without selector */
	uint8_t protocol;
	uint8_t prefix_s, prefix_d;
	uint8_t rsvd[3];
	uint16_t sport, sport_mask;	/* network byte order */
	uint16_t dport, dport_mask;
	uint32_t ifindex;
	uint8_t saddr[16], daddr[16];
};

struct rec_template {
	uint16_t family;
	uint8_t proto;		/* IPPROTO_ESP, _AH, _COMP */
	uint8_t mode;		/* XFRM_MODE_* */
	uint8_t optional;
	uint8_t has_spi;	/* the template names one SPI */
	uint8_t rsvd[2];
	uint32_t reqid;
	uint32_t spi_sa;	/* with has_spi: index of the SA that has it, or NO_SA */
	uint8_t saddr[16], daddr[16];
};

#define NO_SA		UINT32_MAX
#define MAX_TEMPLATES	6

enum rec_action { ACTION_ALLOW = 0, ACTION_BLOCK = 1 };

struct rec_policy {
	struct rec_selector sel;
	uint32_t index;		/* the kernel's, for telling policies apart */
	uint32_t priority;
	uint32_t if_id;
	uint32_t mark_value, mark_mask;
	uint32_t offload_ifindex;	/* 0: held by software */
	uint8_t dir;
	uint8_t action;
	uint8_t sub;		/* policy type SUB */
	uint8_t of_socket;	/* belongs to one socket */
	uint8_t has_label;	/* selects by security context */
	uint8_t templates;
	uint8_t rsvd[2];
	uint64_t latch;		/* identifier that a broker gave it, or 0 */
	struct rec_template tmpl[MAX_TEMPLATES];
};

enum sa_state { SA_VALID = 0, SA_ACQUIRING = 1, SA_EXPIRED = 2 };
enum sa_offload { OFFLOAD_NONE = 0, OFFLOAD_CRYPTO = 1, OFFLOAD_PACKET = 2 };

/* What the trusted unit said about an SA. */
enum unit_answer {
	UNIT_ABSENT = 0,	/* no unit is seen behind this device */
	UNIT_KNOWS = 1,
	UNIT_UNKNOWN_SA = 2,	/* it answered that it has no such SA */
	UNIT_SILENT = 3,	/* it is there and gave no answer */
	UNIT_NOT_ASKED = 4,	/* it is there; REQ_READ will ask it */
	UNIT_NONE = 5,		/* the device itself says that it has none */
};

struct rec_sa {
	struct rec_selector sel;
	uint32_t reqid;
	uint32_t if_id;
	uint32_t mark_value, mark_mask;
	uint32_t offload_ifindex;
	uint32_t replay_window;
	uint16_t family;	/* of the outer addresses */
	uint8_t proto;
	uint8_t mode;
	uint8_t dir;		/* DIR_OUT, DIR_IN, DIR_UNKNOWN */
	uint8_t offload;	/* enum sa_offload */
	uint8_t state;		/* enum sa_state */
	uint8_t encap;		/* inside UDP or TCP */
	uint8_t wildrecv;
	uint8_t esn;
	uint8_t encrypts;	/* 0 no, 1 yes, 2 unknown algorithm */
	uint8_t authenticates;
	uint8_t strength;	/* enum ipsecapi_strength of the algorithms; the front sets it */
	uint8_t host_key;	/* 0: the kernel holds no key for it */
	uint8_t unit;		/* enum unit_answer */
	uint8_t custody;	/* enum ipsecapi_custody */
	uint8_t pcpu;		/* bound to one CPU */
	uint8_t cipher;		/* enum cipher */
	uint8_t auth;		/* enum auth */
	uint8_t rsvd;
	uint32_t smark_value, smark_mask;	/* set on what it has wrapped */
	uint32_t rsvd1;
	uint8_t saddr[16], daddr[16];
	uint64_t packets, bytes;
	uint64_t unit_packets, unit_bytes;	/* with UNIT_KNOWS */
	uint64_t add_time;
};

/* One trusted unit and the interface that it belongs to. */
struct rec_unit {
	uint32_t ifindex;
	uint32_t suites;
	uint32_t max_sas, max_policies, max_window;
	uint32_t test_mode;
	uint32_t best_custody;	/* enum ipsecapi_custody */
	uint32_t silent;	/* it did not answer */
};

enum rec_type {
	REC_BEGIN = 1,		/* a dump begins; generation */
	REC_POLICY = 2,
	REC_SA = 3,
	REC_UNIT = 4,
	REC_END = 5,		/* body.end */
	REC_READ_SA = 6,	/* answer to REQ_READ, index in `index` */
	REC_READ_END = 7,	/* body.end.status: 0, -EAGAIN generation is old, other errno */
};

struct rec_end {
	uint8_t default_block[4];	/* by DIR_* */
	int32_t status;		/* 0, or why the tables could not be read */
	uint32_t tag;		/* of the request that this answers, 0: none */
	uint32_t torn;		/* of a dump: the tables changed while they were read */
	uint32_t rsvd;
	uint64_t read_at;	/* CLOCK_BOOTTIME ns when the reading began */
};

struct record {
	uint32_t type;
	uint32_t generation;
	uint32_t index;		/* position in the dump */
	uint32_t rsvd;
	union {
		struct rec_policy policy;
		struct rec_sa sa;
		struct rec_unit unit;
		struct rec_end end;
	} body;
};

/* Requests of the front. */
enum req_type {
	REQ_SYNC = 1,		/* dump now if anything may have changed (or force) */
	REQ_READ = 2,		/* take in events, then read these SAs again */
};

#define READ_MAX	16

struct scrub_request {
	uint32_t type;
	uint32_t tag;
	uint32_t force;		/* REQ_SYNC: dump even though no event came */
	uint32_t generation;	/* REQ_READ: of the indices */
	uint32_t count;
	uint32_t index[READ_MAX];
};

#endif
