// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What derivations have in common: an own nonce, the peer's, and shared
 * secrets. Nonces and secrets were made by this unit and are consumed, so no
 * replay of the host's inputs makes an old key again (UNIT-11).
 */
#include "esvc_unit_cmd.h"

#include <string.h>

enum esv_status esvc_inputs_nonce(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				  const struct esvc_input_places *at, struct esvc_inputs *in)
{
	uint16_t len = esvc_in16(cmd, at->peer_nonce_len);

	/* Old test vectors have nonces of 8 bytes. */
	if (len < (unit->cfg.mode & ESV_MODE_TEST ? 1 : ESV_NONCE_MIN) || len > ESV_NONCE_MAX)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, at->peer_nonce_len);
	in->nonce = esvc_handle_get(&unit->handles, s, esvc_in64(cmd, at->nonce), ESV_H_NONCE);
	return in->nonce ? ESV_S_OK : esvc_refuse(cmd, ESV_S_BAD_HANDLE, at->nonce);
}

static bool doubled(const struct esvc_inputs *in, const struct esvc_handle *h)
{
	for (unsigned int i = 0; i < in->nr_secrets; i++)
		if (in->secret[i] == h)
			return true;
	return false;
}

enum esv_status esvc_inputs_secrets(struct esvc_unit *unit, struct esvc_cmd *cmd, const struct esvc_session *s,
				    const struct esvc_input_places *at, struct esvc_inputs *in)
{
	unsigned int i = 0;

	for (; i < at->secret_max && esvc_in64(cmd, at->secrets + 8 * i); i++) {
		struct esvc_handle *h = esvc_handle_get(&unit->handles, s, esvc_in64(cmd, at->secrets + 8 * i),
							ESV_H_SECRET);

		if (!h || doubled(in, h))
			return esvc_refuse(cmd, ESV_S_BAD_HANDLE, at->secrets + 8 * i);
		in->secret[in->nr_secrets++] = h;
	}
	for (; i < at->secret_max; i++)
		if (esvc_in64(cmd, at->secrets + 8 * i))
			return esvc_refuse(cmd, ESV_S_BAD_FIELD, at->secrets + 8 * i);
	return ESV_S_OK;
}

struct esvc_nonces esvc_inputs_nonces(struct esvc_unit *unit, const struct esvc_inputs *in, uint8_t role,
				      const uint8_t *peer, size_t peer_len)
{
	const struct esvc_nonce *own = &esvc_handle_object(&unit->handles, in->nonce)->nonce;
	const struct esvc_bytes mine = { own->bytes, own->len }, other = { peer, peer_len };

	if (role == ESV_ROLE_INITIATOR)
		return (struct esvc_nonces){ mine, other };
	return (struct esvc_nonces){ other, mine };
}

void esvc_inputs_bytes(struct esvc_unit *unit, const struct esvc_inputs *in,
		       struct esvc_bytes secret[ESV_SECRETS_MAX])
{
	for (unsigned int i = 0; i < in->nr_secrets; i++) {
		const struct esvc_secret *s = &esvc_handle_object(&unit->handles, in->secret[i])->secret;

		secret[i] = (struct esvc_bytes){ s->bytes, s->len };
	}
}

bool esvc_inputs_nonce_waits(const struct esvc_unit *unit, const uint8_t *bytes, size_t len)
{
	for (uint32_t i = 0; i < unit->handles.max; i++) {
		const struct esvc_handle *h = &unit->handles.h[i];
		const struct esvc_nonce *n;

		if (h->type != ESV_H_NONCE)
			continue;
		n = &esvc_handle_object(&unit->handles, h)->nonce;
		if (n->len == len && !memcmp(n->bytes, bytes, len))
			return true;
	}
	return false;
}

void esvc_inputs_consume(struct esvc_unit *unit, const struct esvc_inputs *in)
{
	if (in->nonce)
		esvc_handle_drop(&unit->handles, in->nonce);
	for (unsigned int i = 0; i < in->nr_secrets; i++)
		esvc_handle_drop(&unit->handles, in->secret[i]);
}
