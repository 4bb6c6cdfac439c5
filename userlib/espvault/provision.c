// SPDX-License-Identifier: GPL-2.0-or-later
/* provision: bring one wrapped secret into a unit, to see that it opens, or to have it stored. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "secret.h"

enum option_id { O_TYPE, O_WRAP, O_BLOB, O_STORE };

static const struct option options[] = {
	{ "type", 1, NULL, O_TYPE }, { "wrap", 1, NULL, O_WRAP }, { "blob", 1, NULL, O_BLOB },
	{ "store", 1, NULL, O_STORE }, { 0 },
};

struct request {
	const char *device;
	const char *type_word;
	enum espvault_secret type;
	enum espvault_wrap wrap;
	const char *blob;
	const char *store;
};

static int take(void *arg, int option, const char *text)
{
	struct request *r = arg;

	switch (option) {
	case O_TYPE:
		r->type = secret_type(text);
		r->type_word = text;
		if (r->type == ESPVAULT_ESP)
			return complain(EXIT_USAGE, "the token of an ESP key ends with its session: use `espvault run`");
		return r->type ? EXIT_OK : complain(EXIT_USAGE, "--type does not take '%s', but " SECRET_TYPES, text);
	case O_WRAP:
		r->wrap = wrap_type(text);
		if (r->wrap == ESPVAULT_WRAP_KWP)
			return complain(EXIT_USAGE, "the key of a kwp blob must be in the same session: "
					"use `espvault run`");
		return r->wrap ? EXIT_OK : complain(EXIT_USAGE, "--wrap does not take '%s', but " WRAP_TYPES, text);
	case O_BLOB:
		r->blob = text;
		return EXIT_OK;
	default:
		r->store = text;
		return EXIT_OK;
	}
}

static int parse(struct tool *t, struct request *r)
{
	const char *trouble;
	int code;

	memset(r, 0, sizeof(*r));
	code = take_options(t, ":", options, take, r);
	if (code != EXIT_OK)
		return code;
	if (optind < t->argc)
		r->device = t->argv[optind++];
	if (optind < t->argc)
		return complain(EXIT_USAGE, "provision takes one device, not '%s' as well", t->argv[optind]);
	if (!r->device || !r->type || !r->wrap || !r->blob)
		return complain(EXIT_USAGE, "provision needs a device, --type, --wrap and --blob, the file with the "
				"wrapped secret");
	trouble = provision_trouble(r->type, r->wrap, r->store);
	return trouble ? complain(EXIT_USAGE, "%s", trouble) : EXIT_OK;
}

static int bring(struct tool *t, const struct request *r, struct espvault *unit, const char *path,
		 const struct bytes *blob)
{
	struct espvault_provision_params p = ESPVAULT_INIT(struct espvault_provision_params);
	uint8_t stored[ESPVAULT_STORED_MAX];
	size_t stored_len = sizeof(stored);
	struct json_object *o;
	espvault_handle h;
	int code = EXIT_OK, err;

	p.type = (uint8_t)r->type;
	p.wrap = (uint8_t)r->wrap;
	p.data = blob->b;
	p.data_len = blob->len;
	err = espvault_provision(unit, &p, &h, r->store ? stored : NULL, &stored_len);
	if (err)
		return complain_unit(unit, path, err);
	if (to_file(t, r->store))
		code = write_file(r->store, stored, stored_len);
	if (code != EXIT_OK || stdout_alone(t, r->store))
		return code;
	o = json_object_new_object();
	put_str(o, "device", path);
	put_str(o, "type", r->type_word);
	put_hex64(o, "handle", h);
	if (to_file(t, r->store))
		put_str(o, "stored", r->store);
	else if (r->store)
		put_hex(o, "blob", stored, stored_len);
	if (r->store)
		put_u64(o, "bytes", stored_len);
	return print_object(t, o);
}

int cmd_provision(struct tool *t)
{
	struct espvault *unit;
	struct request r;
	struct bytes blob;
	char path[64];
	int code = parse(t, &r);

	if (code == EXIT_OK)
		code = read_bytes(r.blob, &blob);
	if (code != EXIT_OK)
		return code;
	code = open_unit(r.device, 0, &unit, path);
	if (code == EXIT_OK) {
		code = bring(t, &r, unit, path, &blob);
		espvault_close(unit);
	}
	explicit_bzero(&blob, sizeof(blob));	/* with --wrap none it is the secret */
	return code;
}
