/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Self-tests, run by command (ADM-46): of the data path, and the last one is all of the trusted unit's own. */
#ifndef ESVC_SELFTEST_H
#define ESVC_SELFTEST_H

#include "esvc_dev.h"

#define ESVC_SELFTESTS	5

/* Run test 1..ESVC_SELFTESTS, or all with 0. Number of the first one that failed, 0: none. */
unsigned int esvc_selftest(struct esvc_dev *dev, unsigned int test);

#endif
