/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What exchange is asked to do, and the lines that it prints for ip(8). */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "tool.h"

#define NONCE_LEN	32

struct side {
	const char *path;
	char name[64];
	const char *id;
	enum espvault_role role;
	struct espvault *unit;
	espvault_handle h_nonce, h_ke, h_ike;
	uint8_t nonce[NONCE_LEN];
	uint8_t ke[ESPVAULT_KE_MAX];
	size_t ke_len;
	struct espvault_child child;
};

/* For the lines; addresses and names of interfaces are checked text. i: side a, r: side b. */
struct xfrm_plan {
	const char *src;	/* NULL: no lines. Address of side a */
	const char *dst;	/* of side b */
	const char *dev[2];	/* NULL: the unit's own interface */
	const char *netns[2];
	uint32_t spi[2];	/* of what side a sends, of what side b sends */
	uint32_t reqid;
	uint32_t window;
	bool tunnel;
	bool esn;
	char ifname[2][16];
};

struct plan {
	struct side side[2];	/* a is the initiator */
	enum espvault_prf prf;
	uint32_t install_ms;
	uint64_t hard_packets, hard_bytes;
	struct xfrm_plan xfrm;
};

/* Command line. EXIT_OK or EXIT_USAGE, with words. */
int plan_parse(struct tool *t, struct plan *plan);
/* Names of the interfaces, once the units are open. */
int plan_devices(struct plan *plan);

void token_hex(const uint8_t token[ESPVAULT_TOKEN_LEN], char hex[2 * ESPVAULT_TOKEN_LEN + 1]);
/* Four `ip xfrm state add` lines: in and out of a, in and out of b. */
struct json_object *xfrm_lines(const struct plan *plan);

#endif
