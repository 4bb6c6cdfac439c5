// SPDX-License-Identifier: GPL-2.0-or-later
/* The admin queue: refusals with their offsets, phases, pipelining, faults. */
#include "t.h"

#define SQE(f)	(ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, f))

static struct rig r;

static int up(void **state)
{
	rig_start(&r, NULL);
	return 0;
}

static int down(void **state)
{
	rig_down(&r);
	return 0;
}

/* Post one raw request and take its answer. */
static struct esv_cqe raw(struct esv_sqe s)
{
	struct esv_cqe c;
	uint16_t tag = esvh_cmd_post(&r.d, &s);

	esvh_pump(r.h);
	assert_true(esvh_cmd_poll(&r.d, &c));
	assert_int_equal(le16toh(c.tag), tag);
	assert_int_equal(c.opcode, s.opcode);
	return c;
}

static void refused(struct esv_sqe s, enum esv_status status, unsigned int off)
{
	struct esv_cqe c = raw(s);

	assert_int_equal(le16toh(c.status), status);
	assert_int_equal(le16toh(c.err_off), off);
	assert_int_equal(le16toh(c.out_len), 0);
}

static struct esv_sqe nop(void)
{
	return (struct esv_sqe){ .opcode = htole16(ESV_OP_NOP), .version = 1 };
}

/* ADM-8: every check of the request itself, each with the byte that offends. */
static void request_checks(void **state)
{
	struct esv_sqe s = nop();
	struct esv_cqe c;

	s.opcode = 0;
	refused(s, ESV_S_UNSUPPORTED_OP, SQE(opcode));
	s.opcode = htole16(0x7777);
	refused(s, ESV_S_UNSUPPORTED_OP, SQE(opcode));
	s = nop();
	s.version = 2;
	refused(s, ESV_S_UNSUPPORTED_VERSION, SQE(version));
	c = raw(s);
	assert_int_equal(c.result[0], 1);
	s = nop();
	s.flags = 1;
	refused(s, ESV_S_RESERVED_NONZERO, SQE(flags));
	s = nop();
	s.rsvd0 = 1;
	refused(s, ESV_S_RESERVED_NONZERO, SQE(rsvd0));
	s = nop();
	s.rsvd1 = htole32(0x80000000);
	refused(s, ESV_S_RESERVED_NONZERO, SQE(rsvd1));
	s = nop();
	s.function = htole16(1);
	refused(s, ESV_S_UNSUPPORTED_VALUE, SQE(function));
	s = nop();
	s.in_len = htole16(1);
	s.dma = htole64(r.d.page);
	refused(s, ESV_S_BAD_LENGTH, SQE(in_len));
	s.in_len = 0;
	s.out_cap = htole16(4097);
	refused(s, ESV_S_BAD_LENGTH, SQE(out_cap));
	s.opcode = htole16(ESV_OP_IDENTIFY);
	s.out_cap = htole16(sizeof(struct esv_identify) - 1);
	refused(s, ESV_S_BAD_LENGTH, SQE(out_cap));
	s.inl[3] = 9;
	refused(s, ESV_S_RESERVED_NONZERO, SQE(inl) + 3);
}

/* ADM-44: commands that are numbered but not of this minor, and parts that are absent. */
static void unsupported(void **state)
{
	struct esv_sqe s = nop();

	for (unsigned int op = ESV_OP_KE_ENCAP; op <= ESV_OP_LOOKASIDE; op++) {
		s.opcode = htole16((uint16_t)op);
		refused(s, ESV_S_UNSUPPORTED_OP, SQE(opcode));
	}
	for (unsigned int op = ESV_OP_SA_ADD; op <= ESV_OP_HANDLE_QUERY; op++) {
		s.opcode = htole16((uint16_t)op);
		refused(s, ESV_S_UNSUPPORTED_OP, SQE(opcode));
	}
}

/* ADM-7: payload inside one page. ADM-9: payload out of reach. */
static void payload(void **state)
{
	struct esv_sqe s = { .opcode = htole16(ESV_OP_IDENTIFY), .version = 1 };
	struct esv_cqe c;

	s.out_cap = htole16(sizeof(struct esv_identify));
	s.dma = htole64(r.d.page + 4096 - sizeof(struct esv_identify) + 1);
	refused(s, ESV_S_BAD_FIELD, SQE(dma));
	s.dma = htole64(~0ull - 8);
	refused(s, ESV_S_BAD_FIELD, SQE(dma));
	s.dma = htole64(0xdead0000);
	refused(s, ESV_S_DMA_ERROR, SQE(dma));
	s.dma = htole64(r.d.page + 4096 - sizeof(struct esv_identify));
	c = raw(s);
	ok(le16toh(c.status));
	assert_int_equal(le16toh(c.out_len), sizeof(struct esv_identify));
	s = (struct esv_sqe){ .opcode = htole16(ESV_OP_RSS_SET), .version = 1, .dma = htole64(0xdead0000),
			      .in_len = htole16(sizeof(struct esv_rss_params)) };
	refused(s, ESV_S_DMA_ERROR, SQE(dma));
}

/* ADM-41, ADM-51: echo, identity. ADM-42: features are a subset. ADM-46: self-test. */
static void simple_commands(void **state)
{
	struct esv_identify id;
	struct esvh_cmd c = { .opcode = ESV_OP_NOP, .inl = "0123456789abcdefXYZ", .inl_len = 19 };
	__le32 feat = htole32(ESV_OFF_TX_CSUM), bad = htole32(ESV_FEAT_IPSEC);
	uint8_t test;

	ok(esvh_cmd(&r.d, &c));
	assert_memory_equal(c.cqe.result, "0123456789ab", 12);
	c = (struct esvh_cmd){ .opcode = ESV_OP_IDENTIFY, .out = &id, .out_cap = sizeof(id) };
	ok(esvh_cmd(&r.d, &c));
	assert_int_equal(le32toh(id.if_version), ESV_IF_VERSION);
	assert_true(id.device_id != 0);
	assert_non_null(memchr(id.build, 0, sizeof(id.build)));
	c = (struct esvh_cmd){ .opcode = ESV_OP_FEATURES_SET, .inl = &bad, .inl_len = 4 };
	assert_int_equal(esvh_cmd(&r.d, &c), ESV_S_BAD_FIELD);
	c.inl = &feat;
	ok(esvh_cmd(&r.d, &c));
	for (test = 0; test < 6; test++) {
		c = (struct esvh_cmd){ .opcode = ESV_OP_SELFTEST, .inl = &test, .inl_len = 1 };
		ok(esvh_cmd(&r.d, &c));
		assert_int_equal(c.cqe.result[0], 0);
	}
	c = (struct esvh_cmd){ .opcode = ESV_OP_SELFTEST, .inl = &test, .inl_len = 1 };
	assert_int_equal(esvh_cmd(&r.d, &c), ESV_S_BAD_FIELD);
}

static void field(uint16_t op, uint32_t object, const void *p, size_t len, enum esv_status status, size_t off)
{
	struct esvh_cmd c = { .opcode = op, .object = object, .in = p, .in_len = len };

	assert_int_equal(esvh_cmd(&r.d, &c), status);
	assert_int_equal(le16toh(c.cqe.err_off), off);
}

#define QF(f)	offsetof(struct esv_queue_params, f)
#define BAD_QUEUE(f, v) do { \
	struct esv_queue_params q_ = good; \
	q_.f = v; \
	field(ESV_OP_QUEUE_CREATE, 1, &q_, sizeof(q_), ESV_S_BAD_FIELD, QF(f)); \
} while (0)

/* QUE-1: every field of a queue that is out of range is named. */
static void queue_fields(void **state)
{
	struct esv_queue_params good = {
		.type = ESV_QUEUE_RX, .ring_log2 = 6, .cq_log2 = 7, .vector = htole16(2), .buf_len = htole16(2048),
		.ring = htole64(esvh_alloc(r.h, 1 << 16, 64)), .cq = htole64(esvh_alloc(r.h, 1 << 16, 64)),
		.shadow = htole64(esvh_alloc(r.h, 64, 64)),
	}, bad;

	BAD_QUEUE(type, 3);
	BAD_QUEUE(ring_log2, 5);
	BAD_QUEUE(ring_log2, 13);
	BAD_QUEUE(cq_log2, 5);
	BAD_QUEUE(cq_log2, 14);
	BAD_QUEUE(vector, htole16(5));
	BAD_QUEUE(buf_len, htole16(128));
	BAD_QUEUE(buf_len, htole16(2049));
	BAD_QUEUE(buf_len, htole16(16448));
	BAD_QUEUE(ring, 0);
	BAD_QUEUE(ring, htole64(96));
	BAD_QUEUE(cq, 0);
	BAD_QUEUE(cq, htole64(65));
	BAD_QUEUE(shadow, 0);
	BAD_QUEUE(shadow, htole64(8));
	bad = good;
	bad.rsvd0 = 1;
	field(ESV_OP_QUEUE_CREATE, 1, &bad, sizeof(bad), ESV_S_RESERVED_NONZERO, QF(rsvd0));
	bad = good;
	bad.shadow = htole64(0xdead0000);
	field(ESV_OP_QUEUE_CREATE, 1, &bad, sizeof(bad), ESV_S_DMA_ERROR, QF(shadow));
	field(ESV_OP_QUEUE_CREATE, 4, &good, sizeof(good), ESV_S_BAD_HANDLE, SQE(object));
	field(ESV_OP_QUEUE_CREATE, 0xffffffff, &good, sizeof(good), ESV_S_BAD_HANDLE, SQE(object));
	field(ESV_OP_QUEUE_CREATE, 1, &good, sizeof(good) - 1, ESV_S_BAD_LENGTH, SQE(in_len));
	ok(esvh_do(&r.d, ESV_OP_QUEUE_CREATE, 1, &good, sizeof(good)));
	field(ESV_OP_QUEUE_CREATE, 1, &good, sizeof(good), ESV_S_EXISTS, SQE(object));
	/* A transmit queue has no completion ring and no buffers. */
	good.type = ESV_QUEUE_TX;
	BAD_QUEUE(cq_log2, 7);
	good.cq_log2 = 0;
	BAD_QUEUE(buf_len, htole16(2048));
	good.buf_len = 0;
	BAD_QUEUE(cq, htole64(64));
	good.cq = 0;
	ok(esvh_do(&r.d, ESV_OP_QUEUE_CREATE, 1, &good, sizeof(good)));
	ok(esvh_queue_destroy(&r.d, 1, ESV_QUEUE_TX));
	assert_int_equal(esvh_queue_destroy(&r.d, 1, ESV_QUEUE_TX), ESV_S_NOT_FOUND);
	assert_int_equal(esvh_queue_destroy(&r.d, 9, ESV_QUEUE_TX), ESV_S_BAD_HANDLE);
	assert_int_equal(esvh_queue_destroy(&r.d, 1, 3), ESV_S_BAD_FIELD);
}

/* RSS-1, RXF-2, PRT-1: configuration commands name the field. */
static void config_fields(void **state)
{
	struct esv_rss_params rss = { 0 };
	struct esv_filter_params f = { 0 };
	struct esv_port_params p = { .mtu = htole16(1500), .mac = { 2 } };

	rss.table[77] = 4;
	field(ESV_OP_RSS_SET, 0, &rss, sizeof(rss), ESV_S_BAD_FIELD, offsetof(struct esv_rss_params, table) + 77);
	f.flags = htole16(4);
	field(ESV_OP_RX_FILTER_SET, 0, &f, sizeof(f), ESV_S_BAD_FIELD, 0);
	f.flags = 0;
	f.count = htole16(65);
	field(ESV_OP_RX_FILTER_SET, 0, &f, sizeof(f), ESV_S_BAD_FIELD, 2);
	p.flags = htole32(2);
	field(ESV_OP_PORT_SET, 0, &p, sizeof(p), ESV_S_BAD_FIELD, 0);
	p.flags = 0;
	p.mtu = htole16(67);
	field(ESV_OP_PORT_SET, 0, &p, sizeof(p), ESV_S_BAD_FIELD, offsetof(struct esv_port_params, mtu));
	p.mtu = htole16(9001);
	field(ESV_OP_PORT_SET, 0, &p, sizeof(p), ESV_S_BAD_FIELD, offsetof(struct esv_port_params, mtu));
	p.mtu = htole16(9000);
	p.mac[0] = 3;
	field(ESV_OP_PORT_SET, 0, &p, sizeof(p), ESV_S_BAD_FIELD, offsetof(struct esv_port_params, mac));
	p.mac[0] = 0;
	field(ESV_OP_PORT_SET, 0, &p, sizeof(p), ESV_S_BAD_FIELD, offsetof(struct esv_port_params, mac));
	p.mac[0] = 2;
	p.rsvd = 1;
	field(ESV_OP_PORT_SET, 0, &p, sizeof(p), ESV_S_RESERVED_NONZERO, offsetof(struct esv_port_params, rsvd));
	p.rsvd = 0;
	ok(esvh_do(&r.d, ESV_OP_PORT_SET, 0, &p, sizeof(p)));
}

/* ADM-4, RNG-9: phases over many wraps, requests in batches of every size, one interrupt for each batch at least. */
static void pipelined(void **state)
{
	struct esv_sqe s = nop();
	struct esv_cqe c;

	for (unsigned int batch = 1; batch <= 32; batch++) {
		for (int round = 0; round < 5; round++) {
			uint32_t irqs = r.h->irqs[0];
			uint16_t first = 0;

			for (unsigned int i = 0; i < batch; i++) {
				uint16_t tag;

				memcpy(s.inl, &i, sizeof(i));
				tag = esvh_cmd_post(&r.d, &s);
				first = i ? first : tag;
			}
			esvh_pump(r.h);
			assert_true(r.h->irqs[0] > irqs);
			for (unsigned int i = 0; i < batch; i++) {
				assert_true(esvh_cmd_poll(&r.d, &c));
				assert_int_equal(le16toh(c.tag), (first + i) & 0x7fff);
				assert_memory_equal(c.result, &i, sizeof(i));
			}
			assert_false(esvh_cmd_poll(&r.d, &c));
		}
	}
	assert_int_equal(le32toh(esvh_shadow(&r.d, r.d.admin_shadow)->head), r.d.sq_tail);
}

/* ADM-5: a request that can't be read is skipped with an event; the next one runs. */
static void unreadable_request(void **state)
{
	struct esv_sqe s = nop();
	struct esv_eqe e;
	struct esv_cqe c;
	uint16_t tag;

	r.h->dma_fail_lo = r.d.asq + (r.d.sq_tail & 31) * sizeof(s);
	r.h->dma_fail_hi = r.h->dma_fail_lo + 1;
	esvh_cmd_post(&r.d, &s);
	tag = esvh_cmd_post(&r.d, &s);
	esvh_pump(r.h);
	assert_true(esvh_cmd_poll(&r.d, &c));
	assert_int_equal(le16toh(c.tag), tag);
	assert_false(esvh_cmd_poll(&r.d, &c));
	assert_true(esvh_event(&r.d, &e));
	assert_int_equal(e.type, ESV_EV_ADMIN_ERROR);
	assert_int_equal(le64toh(e.arg0), r.d.sq_tail - 2);
}

/* ADM-6: a completion that can't be written is fatal; so is a shadow out of reach or a wild tail. */
static void fatal(void **state)
{
	struct esv_sqe s = nop();
	struct esv_cqe c;
	struct esv_eqe e;

	for (int i = 0; i < 3; i++) {
		uint32_t irqs = r.h->irqs[1], admin_irqs = r.h->irqs[0];

		if (i == 2) {
			esvh_shadow(&r.d, r.d.admin_shadow)->tail = htole32(r.d.sq_tail + 33);
			esvc_doorbell(r.h->dev, ESV_DB_ADMIN);
		} else {
			r.h->dma_fail_lo = i ? r.d.admin_shadow : r.d.acq;
			r.h->dma_fail_hi = r.h->dma_fail_lo + (i ? 4 : 32 * sizeof(c));
			esvh_cmd_post(&r.d, &s);
		}
		esvh_pump(r.h);
		r.h->dma_fail_hi = 0;
		assert_false(esvh_cmd_poll(&r.d, &c));
		assert_int_equal(esvh_reg(&r.d, ESV_REG_FATAL_CODE), i ? ESV_FATAL_ADMIN_SHADOW : ESV_FATAL_ADMIN_CQ);
		assert_true(esvh_event(&r.d, &e));
		assert_int_equal(e.type, ESV_EV_NEEDS_RESET);
		assert_int_equal(le64toh(e.arg0), i ? ESV_FATAL_ADMIN_SHADOW : ESV_FATAL_ADMIN_CQ);
		/* REG-14: every vector fires, once, so that nobody waits in vain. */
		assert_int_equal(r.h->irqs[1], irqs + 1);
		assert_int_equal(r.h->irqs[0], admin_irqs + 1);
		ok(esvh_drv_start(&r.d));
		assert_int_equal(esvh_reg(&r.d, ESV_REG_FATAL_CODE), 0);
	}
}

/* REG-14: the first fatal error is what is latched, though telling it is the second one. */
static void first_fatal(void **state)
{
	uint32_t irqs = r.h->irqs[1], admin_irqs = r.h->irqs[0];

	r.h->dma_fail_lo = r.d.eq;
	r.h->dma_fail_hi = r.d.eq + sizeof(struct esv_eqe);
	esvh_shadow(&r.d, r.d.admin_shadow)->tail = htole32(r.d.sq_tail + 33);
	esvc_doorbell(r.h->dev, ESV_DB_ADMIN);
	esvh_pump(r.h);
	assert_int_equal(esvh_reg(&r.d, ESV_REG_FATAL_CODE), ESV_FATAL_ADMIN_SHADOW);
	assert_int_equal(r.h->irqs[1], irqs + 1);
	assert_int_equal(r.h->irqs[0], admin_irqs + 1);
	r.h->dma_fail_hi = 0;
}

static void restart(enum esvc_fault fault, uint32_t n)
{
	struct esvc_config cfg = plain_config();

	rig_down(&r);
	cfg.fault = fault;
	cfg.fault_n = n;
	rig_up(&r, &cfg);
	esvh_drv_rings(&r.d);
}

/* ADM-43: a command that hangs lets others pass (out of order) and can be aborted by its tag. */
static void hang_and_abort(void **state)
{
	struct esv_sqe s = nop();
	struct esv_cqe c;
	__le16 tag, other = htole16(0x7abc);
	struct esvh_cmd abort = { .opcode = ESV_OP_ABORT, .inl = &other, .inl_len = 2 };

	restart(ESVC_FAULT_ADMIN_HANG, 3);
	esvh_cmd_post(&r.d, &s);
	esvh_cmd_post(&r.d, &s);
	tag = htole16(esvh_cmd_post(&r.d, &s));
	esvh_cmd_post(&r.d, &s);
	esvh_pump(r.h);
	for (int i = 0; i < 3; i++) {
		assert_true(esvh_cmd_poll(&r.d, &c));
		assert_int_not_equal(c.tag, tag);
	}
	assert_false(esvh_cmd_poll(&r.d, &c));
	assert_int_equal(esvh_cmd(&r.d, &abort), ESV_S_NOT_FOUND);
	s = (struct esv_sqe){ .opcode = htole16(ESV_OP_ABORT), .version = 1 };
	memcpy(s.inl, &tag, 2);
	esvh_cmd_post(&r.d, &s);
	esvh_pump(r.h);
	assert_true(esvh_cmd_poll(&r.d, &c));
	assert_int_equal(c.tag, tag);
	assert_int_equal(le16toh(c.status), ESV_S_ABORTED);
	assert_int_equal(le16toh(c.opcode), ESV_OP_NOP);
	assert_true(esvh_cmd_poll(&r.d, &c));
	ok(le16toh(c.status));
}

/* ADM-13: BUSY carries a hint. */
static void busy(void **state)
{
	struct esvh_cmd c = { .opcode = ESV_OP_NOP };

	restart(ESVC_FAULT_ADMIN_BUSY, 2);
	ok(esvh_cmd(&r.d, &c));
	assert_int_equal(esvh_cmd(&r.d, &c), ESV_S_BUSY);
	assert_true(le16toh(c.cqe.retry_ms) > 0);
	ok(esvh_cmd(&r.d, &c));
}

/* REG-52, MODE_SYNC: the answer is there when the doorbell returns. */
static void synchronous(void **state)
{
	struct esvc_config cfg = plain_config();
	struct esv_sqe s = nop();
	struct esv_cqe c;

	rig_down(&r);
	cfg.sync = true;
	rig_start(&r, &cfg);
	assert_true(esvh_reg(&r.d, ESV_REG_MODE) & ESV_MODE_SYNC);
	esvh_cmd_post(&r.d, &s);
	assert_true(esvh_cmd_poll(&r.d, &c));
	assert_false(r.h->kicked);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(request_checks), T(unsupported), T(payload), T(simple_commands), T(queue_fields),
		T(config_fields), T(pipelined), T(unreadable_request), T(fatal), T(first_fatal), T(hang_and_abort), T(busy),
		T(synchronous),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-admin", tests, NULL, NULL) ? 1 : 0;
}
