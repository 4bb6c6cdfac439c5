/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ESP with AES-GCM (RFC 4303, RFC 4106), on frames in private buffers. */
#ifndef ESVC_ESP_H
#define ESVC_ESP_H

#include "esvc_ipsec_priv.h"

#define ESVC_ESP_HDR	16	/* SPI, sequence number, IV */
#define ESVC_ESP_MIN	(ESVC_ESP_HDR + 4 + ESVC_ICV_LEN)

/*
 * Encrypt the frame under sa, which fits its protect entry. Returns TX_ESP, or
 * the TX_DROP_* why not; then the frame is not to be used any more.
 */
enum esv_counter esvc_esp_out(struct esvc_ipsec *ips, struct esvc_sa *sa, struct esvc_buf *b);

/* The same for a frame that esvc_esp_out() has made: the SA still has its key and its addresses. */
enum esv_counter esvc_esp_out_again(const struct esvc_ipsec *ips, const struct esvc_sa *sa, struct esvc_buf *b);

/*
 * Decrypt the frame, whose ESP header is at esp_off, in place. p: as parsed;
 * on success of what came out. Returns RX_ESP or the RX_DROP_* why not. The
 * caller has still to authorise the result.
 */
enum esv_counter esvc_esp_in(struct esvc_ipsec *ips, struct esvc_sa *sa, struct esvc_buf *b,
			     struct esvc_pkt *p, size_t esp_off, uint32_t *seq_lo);

/* Nonce and AAD. esp: the ESP header with IV. Returns the length of the AAD. */
size_t esvc_esp_nonce(const struct esvc_sa *sa, const uint8_t *esp, uint64_t seq, uint8_t nonce[12],
		      uint8_t aad[12]);

#endif
