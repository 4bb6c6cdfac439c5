// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIT-96 with certificates: chains that another implementation issued, good ones and each way to be bad. */
#include "auth_rig.h"

/* 2026-01-01 00:00:00 UTC, as in cert_ref.py. */
#define NOW	1767225600

static int64_t wall(void *opaque)
{
	return NOW;
}

struct chain {
	struct blob anchor, key, cert[5];
	unsigned int nr;
};

static const struct words *ask(const char *name)
{
	static struct words w;
	FILE *f = vectors("cert_ref.py", name);
	bool got = next(f, &w);

	assert_int_equal(finish(f, got, "python3-cryptography"), 1);
	return &w;
}

static void get_chain(const char *name, struct chain *c)
{
	const struct words *w = ask(name);
	struct blob *to[] = { &c->anchor, &c->key, &c->cert[0], &c->cert[1], &c->cert[2], &c->cert[3], &c->cert[4] };

	assert_in_range(w->n, 3, 7);
	c->nr = w->n - 2;
	for (unsigned int i = 0; i < w->n; i++) {
		to[i]->len = w->len[i];
		memcpy(to[i]->b, w->b[i], w->len[i]);
	}
}

/* Public: it comes in clear, without a header. */
static enum esv_status bring_cert(struct rig *r, const struct blob *der)
{
	return bring_bare(r, ESV_H_CERT, der->b, der->len);
}

static uint64_t brought_cert(struct rig *r, const struct blob *der)
{
	assert_int_equal(bring_cert(r, der), ESV_S_OK);
	return made(r);
}

/* An AUTH by the chain's key, and what the verifying side needs for it. */
struct scene {
	struct end i, p;
	struct blob auth;
	uint64_t anchor, cert[5];
	unsigned int nr;
};

static struct esvc_host_ops ops;

static void scene(struct scene *s, const struct chain *c, uint8_t scheme, const char *bound)
{
	uint64_t key;

	pair(&s->i, &s->p);
	ops = *s->p.r->dev.ops;
	ops.wall_s = wall;
	s->p.r->dev.ops = &ops;
	key = brought(s->i.r, ESV_H_PRIV, NULL, c->key.b, c->key.len);
	assert_int_equal(sign(&s->i, key, scheme, &s->auth), ESV_S_OK);
	s->anchor = brought(s->p.r, ESV_H_ANCHOR, bound, c->anchor.b, c->anchor.len);
	s->nr = c->nr;
	for (unsigned int n = 0; n < c->nr; n++)
		s->cert[n] = brought_cert(s->p.r, &c->cert[n]);
}

static void end_scene(struct scene *s)
{
	unpair(&s->i, &s->p);
}

static enum esv_status check_id(struct scene *s, uint8_t id_type, const void *id, size_t id_len)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	struct esv_auth_verify *in = (void *)buf;
	const struct blob *m = &s->i.init;

	memset(buf, 0, sizeof(buf));
	in->ike = htole64(s->p.ike);
	in->key = htole64(s->anchor);
	for (unsigned int n = 0; n < s->nr; n++)
		in->cert[n] = htole64(s->cert[n]);
	in->method = ESV_AUTH_METHOD_SIGNATURE;
	in->id_type = id_type;
	in->id_len = htole16((uint16_t)id_len);
	in->msg_len = htole16((uint16_t)m->len);
	in->auth_len = htole16((uint16_t)s->auth.len);
	memcpy(in->data, id, id_len);
	memcpy(in->data + id_len, m->b, m->len);
	memcpy(in->data + id_len + m->len, s->auth.b, s->auth.len);
	return rig_run(s->p.r, ESV_OP_AUTH_VERIFY, s->p.r->session, in,
		       offsetof(struct esv_auth_verify, data) + id_len + m->len + s->auth.len);
}

static enum esv_status check(struct scene *s)
{
	return check_id(s, 2, s->i.id, strlen(s->i.id));
}

struct good {
	const char *name;
	uint8_t scheme;
};

static void test_good(void **state)
{
	static const struct good cases[] = {
		{ "direct", ESV_SIG_ECDSA_P256_SHA2_256 }, { "deep", ESV_SIG_ECDSA_P256_SHA2_256 },
		{ "p384", ESV_SIG_ECDSA_P384_SHA2_384 }, { "ed25519", ESV_SIG_ED25519 },
		{ "rsa", ESV_SIG_RSA_PSS_SHA2_256 }, { "anchor_below", ESV_SIG_ECDSA_P256_SHA2_256 },
		{ "signature_usage", ESV_SIG_ECDSA_P256_SHA2_256 }, { "ike_usage", ESV_SIG_ECDSA_P256_SHA2_256 },
		{ "any_usage", ESV_SIG_ECDSA_P256_SHA2_256 }, { "swapped", ESV_SIG_ECDSA_P256_SHA2_256 },
		{ "rsa_chain", ESV_SIG_ECDSA_P256_SHA2_256 },
	};
	static struct chain c;
	static struct scene s;

	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		const struct esvc_ike_sa *ike;

		get_chain(cases[n].name, &c);
		scene(&s, &c, cases[n].scheme, NULL);
		if (check(&s) != ESV_S_OK)
			fail_msg("%s was refused at %#x", cases[n].name, s.p.r->cmd.err_off);
		ike = ike_of(&s.p);
		assert_int_equal(ike->vouch, ESV_VOUCH_UNIT);
		assert_memory_equal(ike->id, s.i.id, ike->id_len);
		end_scene(&s);
	}
}

/* Whatever is wrong with a chain is AUTH_FAILED at the chain, and opens nothing. */
static void test_bad(void **state)
{
	static const char *const names[] = {
		"other_root", "missing", "forged", "expired", "not_yet", "ca_expired", "path_length",
		"no_signature_usage", "web_usage", "unknown_critical", "weak_hash", "weak_ca_hash",
	};
	static struct chain c;
	static struct scene s;

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		struct esv_child_derive in;

		get_chain(names[n], &c);
		scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, NULL);
		if (check(&s) != ESV_S_AUTH_FAILED)
			fail_msg("%s was accepted", names[n]);
		assert_int_equal(s.p.r->cmd.err_off, offsetof(struct esv_auth_verify, cert));
		in = rig_child_in(s.p.ike, ESV_CHILD_F_FIRST);
		in.role = ESV_ROLE_RESPONDER;
		assert_int_equal(rig_run(s.p.r, ESV_OP_CHILD_DERIVE, s.p.r->session, &in, sizeof(in)), ESV_S_DENIED);
		end_scene(&s);
	}
}

/* A key of 1024 bits; a chain that is fine, but the AUTH was made by another key, or was changed. */
static void test_other_key(void **state)
{
	static struct chain c, other;
	static struct scene s;

	get_chain("direct", &c);
	get_chain("direct", &other);
	get_chain("weak_key", &c);
	c.key = other.key;	/* its own one can't even be provisioned */
	scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, NULL);
	assert_int_equal(check(&s), ESV_S_AUTH_FAILED);
	assert_int_equal(s.p.r->cmd.err_off, offsetof(struct esv_auth_verify, cert));
	end_scene(&s);
	get_chain("direct", &c);
	c.key = other.key;
	scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, NULL);
	assert_int_equal(check(&s), ESV_S_AUTH_FAILED);
	assert_int_equal(s.p.r->cmd.err_off, ESV_ERR_OFF_NONE);
	end_scene(&s);
	scene(&s, &other, ESV_SIG_ECDSA_P256_SHA2_256, NULL);
	s.auth.b[s.auth.len - 1] ^= 1;
	assert_int_equal(check(&s), ESV_S_AUTH_FAILED);
	end_scene(&s);
}

struct identity {
	uint8_t type;
	const char *bytes;
	size_t len;
	bool named;
};

/* RFC 4945 3.1: the identity is in the certificate, of its own type and whole. */
static void test_identity(void **state)
{
	static const struct identity ids[] = {
		{ 2, "initiator.example", 17, true }, { 2, "Initiator.EXAMPLE", 17, true },
		{ 2, "initiator.example.", 18, false }, { 2, "initiator.exampl", 16, false },
		{ 2, "a.wild.example", 14, false }, { 2, "Peer@example.com", 16, false }, { 2, "peer", 4, false },
		{ 2, "initiator.example\0x", 19, false }, { 3, "Peer@example.com", 16, true },
		{ 3, "peer@example.com", 16, false }, { 3, "initiator.example", 17, false },
		{ 1, "\xc0\0\2\1", 4, true }, { 1, "\xc0\0\2\2", 4, false },
		{ 5, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, true },
		{ 5, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16, false }, { 11, "initiator.example", 17, false },
		{ 9, "initiator.example", 17, false },
	};
	static struct chain c;
	static struct scene s;
	const struct words *w;

	get_chain("direct", &c);
	for (size_t n = 0; n < sizeof(ids) / sizeof(ids[0]); n++) {
		enum esv_status status;

		scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, NULL);
		status = check_id(&s, ids[n].type, ids[n].bytes, ids[n].len);
		/* A name of the certificate that is not the one that was signed for fails later. */
		if ((s.p.r->cmd.err_off == offsetof(struct esv_auth_verify, id_type)) == ids[n].named)
			fail_msg("identity %zu (%s)", n, ids[n].bytes);
		assert_int_equal(status, n ? ESV_S_AUTH_FAILED : ESV_S_OK);
		end_scene(&s);
	}
	w = ask("subject");
	scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, NULL);
	assert_int_equal(check_id(&s, 9, w->b[0], w->len[0]), ESV_S_AUTH_FAILED);
	assert_int_equal(s.p.r->cmd.err_off, ESV_ERR_OFF_NONE);
	assert_int_equal(check_id(&s, 9, w->b[0], w->len[0] - 1), ESV_S_AUTH_FAILED);
	assert_int_equal(s.p.r->cmd.err_off, offsetof(struct esv_auth_verify, id_type));
	end_scene(&s);
	get_chain("no_name", &c);
	scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, NULL);
	assert_int_equal(check(&s), ESV_S_AUTH_FAILED);
	assert_int_equal(s.p.r->cmd.err_off, offsetof(struct esv_auth_verify, id_type));
	end_scene(&s);
}

/* An anchor for one identity is good for no other; lists have no gaps; types are kept apart. */
static void test_refused(void **state)
{
	static struct chain c;
	static struct scene s;
	uint64_t anchor, first;

	get_chain("direct", &c);
	scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, "somebody.else");
	assert_int_equal(check(&s), ESV_S_DENIED);
	end_scene(&s);
	scene(&s, &c, ESV_SIG_ECDSA_P256_SHA2_256, "initiator.example");
	anchor = s.anchor;
	first = s.cert[0];
	s.anchor = first;
	assert_int_equal(check(&s), ESV_S_BAD_HANDLE);
	s.anchor = anchor;
	s.cert[0] = anchor;
	assert_int_equal(check(&s), ESV_S_BAD_HANDLE);
	s.cert[0] = 0;
	s.cert[1] = first;
	s.nr = 2;
	assert_int_equal(check(&s), ESV_S_BAD_FIELD);
	s.nr = 0;
	assert_int_equal(check(&s), ESV_S_BAD_HANDLE);	/* an anchor is no public key */
	s.cert[0] = first;
	s.nr = 1;
	assert_int_equal(check(&s), ESV_S_OK);
	end_scene(&s);
}

/* UNIT-90: what is a certificate, and what is an anchor; only the first comes in clear. */
static void test_provision(void **state)
{
	static struct chain c;
	static struct blob bad;
	struct rig *test = rig_new(ESV_MODE_TEST, 5), *r = rig_new(0, 5);

	get_chain("direct", &c);
	assert_int_equal(bring_cert(r, &c.cert[0]), ESV_S_OK);
	assert_int_equal(bring(r, ESV_H_ANCHOR, NULL, c.anchor.b, c.anchor.len), ESV_S_DENIED);
	assert_int_equal(bring(test, ESV_H_ANCHOR, NULL, c.anchor.b, c.anchor.len), ESV_S_OK);
	assert_int_equal(bring(test, ESV_H_ANCHOR, NULL, c.cert[0].b, c.cert[0].len), ESV_S_BAD_FIELD);	/* no CA */
	assert_int_equal(bring(test, ESV_H_ANCHOR, NULL, c.anchor.b, c.anchor.len - 1), ESV_S_BAD_FIELD);
	for (size_t len = 1; len < c.cert[0].len; len += 9) {
		bad = c.cert[0];
		bad.len = len;
		assert_int_equal(bring_cert(r, &bad), ESV_S_BAD_FIELD);
	}
	bad = c.cert[0];
	bad.b[bad.len++] = 0;
	assert_int_equal(bring_cert(r, &bad), ESV_S_BAD_FIELD);
	rig_free(test);
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_other_key),
	cmocka_unit_test(test_identity), cmocka_unit_test(test_refused), cmocka_unit_test(test_provision),
};

RIG_MAIN(tests)
