/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host-keyed SAs and protect entries between two harness drivers. */
#ifndef ESVH_ESP_H
#define ESVH_ESP_H

#include "esvh_drv.h"

struct esvh_esp {
	uint8_t family;			/* of SA, selector and inner packets: 4 or 6 */
	uint8_t mode;			/* enum esv_sa_mode */
	uint32_t spi;			/* host order */
	uint32_t reqid;
	uint8_t key_len;		/* 20 or 36 */
	uint8_t saddr[16], daddr[16];	/* of the SA */
	uint8_t sel_s[16], sel_d[16];	/* of the entries, whole addresses */
	uint8_t nexthop[6];		/* tunnel: destination MAC */
};

/* Install the SA and its entry on the sender; *handle gets the SA's. */
enum esv_status esvh_esp_out(struct esvh_drv *d, const struct esvh_esp *e, uint32_t *handle);
/* The same on the receiver. */
enum esv_status esvh_esp_in(struct esvh_drv *d, const struct esvh_esp *e, uint32_t *handle);

#endif
