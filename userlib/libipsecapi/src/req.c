// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a program asks for. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

int ipsecapi_req_new(const char *class_name, struct ipsecapi_req **out)
{
	struct ipsecapi_req *req;

	if (!class_name || !*class_name || strlen(class_name) >= sizeof(req->want.class) || !out)
		return -EINVAL;
	req = calloc(1, sizeof(*req));
	if (!req)
		return -ENOMEM;
	strcpy(req->want.class, class_name);
	*out = req;
	return 0;
}

void ipsecapi_req_free(struct ipsecapi_req *req)
{
	free(req);
}

static int set_within(uint32_t *field, uint64_t value, uint32_t min, uint32_t max)
{
	if (value < min || value > max)
		return -EINVAL;
	*field = value;
	return 0;
}

static int set_flag(uint32_t *flags, uint32_t flag, uint64_t value)
{
	if (value > 1)
		return -EINVAL;
	*flags = value ? *flags | flag : *flags & ~flag;
	return 0;
}

int ipsecapi_req_set(struct ipsecapi_req *req, uint32_t key, uint64_t value)
{
	struct wire_require *w = req ? &req->want : NULL;

	if (!req)
		return -EINVAL;
	switch (key) {
	case IPSECAPI_REQ_PROTECTION:
		return set_within(&w->protection, value, IPSECAPI_PROTECTION_INTEGRITY,
				  IPSECAPI_PROTECTION_ENCRYPTED);
	case IPSECAPI_REQ_HARDWARE:
		return set_within(&w->hardware, value, IPSECAPI_HARDWARE_ANY,
				  IPSECAPI_HARDWARE_REQUIRE);
	case IPSECAPI_REQ_DISPOSITION:
		return set_within(&w->disposition, value, IPSECAPI_DISPOSITION_RESET,
				  IPSECAPI_DISPOSITION_NOTIFY);
	case IPSECAPI_REQ_CUSTODY:
		return set_within(&w->custody, value, IPSECAPI_CUSTODY_L0, IPSECAPI_CUSTODY_L4);
	case IPSECAPI_REQ_REPLAY:
		return set_flag(&w->flags, WANT_REPLAY, value);
	case IPSECAPI_REQ_STRICT:
		return set_flag(&w->flags, WANT_STRICT, value);
	case IPSECAPI_REQ_LISTEN:
		return set_flag(&w->flags, WANT_LISTEN, value);
	case IPSECAPI_REQ_LESS:
		return set_flag(&w->flags, WANT_LESS, value);
	}
	return -E2BIG;
}

static void set_address(struct wire_require *w, uint16_t family, uint16_t port, const void *address,
			size_t length)
{
	w->family = family;
	w->port = port;
	memset(w->address, 0, sizeof(w->address));
	memcpy(w->address, address, length);
}

int ipsecapi_req_address(struct ipsecapi_req *req, const struct sockaddr *addr, uint32_t length)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (!req || (addr && length < sizeof(addr->sa_family)))
		return -EINVAL;
	if (!addr) {
		set_address(&req->want, 0, 0, "", 0);
		return 0;
	}
	if (addr->sa_family != AF_INET && addr->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (length < (addr->sa_family == AF_INET ? sizeof(in) : sizeof(in6)))
		return -EINVAL;
	if (addr->sa_family == AF_INET) {
		memcpy(&in, addr, sizeof(in));
		if (!in.sin_port)
			return -EINVAL;
		set_address(&req->want, AF_INET, in.sin_port, &in.sin_addr, 4);
		return 0;
	}
	memcpy(&in6, addr, sizeof(in6));
	if (!in6.sin6_port || IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return -EINVAL;
	set_address(&req->want, AF_INET6, in6.sin6_port, &in6.sin6_addr, 16);
	return 0;
}
