// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps of an exchange: nonces, key exchanges, derivations, messages. */
#include <errno.h>
#include <string.h>

#include "script.h"

static int step_nonce(struct line *l)
{
	uint64_t len = may_number(l, "len", 16, ESPVAULT_NONCE_MAX) ?: 32;
	uint8_t nonce[ESPVAULT_NONCE_MAX];
	espvault_handle h;
	int err = l->bad ? l->bad : espvault_nonce_gen(l->unit, len, nonce, &h);

	if (err)
		return err;
	put_handle(l, "handle", h);
	put_hex(l->out, "value", nonce, len);
	return 0;
}

static int step_ke_gen(struct line *l)
{
	unsigned int method = need_word(l, "method", methods);
	uint8_t value[ESPVAULT_KE_MAX];
	size_t len = sizeof(value);
	espvault_handle h;
	int err = l->bad ? l->bad : espvault_ke_gen(l->unit, method, value, &len, &h);

	if (err)
		return err;
	put_handle(l, "handle", h);
	put_hex(l->out, "value", value, len);
	return 0;
}

static int step_ke_finish(struct line *l)
{
	espvault_handle ke = need_handle(l, "ke"), secret;
	struct bytes value;
	int err;

	need_bytes(l, "value", &value);
	err = l->bad ? l->bad : espvault_ke_finish(l->unit, ke, value.b, value.len, &secret);
	if (!err)
		put_handle(l, "handle", secret);
	return err;
}

static int step_ke_encap(struct line *l)
{
	unsigned int method = need_word(l, "method", methods);
	uint8_t answer[ESPVAULT_KE_MAX];
	size_t len = sizeof(answer);
	espvault_handle secret;
	struct bytes value;
	int err;

	need_bytes(l, "value", &value);
	err = l->bad ? l->bad : espvault_ke_encap(l->unit, method, value.b, value.len, answer, &len, &secret);
	if (err)
		return err;
	put_handle(l, "handle", secret);
	put_hex(l->out, "value", answer, len);
	return 0;
}

static int step_ike_derive(struct line *l)
{
	struct espvault_ike_params p = ESPVAULT_INIT(struct espvault_ike_params);
	espvault_handle ike;
	struct bytes nonce;
	int err;

	p.role = (uint8_t)need_word(l, "role", roles);
	p.prf = (uint8_t)need_word(l, "prf", prfs);
	p.secret = need_handle(l, "secret");
	p.nonce = need_handle(l, "nonce");
	need_bytes(l, "peer-nonce", &nonce);
	p.peer_nonce = nonce.b;
	p.peer_nonce_len = nonce.len;
	need_exactly(l, "spi-i", p.spi_i, sizeof(p.spi_i));
	need_exactly(l, "spi-r", p.spi_r, sizeof(p.spi_r));
	err = l->bad ? l->bad : espvault_ike_derive(l->unit, &p, &ike);
	if (!err)
		put_handle(l, "handle", ike);
	return err;
}

static int step_ike_update(struct line *l)
{
	espvault_handle ike = need_handle(l, "ike"), secret = need_handle(l, "secret");

	return l->bad ? l->bad : espvault_ike_update(l->unit, ike, secret);
}

static int step_ike_rekey(struct line *l)
{
	struct espvault_rekey_params p = ESPVAULT_INIT(struct espvault_rekey_params);
	espvault_handle secrets[ESPVAULT_SECRETS_MAX], ike;
	struct bytes nonce;
	int err;

	p.role = (uint8_t)need_word(l, "role", roles);
	p.prf = (uint8_t)need_word(l, "prf", prfs);
	p.ike = need_handle(l, "ike");
	p.nonce = need_handle(l, "nonce");
	need_text(l, "secrets");
	p.secrets = secrets;
	p.nr_secrets = may_handles(l, "secrets", secrets, ESPVAULT_SECRETS_MAX);
	need_bytes(l, "peer-nonce", &nonce);
	p.peer_nonce = nonce.b;
	p.peer_nonce_len = nonce.len;
	need_exactly(l, "spi-i", p.spi_i, sizeof(p.spi_i));
	need_exactly(l, "spi-r", p.spi_r, sizeof(p.spi_r));
	err = l->bad ? l->bad : espvault_ike_rekey(l->unit, &p, &ike);
	if (!err)
		put_handle(l, "handle", ike);
	return err;
}

static int step_ike_seal(struct line *l)
{
	espvault_handle ike = need_handle(l, "ike");
	struct bytes aad, text;
	uint8_t iv[8], icv[16];
	int err;

	need_bytes(l, "aad", &aad);
	need_bytes(l, "text", &text);
	err = l->bad ? l->bad : espvault_ike_seal(l->unit, ike, aad.b, aad.len, text.b, text.len, iv, text.b, icv);
	if (err)
		return err;
	put_hex(l->out, "iv", iv, sizeof(iv));
	put_hex(l->out, "icv", icv, sizeof(icv));
	put_hex(l->out, "text", text.b, text.len);
	return 0;
}

static int step_ike_open(struct line *l)
{
	espvault_handle ike = need_handle(l, "ike");
	struct bytes aad, text;
	uint8_t iv[8], icv[16];
	int err;

	need_bytes(l, "aad", &aad);
	need_bytes(l, "text", &text);
	need_exactly(l, "iv", iv, sizeof(iv));
	need_exactly(l, "icv", icv, sizeof(icv));
	err = l->bad ? l->bad : espvault_ike_open(l->unit, ike, aad.b, aad.len, iv, text.b, text.len, icv, text.b);
	if (!err)
		put_hex(l->out, "text", text.b, text.len);
	return err;
}

static int step_child_derive(struct line *l)
{
	struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);
	struct espvault_child child = ESPVAULT_INIT(struct espvault_child);
	espvault_handle secrets[ESPVAULT_SECRETS_MAX] = { 0 };
	struct bytes nonce;
	size_t n;
	int err;

	p.ike = need_handle(l, "ike");
	p.role = (uint8_t)need_word(l, "role", roles);
	p.nonce = may_handle(l, "nonce");
	may_bytes(l, "peer-nonce", &nonce);
	p.peer_nonce = nonce.b;
	p.peer_nonce_len = nonce.len;
	n = may_handles(l, "secrets", secrets, ESPVAULT_SECRETS_MAX);
	p.secret = secrets[0];
	p.more_secrets = secrets + 1;
	p.nr_more_secrets = n ? n - 1 : 0;
	p.flags = (may_flag(l, "first") ? ESPVAULT_FIRST : 0) | (may_flag(l, "detach") ? ESPVAULT_DETACH : 0);
	p.install_ms = (uint32_t)may_number(l, "install-ms", 1, 600000);
	p.hard_packets = may_number(l, "hard-packets", 1, UINT64_MAX - 1);
	p.hard_bytes = may_number(l, "hard-bytes", 1, UINT64_MAX - 1);
	err = l->bad ? l->bad : espvault_child_derive(l->unit, &p, &child);
	if (err)
		return err;
	put_handle(l, "esp-in", child.esp_in);
	put_handle(l, "esp-out", child.esp_out);
	put_hex(l->out, "in", child.token_in, sizeof(child.token_in));
	put_hex(l->out, "out", child.token_out, sizeof(child.token_out));
	return 0;
}

const struct step ike_steps[] = {
	{ "nonce", "[len=N]", step_nonce },
	{ "ke-gen", "method=METHOD", step_ke_gen },
	{ "ke-finish", "ke=HANDLE value=BYTES", step_ke_finish },
	{ "ke-encap", "method=METHOD value=BYTES", step_ke_encap },
	{ "ike-derive", "role=ROLE prf=PRF secret=HANDLE nonce=HANDLE peer-nonce=BYTES spi-i=BYTES spi-r=BYTES",
	  step_ike_derive },
	{ "ike-update", "ike=HANDLE secret=HANDLE", step_ike_update },
	{ "ike-rekey", "ike=HANDLE role=ROLE prf=PRF secrets=HANDLE,... nonce=HANDLE peer-nonce=BYTES spi-i=BYTES "
	  "spi-r=BYTES", step_ike_rekey },
	{ "ike-seal", "ike=HANDLE aad=BYTES text=BYTES", step_ike_seal },
	{ "ike-open", "ike=HANDLE aad=BYTES iv=BYTES icv=BYTES text=BYTES", step_ike_open },
	{ "child-derive", "ike=HANDLE role=ROLE [first=yes] [detach=yes] [nonce=HANDLE peer-nonce=BYTES] "
	  "[secrets=HANDLE,...] [install-ms=N] [hard-packets=N] [hard-bytes=N]", step_child_derive },
	{ NULL, NULL, NULL },
};
