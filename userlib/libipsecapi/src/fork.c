// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Detecting fork(): a page that the kernel hands to a child as zeroes. It costs one load per
 * call, where getpid() would cost a system call.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

uint8_t *guard_new(void)
{
	size_t size = sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, size, MADV_WIPEONFORK)) {
		munmap(p, size);
		return NULL;
	}
	*p = 1;
	return p;
}

void guard_free(uint8_t *guard)
{
	munmap(guard, sysconf(_SC_PAGESIZE));
}
