// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <ipsecapi.h>

#include "want.h"

static bool is_zero(const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size--)
		if (*p++)
			return false;
	return true;
}

/* A name, then zeroes. */
static bool good_class(const struct wire_require *w)
{
	size_t n = strnlen(w->class, sizeof(w->class));

	return n && n < sizeof(w->class) && is_zero(w->class + n, sizeof(w->class) - n);
}

static bool good_address(const struct wire_require *w)
{
	if (!w->family)
		return !w->port && is_zero(w->address, sizeof(w->address));
	if (w->family == AF_INET)
		return w->port && is_zero(w->address + 4, sizeof(w->address) - 4);
	return w->family == AF_INET6 && w->port;
}

int want_check(const struct wire_require *w)
{
	if (!good_class(w) || !good_address(w))
		return -EBADMSG;
	if ((w->protection && w->protection != IPSECAPI_PROTECTION_INTEGRITY &&
	     w->protection != IPSECAPI_PROTECTION_ENCRYPTED) ||
	    w->hardware > IPSECAPI_HARDWARE_REQUIRE ||
	    w->disposition > IPSECAPI_DISPOSITION_NOTIFY || w->custody > IPSECAPI_CUSTODY_L4 ||
	    w->flags & ~WANT_FLAGS || !is_zero(w->reserved, sizeof(w->reserved)))
		return -E2BIG;
	return 0;
}
