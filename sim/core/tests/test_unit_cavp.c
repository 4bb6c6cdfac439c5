// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NIST's IKEv2 key derivation samples through the commands of a unit in test mode
 * (UNIT-76, UNIT-77, UNIT-84): its nonces and secrets are provisioned, its keys are
 * read where only the memory scan can.
 */
#include <unistd.h>

#include "provision_rig.h"
#include "vectors.h"

#define FAX	"/usr/src/nss/ikev2.fax"

enum { PRF, NI, NR, GIR, GIR_NEW, SPIS, SEED, DKM, CHILD, CHILD_DH, REKEYED };

/* A nonce or a secret, as it is. */
static uint64_t bring_word(struct rig *r, uint8_t type, const struct words *w, int word)
{
	assert_int_equal(bring_bare(r, type, w->b[word], w->len[word]), ESV_S_OK);
	return made(r);
}

/* The keys of one owner, one behind the other in the order of derivation. */
struct stream {
	const char *owner;
	uint8_t b[512];
	size_t len;
};

static void gather(struct stream *s, const char *part, const uint8_t *bytes, size_t len, const char *name)
{
	char want[64];

	snprintf(want, sizeof(want), "%s.%s", s->owner, part);
	if (strcmp(want, name))
		return;
	assert_in_range(s->len + len, 0, sizeof(s->b));
	memcpy(s->b + s->len, bytes, len);
	s->len += len;
}

struct part {
	const char *name;
	struct stream *s;
};

static void find(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	const struct part *p = arg;

	gather(p->s, p->name, bytes, len, name);
}

static void keys_of(struct rig *r, const char *owner, const char *const *parts, size_t n, struct stream *s)
{
	*s = (struct stream){ .owner = owner };
	for (size_t i = 0; i < n; i++) {
		struct part p = { parts[i], s };

		assert_int_equal(esvc_unit_test_secrets(r->dev.unit, find, &p), 0);
	}
}

static void ike_keys(struct rig *r, uint64_t handle, struct stream *s)
{
	static const char *const parts[] = { "sk_d", "sk_ei.key", "sk_ei.salt", "sk_er.key", "sk_er.salt", "sk_pi",
					     "sk_pr" };
	static char owner[32];

	snprintf(owner, sizeof(owner), "ike[%u]", (uint32_t)handle - 1);
	keys_of(r, owner, parts, sizeof(parts) / sizeof(parts[0]), s);
}

/* The initiator's half of KEYMAT comes first. */
static void child_keys(struct rig *r, const struct esv_child_out *out, uint8_t keymat[72])
{
	static const char *const parts[] = { "key", "salt" };
	const uint64_t esp[] = { le64toh(out->esp_out), le64toh(out->esp_in) };
	struct stream s;
	char owner[32];

	for (int i = 0; i < 2; i++) {
		snprintf(owner, sizeof(owner), "esp[%u]", (uint32_t)esp[i] & ~ESVC_HANDLE_ESP);
		keys_of(r, owner, parts, 2, &s);
		assert_int_equal(s.len, 36);
		memcpy(keymat + 36 * i, s.b, 36);
	}
}

/* What both say must be equal; the samples are cut at a length of their own. */
static void same(const struct stream *s, const struct words *w, int word)
{
	size_t len = s->len < w->len[word] ? s->len : w->len[word];

	assert_true(len >= 100);
	assert_memory_equal(s->b, w->b[word], len);
}

static uint64_t derive(struct rig *r, const struct words *w)
{
	struct esv_ike_derive in = { .role = ESV_ROLE_INITIATOR, .prf = (uint8_t)atoi(w->text[PRF]),
				     .encr = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16((uint16_t)w->len[NR]) };

	in.secret = htole64(bring_word(r, ESV_H_SECRET, w, GIR));
	in.nonce = htole64(bring_word(r, ESV_H_NONCE, w, NI));
	memcpy(in.peer_nonce, w->b[NR], w->len[NR]);
	memcpy(in.spi_i, w->b[SPIS], 8);
	memcpy(in.spi_r, w->b[SPIS] + 8, 8);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	return rig_handle(r);
}

static void child(struct rig *r, const struct words *w, uint64_t ike, bool pfs)
{
	struct esv_child_derive in = rig_child_in(ike, pfs ? 0 : ESV_CHILD_F_FIRST);
	uint8_t keymat[72];

	if (pfs) {
		in.secret[0] = htole64(bring_word(r, ESV_H_SECRET, w, GIR_NEW));
		in.nonce = htole64(bring_word(r, ESV_H_NONCE, w, NI));
		in.peer_nonce_len = htole16((uint16_t)w->len[NR]);
		memcpy(in.peer_nonce, w->b[NR], w->len[NR]);
	}
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	child_keys(r, (const void *)r->out, keymat);
	assert_true(w->len[pfs ? CHILD_DH : CHILD] >= sizeof(keymat));
	assert_memory_equal(keymat, w->b[pfs ? CHILD_DH : CHILD], sizeof(keymat));
}

static uint64_t rekey(struct rig *r, const struct words *w, uint64_t ike)
{
	struct esv_ike_rekey in = { .ike = htole64(ike), .role = ESV_ROLE_INITIATOR, .prf = (uint8_t)atoi(w->text[PRF]),
				    .encr = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16((uint16_t)w->len[NR]) };

	in.secret[0] = htole64(bring_word(r, ESV_H_SECRET, w, GIR_NEW));
	in.nonce = htole64(bring_word(r, ESV_H_NONCE, w, NI));
	memcpy(in.peer_nonce, w->b[NR], w->len[NR]);
	memset(in.spi_i, 0x11, 8);
	memset(in.spi_r, 0x22, 8);
	assert_int_equal(rig_run(r, ESV_OP_IKE_REKEY, r->session, &in, sizeof(in)), ESV_S_OK);
	return rig_handle(r);
}

/* UNIT-76, UNIT-77, UNIT-84: 900 IKE SAs, a child of each kind, and a rekeying of each. */
static void test_cavp(void **state)
{
	static struct words w;
	struct rig *r = rig_new(ESV_MODE_TEST, 71);
	const char *path = getenv("ESV_IKEV2_FAX");
	unsigned int cases = 0;
	struct stream s;
	uint64_t ike;
	char args[512];
	FILE *f;

	snprintf(args, sizeof(args), "rekey %s", path ? path : FAX);
	if (access(path ? path : FAX, R_OK)) {
		rig_free(r);
		print_message("# skipped: %s is not installed\n", FAX);
		skip();
	}
	for (f = vectors("unit_vectors.py", args); next(f, &w); cases++) {
		ike = derive(r, &w);
		ike_keys(r, ike, &s);
		same(&s, &w, DKM);
		assert_int_equal(rig_assert_id(r, r->session, ike), ESV_S_OK);
		child(r, &w, ike, false);
		child(r, &w, ike, true);
		ike_keys(r, rekey(r, &w, ike), &s);
		assert_int_equal(s.len, w.len[REKEYED]);
		assert_memory_equal(s.b, w.b[REKEYED], s.len);
		assert_int_equal(rig_zeroize(r, r->session, ESV_ZEROIZE_SESSION), ESV_S_OK);
	}
	assert_int_equal(finish(f, cases, FAX), 900);
	rig_free(r);
}

/* UNIT-18, UNIT-90: none of it outside of test mode: short nonces, SHA-1, what is provisioned in clear (R10). */
static void test_production(void **state)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	struct esv_provision *in = (void *)buf;
	struct rig *r = rig_new(0, 72);
	uint64_t secret = rig_secret(r, r->session), nonce = rig_nonce(r, r->session, 32, NULL);
	struct esv_ike_derive d = rig_ike_in(secret, nonce);

	in->wrap = ESV_WRAP_NONE;
	in->len = htole16(32);
	in->type = ESV_H_NONCE;
	assert_int_equal(rig_run(r, ESV_OP_PROVISION, r->session, in, offsetof(struct esv_provision, data) + 32),
			 ESV_S_DENIED);
	d.prf = ESV_PRF_HMAC_SHA1;
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &d, sizeof(d)), ESV_S_UNSUPPORTED_VALUE);
	d.prf = ESV_PRF_HMAC_SHA2_256;
	d.peer_nonce_len = htole16(8);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &d, sizeof(d)), ESV_S_BAD_FIELD);
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_cavp), cmocka_unit_test(test_production),
};

RIG_MAIN(tests)
