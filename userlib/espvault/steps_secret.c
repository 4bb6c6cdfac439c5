// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps with provisioned secrets and authentication, and those that look and clear up. */
#include <errno.h>
#include <string.h>

#include "script.h"

/* What kind of secret it is, and how it comes. */
static void take_kind(struct line *l, struct espvault_provision_params *p, bool store)
{
	const char *type = need_text(l, "type"), *wrap = need_text(l, "wrap"), *trouble = NULL;

	p->type = (uint8_t)(type ? secret_type(type) : 0);
	p->wrap = (uint8_t)(wrap ? wrap_type(wrap) : 0);
	if (type && !p->type)
		line_complain(l, "type=%.40s is none of " SECRET_TYPES, type);
	if (wrap && !p->wrap)
		line_complain(l, "wrap=%.40s is none of " WRAP_TYPES, wrap);
	if (!l->bad)
		trouble = provision_trouble(p->type, p->wrap, store);
	if (trouble)
		line_complain(l, "%s", trouble);
}

static int step_provision(struct line *l)
{
	struct espvault_provision_params p = ESPVAULT_INIT(struct espvault_provision_params);
	const char *store = may_text(l, "store");
	uint8_t stored[ESPVAULT_STORED_MAX];
	size_t len = sizeof(stored);
	struct bytes blob;
	espvault_handle h;
	bool esp;
	int err;

	take_kind(l, &p, store);
	esp = p.type == ESPVAULT_ESP;
	p.kek = may_handle(l, "kek");
	need_bytes(l, "blob", &blob);
	p.data = blob.b;
	p.data_len = blob.len;
	err = l->bad ? l->bad : espvault_provision(l->unit, &p, &h, store || esp ? stored : NULL, &len);
	explicit_bzero(&blob, sizeof(blob));
	if (err)
		return err;
	put_handle(l, "handle", h);
	if (esp)
		put_hex(l->out, "token", stored, len);
	/* answers go to standard output */
	if (store && !strcmp(store, "-"))
		put_hex(l->out, "blob", stored, len);
	else if (store)
		return write_file(store, stored, len);
	return 0;
}

static int step_ppk_apply(struct line *l)
{
	espvault_handle ike = need_handle(l, "ike"), ppk = need_handle(l, "ppk");

	return l->bad ? l->bad : espvault_ppk_apply(l->unit, ike, ppk);
}

static int step_intauth(struct line *l)
{
	espvault_handle ike = need_handle(l, "ike");
	unsigned int sender = need_word(l, "sender", roles);
	struct bytes message;

	need_bytes(l, "message", &message);
	return l->bad ? l->bad : espvault_intauth(l->unit, ike, sender, message.b, message.len);
}

/* What both kinds of AUTH take; id and message must live as long as p. */
static void take_auth(struct line *l, struct espvault_auth_params *p, uint8_t id[ESPVAULT_NONCE_MAX],
		      struct bytes *message)
{
	p->ike = need_handle(l, "ike");
	p->key = need_handle(l, "key");
	p->flags = may_flag(l, "no-ppk") ? ESPVAULT_NO_PPK : 0;
	p->id_type = need_id(l, "id", id, &p->id_len);
	p->id = id;
	need_bytes(l, "message", message);
	p->message = message->b;
	p->message_len = message->len;
}

static int step_auth_sign(struct line *l)
{
	struct espvault_auth_params p = ESPVAULT_INIT(struct espvault_auth_params);
	uint8_t id[ESPVAULT_NONCE_MAX], auth[ESPVAULT_AUTH_MAX], method;
	size_t len = sizeof(auth);
	struct bytes message;
	int err;

	if (may_text(l, "scheme"))
		p.scheme = (uint8_t)need_word(l, "scheme", schemes);
	take_auth(l, &p, id, &message);
	err = l->bad ? l->bad : espvault_auth_sign(l->unit, &p, &method, auth, &len);
	if (err)
		return err;
	put_u64(l->out, "method", method);
	put_hex(l->out, "auth", auth, len);
	return 0;
}

static int step_auth_verify(struct line *l)
{
	struct espvault_auth_params p = ESPVAULT_INIT(struct espvault_auth_params);
	espvault_handle certs[ESPVAULT_CERTS_MAX];
	uint8_t id[ESPVAULT_NONCE_MAX];
	struct bytes message, auth;
	uint64_t method;

	p.certs = certs;
	p.nr_certs = may_handles(l, "certs", certs, ESPVAULT_CERTS_MAX);
	need_text(l, "method");
	method = may_number(l, "method", 1, 255);
	take_auth(l, &p, id, &message);
	need_bytes(l, "auth", &auth);
	return l->bad ? l->bad : espvault_auth_verify(l->unit, &p, (uint8_t)method, auth.b, auth.len);
}

static int step_auth_assert(struct line *l)
{
	uint32_t flags = may_flag(l, "no-ppk") ? ESPVAULT_NO_PPK : 0;
	espvault_handle ike = need_handle(l, "ike");
	uint8_t id[ESPVAULT_NONCE_MAX], type;
	size_t len = 0;

	type = need_id(l, "id", id, &len);
	return l->bad ? l->bad : espvault_auth_assert(l->unit, ike, type, id, len, flags);
}

static int step_handle(struct line *l)
{
	struct espvault_handle_info i = ESPVAULT_INIT(struct espvault_handle_info);
	espvault_handle h = need_handle(l, "handle");
	int err = l->bad ? l->bad : espvault_handle_query(l->unit, h, &i);

	if (err)
		return err;
	put_str(l->out, "type", word_handle(i.type));
	put_str(l->out, "state", word_handle_state(i.state));
	put_str(l->out, "vouched-by", word_vouch(i.vouch));
	if (i.type == 5)
		put_str(l->out, "dir", word_dir(i.dir));
	return 0;
}

static int step_destroy(struct line *l)
{
	espvault_handle h = need_handle(l, "handle");

	return l->bad ? l->bad : espvault_destroy(l->unit, h);
}

static int step_zeroize(struct line *l)
{
	static const char *const scopes[] = { "session", "unit", NULL };
	unsigned int scope = need_word(l, "scope", scopes);

	return l->bad ? l->bad : espvault_zeroize(l->unit, scope == 2);
}

static int step_status(struct line *l)
{
	struct espvault_info i = ESPVAULT_INIT(struct espvault_info);
	int err = l->bad ? l->bad : espvault_get_info(l->unit, &i);

	if (!err)
		put_status(l->out, &i);
	return err;
}

static int step_selftest(struct line *l)
{
	unsigned int failed = 0;
	int err = l->bad ? l->bad : espvault_selftest(l->unit, 0, &failed);

	if (err)
		return err;
	put_bool(l->out, "self-test", !failed);
	if (failed)
		put_u64(l->out, "failed-test", failed);
	return 0;
}

const struct step secret_steps[] = {
	{ "provision", "type=TYPE wrap=WRAP blob=BYTES [kek=HANDLE] [store=FILE]", step_provision },
	{ "ppk-apply", "ike=HANDLE ppk=HANDLE", step_ppk_apply },
	{ "intauth", "ike=HANDLE sender=ROLE message=BYTES", step_intauth },
	{ "auth-sign", "ike=HANDLE key=HANDLE id=IDENTITY message=BYTES [scheme=SCHEME] [no-ppk=yes]", step_auth_sign },
	{ "auth-verify", "ike=HANDLE key=HANDLE id=IDENTITY message=BYTES method=N auth=BYTES "
	  "[certs=HANDLE,...] [no-ppk=yes]", step_auth_verify },
	{ "auth-assert", "ike=HANDLE id=IDENTITY [no-ppk=yes]", step_auth_assert },
	{ "handle", "handle=HANDLE", step_handle },
	{ "destroy", "handle=HANDLE", step_destroy },
	{ "zeroize", "scope=session|unit", step_zeroize },
	{ "status", "", step_status },
	{ "selftest", "", step_selftest },
	{ NULL, NULL, NULL },
};
