/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPSECAPID_CLOCK_H
#define IPSECAPID_CLOCK_H

#include <stdint.h>
#include <time.h>

#define MS	1000000ull

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

#endif
