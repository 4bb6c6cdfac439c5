// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which way a path leads to a unit, and the words for one that does not. */
#include "priv.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *prefix;
	const struct esp_transport *by;
} forms[] = {
	{ "unix:", &esp_socket },
	{ "unit:", &esp_backend },
	{ "", &esp_kernel },
};

const struct esp_transport *esp_transport_of(const char *path, const char **where)
{
	unsigned int i = 0;

	while (strncmp(path, forms[i].prefix, strlen(forms[i].prefix)))
		i++;
	*where = path + strlen(forms[i].prefix);
	return forms[i].by;
}

static const char *node_words(int err)
{
	switch (err) {
	case ENOENT:
		return "no such unit; is the module espvault loaded and the NIC there?";
	case EPERM:
	case EACCES:
		return "not allowed; units are root's, and what changes something needs CAP_NET_ADMIN";
	case ENOTTY:
	case EISDIR:
	case ENXIO:
		return "not the node of an espvault unit; `espvault list` shows them";
	case EPROTONOSUPPORT:
		return "the driver speaks another interface than this library";
	default:
		return NULL;
	}
}

static const char *socket_words(int err)
{
	switch (err) {
	case ENOENT:
		return "no such socket; start `espvault-unit --listen` there";
	case ECONNREFUSED:
	case ENOTSOCK:
		return "no unit serves this socket; start `espvault-unit --listen` there";
	case EPROTOTYPE:
	case EPROTO:
		return "what serves this socket is no espvault unit";
	case EPERM:
		return "not allowed; only the unit's own user and root may change something, others can look";
	default:
		return NULL;
	}
}

static const char *backend_words(int err)
{
	switch (err) {
	case ENOENT:
		return "the program of a unit is not there; name it, or set ESPVAULT_UNIT, or put espvault-unit into PATH";
	case EACCES:
	case ENOEXEC:
		return "the program of a unit can't be run";
	case EPROTO:
	case ENODEV:
		return "the program ended or answered like no espvault unit; what it says is on standard error";
	case EPERM:
		return "a program with more rights than its user starts no other";
	default:
		return NULL;
	}
}

/* What both kinds of processes may answer. */
static const char *process_words(int err)
{
	switch (err) {
	case ENODEV:
		return "the unit's process ended";
	case EPROTONOSUPPORT:
		return "the unit's process speaks another version than this library; take both from one build";
	case EUSERS:
		return "the unit has as many clients as it can have";
	case ETIMEDOUT:
		return "the unit's process does not answer";
	default:
		return NULL;
	}
}

ESPVAULT_API const char *espvault_open_strerror(const char *path, int err)
{
	const struct esp_transport *by;
	const char *where, *words;

	if (!path)
		return "no path was given";
	by = esp_transport_of(path, &where);
	words = by == &esp_kernel ? node_words(-err) : by == &esp_socket ? socket_words(-err) : backend_words(-err);
	if (!words && by->is_process)
		words = process_words(-err);
	return words ? words : strerror(-err);
}
