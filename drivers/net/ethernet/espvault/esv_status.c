// SPDX-License-Identifier: GPL-2.0
/* espvault: what the device's status codes mean here (clause ADM-20). Pure. */

#include <linux/errno.h>
#include <linux/kernel.h>

#include <espvault/esv_admin.h>

#include "esv_status.h"

#define ESV_STATUS_ROW(name, num, err, retry, text) [num] = { err, text },
static const struct {
	int err;
	const char *text;
} esv_statuses[] = { ESV_STATUS_LIST(ESV_STATUS_ROW) };

int esv_status_errno(u16 status)
{
	if (status >= ARRAY_SIZE(esv_statuses) || !esv_statuses[status].text)
		return -EIO;
	return -esv_statuses[status].err;
}

const char *esv_status_text(u16 status)
{
	if (status >= ARRAY_SIZE(esv_statuses) || !esv_statuses[status].text)
		return "status of a later interface version";
	return esv_statuses[status].text;
}

#define ESV_OPCODE_CASE(name, num, minor, in, out, text) \
	case num: \
		return #name;

const char *esv_opcode_text(u16 opcode)
{
	switch (opcode) {
	ESV_OPCODE_LIST(ESV_OPCODE_CASE)
	}
	return "unknown command";
}

#define ESV_RESET_ROW(name, num, text) [num] = text,
static const char * const esv_resets[] = { ESV_RESET_LIST(ESV_RESET_ROW) };

const char *esv_reset_text(u32 reason)
{
	if (reason >= ARRAY_SIZE(esv_resets) || !esv_resets[reason])
		return "reason of a later interface version";
	return esv_resets[reason];
}
