// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening a unit, and what it says of itself. */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX	64

ESPVAULT_API const char *espvault_version(void)
{
	return "0.1";
}

static int get_uapi_info(struct espvault *unit, struct esv_uapi_info *info)
{
	int err;

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	err = unit->by->info(unit, info);
	if (err)
		return esp_refuse(unit, err, err != -ENODEV ? strerror(-err) :
				  unit->by->is_process ? "the unit's process ended" : "the device is gone");
	if (info->uapi_version != ESV_UAPI_VERSION || info->size < sizeof(*info))
		return esp_refuse(unit, -EPROTONOSUPPORT, unit->by->is_process ?
				  "the unit's process speaks another interface" : "the driver speaks another interface");
	return 0;
}

static int open_by(const struct esp_transport *by, const char *where, unsigned int flags, struct espvault **unit)
{
	struct esv_uapi_info info;
	struct espvault *u;
	int err;

	if (!unit || flags & ~(unsigned int)ESPVAULT_RDONLY)
		return -EINVAL;
	u = calloc(1, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->by = by;
	u->flags = flags;
	err = by->open(u, where);
	if (err)
		goto no_way;
	err = get_uapi_info(u, &info);
	if (err)
		goto no_unit;
	*unit = u;
	return 0;

no_unit:
	by->close(u);
no_way:
	free(u);
	return err;
}

ESPVAULT_API int espvault_open(const char *path, unsigned int flags, struct espvault **unit)
{
	const struct esp_transport *by;
	const char *where;

	if (!path)
		return -EINVAL;
	by = esp_transport_of(path, &where);
	return open_by(by, where, flags, unit);
}

ESPVAULT_API int espvault_open_backend(const char *program, unsigned int flags, struct espvault **unit)
{
	return open_by(&esp_backend, program ? program : "", flags, unit);
}

ESPVAULT_API void espvault_close(struct espvault *unit)
{
	if (!unit)
		return;
	unit->by->close(unit);
	free(unit);
}

ESPVAULT_API const char *espvault_strerror(const struct espvault *unit)
{
	return unit ? unit->words : "no unit is open";
}

ESPVAULT_API int espvault_foreach(int (*fn)(const char *path, void *arg), void *arg)
{
	unsigned int number[NODES_MAX];
	char path[64];
	int n, stop = 0;

	if (!fn)
		return -EINVAL;
	n = esp_kernel_list(number, NODES_MAX);
	for (int i = 0; i < n && !stop; i++) {
		esp_kernel_path(number[i], path, sizeof(path));
		stop = fn(path, arg);
	}
	return n < 0 ? n : stop;
}

static void fill_status(struct espvault_info *info, const struct esv_unit_status *st)
{
	info->epoch = le64toh(st->epoch);
	info->device_id = le64toh(st->device_id);
	info->resets = le64toh(st->resets);
	info->mode = le32toh(st->mode);
	info->selftest_ok = st->selftest == ESV_SELFTEST_OK;
	info->selftest_failed = st->selftest_failed;
	info->handles = le32toh(st->handles);
	info->handle_max = le32toh(st->handle_max);
	info->keys_installed = le32toh(st->keys_installed);
	info->keys_pending = le32toh(st->keys_pending);
	info->ke_methods = le32toh(st->ke_methods);
	info->prfs = le32toh(st->prfs);
	info->sessions = le32toh(st->sessions);
	info->session_max = le32toh(st->session_max);
	memcpy(info->provision_key, st->provision_key, sizeof(info->provision_key));
}

static void fill_driver(struct espvault_info *info, const struct esv_uapi_info *drv)
{
	info->if_version = drv->if_version;
	info->fw_version = drv->fw_version;
	info->ifindex = drv->ifindex;
	info->netns_cookie = drv->netns_cookie;
	info->algos = drv->algos;
	info->sa_max = drv->sa_max;
	info->policy_max = drv->policy_max;
	info->window_min = drv->window_min;
	info->window_max = drv->window_max;
	memcpy(info->ifname, drv->ifname, sizeof(info->ifname));
	memcpy(info->bus_info, drv->bus_info, sizeof(info->bus_info));
	info->ifname[sizeof(info->ifname) - 1] = '\0';
	info->bus_info[sizeof(info->bus_info) - 1] = '\0';
}

ESPVAULT_API int espvault_get_info(struct espvault *unit, struct espvault_info *info)
{
	struct esv_unit_status st;
	struct esp_cmd cmd = { .opcode = ESV_OP_UNIT_STATUS, .out = &st, .out_len = sizeof(st) };
	struct espvault_info mine = { .size = sizeof(mine) };
	struct esv_uapi_info drv;
	int err, said = 0;

	if (!unit || !info)
		return -EINVAL;
	err = get_uapi_info(unit, &drv);
	if (!err) {
		fill_driver(&mine, &drv);
		said = esp_cmd(unit, &cmd);
	}
	if (!err && !said)
		fill_status(&mine, &st);
	return esp_struct_out(info, &mine, sizeof(mine), offsetof(struct espvault_info, if_version)) ?: err ?: said;
}

/* It may go to a terminal. */
static void take_build(char *to, size_t size, const struct esv_identify *id)
{
	size_t n = strnlen(id->build, sizeof(id->build));

	n = n < size ? n : size - 1;
	for (size_t i = 0; i < n; i++)
		to[i] = id->build[i] >= ' ' && id->build[i] <= '~' ? id->build[i] : '?';
	to[n] = '\0';
}

ESPVAULT_API int espvault_identify(struct espvault *unit, struct espvault_identity *identity)
{
	struct espvault_identity mine = { .size = sizeof(mine) };
	struct esv_identify id;
	const struct esp_cmd cmd = { .opcode = ESV_OP_IDENTIFY, .out = &id, .out_len = sizeof(id) };
	int err;

	if (!unit || !identity)
		return -EINVAL;
	err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	mine.features = le32toh(id.features);
	mine.if_version = le32toh(id.if_version);
	mine.fw_version = le32toh(id.fw_version);
	mine.device_id = le64toh(id.device_id);
	mine.epoch = le64toh(id.epoch);
	take_build(mine.build, sizeof(mine.build), &id);
	return esp_struct_out(identity, &mine, sizeof(mine), sizeof(mine));
}

ESPVAULT_API int espvault_selftest(struct espvault *unit, unsigned int test, unsigned int *failed)
{
	uint8_t result[12] = { 0 };
	const struct esp_cmd cmd = { .opcode = ESV_OP_SELFTEST, .arg = test, .result = result };
	int err;

	if (!unit || !failed)
		return -EINVAL;
	if (test > 0xff)
		return esp_refuse(unit, -EINVAL, "the number of a self-test is 0 to 255");
	err = esp_cmd(unit, &cmd);
	if (!err)
		*failed = result[0];
	return err;
}
