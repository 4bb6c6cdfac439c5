/* SPDX-License-Identifier: GPL-2.0 */
/* espvault: ethtool's self-test. */
#ifndef _ESV_SELFTEST_H
#define _ESV_SELFTEST_H

#include "esv.h"

#define ESV_SELFTESTS	5

void esv_selftest_strings(u8 *p);

/*
 * Run the tests: @data gets 0 or a positive errno for each. The offline ones
 * need the queues' vectors, so the interface goes down for them if it is up.
 * RTNL held, may sleep. True: something failed.
 */
bool esv_selftest(struct esv_dev *edev, bool offline, u64 *data);

#endif
