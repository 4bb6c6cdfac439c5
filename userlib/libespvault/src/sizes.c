// SPDX-License-Identifier: LGPL-2.1-or-later
#include "priv.h"

#include <errno.h>
#include <string.h>

#define STRUCT_MAX	4096	/* no struct of any version is longer */

int esp_struct_in(void *dst, size_t dst_size, const void *src)
{
	const unsigned char *bytes = src;
	uint32_t size;

	memcpy(&size, src, sizeof(size));
	if (size < sizeof(size) || size > STRUCT_MAX)
		return -EINVAL;
	for (size_t i = dst_size; i < size; i++)
		if (bytes[i])
			return -E2BIG;
	memset(dst, 0, dst_size);
	memcpy(dst, src, size < dst_size ? size : dst_size);
	return 0;
}

int esp_struct_out(void *dst, const void *src, size_t src_size, size_t min)
{
	uint32_t size;
	size_t n;

	memcpy(&size, dst, sizeof(size));
	if (size < min || size > STRUCT_MAX)
		return -EINVAL;
	n = size < src_size ? size : src_size;
	memset(dst, 0, size);
	memcpy((char *)dst + sizeof(size), (const char *)src + sizeof(size), n - sizeof(size));
	size = (uint32_t)n;
	memcpy(dst, &size, sizeof(size));
	return 0;
}
