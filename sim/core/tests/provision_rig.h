/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PROVISION, for every test that brings a secret into a unit. */
#ifndef PROVISION_RIG_H
#define PROVISION_RIG_H

#include "ike_init.h"
#include "unit_rig.h"

/* What a wrap protects: header, identity (FQDN; NULL: none), secret. */
static inline void secret_plain(struct blob *b, uint8_t type, const char *id, const void *secret, size_t len)
{
	const struct esv_secret_hdr h = { .version = ESV_SECRET_VERSION, .type = type, .id_type = id ? 2 : 0,
					  .id_len = htole16(id ? (uint16_t)strlen(id) : 0),
					  .len = htole16((uint16_t)len) };

	b->len = 0;
	put(b, &h, sizeof(h));
	if (id)
		put(b, id, strlen(id));
	put(b, secret, len);
}

static inline enum esv_status provision_in(struct rig *r, uint32_t session, uint8_t type, uint8_t wrap, uint16_t flags,
					   uint64_t kek, const struct blob *b)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	struct esv_provision *in = (void *)buf;

	memset(buf, 0, sizeof(buf));
	in->type = type;
	in->wrap = wrap;
	in->flags = htole16(flags);
	in->len = htole16((uint16_t)b->len);
	in->kek = htole64(kek);
	memcpy(in->data, b->b, b->len);
	return rig_run(r, ESV_OP_PROVISION, session, in, offsetof(struct esv_provision, data) + b->len);
}

static inline enum esv_status provision(struct rig *r, uint8_t type, uint8_t wrap, uint16_t flags, uint64_t kek,
					const struct blob *b)
{
	return provision_in(r, r->session, type, wrap, flags, kek, b);
}

/* The handle of the one that was just made. */
static inline uint64_t made(const struct rig *r)
{
	return le64toh(((const struct esv_provisioned *)(const void *)r->out)->handle);
}

/* In clear: a secret that has a header, or bytes that have none. */
static inline enum esv_status bring(struct rig *r, uint8_t type, const char *id, const void *secret, size_t len)
{
	struct blob b;

	secret_plain(&b, type, id, secret, len);
	return provision(r, type, ESV_WRAP_NONE, 0, 0, &b);
}

static inline uint64_t brought(struct rig *r, uint8_t type, const char *id, const void *secret, size_t len)
{
	assert_int_equal(bring(r, type, id, secret, len), ESV_S_OK);
	return made(r);
}

static inline enum esv_status bring_bare(struct rig *r, uint8_t type, const void *bytes, size_t len)
{
	struct blob b = { .len = 0 };

	put(&b, bytes, len);
	return provision(r, type, ESV_WRAP_NONE, 0, 0, &b);
}

#endif
