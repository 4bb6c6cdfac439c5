// SPDX-License-Identifier: LGPL-2.1-or-later
/* Nonces, key exchanges, derivations (RFC 7296 2.10-2.17). */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

ESPVAULT_API int espvault_nonce_gen(struct espvault *unit, size_t len, uint8_t *nonce, espvault_handle *handle)
{
	struct esv_nonce_gen in = { .len = htole16((uint16_t)len) };
	struct esv_nonce_out out;
	struct esp_cmd cmd = { .opcode = ESV_OP_NONCE_GEN, .in = &in, .in_len = sizeof(in),
			       .out = &out, .out_len = sizeof(out) };
	int err;

	if (!unit || !nonce || !handle)
		return -EINVAL;
	if (len < ESV_NONCE_MIN || len > ESV_NONCE_MAX)
		return esp_refuse(unit, -EINVAL, "a nonce has 16 to 256 bytes");
	err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	if (le16toh(out.len) != len)
		return esp_refuse(unit, -EPROTO, "the device made a nonce of another length");
	memcpy(nonce, out.nonce, len);
	*handle = le64toh(out.handle);
	return 0;
}

/* A value that finds no room takes its handle with it. */
static int take_value(struct espvault *unit, const struct esv_ke_out *out, uint8_t *value, size_t *value_len,
		      espvault_handle *handle)
{
	size_t len = le16toh(out->len);

	if (len > sizeof(out->value))
		return esp_refuse(unit, -EPROTO, "the device's public value is longer than its field");
	if (len > *value_len) {
		espvault_destroy(unit, le64toh(out->handle));
		return esp_refuse(unit, -ENOBUFS, "no room for the public value");
	}
	memcpy(value, out->value, len);
	*value_len = len;
	*handle = le64toh(out->handle);
	return 0;
}

ESPVAULT_API int espvault_ke_gen(struct espvault *unit, enum espvault_ke method, uint8_t *value, size_t *value_len,
				 espvault_handle *handle)
{
	struct esv_ke_gen in = { .method = htole16((uint16_t)method) };
	struct esv_ke_out out;
	struct esp_cmd cmd = { .opcode = ESV_OP_KE_GEN, .in = &in, .in_len = sizeof(in),
			       .out = &out, .out_len = sizeof(out) };
	int err;

	if (!unit || !value || !value_len || !handle)
		return -EINVAL;
	err = esp_cmd(unit, &cmd);
	return err ? err : take_value(unit, &out, value, value_len, handle);
}

ESPVAULT_API int espvault_ke_finish(struct espvault *unit, espvault_handle ke, const uint8_t *peer, size_t peer_len,
				    espvault_handle *secret)
{
	struct esv_ke_finish in = { .handle = htole64(ke), .len = htole16((uint16_t)peer_len) };
	struct esv_handle_out out;
	struct esp_cmd cmd = { .opcode = ESV_OP_KE_FINISH, .in = &in, .out = &out, .out_len = sizeof(out),
			       .in_len = offsetof(struct esv_ke_finish, value) + peer_len };
	int err;

	if (!unit || !peer || !secret)
		return -EINVAL;
	if (peer_len > sizeof(in.value))
		return esp_refuse(unit, -EBADMSG, "the peer's public value is longer than any method's");
	memcpy(in.value, peer, peer_len);
	err = esp_cmd(unit, &cmd);
	if (!err)
		*secret = le64toh(out.handle);
	return err;
}

ESPVAULT_API int espvault_ke_encap(struct espvault *unit, enum espvault_ke method, const uint8_t *peer,
				   size_t peer_len, uint8_t *answer, size_t *answer_len, espvault_handle *secret)
{
	struct esv_ke_encap in = { .method = htole16((uint16_t)method), .len = htole16((uint16_t)peer_len) };
	struct esv_ke_out out;
	struct esp_cmd cmd = { .opcode = ESV_OP_KE_ENCAP, .in = &in, .out = &out, .out_len = sizeof(out),
			       .in_len = offsetof(struct esv_ke_encap, value) + peer_len };
	int err;

	if (!unit || !peer || !answer || !answer_len || !secret)
		return -EINVAL;
	if (peer_len > sizeof(in.value))
		return esp_refuse(unit, -EBADMSG, "the peer's encapsulation key is longer than any method's");
	memcpy(in.value, peer, peer_len);
	err = esp_cmd(unit, &cmd);
	return err ? err : take_value(unit, &out, answer, answer_len, secret);
}

ESPVAULT_API int espvault_ike_derive(struct espvault *unit, const struct espvault_ike_params *params,
				     espvault_handle *ike)
{
	struct esv_ike_derive in = { .encr = ESV_ALGO_AES_GCM_16_256 };
	struct espvault_ike_params p;
	struct esv_handle_out out;
	struct esp_cmd cmd = { .opcode = ESV_OP_IKE_DERIVE, .in = &in, .in_len = sizeof(in),
			       .out = &out, .out_len = sizeof(out) };
	int err;

	if (!unit || !params || !ike)
		return -EINVAL;
	err = esp_struct_in(&p, sizeof(p), params);
	if (err)
		return esp_refuse(unit, err, "struct espvault_ike_params has a size or fields that are not known");
	if (!p.peer_nonce || p.peer_nonce_len > ESV_NONCE_MAX)
		return esp_refuse(unit, -EINVAL, "the peer's nonce has 16 to 256 bytes");
	in.secret = htole64(p.secret);
	in.nonce = htole64(p.nonce);
	in.role = p.role;
	in.prf = p.prf;
	in.peer_nonce_len = htole16((uint16_t)p.peer_nonce_len);
	memcpy(in.peer_nonce, p.peer_nonce, p.peer_nonce_len);
	memcpy(in.spi_i, p.spi_i, sizeof(in.spi_i));
	memcpy(in.spi_r, p.spi_r, sizeof(in.spi_r));
	err = esp_cmd(unit, &cmd);
	if (!err)
		*ike = le64toh(out.handle);
	return err;
}

ESPVAULT_API int espvault_ike_update(struct espvault *unit, espvault_handle ike, espvault_handle secret)
{
	struct esv_ike_update in = { .ike = htole64(ike), .secret = htole64(secret) };
	struct esp_cmd cmd = { .opcode = ESV_OP_IKE_UPDATE, .in = &in, .in_len = sizeof(in) };

	return unit ? esp_cmd(unit, &cmd) : -EINVAL;
}

/* Handles into a list of the interface's; zero ends it there, so it can't be one of them. */
static int put_secrets(struct espvault *unit, __le64 *to, size_t max, const espvault_handle *secrets, size_t n)
{
	if (n > max || (n && !secrets))
		return esp_refuse(unit, -EINVAL, "one derivation takes 8 shared secrets at most");
	for (size_t i = 0; i < n; i++) {
		if (!secrets[i])
			return esp_refuse(unit, -EINVAL, "a shared secret's handle is zero");
		to[i] = htole64(secrets[i]);
	}
	return 0;
}

static int rekey_request(struct espvault *unit, const struct espvault_rekey_params *params,
			 struct esv_ike_rekey *in)
{
	struct espvault_rekey_params p;
	int err = esp_struct_in(&p, sizeof(p), params);

	if (err)
		return esp_refuse(unit, err, "struct espvault_rekey_params has a size or fields that are not known");
	if (!p.peer_nonce || p.peer_nonce_len > ESV_NONCE_MAX)
		return esp_refuse(unit, -EINVAL, "the peer's nonce has 16 to 256 bytes");
	*in = (struct esv_ike_rekey){
		.ike = htole64(p.ike), .nonce = htole64(p.nonce), .role = p.role, .prf = p.prf,
		.encr = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16((uint16_t)p.peer_nonce_len),
	};
	memcpy(in->peer_nonce, p.peer_nonce, p.peer_nonce_len);
	memcpy(in->spi_i, p.spi_i, sizeof(in->spi_i));
	memcpy(in->spi_r, p.spi_r, sizeof(in->spi_r));
	if (!p.nr_secrets)
		return esp_refuse(unit, -EINVAL, "an IKE SA is rekeyed with a new shared secret");
	return put_secrets(unit, in->secret, ESV_SECRETS_MAX, p.secrets, p.nr_secrets);
}

ESPVAULT_API int espvault_ike_rekey(struct espvault *unit, const struct espvault_rekey_params *params,
				    espvault_handle *ike)
{
	struct esv_ike_rekey in;
	struct esv_handle_out out;
	struct esp_cmd cmd = { .opcode = ESV_OP_IKE_REKEY, .in = &in, .in_len = sizeof(in),
			       .out = &out, .out_len = sizeof(out) };
	int err;

	if (!unit || !params || !ike)
		return -EINVAL;
	err = rekey_request(unit, params, &in);
	if (!err)
		err = esp_cmd(unit, &cmd);
	if (!err)
		*ike = le64toh(out.handle);
	return err;
}

ESPVAULT_API int espvault_auth_assert(struct espvault *unit, espvault_handle ike, uint8_t id_type, const void *id,
				      size_t id_len, uint32_t flags)
{
	struct esv_auth_assert in = { .ike = htole64(ike), .id_type = id_type, .flags = (uint8_t)flags,
				      .id_len = htole16((uint16_t)id_len) };
	struct esp_cmd cmd = { .opcode = ESV_OP_AUTH_ASSERT, .in = &in, .in_len = sizeof(in) };

	if (!unit || !id || flags & ~ESPVAULT_NO_PPK)
		return -EINVAL;
	if (!id_len || id_len > sizeof(in.id))
		return esp_refuse(unit, -EINVAL, "an identity has 1 to 256 bytes");
	memcpy(in.id, id, id_len);
	return esp_cmd(unit, &cmd);
}

static uint64_t limit(uint64_t n)
{
	return htole64(n ? n : ESV_NO_LIMIT);
}

static int child_request(struct espvault *unit, const struct espvault_child_params *params,
			 struct esv_child_derive *in)
{
	struct espvault_child_params p;
	int err = esp_struct_in(&p, sizeof(p), params);

	if (err)
		return esp_refuse(unit, err, "struct espvault_child_params has a size or fields that are not known");
	if (p.peer_nonce_len > ESV_NONCE_MAX || (p.peer_nonce_len && !p.peer_nonce))
		return esp_refuse(unit, -EINVAL, "the peer's nonce has 16 to 256 bytes");
	*in = (struct esv_child_derive){
		.ike = htole64(p.ike), .nonce = htole64(p.nonce), .secret[0] = htole64(p.secret),
		.flags = htole32(p.flags), .role = p.role, .algo = ESV_ALGO_AES_GCM_16_256,
		.peer_nonce_len = htole16((uint16_t)p.peer_nonce_len), .install_ms = htole32(p.install_ms),
		.hard_packets = limit(p.hard_packets), .hard_bytes = limit(p.hard_bytes),
	};
	if (p.peer_nonce_len)
		memcpy(in->peer_nonce, p.peer_nonce, p.peer_nonce_len);
	if (p.nr_more_secrets && !p.secret)
		return esp_refuse(unit, -EINVAL, "further shared secrets come after a first one");
	return put_secrets(unit, in->secret + 1, ESV_SECRETS_MAX - 1, p.more_secrets, p.nr_more_secrets);
}

ESPVAULT_API int espvault_child_derive(struct espvault *unit, const struct espvault_child_params *params,
				       struct espvault_child *child)
{
	struct espvault_child mine = { .size = sizeof(mine) };
	struct esv_child_derive in;
	struct esv_child_out out;
	struct esp_cmd cmd = { .opcode = ESV_OP_CHILD_DERIVE, .in = &in, .in_len = sizeof(in),
			       .out = &out, .out_len = sizeof(out) };
	int err;

	if (!unit || !params || !child)
		return -EINVAL;
	/* Before the unit makes tokens that could not be handed over. */
	if (child->size < sizeof(mine))
		return esp_refuse(unit, -EINVAL, "struct espvault_child has no room for two tokens");
	err = child_request(unit, params, &in);
	if (!err)
		err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	mine.esp_in = le64toh(out.esp_in);
	mine.esp_out = le64toh(out.esp_out);
	memcpy(mine.token_in, out.token_in, sizeof(mine.token_in));
	memcpy(mine.token_out, out.token_out, sizeof(mine.token_out));
	return esp_struct_out(child, &mine, sizeof(mine), sizeof(mine));
}

ESPVAULT_API int espvault_destroy(struct espvault *unit, espvault_handle handle)
{
	struct esv_handle_in in = { .handle = htole64(handle) };
	struct esp_cmd cmd = { .opcode = ESV_OP_DESTROY, .in = &in, .in_len = sizeof(in) };
	int err;

	if (!unit)
		return -EINVAL;
	err = esp_cmd(unit, &cmd);
	return err == -EBADF ? 0 : err;
}

ESPVAULT_API int espvault_handle_query(struct espvault *unit, espvault_handle handle,
				       struct espvault_handle_info *info)
{
	const struct esv_handle_in in = { .handle = htole64(handle) };
	struct espvault_handle_info mine = { .size = sizeof(mine) };
	struct esv_handle_info out;
	const struct esp_cmd cmd = { .opcode = ESV_OP_HANDLE_QUERY, .in = &in, .in_len = sizeof(in),
				     .out = &out, .out_len = sizeof(out) };
	int err;

	if (!unit || !info)
		return -EINVAL;
	err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	mine.type = out.type;
	mine.state = out.state;
	mine.vouch = out.vouch;
	mine.dir = out.dir;
	return esp_struct_out(info, &mine, sizeof(mine), sizeof(mine));
}

ESPVAULT_API int espvault_zeroize(struct espvault *unit, int all)
{
	struct esp_cmd cmd = { .opcode = ESV_OP_ZEROIZE, .arg = all ? ESV_ZEROIZE_UNIT : ESV_ZEROIZE_SESSION };

	return unit ? esp_cmd(unit, &cmd) : -EINVAL;
}

ESPVAULT_API int espvault_token_decode(const uint8_t token[ESPVAULT_TOKEN_LEN], struct espvault_token *out)
{
	struct espvault_token mine = { .size = sizeof(mine) };
	struct esv_token t;

	if (!token || !out)
		return -EINVAL;
	memcpy(&t, token, sizeof(t));
	if (memcmp(t.magic, ESV_TOKEN_MAGIC, ESV_TOKEN_MAGIC_LEN))
		return -EINVAL;
	memcpy(&mine.slot, t.slot, 4);
	memcpy(&mine.generation, t.generation, 4);
	memcpy(&mine.function, t.function, 2);
	mine.slot = le32toh(mine.slot);
	mine.generation = le32toh(mine.generation);
	mine.function = le16toh(mine.function);
	mine.dir = t.dir;
	mine.suite = t.suite;
	return esp_struct_out(out, &mine, sizeof(mine), sizeof(mine));
}
