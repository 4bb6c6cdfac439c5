// SPDX-License-Identifier: GPL-2.0-or-later
#include "statement.h"

#include <ctype.h>
#include <espvault/esv_if.h>
#include <string.h>

static bool printable(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isascii(text[i]) || !isprint(text[i]))
			return false;
	return len;
}

/* A peer chose it, so nothing but plain text goes to a terminal. */
static void put_id(struct json_object *o, const struct espvault_statement *st)
{
	static const char *const types[] = { [1] = "ipv4", [2] = "fqdn", [3] = "email", [5] = "ipv6", [9] = "dn",
					     [10] = "gn", [11] = "key-id" };
	const char *type = st->id_type < sizeof(types) / sizeof(types[0]) ? types[st->id_type] : NULL;
	char text[ESPVAULT_ID_MAX + 1];

	if (!st->id_type)
		return;
	put_str(o, "peer-type", type ? type : "unknown");
	if ((st->id_type == 1 && st->id_len == 4) || (st->id_type == 5 && st->id_len == 16)) {
		put_addr(o, "peer", st->id_type == 1 ? 4 : 6, st->id);
	} else if (printable(st->id, st->id_len)) {
		memcpy(text, st->id, st->id_len);
		text[st->id_len] = '\0';
		put_str(o, "peer", text);
	} else {
		put_hex(o, "peer-hex", st->id, st->id_len);
	}
}

static void put_key(struct json_object *o, const struct espvault_statement *st)
{
	put_str(o, "type", word_handle(st->type));
	put_str(o, "state", word_handle_state(st->state));
	if (st->dir)
		put_str(o, "dir", word_dir(st->dir));
	if (st->custody)
		put_str(o, "custody", word_custody(st->custody));
	put_str(o, "vouched-by", word_vouch(st->vouch));
	put_id(o, st);
}

static void put_sa(struct json_object *o, const struct espvault_statement *st)
{
	put_u64(o, "sa", st->sa_handle);
	put_spi(o, st->spi);
	put_addr(o, "src", st->family, st->saddr);
	put_addr(o, "dst", st->family, st->daddr);
	put_str(o, "sa-mode", word_mode(st->sa_mode));
	put_str(o, "cipher", word_algo(st->algo));
	put_bool(o, "esn", st->sa_flags & ESV_SA_F_ESN);
	put_u64(o, "window", st->window);
	put_u64(o, "reqid", st->reqid);
	put_str(o, "sa-state", st->sa_epoch ? word_sa_state(st->sa_state) : "key zeroised");
	put_u64(o, "seq", st->seq);
	put_u64(o, "packets", st->packets);
	put_u64(o, "bytes", st->bytes);
	put_u64(o, "auth-failed", st->auth_failed);
	put_u64(o, "replay-dropped", st->replay_dropped);
	put_u64(o, "other-dropped", st->other_dropped);
}

void statement_put(struct json_object *o, const struct espvault_statement *st)
{
	put_hex64(o, "device-id", st->device_id);
	put_hex64(o, "epoch", st->epoch);
	put_u64(o, "resets", st->resets);
	put_mode(o, st->mode);
	put_version(o, "if-version", st->if_version, false);
	put_version(o, "fw-version", st->fw_version, true);
	put_hex(o, "measurement", st->measurement, sizeof(st->measurement));
	put_hex(o, "provision-key", st->provision_key, sizeof(st->provision_key));
	put_hex(o, "nonce", st->nonce, sizeof(st->nonce));
	put_u64(o, "sessions", st->sessions);
	put_u64(o, "handles", st->handles);
	put_u64(o, "keys-installed", st->keys_installed);
	put_u64(o, "keys-pending", st->keys_pending);
	put_str(o, "subject", word_subject(st->subject));
	if (st->type)
		put_key(o, st);
	if (st->sa_handle)
		put_sa(o, st);
}
