// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The clock of leases and ages. CLOCK_BOOTTIME, because a lease must run out during suspend;
 * the vDSO answers it without a system call where the clock source allows that.
 */
#include <time.h>

#include "internal.h"

uint64_t now_boottime(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts))
		return UINT64_MAX;
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}
