// SPDX-License-Identifier: LGPL-2.1-or-later
/* What only gets tighter until power on: strict mode, and the classes that pass in clear (SPD-30, SPD-31). */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

ESPVAULT_API int espvault_lock(struct espvault *unit)
{
	const struct esp_cmd cmd = { .opcode = ESV_OP_SPD_LOCK };

	return unit ? esp_cmd(unit, &cmd) : -EINVAL;
}

ESPVAULT_API int espvault_bypass(struct espvault *unit, uint32_t keep, uint32_t *on)
{
	uint8_t result[12];
	const struct esp_cmd cmd = { .opcode = ESV_OP_BYPASS_SET, .arg = keep, .result = result };
	uint32_t left;
	int err;

	if (!unit || !on)
		return -EINVAL;
	err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	memcpy(&left, result, sizeof(left));
	*on = le32toh(left);
	return 0;
}
