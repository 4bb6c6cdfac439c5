// SPDX-License-Identifier: LGPL-2.1-or-later
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STATUS_ROW(name, num, err, retry, text)	{ num, err, text },
static const struct {
	uint16_t num;
	int err;
	const char *text;
} statuses[] = { ESV_STATUS_LIST(STATUS_ROW) };

#define OPCODE_ROW(name, num, minor, in, out, text)	{ num, #name },
static const struct {
	uint16_t num;
	const char *name;
} opcodes[] = { ESV_OPCODE_LIST(OPCODE_ROW) };

/* What the driver refuses by itself. */
static const struct {
	int err;
	const char *text;
} driver_words[] = {
	{ EPERM, "the driver does not allow this command on this descriptor; open the node for writing" },
	{ EMSGSIZE, "the driver refused a length" },
	{ ETIMEDOUT, "the device did not answer in time" },
	{ ENODEV, "the device is gone" },
	{ E2BIG, "the driver does not know a field of the request" },
	{ EINTR, "interrupted" },
	{ EIO, "the device is locked or does not answer; see its status" },
};

/* What is said otherwise of a unit that is a process. */
static const struct {
	int err;
	const char *text;
} process_words[] = {
	{ EPERM, "this connection may only look; open the unit for writing" },
	{ EMSGSIZE, "the unit's process refused a length" },
	{ ETIMEDOUT, "the unit's process did not answer in time" },
	{ ENODEV, "the unit's process ended, and its keys with it" },
	{ E2BIG, "the unit's process does not know a field of the request" },
	{ EPROTO, "the unit's process gave an answer that makes no sense" },
};

#define NR(table)	(sizeof(table) / sizeof((table)[0]))

static const char *opcode_name(uint16_t opcode)
{
	for (size_t i = 0; i < NR(opcodes); i++)
		if (opcodes[i].num == opcode)
			return opcodes[i].name;
	return "command";
}

int esp_refuse(struct espvault *unit, int err, const char *words)
{
	snprintf(unit->words, sizeof(unit->words), "%s", words);
	return err;
}

static int refused_by_driver(struct espvault *unit, uint16_t opcode, int err)
{
	const char *text = strerror(-err);

	for (size_t i = 0; i < NR(driver_words); i++)
		if (driver_words[i].err == -err)
			text = driver_words[i].text;
	for (size_t i = 0; unit->by->is_process && i < NR(process_words); i++)
		if (process_words[i].err == -err)
			text = process_words[i].text;
	snprintf(unit->words, sizeof(unit->words), "%s: %s", opcode_name(opcode), text);
	return err;
}

static int refused_by_device(struct espvault *unit, const struct esv_uapi_cmd *u)
{
	const char *text = "the device answered with a status that this library does not know";
	char where[48] = "";
	int err = EPROTO;

	for (size_t i = 0; i < NR(statuses); i++) {
		if (statuses[i].num == u->status) {
			text = statuses[i].text;
			err = statuses[i].err;
		}
	}
	if (u->err_off != ESV_ERR_OFF_NONE)
		snprintf(where, sizeof(where), " (byte %u of the %s)", u->err_off & ~ESV_ERR_OFF_SQE & 0xffffu,
			 u->err_off & ESV_ERR_OFF_SQE ? "request" : "payload");
	snprintf(unit->words, sizeof(unit->words), "%s: %s%s", opcode_name(u->opcode), text, where);
	return -err;
}

int esp_cmd(struct espvault *unit, const struct esp_cmd *cmd)
{
	uint32_t arg = htole32(cmd->arg);
	struct esv_uapi_cmd u = {
		.size = sizeof(u), .opcode = cmd->opcode, .object = cmd->object,
		.in = (uintptr_t)cmd->in, .in_len = (uint16_t)cmd->in_len,
		.out = (uintptr_t)cmd->out, .out_cap = (uint16_t)cmd->out_len,
	};
	int err;

	unit->words[0] = '\0';
	memcpy(u.inl, &arg, sizeof(arg));
	err = unit->by->cmd(unit, &u);
	if (err)
		return refused_by_driver(unit, cmd->opcode, err);
	if (u.status != ESV_S_OK)
		return refused_by_device(unit, &u);
	if (u.out_len < (cmd->out_min ? cmd->out_min : cmd->out_len))
		return esp_refuse(unit, -EPROTO, "the device's answer is shorter than the interface says");
	if (cmd->result)
		memcpy(cmd->result, u.result, sizeof(u.result));
	return 0;
}
