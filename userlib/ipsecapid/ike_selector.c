// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ike_selector.h"
#include "prefix.h"

#define TEXT_MAX 256	/* of a selector; longer ones are not understood */

/* A port has a name for each protocol, a protocol one. */
struct name {
	char name[32];
	uint16_t number;
	uint8_t protocol;	/* 0: it is one itself */
};

static struct {
	struct name *at;
	size_t n, cap;
} names;

static void add_name(const char *name, unsigned int number, uint8_t protocol)
{
	if (names.n == names.cap) {
		size_t cap = names.cap ? 2 * names.cap : 256;
		struct name *at = reallocarray(names.at, cap, sizeof(*at));

		if (!at)
			return;
		names.at = at;
		names.cap = cap;
	}
	if (strlen(name) >= sizeof(names.at->name))
		return;
	names.at[names.n] = (struct name){ .number = number, .protocol = protocol };
	strcpy(names.at[names.n++].name, name);
}

void ike_selector_names(void)
{
	const struct servent *s;
	const struct protoent *p;

	setprotoent(0);
	while ((p = getprotoent()))
		add_name(p->p_name, p->p_proto, 0);
	endprotoent();
	setservent(0);
	while ((s = getservent()))
		if (!strcmp(s->s_proto, "tcp") || !strcmp(s->s_proto, "udp"))
			add_name(s->s_name, ntohs(s->s_port),
				 *s->s_proto == 't' ? IPPROTO_TCP : IPPROTO_UDP);
	endservent();
}

/* A number of at most @max, or a name. Returns false when it is neither. */
static bool number(const char *word, uint8_t protocol, unsigned long max, unsigned long *value)
{
	char *end;
	size_t i;

	if (*word >= '0' && *word <= '9') {
		*value = strtoul(word, &end, 10);
		if (!*end)
			return *value <= max;
	}
	for (i = 0; i < names.n; i++) {
		if (names.at[i].protocol == protocol && !strcmp(names.at[i].name, word)) {
			*value = names.at[i].number;
			return true;
		}
	}
	return false;
}

/* One that is not known yet is covered if all are. Names may have hyphens, ranges have numbers. */
static bool covers_port(char *word, const struct ike_end *e)
{
	unsigned long from, to;
	char *dash;

	if (number(word, e->protocol, UINT16_MAX, &from))
		return e->port == from;
	dash = strchr(word, '-');
	if (!dash)
		return false;
	*dash = 0;
	return number(word, e->protocol, UINT16_MAX, &from) && number(dash + 1, e->protocol, UINT16_MAX, &to) &&
	       (e->port ? from <= e->port && e->port <= to : from <= 1024 && to == UINT16_MAX);
}

/* "tcp", "tcp/http", "6/80-90": what is between the brackets. */
static bool covers_protocol(char *text, const struct ike_end *e)
{
	char *port = strchr(text, '/');
	unsigned long protocol;

	if (port)
		*port++ = 0;
	return number(text, 0, UINT8_MAX, &protocol) && protocol == e->protocol &&
	       (!port || covers_port(port, e));
}

static bool is_unknown(const uint8_t address[16])
{
	static const uint8_t none[16];

	return !memcmp(address, none, sizeof(none));
}

static bool read_address(const char *text, uint16_t family, uint8_t address[16])
{
	memset(address, 0, 16);
	return inet_pton(family, text, address) == 1;
}

/* "from" and "to" of a range. */
static enum ike_address among_range(const char *from, const char *to, const struct ike_end *e)
{
	uint8_t a[16], b[16];

	if (!read_address(from, e->family, a) || !read_address(to, e->family, b))
		return IKE_ADDRESS_OUTSIDE;
	return memcmp(a, e->address, 16) <= 0 && memcmp(e->address, b, 16) <= 0 ? IKE_ADDRESS_AMONG :
										 IKE_ADDRESS_OUTSIDE;
}

static enum ike_address among_net(const char *net, const char *length, const struct ike_end *e)
{
	unsigned int bits = e->family == AF_INET ? 32 : 128;
	unsigned long prefix;
	uint8_t a[16];
	char *end;

	prefix = strtoul(length, &end, 10);
	if (*end || end == length || prefix > bits || !read_address(net, e->family, a))
		return IKE_ADDRESS_OUTSIDE;
	return prefix_match(a, e->address, prefix) ? IKE_ADDRESS_AMONG : IKE_ADDRESS_OUTSIDE;
}

static enum ike_address address_is(char *text, const char *range, const struct ike_end *e)
{
	char *slash = strchr(text, '/'), *to = strstr(text, range);
	uint8_t a[16];

	if (!strncmp(text, "%any", 4))
		return !text[4] || !strcmp(text + 4, e->family == AF_INET ? "4" : "6") ? IKE_ADDRESS_AMONG :
										      IKE_ADDRESS_OUTSIDE;
	if (slash) {
		*slash = 0;
		return among_net(text, slash + 1, e);
	}
	/* a name may have a hyphen: only what begins with an address is a range */
	if (to) {
		*to = 0;
		if (read_address(text, AF_INET, a) || read_address(text, AF_INET6, a))
			return among_range(text, to + strlen(range), e);
		*to = *range;
	}
	if (read_address(text, e->family, a))
		return is_unknown(a) ? IKE_ADDRESS_AMONG :	/* any, in other words */
		       memcmp(a, e->address, 16) ? IKE_ADDRESS_ANOTHER : IKE_ADDRESS_THIS;
	if (read_address(text, e->family == AF_INET ? AF_INET6 : AF_INET, a))
		return is_unknown(a) ? IKE_ADDRESS_OUTSIDE : IKE_ADDRESS_ANOTHER;
	return IKE_ADDRESS_OTHER;
}

static bool copy(char to[TEXT_MAX], const char *text, size_t length)
{
	if (length >= TEXT_MAX || memchr(text, 0, length))
		return false;
	memcpy(to, text, length);
	to[length] = 0;
	return true;
}

enum ike_address ike_address_is(const char *text, size_t length, const struct ike_end *e)
{
	char word[TEXT_MAX];

	return copy(word, text, length) ? address_is(word, "-", e) : IKE_ADDRESS_OTHER;
}

/* An address that is not known yet is that of whoever speaks IKE; which a net has, nobody knows. */
static bool covers_address(char *text, const struct ike_end *e)
{
	if (!strcmp(text, "dynamic"))
		return e->dynamic;
	if (is_unknown(e->address))
		return false;
	switch (address_is(text, "..", e)) {
	case IKE_ADDRESS_THIS:
	case IKE_ADDRESS_AMONG:
		return true;
	default:
		return false;
	}
}

bool ike_selector_covers(const char *text, size_t length, const struct ike_end *e)
{
	char word[TEXT_MAX], *bracket, *end;

	if (!copy(word, text, length))
		return false;
	bracket = strchr(word, '[');
	if (bracket) {
		end = strchr(bracket, ']');
		if (!end || end[1])
			return false;
		*bracket = *end = 0;
		if (!covers_protocol(bracket + 1, e))
			return false;
	}
	return covers_address(word, e);
}
