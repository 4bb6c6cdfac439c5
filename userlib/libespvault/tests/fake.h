/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two real device cores behind the library's transport, in this process: what
 * the kernel driver does between ioctl and admin queue is done here.
 */
#ifndef FAKE_H
#define FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <espvault/esv_if.h>
#include "esvh_drv.h"

#define FAKE_UNITS	2

struct fake_unit {
	struct esvh_host *host;
	struct esvh_drv drv;
	char ifname[16];
};

extern struct fake_unit fake_unit[FAKE_UNITS];

/* What the transport does next, beyond what the device says. */
extern struct fake_faults {
	int cmd_err;		/* each command answers this errno */
	int open_err;
	int write_err;		/* of who opens for writing */
	uint32_t uapi_version;	/* 0: the right one */
	unsigned int units;	/* nodes that exist */
	/* Changes an answer on its way to the library; NULL: none. */
	void (*answer)(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out);
} fake_faults;

/* cmocka set-up and tear-down of one test: two fresh devices. state: NULL, or a struct esvc_config for both. */
int fake_setup(void **state);
int fake_teardown(void **state);

/* Install an SA by a token; returns its handle, 0 when the device refused (*status says why). */
uint32_t fake_install(unsigned int unit, const uint8_t token[ESV_TOKEN_LEN], uint8_t dir, uint32_t spi,
		      enum esv_status *status);
/* The same with a key that the host knows; 0: refused. */
uint32_t fake_install_key(unsigned int unit, const uint8_t key[36], uint8_t dir, uint32_t spi);
uint32_t fake_policy(unsigned int unit, const struct esv_policy_params *p);

#endif
