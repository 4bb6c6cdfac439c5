// SPDX-License-Identifier: GPL-2.0-or-later
/* list, status, caps, sessions, selftest, counters, decode, zeroize. */
#include "secret.h"

#include <errno.h>
#include <espvault/esv_regs.h>
#include <stdio.h>
#include <string.h>

void put_mode(struct json_object *o, uint32_t mode)
{
	static const char *const names[] = { "strict", "test", "host-keys", "sync" };

	put_words(o, "mode", mode, names, 4);
}

static void put_names(struct json_object *o, const char *path, const struct espvault_info *i)
{
	put_str(o, "device", path);
	put_str(o, "interface", i->ifname);
	put_u64(o, "ifindex", i->ifindex);
	put_str(o, "bus", i->bus_info);
}

/* One line for each unit; one that does not answer says so in it. */
static int list_one(const char *path, void *arg)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
	struct json_object *o = json_object_new_object();
	struct espvault *unit = NULL;
	int err = espvault_open(path, ESPVAULT_RDONLY, &unit);

	if (!err)
		err = espvault_get_info(unit, &info);
	put_names(o, path, &info);
	put_bool(o, "usable", !err && info.selftest_ok);
	put_str(o, "state", err ? strerror(-err) : info.selftest_ok ? "ok" : "self-test failed");
	json_object_array_add(arg, o);
	espvault_close(unit);
	return 0;
}

static void list_line(struct json_object *o)
{
	printf("%s %s %s %s\n", get(o, "device"), get(o, "interface"), get(o, "bus"), get(o, "state"));
}

int cmd_list(struct tool *t)
{
	struct json_object *a = json_object_new_array();

	if (t->argc > 1) {
		json_object_put(a);
		return complain(EXIT_USAGE, "list takes no argument");
	}
	espvault_foreach(list_one, a);
	if (!json_object_array_length(a) && !t->json) {
		json_object_put(a);
		return complain(EXIT_NO_DEVICE, "this host has no unit; is the module espvault loaded?");
	}
	return print_array(t, a, list_line);
}

/* Open the device that the arguments name and read its info. */
static int info_of(struct tool *t, struct espvault_info *info, char path[64])
{
	struct espvault *unit;
	int code = open_to_look(t, &unit, path), err;

	if (code != EXIT_OK)
		return code;
	err = espvault_get_info(unit, info);
	if (err)
		code = complain_unit(unit, path, err);
	espvault_close(unit);
	return code;
}

void put_status(struct json_object *o, const struct espvault_info *i)
{
	put_hex64(o, "device-id", i->device_id);
	put_hex64(o, "epoch", i->epoch);
	put_u64(o, "resets", i->resets);
	put_bool(o, "self-test", i->selftest_ok);
	if (!i->selftest_ok)
		put_u64(o, "failed-test", i->selftest_failed);
	put_mode(o, i->mode);
	put_u64(o, "sessions", i->sessions);
	put_u64(o, "handles", i->handles);
	put_u64(o, "keys-installed", i->keys_installed);
	put_u64(o, "keys-pending", i->keys_pending);
	put_hex(o, "provision-key", i->provision_key, sizeof(i->provision_key));
}

static int selftest_code(const char *path, bool ok, unsigned int failed)
{
	return ok ? EXIT_OK : complain(EXIT_REFUSED, "%s: self-test %u failed, the unit is locked", path, failed);
}

int cmd_status(struct tool *t)
{
	struct espvault_info i = ESPVAULT_INIT(struct espvault_info);
	struct json_object *o;
	char path[64];
	int code = info_of(t, &i, path);

	if (code != EXIT_OK)
		return code;
	o = json_object_new_object();
	put_names(o, path, &i);
	put_status(o, &i);
	print_object(t, o);
	return selftest_code(path, i.selftest_ok, i.selftest_failed);
}

int cmd_sessions(struct tool *t)
{
	struct espvault_info i = ESPVAULT_INIT(struct espvault_info);
	struct json_object *o;
	char path[64];
	int code = info_of(t, &i, path);

	if (code != EXIT_OK)
		return code;
	o = json_object_new_object();
	put_str(o, "device", path);
	put_u64(o, "sessions", i.sessions);
	put_u64(o, "session-max", i.session_max);
	put_u64(o, "handles", i.handles);
	put_u64(o, "handle-max", i.handle_max);
	put_u64(o, "keys-installed", i.keys_installed);
	put_u64(o, "keys-pending", i.keys_pending);
	return print_object(t, o);
}

/* Runs the tests of unit again if asked to; what they said. */
static int selftest_of(struct espvault *unit, bool run, struct espvault_info *i)
{
	unsigned int failed = 0;
	int err = run ? espvault_selftest(unit, 0, &failed) : 0;

	if (!err)
		err = espvault_get_info(unit, i);
	/* one of the NIC's own does not lock the unit */
	if (!err && failed && i->selftest_ok) {
		i->selftest_ok = 0;
		i->selftest_failed = (uint8_t)failed;
	}
	return err;
}

int cmd_selftest(struct tool *t)
{
	struct espvault_info i = ESPVAULT_INIT(struct espvault_info);
	struct espvault *unit;
	struct json_object *o;
	bool run = false;
	char path[64];
	int code, err, n = 0;

	for (int k = 0; k < t->argc; k++) {
		if (!strcmp(t->argv[k], "--run"))
			run = true;
		else
			t->argv[n++] = t->argv[k];
	}
	t->argc = n;
	if (run && t->argc < 2)
		return complain(EXIT_USAGE, "a self-test that fails locks the unit and wipes its keys: "
				"name the device");
	code = run && t->argc == 2 && t->argv[1][0] != '-' ? open_unit(t->argv[1], 0, &unit, path) :
	       open_to_look(t, &unit, path);
	if (code != EXIT_OK)
		return code;
	err = selftest_of(unit, run, &i);
	if (err)
		code = complain_unit(unit, path, err);
	espvault_close(unit);
	if (err)
		return code;
	o = json_object_new_object();
	put_str(o, "device", path);
	put_bool(o, "self-test", i.selftest_ok);
	if (!i.selftest_ok)
		put_u64(o, "failed-test", i.selftest_failed);
	put_bool(o, "ran-now", run);
	print_object(t, o);
	return selftest_code(path, i.selftest_ok, i.selftest_failed);
}

/* What the unit and the device say; of a unit that can only be read identity stays as it was. */
static int facts_of(struct tool *t, struct espvault_info *info, struct espvault_identity *identity, char path[64])
{
	struct espvault *unit;
	int code = open_to_ask(t, &unit, path), err;

	if (code != EXIT_OK)
		return code;
	err = espvault_get_info(unit, info);
	if (!err) {
		err = espvault_identify(unit, identity);
		err = err == -EPERM ? 0 : err;
	}
	if (err)
		code = complain_unit(unit, path, err);
	espvault_close(unit);
	return code;
}

static void put_identity(struct json_object *o, const struct espvault_identity *d)
{
	static const char *const features[] = { "tx-csum", "tso4", "tso6", "rx-csum", "rss", "vlan", [16] = "ipsec",
						[17] = "unit" };

	put_str(o, "build", d->build);
	put_words(o, "features", d->features, features, sizeof(features) / sizeof(features[0]));
}

int cmd_caps(struct tool *t)
{
	static const char *const ke[] = { NULL, "x25519", "p-256", "p-384", "modp-2048", "modp-3072",
					  "ml-kem-768" };
	static const char *const prf[] = { NULL, "hmac-sha2-256", "hmac-sha2-384", "hmac-sha2-512" };
	struct espvault_identity d = ESPVAULT_INIT(struct espvault_identity);
	struct espvault_info i = ESPVAULT_INIT(struct espvault_info);
	struct json_object *o;
	char path[64];
	int code = facts_of(t, &i, &d, path);

	if (code != EXIT_OK)
		return code;
	o = json_object_new_object();
	put_names(o, path, &i);
	put_version(o, "if-version", i.if_version, false);
	put_version(o, "fw-version", i.fw_version, true);
	if (d.if_version)
		put_identity(o, &d);
	put_words(o, "ke", i.ke_methods, ke, 7);
	put_words(o, "prf", i.prfs, prf, 4);
	put_str(o, "token-cipher", word_algo(2));
	put_bool(o, "host-keys", i.mode & ESV_MODE_HOST_KEYS);
	put_bool(o, "strict", i.mode & ESV_MODE_STRICT);
	put_bool(o, "test-mode", i.mode & ESV_MODE_TEST);
	put_str(o, "custody", word_custody(i.if_version >= ESPVAULT_IF_AUTH ? ESPVAULT_CUSTODY_L4 : ESPVAULT_CUSTODY_L3));
	put_u64(o, "session-max", i.session_max);
	put_u64(o, "handle-max", i.handle_max);
	return print_object(t, o);
}

struct counting {
	struct json_object *o;
	bool all;
};

static int count_one(const char *name, uint64_t value, void *arg)
{
	struct counting *c = arg;

	if (value || c->all)
		put_u64(c->o, name, value);
	return 0;
}

int cmd_counters(struct tool *t)
{
	struct counting c = { .all = false };
	struct espvault *unit;
	char path[64];
	int code, err, n = 0;

	for (int i = 0; i < t->argc; i++) {
		if (!strcmp(t->argv[i], "--all"))
			c.all = true;
		else
			t->argv[n++] = t->argv[i];
	}
	t->argc = n;
	code = open_to_look(t, &unit, path);
	if (code != EXIT_OK)
		return code;
	c.o = json_object_new_object();
	err = espvault_counters(unit, count_one, &c);
	if (err) {
		code = complain_unit(unit, path, err);
		json_object_put(c.o);
	} else {
		print_object(t, c.o);
	}
	espvault_close(unit);
	return code;
}

int cmd_decode(struct tool *t)
{
	struct espvault_token d = ESPVAULT_INIT(struct espvault_token);
	uint8_t token[ESPVAULT_TOKEN_LEN];
	struct json_object *o;

	if (t->argc != 2)
		return complain(EXIT_USAGE, "decode takes one token");
	if (!hex_bytes(t->argv[1], token, ESPVAULT_TOKEN_LEN))
		return complain(EXIT_USAGE, "a token has %d hex digits, with or without 0x", 2 * ESPVAULT_TOKEN_LEN);
	if (espvault_token_decode(token, &d))
		return complain(EXIT_REFUSED, "these bytes are not a token; if they are a key, change it: it was shown");
	o = json_object_new_object();
	put_str(o, "dir", word_dir(d.dir));
	put_str(o, "cipher", word_algo(d.suite));
	put_u64(o, "function", d.function);
	put_u64(o, "slot", d.slot);
	put_u64(o, "generation", d.generation);
	return print_object(t, o);
}

int cmd_zeroize(struct tool *t)
{
	const char *name = NULL;
	struct json_object *o;
	struct espvault *unit;
	bool all = false;
	char path[64];
	int code, err;

	for (int i = 1; i < t->argc; i++) {
		if (!strcmp(t->argv[i], "--all"))
			all = true;
		else if (t->argv[i][0] == '-' || name)
			return complain(EXIT_USAGE, "zeroize does not take '%s'", t->argv[i]);
		else
			name = t->argv[i];
	}
	if (!name || !all)
		return complain(EXIT_USAGE, "zeroize stops all traffic under the unit's keys: "
				"name the device and say --all");
	code = open_unit(name, 0, &unit, path);
	if (code != EXIT_OK)
		return code;
	err = espvault_zeroize(unit, 1);
	if (err)
		code = complain_unit(unit, path, err);
	espvault_close(unit);
	if (code != EXIT_OK)
		return code;
	o = json_object_new_object();
	put_str(o, "device", path);
	put_bool(o, "zeroized", true);
	return print_object(t, o);
}
