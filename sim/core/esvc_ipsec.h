/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPsec engine as the data path sees it: SPD verdict, then ESP.
 *
 * Transmit is two steps so that a segmented frame is classified once:
 * esvc_ipsec_classify() on the headers, esvc_ipsec_output() on each segment.
 */
#ifndef ESVC_IPSEC_H
#define ESVC_IPSEC_H

#include "esvc.h"
#include <espvault/esv_if.h>

struct esvc_ipsec;
struct esvc_key;
struct esvc_unit;
struct esvc_aead;

/* Frame in a private buffer with room around it. */
struct esvc_buf {
	uint8_t *data;
	size_t len;
	size_t headroom;
	size_t tailroom;
};

#define ESVC_HEADROOM	128	/* outer IPv6 header, ESP header and IV, alignment */
#define ESVC_TAILROOM	64	/* padding, trailer, ICV */

struct esvc_ipsec_config {
	struct esvc_unit *unit;		/* may be NULL */
	struct esvc_aead *aead;
	uint32_t sa_max;
	uint32_t policy_max;
	bool strict;
	uint16_t function;
	uint32_t fault_icv_n;		/* every nth sent ICV is wrong, 0: never */
	/* Post an event (rate limits are the callee's). */
	void (*event)(void *arg, unsigned int type, uint32_t object, uint64_t arg0, uint32_t arg1);
	uint64_t (*time_ns)(void *arg);
	void *arg;
};

struct esvc_ipsec *esvc_ipsec_new(const struct esvc_ipsec_config *cfg);
void esvc_ipsec_free(struct esvc_ipsec *ips);
/* SADB and entries go; mode and default stay (RST-3). No events: a reset writes nothing to the host (SA-40). */
void esvc_ipsec_reset(struct esvc_ipsec *ips, unsigned int reason);
bool esvc_ipsec_strict(const struct esvc_ipsec *ips);
/*
 * Let frames through again. After every reset but power on the engine drops
 * all, whatever the mode, until a driver has put its entries back and brings
 * the port up (SPD-32). PORT_SET with ESV_PORT_UP calls this.
 */
void esvc_ipsec_start(struct esvc_ipsec *ips);
/* Static bypass classes that are on, ESV_BYPASS_*. */
uint32_t esvc_ipsec_bypass(const struct esvc_ipsec *ips);
/* For a loaded state: strict can only be added, bypass classes only taken away (SPD-33). */
void esvc_ipsec_tighten(struct esvc_ipsec *ips, bool strict, uint32_t bypass);
/* MTU of the port, L3 bytes: an ESP frame above it is TX_DROP_MTU. */
void esvc_ipsec_set_mtu(struct esvc_ipsec *ips, uint16_t mtu);

struct esvc_tx_verdict {
	enum esv_counter counter;	/* TX_ESP, TX_ALLOW, TX_OPEN, TX_BYPASS or a TX_DROP_* */
	uint32_t sa;			/* handle, with TX_ESP */
	uint32_t policy;		/* entry that decided, 0: none */
	uint16_t l3_off;		/* of the outermost IP header */
	uint16_t l4_off;
	uint8_t family;
};

/* hdr: the frame's first bytes with all headers; frame_len: its whole length as the driver gave it, before TSO. */
void esvc_ipsec_classify(struct esvc_ipsec *ips, const uint8_t *hdr, size_t hdr_len, size_t frame_len,
			 bool tagged, uint32_t sa_handle, struct esvc_tx_verdict *v);
/* Transform one frame by its verdict. Returns the counter: as in v, or a TX_DROP_* found later. */
enum esv_counter esvc_ipsec_output(struct esvc_ipsec *ips, const struct esvc_tx_verdict *v, struct esvc_buf *b);

/*
 * May a frame still leave that esvc_ipsec_output() made ESP and that had to
 * wait? v: by what the SPD says now. It needs its SA, with its key, where it
 * was; a next hop that has moved is put in.
 */
enum esv_counter esvc_ipsec_output_again(struct esvc_ipsec *ips, const struct esvc_tx_verdict *v, struct esvc_buf *b);

struct esvc_rx_meta {
	uint32_t sa_handle;		/* 0: came in clear */
	uint32_t policy;
	uint32_t seq_lo;
};

/*
 * Judge and, if ESP, decrypt a frame in place. unicast: frame came to the
 * port's own unicast address. Returns RX_ESP, RX_ALLOW, RX_OPEN, RX_BYPASS or
 * a RX_DROP_*.
 */
enum esv_counter esvc_ipsec_input(struct esvc_ipsec *ips, bool unicast, struct esvc_buf *b,
				  struct esvc_rx_meta *meta);
/*
 * The same for a frame that esvc_ipsec_input() let pass and that had to wait:
 * what commands changed meanwhile. The frame stays as it is.
 */
enum esv_counter esvc_ipsec_input_again(struct esvc_ipsec *ips, struct esvc_buf *b, struct esvc_rx_meta *meta);

/* What SA_QUERY answers for the SA with this handle, and its key. NULL: there is none. */
const struct esvc_key *esvc_ipsec_sa(struct esvc_ipsec *ips, uint32_t handle, struct esv_sa_info *info);

#endif
