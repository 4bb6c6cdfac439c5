/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device core without a machine around it: its memory holds an admin ring
 * and one page of payload, its wire is cut, its clock and random numbers are the
 * host's. What the driver does between ioctl and admin ring is done here.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <esvc.h>
#include <espvault/esv_if.h>
#include <espvault/esv_uapi.h>

struct device;

/* A device after power-on; cfg is not needed afterwards. NULL with errno set. */
struct device *device_new(const struct esvc_config *cfg);
/* Wipes every secret. NULL is allowed. */
void device_free(struct device *d);

/*
 * Run one command. u->in_len bytes of in and u->out_cap bytes of out are at most ESV_ADMIN_BUF each; u's pointers
 * are not looked at. 0: the device answered, status and what follows are set; -ETIMEDOUT, -EPROTO.
 */
int device_command(struct device *d, struct esv_uapi_cmd *u, const void *in, void *out);

void device_info(struct device *d, struct esv_uapi_info *info);
uint64_t device_epoch(struct device *d);

/* Milliseconds until device_tick() wants to be called, -1: never. */
int device_timeout(struct device *d);
void device_tick(struct device *d);

#endif
