// SPDX-License-Identifier: GPL-2.0-or-later
/* The admin queue: fetch, check, dispatch, complete (ADM-3 ff). */
#include "esvc_fault.h"
#include "esvc_ring.h"

#define BUSY_RETRY_MS	5
#define PAGE		4096

static const struct esvc_cmd_row *const tables[] = {
	esvc_nic_rows, esvc_sa_rows, esvc_policy_rows, esvc_unit_rows,
};

/* Inline bytes that a command reads; the others must be zero (ADM-8). */
static size_t inline_used(uint16_t opcode)
{
	switch (opcode) {
	case ESV_OP_NOP:
		return ESV_ADMIN_INLINE;
	case ESV_OP_FEATURES_SET:
	case ESV_OP_SA_LIST:
	case ESV_OP_POLICY_LIST:
	case ESV_OP_BYPASS_SET:
		return 4;
	case ESV_OP_ABORT:
		return 2;
	case ESV_OP_QUEUE_DESTROY:
	case ESV_OP_ZEROIZE:
	case ESV_OP_SELFTEST:
		return 1;
	default:
		return 0;
	}
}

/* A device without a part does not know the part's commands, nor for a driver that does not use it (ADM-42). */
static bool part_present(const struct esvc_dev *dev, uint16_t opcode)
{
	switch (opcode >> 4) {
	case ESV_OP_SA_ADD >> 4:
	case ESV_OP_POLICY_ADD >> 4:
		return dev->ipsec && dev->features & ESV_FEAT_IPSEC;
	case ESV_OP_UNIT_STATUS >> 4:
	case ESV_OP_KE_ENCAP >> 4:
		return dev->unit && dev->features & ESV_FEAT_UNIT;
	default:
		return true;
	}
}

static const struct esvc_cmd_row *find_row(const struct esvc_dev *dev, uint16_t opcode)
{
	if (!opcode || !part_present(dev, opcode))
		return NULL;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct esvc_cmd_row *row = tables[t]; row->opcode; row++)
			if (row->opcode == opcode)
				return row;
	return NULL;
}

static enum esv_status refuse_sqe(struct esvc_cmd *cmd, enum esv_status status, size_t off)
{
	return esvc_refuse(cmd, status, ESV_ERR_OFF_SQE | off);
}

static enum esv_status check_reserved(struct esvc_cmd *cmd)
{
	const struct esv_sqe *s = &cmd->sqe;
	size_t used = inline_used(le16toh(s->opcode));

	if (s->flags)
		return refuse_sqe(cmd, ESV_S_RESERVED_NONZERO, offsetof(struct esv_sqe, flags));
	if (s->rsvd0)
		return refuse_sqe(cmd, ESV_S_RESERVED_NONZERO, offsetof(struct esv_sqe, rsvd0));
	if (s->rsvd1)
		return refuse_sqe(cmd, ESV_S_RESERVED_NONZERO, offsetof(struct esv_sqe, rsvd1));
	for (size_t i = used; i < ESV_ADMIN_INLINE; i++)
		if (s->inl[i])
			return refuse_sqe(cmd, ESV_S_RESERVED_NONZERO, offsetof(struct esv_sqe, inl) + i);
	return ESV_S_OK;
}

static enum esv_status check_lengths(struct esvc_cmd *cmd, const struct esvc_cmd_row *row)
{
	size_t in_len = le16toh(cmd->sqe.in_len), out_cap = le16toh(cmd->sqe.out_cap);
	size_t most = in_len > out_cap ? in_len : out_cap;
	uint64_t dma = le64toh(cmd->sqe.dma);

	if (in_len < row->in_min || in_len > row->in_max)
		return refuse_sqe(cmd, ESV_S_BAD_LENGTH, offsetof(struct esv_sqe, in_len));
	if (out_cap < row->out_min || out_cap > ESV_ADMIN_BUF)
		return refuse_sqe(cmd, ESV_S_BAD_LENGTH, offsetof(struct esv_sqe, out_cap));
	if (most && dma % PAGE + most > PAGE)
		return refuse_sqe(cmd, ESV_S_BAD_FIELD, offsetof(struct esv_sqe, dma));
	return ESV_S_OK;
}

static enum esv_status check(struct esvc_dev *dev, struct esvc_cmd *cmd, const struct esvc_cmd_row *row)
{
	enum esv_status status;

	if (!row)
		return refuse_sqe(cmd, ESV_S_UNSUPPORTED_OP, offsetof(struct esv_sqe, opcode));
	if (cmd->sqe.version != 1) {
		cmd->result[0] = 1;
		return refuse_sqe(cmd, ESV_S_UNSUPPORTED_VERSION, offsetof(struct esv_sqe, version));
	}
	status = check_reserved(cmd);
	if (status != ESV_S_OK)
		return status;
	if (cmd->function != dev->cfg.function)
		return refuse_sqe(cmd, ESV_S_UNSUPPORTED_VALUE, offsetof(struct esv_sqe, function));
	return check_lengths(cmd, row);
}

/* Payload in, handler, payload out (ADM-9). */
static enum esv_status execute(struct esvc_dev *dev, struct esvc_cmd *cmd, const struct esvc_cmd_row *row)
{
	uint64_t dma = le64toh(cmd->sqe.dma);
	enum esv_status status;

	cmd->in_len = le16toh(cmd->sqe.in_len);
	cmd->in = dev->admin.in;
	if (cmd->in_len && esvc_dma_read(dev, dma, dev->admin.in, cmd->in_len)) {
		explicit_bzero(dev->admin.in, cmd->in_len);	/* some of it may have come */
		return refuse_sqe(cmd, ESV_S_DMA_ERROR, offsetof(struct esv_sqe, dma));
	}
	cmd->out_cap = le16toh(cmd->sqe.out_cap);
	cmd->out = dev->admin.out;
	memset(dev->admin.out, 0, cmd->out_cap);
	status = row->run(dev, cmd);
	if (status == ESV_S_OK && cmd->out_len && esvc_dma_write(dev, dma, cmd->out, cmd->out_len)) {
		status = refuse_sqe(cmd, ESV_S_DMA_ERROR, offsetof(struct esv_sqe, dma));
		if (dev->unit)
			esvc_unit_undo(dev->unit, cmd);
	}
	if (status != ESV_S_OK)
		cmd->out_len = 0;
	/* Neither what came in nor what went out stays behind. */
	explicit_bzero(dev->admin.in, cmd->in_len);
	explicit_bzero(dev->admin.out, cmd->out_cap);
	return status;
}

/* flags holds the phase and is in the last word, which is written after the rest (RNG-9). */
static void put_cqe(struct esvc_dev *dev, const struct esv_cqe *cqe)
{
	struct esvc_admin *a = &dev->admin;
	uint64_t addr = a->cq + (uint64_t)(a->cq_count & a->sq.mask) * sizeof(*cqe);
	const uint8_t *p = (const uint8_t *)cqe;

	_Static_assert(sizeof(*cqe) == 32 && offsetof(struct esv_cqe, flags) == 31, "flags come last");
	if (esvc_dma_write(dev, addr, p, 28)) {
		esvc_fatal(dev, ESV_FATAL_ADMIN_CQ, a->cq_count, 0);
		return;
	}
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (esvc_dma_write(dev, addr + 28, p + 28, 4)) {
		esvc_fatal(dev, ESV_FATAL_ADMIN_CQ, a->cq_count, 0);
		return;
	}
	a->cq_count++;
}

static void complete(struct esvc_dev *dev, const struct esvc_cmd *cmd, enum esv_status status)
{
	struct esvc_admin *a = &dev->admin;
	struct esv_cqe cqe = {
		.opcode = cmd->sqe.opcode,
		.tag = cmd->sqe.tag,
		.status = htole16((uint16_t)status),
		.err_off = htole16(cmd->err_off),
		.object = htole32(cmd->object),
		.out_len = htole16((uint16_t)cmd->out_len),
		.retry_ms = htole16(cmd->retry_ms),
		.flags = a->cq_count & (a->sq.mask + 1) ? 0 : ESV_CQE_PHASE,
	};

	memcpy(cqe.result, cmd->result, sizeof(cqe.result));
	put_cqe(dev, &cqe);
	esvc_count(dev, status == ESV_S_OK ? ESV_C_ADMIN_CMDS : ESV_C_ADMIN_ERRORS);
	if (dev->ops->trace)
		dev->ops->trace(dev->opaque, "admin", le16toh(cmd->sqe.opcode), status);
}

static void hold_back(struct esvc_admin *a, const struct esvc_cmd *cmd)
{
	if (a->nr_hung == ESVC_HUNG_MAX)
		return;
	a->hung[a->nr_hung].opcode = le16toh(cmd->sqe.opcode);
	a->hung[a->nr_hung].tag = le16toh(cmd->sqe.tag);
	a->nr_hung++;
}

enum esv_status esvc_admin_abort(struct esvc_dev *dev, uint16_t tag)
{
	struct esvc_admin *a = &dev->admin;

	for (uint32_t i = 0; i < a->nr_hung; i++) {
		struct esvc_cmd cmd = { .err_off = ESV_ERR_OFF_NONE };

		if (a->hung[i].tag != tag)
			continue;
		cmd.sqe.opcode = htole16(a->hung[i].opcode);
		cmd.sqe.tag = htole16(tag);
		a->hung[i] = a->hung[--a->nr_hung];
		complete(dev, &cmd, ESV_S_ABORTED);
		return ESV_S_OK;
	}
	return ESV_S_NOT_FOUND;
}

static bool unit_opcode(uint16_t opcode)
{
	return opcode >= ESV_OP_UNIT_STATUS && opcode < ESV_OP_LOOKASIDE;
}

static void run_one(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	uint16_t opcode = le16toh(cmd->sqe.opcode);
	const struct esvc_cmd_row *row = find_row(dev, opcode);
	enum esv_status status = check(dev, cmd, row);

	if (status == ESV_S_OK) {
		switch (esvc_fault_admin(dev, opcode)) {
		case ESVC_FV_HANG:
			hold_back(&dev->admin, cmd);
			return;
		case ESVC_FV_BUSY:
			cmd->retry_ms = BUSY_RETRY_MS;
			status = ESV_S_BUSY;
			break;
		case ESVC_FV_INTERNAL:
			status = ESV_S_INTERNAL;
			break;
		case ESVC_FV_NONE:
			status = execute(dev, cmd, row);
		}
	}
	complete(dev, cmd, status);
	if (unit_opcode(opcode) && dev->unit) {
		dev->unit_at = esvc_unit_expire(dev->unit, esvc_now(dev));
		esvc_arm_timer(dev);
	}
}

static void fetch_and_run(struct esvc_dev *dev)
{
	struct esvc_ring *sq = &dev->admin.sq;
	uint32_t pos = sq->head;
	struct esvc_cmd cmd = { .err_off = ESV_ERR_OFF_NONE };
	int err = esvc_dma_read(dev, sq->base + (uint64_t)(pos & sq->mask) * sizeof(cmd.sqe), &cmd.sqe,
				sizeof(cmd.sqe));

	sq->head++;
	if (err) {
		esvc_count(dev, ESV_C_ADMIN_ERRORS);
		esvc_event(dev, ESV_EV_ADMIN_ERROR, 0, pos, 0);
		return;
	}
	cmd.function = le16toh(cmd.sqe.function);
	cmd.object = le32toh(cmd.sqe.object);
	run_one(dev, &cmd);
}

/* Make completions known: head first, then the interrupt that sends the driver to look. */
static bool publish(struct esvc_dev *dev)
{
	struct esvc_admin *a = &dev->admin;

	if (!esvc_ring_push(dev, &a->sq) && !esvc_ring_irq(dev, &a->sq, a->cq_count))
		return true;
	esvc_fatal(dev, ESV_FATAL_ADMIN_SHADOW, a->sq.head, 0);
	return false;
}

bool esvc_admin_run(struct esvc_dev *dev, unsigned int *budget)
{
	struct esvc_ring *sq = &dev->admin.sq;
	int more;

	sq->want = false;
	if (esvc_ring_pull(dev, sq)) {
		esvc_fatal(dev, ESV_FATAL_ADMIN_SHADOW, sq->head, 0);
		return false;
	}
	while (*budget && esvc_ring_avail(sq)) {
		(*budget)--;
		fetch_and_run(dev);
		if (dev->fatal_code || !dev->enabled)
			return false;
	}
	if (!publish(dev))
		return false;
	if (esvc_ring_avail(sq))
		return true;
	more = esvc_ring_sleep(dev, sq);
	if (more < 0)
		esvc_fatal(dev, ESV_FATAL_ADMIN_SHADOW, sq->head, 0);
	return more > 0;
}
