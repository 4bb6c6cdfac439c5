// SPDX-License-Identifier: GPL-2.0-or-later
#include "recipient.h"

#include <string.h>

#include "file.h"

#define STATUS_MAX	4096	/* bytes of an answer of status */

int recipient_take(struct recipient *r, int option, const char *text)
{
	if (option == R_TO)
		r->from.statement = text;
	else if (option == R_UNVERIFIED)
		r->unverified = true;
	else
		return judge_take(&r->from, option, text);
	return EXIT_OK;
}

/*
 * The host of a unit carries what the unit says of itself, and can put a key of its own into it. So a key that is
 * not signed for must be asked for in so many words.
 */
int recipient_check(const struct recipient *r)
{
	const struct judge *from = &r->from;
	bool judged = from->anchor || from->chain || from->have_nonce || from->test_mode;

	if (!from->statement && (judged || r->unverified))
		return complain(EXIT_USAGE, "--anchor, --chain, --nonce, --test-mode and --unverified are about the "
				"file of --to");
	if (!from->statement)
		return EXIT_OK;
	if (r->unverified && judged)
		return complain(EXIT_USAGE, "--unverified is for a file that nobody signed: there is nothing that "
				"--anchor, --chain, --nonce or --test-mode could say of it");
	if (!r->unverified && !from->anchor)
		return complain(EXIT_USAGE, "--to needs --anchor with whom to trust, and a statement of `espvault attest`; "
				"or --unverified, and the answer of `espvault status --json`, in which the unit's host "
				"can put a key of its own and read the secret");
	return EXIT_OK;
}

static bool number_of(struct json_object *o, const char *key, uint64_t *n)
{
	return number(get(o, key), 1, UINT64_MAX, n);
}

static int read_status(const char *path, struct espvault_statement *unit)
{
	char text[STATUS_MAX + 1];
	struct json_object *o;
	size_t len;
	bool ok;
	int code = read_file(path, text, STATUS_MAX, &len);

	if (code != EXIT_OK)
		return code;
	text[len] = '\0';
	o = json_tokener_parse(text);
	ok = json_object_is_type(o, json_type_object) && number_of(o, "device-id", &unit->device_id) &&
	     number_of(o, "epoch", &unit->epoch) &&
	     hex_bytes(get(o, "provision-key"), unit->provision_key, sizeof(unit->provision_key));
	json_object_put(o);
	return ok ? EXIT_OK : complain(EXIT_USAGE, "%s: it is not the answer of `espvault status DEVICE --json`", path);
}

int recipient_read(struct recipient *r)
{
	r->unit = (struct espvault_statement)ESPVAULT_INIT(struct espvault_statement);
	return r->unverified ? read_status(r->from.statement, &r->unit) : judge(&r->from, &r->unit);
}

void recipient_put(struct json_object *o, const struct recipient *r)
{
	put_bool(o, "verified", !r->unverified);
	put_hex64(o, "device-id", r->unit.device_id);
	put_hex64(o, "epoch", r->unit.epoch);
	if (r->unverified)
		return;
	put_mode(o, r->unit.mode);
	put_hex(o, "measurement", r->unit.measurement, sizeof(r->unit.measurement));
}
