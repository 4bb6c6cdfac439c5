/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: what the device's status codes mean here (clause ADM-20). Pure. */
#ifndef _ESV_STATUS_H
#define _ESV_STATUS_H

#include <linux/kernel.h>
#include <linux/types.h>

/**
 * esv_status_errno() - errno of a status
 * @status: enum esv_status, or anything that a device may send
 *
 * Return: 0 or a negative errno; -EIO for a status of a later interface.
 */
int esv_status_errno(u16 status);

/* Text of a status, for messages and extack; never NULL. */
const char *esv_status_text(u16 status);

/* Name of an opcode, for messages; never NULL. */
const char *esv_opcode_text(u16 opcode);

/* Text of a reset reason; never NULL. */
const char *esv_reset_text(u32 reason);

#endif
