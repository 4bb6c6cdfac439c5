// SPDX-License-Identifier: LGPL-2.1-or-later
/* Provisioned secrets and what authenticates with them (RFC 7296 2.15, RFC 8784, RFC 9242). */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

ESPVAULT_API int espvault_secret_encode(enum espvault_secret type, uint8_t id_type, const void *id, size_t id_len,
					const void *secret, size_t secret_len, void *out, size_t *out_len)
{
	struct esv_secret_hdr h = { .version = ESV_SECRET_VERSION, .type = (uint8_t)type, .id_type = id_type,
				    .id_len = htole16((uint16_t)id_len), .len = htole16((uint16_t)secret_len) };
	size_t len = sizeof(h) + id_len + secret_len;
	uint8_t *at = out;

	if (!secret || !secret_len || secret_len > ESV_SECRET_MAX || id_len > ESV_ID_MAX || (id_len && !id) ||
	    !out || !out_len)
		return -EINVAL;
	if (*out_len < len)
		return -ENOBUFS;
	memcpy(at, &h, sizeof(h));
	if (id_len)
		memcpy(at + sizeof(h), id, id_len);
	memcpy(at + sizeof(h) + id_len, secret, secret_len);
	*out_len = len;
	return 0;
}

ESPVAULT_API int espvault_esp_encode(const struct espvault_esp_params *params, uint8_t secret[ESPVAULT_ESP_LEN])
{
	struct espvault_esp_params p;
	struct esv_wrapped_esp e;
	int err;

	if (!params || !secret)
		return -EINVAL;
	err = esp_struct_in(&p, sizeof(p), params);
	if (err)
		return err;
	if ((p.dir != ESV_DIR_OUT && p.dir != ESV_DIR_IN) || (p.family != 4 && p.family != 6) ||
	    (p.mode != ESV_SA_TRANSPORT && p.mode != ESV_SA_TUNNEL) || p.rsvd || p.spi < 256)
		err = -EINVAL;
	e = (struct esv_wrapped_esp){ .dir = p.dir, .family = p.family, .mode = p.mode, .spi = htobe32(p.spi) };
	memcpy(e.saddr, p.saddr, sizeof(e.saddr));
	memcpy(e.daddr, p.daddr, sizeof(e.daddr));
	memcpy(e.key, p.key, sizeof(e.key));
	if (!err)
		memcpy(secret, &e, sizeof(e));
	explicit_bzero(&e, sizeof(e));
	explicit_bzero(&p, sizeof(p));
	return err;
}

/* A blob, or of an ESP key the token. */
static int take_stored(struct espvault *unit, uint8_t type, const struct esv_provisioned *out, void *stored,
		       size_t *stored_len)
{
	size_t len = le16toh(out->stored_len);

	if (!stored)
		return 0;
	if (type == ESPVAULT_ESP && len != ESPVAULT_TOKEN_LEN)
		return esp_refuse(unit, -EPROTO, "the device's token has another length than tokens have");
	if (len > sizeof(out->stored))
		return esp_refuse(unit, -EPROTO, "the device's blob is longer than its field");
	if (len > *stored_len) {
		espvault_destroy(unit, le64toh(out->handle));
		return esp_refuse(unit, -ENOBUFS, "no room for what the device gives for the secret");
	}
	memcpy(stored, out->stored, len);
	*stored_len = len;
	return 0;
}

ESPVAULT_API int espvault_provision(struct espvault *unit, const struct espvault_provision_params *params,
				    espvault_handle *secret, void *stored, size_t *stored_len)
{
	struct espvault_provision_params p;
	struct esv_provisioned out = { .handle = 0 };
	struct esv_provision in;
	struct esp_cmd cmd = { .opcode = ESV_OP_PROVISION, .in = &in, .out = &out, .out_len = sizeof(out),
			       .out_min = offsetof(struct esv_provisioned, stored) };
	bool esp;
	int err;

	if (!unit || !params || !secret || (stored && !stored_len))
		return -EINVAL;
	err = esp_struct_in(&p, sizeof(p), params);
	if (err)
		return esp_refuse(unit, err, "struct espvault_provision_params has a size or fields that are not known");
	if (!p.data || !p.data_len || p.data_len > sizeof(in.data))
		return esp_refuse(unit, -EMSGSIZE, "a wrapped secret has 1 to 4080 bytes");
	esp = p.type == ESPVAULT_ESP;
	if (esp && !stored)
		return esp_refuse(unit, -EINVAL, "an ESP key is known by its token, and there is no room for that");
	in = (struct esv_provision){ .type = p.type, .wrap = p.wrap, .len = htole16((uint16_t)p.data_len),
				     .flags = htole16(stored && !esp ? ESV_PROVISION_F_STORE : 0), .kek = htole64(p.kek) };
	memcpy(in.data, p.data, p.data_len);
	cmd.in_len = offsetof(struct esv_provision, data) + p.data_len;
	err = esp_cmd(unit, &cmd);
	explicit_bzero(&in, sizeof(in));	/* in test mode a secret may come in clear */
	if (!err)
		err = take_stored(unit, p.type, &out, stored, stored_len);
	if (!err)
		*secret = le64toh(out.handle);
	return err;
}

ESPVAULT_API int espvault_ppk_apply(struct espvault *unit, espvault_handle ike, espvault_handle ppk)
{
	const struct esv_ppk_apply in = { .ike = htole64(ike), .ppk = htole64(ppk) };
	const struct esp_cmd cmd = { .opcode = ESV_OP_PPK_APPLY, .in = &in, .in_len = sizeof(in) };

	return unit ? esp_cmd(unit, &cmd) : -EINVAL;
}

ESPVAULT_API int espvault_intauth(struct espvault *unit, espvault_handle ike, enum espvault_role sender,
				  const void *message, size_t len)
{
	struct esv_intauth in = { .ike = htole64(ike), .sender = (uint8_t)sender, .len = htole16((uint16_t)len) };
	const struct esp_cmd cmd = { .opcode = ESV_OP_INTAUTH, .in = &in,
				     .in_len = offsetof(struct esv_intauth, data) + len };

	if (!unit || !message)
		return -EINVAL;
	if (!len || len > sizeof(in.data))
		return esp_refuse(unit, -EMSGSIZE, "a message to be chained has 1 to 4080 bytes");
	memcpy(in.data, message, len);
	return esp_cmd(unit, &cmd);
}

/* Identity, message and what follows, one behind the other. *len: what is used of data. */
static int put_data(struct espvault *unit, const struct espvault_auth_params *p, const void *more, size_t more_len,
		    uint8_t *data, size_t room, size_t *len)
{
	if (!p->id || !p->id_len || p->id_len > ESV_ID_MAX)
		return esp_refuse(unit, -EINVAL, "an identity has 1 to 256 bytes");
	if (!p->message || !p->message_len || p->message_len > room || more_len > room ||
	    p->id_len + p->message_len + more_len > room)
		return esp_refuse(unit, -EMSGSIZE, "identity, message and AUTH do not fit one command");
	memcpy(data, p->id, p->id_len);
	memcpy(data + p->id_len, p->message, p->message_len);
	if (more_len)
		memcpy(data + p->id_len + p->message_len, more, more_len);
	*len = p->id_len + p->message_len + more_len;
	return 0;
}

static int get_params(struct espvault *unit, const struct espvault_auth_params *params, struct espvault_auth_params *p)
{
	int err = esp_struct_in(p, sizeof(*p), params);

	if (!err && p->flags & ~ESPVAULT_NO_PPK)
		err = -EINVAL;
	return err ? esp_refuse(unit, err, "struct espvault_auth_params has a size, flags or fields that are not known") : 0;
}

ESPVAULT_API int espvault_auth_sign(struct espvault *unit, const struct espvault_auth_params *params, uint8_t *method,
				    void *auth, size_t *auth_len)
{
	struct esv_auth_sign in = { .ike = 0 };
	struct espvault_auth_params p;
	struct esv_auth_data out;
	struct esp_cmd cmd = { .opcode = ESV_OP_AUTH_SIGN, .in = &in, .out = &out, .out_len = sizeof(out),
			       .out_min = offsetof(struct esv_auth_data, data) };
	size_t len;
	int err;

	if (!unit || !params || !method || !auth || !auth_len)
		return -EINVAL;
	err = get_params(unit, params, &p);
	if (!err)
		err = put_data(unit, &p, NULL, 0, in.data, sizeof(in.data), &len);
	if (err)
		return err;
	in.ike = htole64(p.ike);
	in.key = htole64(p.key);
	in.scheme = p.scheme;
	in.flags = (uint8_t)p.flags;
	in.id_type = p.id_type;
	in.id_len = htole16((uint16_t)p.id_len);
	in.msg_len = htole16((uint16_t)p.message_len);
	cmd.in_len = offsetof(struct esv_auth_sign, data) + len;
	err = esp_cmd(unit, &cmd);
	if (err)
		return err;
	len = le16toh(out.len);
	if (len > sizeof(out.data))
		return esp_refuse(unit, -EPROTO, "the device's AUTH is longer than its field");
	if (len > *auth_len)
		return esp_refuse(unit, -ENOBUFS, "no room for the AUTH");
	*method = out.method;
	*auth_len = len;
	memcpy(auth, out.data, len);
	return 0;
}

static int put_certs(struct espvault *unit, const struct espvault_auth_params *p, __le64 cert[ESV_CERTS_MAX])
{
	if (p->nr_certs > ESV_CERTS_MAX || (p->nr_certs && !p->certs))
		return esp_refuse(unit, -EINVAL, "a chain has at most 4 certificates");
	for (size_t i = 0; i < p->nr_certs; i++)
		cert[i] = htole64(p->certs[i]);
	return 0;
}

ESPVAULT_API int espvault_auth_verify(struct espvault *unit, const struct espvault_auth_params *params, uint8_t method,
				      const void *auth, size_t auth_len)
{
	struct esv_auth_verify in = { .ike = 0 };
	struct espvault_auth_params p;
	struct esp_cmd cmd = { .opcode = ESV_OP_AUTH_VERIFY, .in = &in };
	size_t len;
	int err;

	if (!unit || !params || (auth_len && !auth))
		return -EINVAL;
	err = get_params(unit, params, &p);
	if (!err && p.scheme)
		err = esp_refuse(unit, -EINVAL, "a received AUTH says its scheme itself");
	if (!err)
		err = put_certs(unit, &p, in.cert);
	if (!err)
		err = put_data(unit, &p, auth, auth_len, in.data, sizeof(in.data), &len);
	if (err)
		return err;
	in.ike = htole64(p.ike);
	in.key = htole64(p.key);
	in.method = method;
	in.flags = (uint8_t)p.flags;
	in.id_type = p.id_type;
	in.id_len = htole16((uint16_t)p.id_len);
	in.msg_len = htole16((uint16_t)p.message_len);
	in.auth_len = htole16((uint16_t)auth_len);
	cmd.in_len = offsetof(struct esv_auth_verify, data) + len;
	return esp_cmd(unit, &cmd);
}
