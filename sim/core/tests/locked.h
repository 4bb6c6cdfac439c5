/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a unit still does of which a self-test failed. */
#ifndef LOCKED_H
#define LOCKED_H

#include "unit_rig.h"

/* UNIT-30: status and zeroise, nothing else. */
static inline void check_locked(struct rig *r, uint8_t test)
{
	const struct esv_unit_status *st = (const void *)r->out;
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_256);
	static const uint8_t any[ESV_ADMIN_BUF] = { 1 };
	struct esvc_key *key;
	bool c;

	for (const struct esvc_cmd_row *row = esvc_unit_rows; row->opcode; row++) {
		if (row->opcode == ESV_OP_UNIT_STATUS || row->opcode == ESV_OP_ZEROIZE)
			continue;
		assert_int_equal(rig_run(r, row->opcode, 1, any, row->in_min), ESV_S_SELFTEST_FAILED);
		assert_int_equal(r->cmd.out_len, 0);
	}
	assert_int_equal(esvc_key_from_host(r->dev.unit, any, 36, &b, &key, &c), ESV_S_SELFTEST_FAILED);
	assert_int_equal(esvc_key_from_token(r->dev.unit, any, &b, &key, &c), ESV_S_SELFTEST_FAILED);
	assert_int_equal(rig_zeroize(r, 0, ESV_ZEROIZE_UNIT), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_UNIT_STATUS, 0, NULL, 0), ESV_S_OK);
	assert_int_equal(st->selftest, ESV_SELFTEST_FAILED);
	assert_int_equal(st->selftest_failed, test);
	assert_int_equal(esvc_unit_failed(r->dev.unit), test);
}

#endif
