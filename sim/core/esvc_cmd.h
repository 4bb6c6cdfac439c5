/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One admin command on its way through the core: request copied from the
 * guest, payload copied in, answer to be copied out.
 */
#ifndef ESVC_CMD_H
#define ESVC_CMD_H

#include <endian.h>
#include <espvault/esv_if.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct esvc_dev;

struct esvc_cmd {
	struct esv_sqe sqe;		/* private copy */
	uint16_t function;
	uint32_t object;		/* in: sqe.object; out: handle made */
	const uint8_t *in;		/* in_len bytes, private copy */
	size_t in_len;
	uint8_t *out;			/* out_cap bytes, zeroed */
	size_t out_cap;
	size_t out_len;			/* set by the handler */
	uint16_t err_off;		/* set with a refusal, ESV_ERR_OFF_NONE by default */
	uint16_t retry_ms;
	uint8_t result[12];
};

typedef enum esv_status (*esvc_cmd_fn)(struct esvc_dev *dev, struct esvc_cmd *cmd);

/*
 * One row of the dispatch table. The dispatcher has checked, before run is
 * called: opcode, version, flags, reserved request fields, function,
 * in_min <= in_len <= in_max, out_cap >= out_min (ADM-10).
 */
struct esvc_cmd_row {
	uint16_t opcode;
	uint16_t in_min;
	uint16_t in_max;
	uint16_t out_min;
	esvc_cmd_fn run;
};

/* Tables of the parts; each ends with a row of opcode 0. */
extern const struct esvc_cmd_row esvc_nic_rows[];
extern const struct esvc_cmd_row esvc_sa_rows[];
extern const struct esvc_cmd_row esvc_policy_rows[];
extern const struct esvc_cmd_row esvc_unit_rows[];

/* Fields of the payload by their offsets, for handlers of more than one layout. */
static inline uint64_t esvc_in64(const struct esvc_cmd *cmd, size_t off)
{
	uint64_t v;

	memcpy(&v, cmd->in + off, sizeof(v));
	return le64toh(v);
}

static inline uint16_t esvc_in16(const struct esvc_cmd *cmd, size_t off)
{
	uint16_t v;

	memcpy(&v, cmd->in + off, sizeof(v));
	return le16toh(v);
}

/* Refuse with the offending byte: `return esvc_refuse(cmd, ESV_S_BAD_FIELD, offsetof(...))`. */
static inline enum esv_status esvc_refuse(struct esvc_cmd *cmd, enum esv_status status, size_t off)
{
	cmd->err_off = (uint16_t)off;
	return status;
}

#endif
