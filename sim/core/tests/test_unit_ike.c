// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SAs through the commands (UNIT-76, UNIT-77, UNIT-83, UNIT-84): every key that is derived,
 * against the schedule in ike_ref.py, which shares no code with the unit.
 */
#include "unit_rig.h"
#include "vectors.h"

#define NAME_MAX_	64

/* The unit's live secrets, read as the device's host may in test mode. */
struct view {
	unsigned int n;
	struct {
		char name[NAME_MAX_];
		size_t len;
		uint8_t b[ESVC_KE_SECRET_MAX];
	} s[256];
};

static void see(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct view *v = arg;

	assert_in_range(v->n, 0, 255);
	assert_in_range(len, 1, sizeof(v->s[0].b));
	snprintf(v->s[v->n].name, NAME_MAX_, "%s", name);
	memcpy(v->s[v->n].b, bytes, len);
	v->s[v->n++].len = len;
}

static const struct view *look(struct rig *r)
{
	static struct view v;

	v.n = 0;
	assert_int_equal(esvc_unit_test_secrets(r->dev.unit, see, &v), 0);
	return &v;
}

/* The secret of that kind that belongs to a handle. */
static struct esvc_bytes secret_of(struct rig *r, const char *kind, uint64_t handle, const char *part)
{
	const struct view *v = look(r);
	char name[NAME_MAX_];

	snprintf(name, sizeof(name), "%s[%u].%s", kind, (uint32_t)handle - 1, part);
	for (unsigned int i = 0; i < v->n; i++)
		if (!strcmp(v->s[i].name, name))
			return (struct esvc_bytes){ v->s[i].b, v->s[i].len };
	fail_msg("no secret %s", name);
	return (struct esvc_bytes){ NULL, 0 };
}

/* The command line of ike_ref.py. */
struct question {
	char text[16384];
	size_t len;
};

static void ask(struct question *q, const char *command)
{
	q->len = (size_t)snprintf(q->text, sizeof(q->text), "%s", command);
}

static void ask_number(struct question *q, unsigned int n)
{
	q->len += (size_t)snprintf(q->text + q->len, sizeof(q->text) - q->len, " %u", n);
}

static void ask_bytes(struct question *q, const void *p, size_t len)
{
	const uint8_t *b = p;

	q->text[q->len++] = ' ';
	for (size_t i = 0; i < len; i++)
		q->len += (size_t)snprintf(q->text + q->len, sizeof(q->text) - q->len, "%02x", b[i]);
}

static void answer(const struct question *q, struct words *w)
{
	FILE *f = vectors("ike_ref.py", q->text);

	assert_true(next(f, w));
	assert_int_equal(finish(f, 1, "python3"), 1);
}

static void check_ike(struct rig *r, uint64_t ike, const struct question *q)
{
	static const char *const part[] = { "sk_d", "sk_ei", "sk_er", "sk_pi", "sk_pr" };
	static struct words w;

	answer(q, &w);
	assert_int_equal(w.n, 5);
	for (unsigned int i = 0; i < 5; i++) {
		char name[32];
		struct esvc_bytes b;

		snprintf(name, sizeof(name), "%s%s", part[i], i == 1 || i == 2 ? ".key" : "");
		b = secret_of(r, "ike", ike, name);
		assert_int_equal(b.len, i == 1 || i == 2 ? 32 : w.len[i]);
		assert_memory_equal(b.p, w.b[i], b.len);
		if (i != 1 && i != 2)
			continue;
		snprintf(name, sizeof(name), "%s.salt", part[i]);
		b = secret_of(r, "ike", ike, name);
		assert_int_equal(b.len, 4);
		assert_memory_equal(b.p, w.b[i] + 32, 4);
	}
}

/* One IKE SA under test, with what the reference needs to know of it. */
struct sa {
	uint64_t h;
	uint8_t role, prf;
	uint8_t own[32], peer[48];
	uint8_t spis[16];
};

static void ask_nonces(struct question *q, uint8_t role, const uint8_t own[32], const uint8_t peer[48])
{
	if (role == ESV_ROLE_INITIATOR) {
		ask_bytes(q, own, 32);
		ask_bytes(q, peer, 48);
	} else {
		ask_bytes(q, peer, 48);
		ask_bytes(q, own, 32);
	}
}

static void ask_secret(struct question *q, struct rig *r, uint64_t handle)
{
	struct esvc_bytes b = secret_of(r, "secret", handle, "shared");

	ask_bytes(q, b.p, b.len);
}

static void sa_init(struct rig *r, struct sa *sa, uint8_t role, uint8_t prf)
{
	uint64_t secret = rig_secret(r, r->session), nonce = rig_nonce(r, r->session, 32, sa->own);
	struct esv_ike_derive in = rig_ike_in(secret, nonce);
	struct question q;

	sa->role = in.role = role;
	sa->prf = in.prf = prf;
	memset(sa->peer, 0x70 + prf, sizeof(sa->peer));
	memcpy(sa->spis, "spi-of-ispi-of-r", 16);
	in.peer_nonce_len = htole16(48);
	memcpy(in.peer_nonce, sa->peer, 48);
	memcpy(in.spi_i, sa->spis, 8);
	memcpy(in.spi_r, sa->spis + 8, 8);
	ask(&q, "init");
	ask_number(&q, prf);
	ask_nonces(&q, role, sa->own, sa->peer);
	ask_bytes(&q, sa->spis, 16);
	ask_secret(&q, r, secret);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	sa->h = rig_handle(r);
	check_ike(r, sa->h, &q);
}

static enum esv_status update(struct rig *r, uint64_t ike, uint64_t secret)
{
	const struct esv_ike_update in = { .ike = htole64(ike), .secret = htole64(secret) };

	return rig_run(r, ESV_OP_IKE_UPDATE, r->session, &in, sizeof(in));
}

static void sa_update(struct rig *r, struct sa *sa)
{
	uint64_t secret = rig_secret(r, r->session);
	struct esvc_bytes sk_d = secret_of(r, "ike", sa->h, "sk_d");
	struct question q;

	ask(&q, "update");
	ask_number(&q, sa->prf);
	ask_bytes(&q, sk_d.p, sk_d.len);
	ask_nonces(&q, sa->role, sa->own, sa->peer);
	ask_bytes(&q, sa->spis, 16);
	ask_secret(&q, r, secret);
	assert_int_equal(update(r, sa->h, secret), ESV_S_OK);
	check_ike(r, sa->h, &q);
	assert_int_equal(update(r, sa->h, secret), ESV_S_BAD_HANDLE);	/* UNIT-12 */
}

static struct esv_ike_rekey rekey_in(struct rig *r, uint64_t old, unsigned int secrets, uint8_t own[32])
{
	struct esv_ike_rekey in = {
		.ike = htole64(old), .nonce = htole64(rig_nonce(r, r->session, 32, own)),
		.role = ESV_ROLE_INITIATOR, .prf = ESV_PRF_HMAC_SHA2_256, .encr = ESV_ALGO_AES_GCM_16_256,
		.peer_nonce_len = htole16(48), .spi_i = "new-ini", .spi_r = "new-res",
	};

	memset(in.peer_nonce, 0x7c, 48);
	for (unsigned int i = 0; i < secrets; i++)
		in.secret[i] = htole64(rig_secret(r, r->session));
	return in;
}

static enum esv_status rekey(struct rig *r, const struct esv_ike_rekey *in)
{
	return rig_run(r, ESV_OP_IKE_REKEY, r->session, in, sizeof(*in));
}

static void sa_rekey(struct rig *r, const struct sa *old, struct sa *new, uint8_t role, uint8_t prf,
		     unsigned int secrets)
{
	struct esv_ike_rekey in = rekey_in(r, old->h, secrets, new->own);
	struct esvc_bytes sk_d = secret_of(r, "ike", old->h, "sk_d");
	struct question q;

	in.role = new->role = role;
	in.prf = new->prf = prf;
	memcpy(new->peer, in.peer_nonce, 48);
	memcpy(new->spis, in.spi_i, 8);
	memcpy(new->spis + 8, in.spi_r, 8);
	ask(&q, "rekey");
	ask_number(&q, old->prf);
	ask_number(&q, prf);
	ask_bytes(&q, sk_d.p, sk_d.len);
	ask_nonces(&q, role, new->own, new->peer);
	ask_bytes(&q, new->spis, 16);
	for (unsigned int i = 0; i < secrets; i++)
		ask_secret(&q, r, le64toh(in.secret[i]));
	assert_int_equal(rekey(r, &in), ESV_S_OK);
	new->h = rig_handle(r);
	check_ike(r, new->h, &q);
}

/* Both directions of a child: what comes out of KEYMAT as two keys, whichever is whose. */
static void sa_child(struct rig *r, const struct sa *sa, unsigned int secrets)
{
	struct esv_child_derive in = rig_child_in(sa->h, 0);
	struct esvc_bytes sk_d = secret_of(r, "ike", sa->h, "sk_d");
	const struct esv_child_out *out = (const void *)r->out;
	uint8_t own[32], peer[48];
	static struct words w;
	struct question q;

	memset(peer, 0x3d, sizeof(peer));
	ask(&q, "child");
	ask_number(&q, sa->prf);
	ask_bytes(&q, sk_d.p, sk_d.len);
	in.nonce = htole64(rig_nonce(r, r->session, 32, own));
	in.peer_nonce_len = htole16(48);
	memcpy(in.peer_nonce, peer, 48);
	ask_nonces(&q, ESV_ROLE_INITIATOR, own, peer);
	for (unsigned int i = 0; i < secrets; i++) {
		in.secret[i] = htole64(rig_secret(r, r->session));
		ask_secret(&q, r, le64toh(in.secret[i]));
	}
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	answer(&q, &w);
	for (int outbound = 0; outbound < 2; outbound++) {
		uint32_t slot = (uint32_t)le64toh(outbound ? out->esp_out : out->esp_in) & ~ESVC_HANDLE_ESP;
		char name[32];
		const struct view *v = look(r);
		unsigned int i;

		snprintf(name, sizeof(name), "esp[%u].key", slot);
		for (i = 0; i < v->n && strcmp(v->s[i].name, name); i++)
			;
		assert_true(i < v->n);
		assert_memory_equal(v->s[i].b, w.b[0] + (outbound ? 0 : 36), 32);
		assert_memory_equal(v->s[i + 1].b, w.b[0] + (outbound ? 32 : 68), 4);
	}
}

/* UNIT-76, UNIT-83, RFC 7296 2.14, RFC 9370 2.2.2: every prf, both roles, up to three further exchanges. */
static void test_update(void **state)
{
	for (uint8_t prf = 1; prf <= 3; prf++) {
		for (uint8_t role = ESV_ROLE_INITIATOR; role <= ESV_ROLE_RESPONDER; role++) {
			struct rig *r = rig_new(ESV_MODE_TEST, prf);
			struct sa sa;

			sa_init(r, &sa, role, prf);
			for (int i = 0; i < 3; i++)
				sa_update(r, &sa);
			assert_int_equal(rig_assert_id(r, r->session, sa.h), ESV_S_OK);
			sa_child(r, &sa, 0);
			rig_free(r);
		}
	}
}

/* UNIT-84, RFC 7296 2.18: the old prf makes the seed and the new one the keys, all nine pairs; 1 to 8 secrets. */
static void test_rekey(void **state)
{
	unsigned int secrets = 1;

	for (uint8_t old_prf = 1; old_prf <= 3; old_prf++) {
		for (uint8_t new_prf = 1; new_prf <= 3; new_prf++) {
			struct rig *r = rig_new(ESV_MODE_TEST, 10u * old_prf + new_prf);
			uint8_t role = new_prf & 1 ? ESV_ROLE_INITIATOR : ESV_ROLE_RESPONDER;
			struct sa old, new, again;

			sa_init(r, &old, ESV_ROLE_INITIATOR, old_prf);
			assert_int_equal(rig_assert_id(r, r->session, old.h), ESV_S_OK);
			sa_rekey(r, &old, &new, role, new_prf, secrets);
			sa_rekey(r, &new, &again, role, old_prf, 1);
			sa_child(r, &again, secrets % 4);
			secrets = secrets % ESV_SECRETS_MAX + 1;
			rig_free(r);
		}
	}
}

static uint8_t state_of(struct rig *r, uint64_t handle, uint8_t *vouch)
{
	const struct esv_handle_in in = { .handle = htole64(handle) };
	const struct esv_handle_info *out = (const void *)r->out;

	assert_int_equal(rig_run(r, ESV_OP_HANDLE_QUERY, r->session, &in, sizeof(in)), ESV_S_OK);
	*vouch = out->vouch;
	return out->state;
}

/* UNIT-84: who vouched goes along; FIRST is over for both; the old one stays until it is destroyed. */
static void test_rekeyed_state(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint64_t old = rig_ike_ready(r, r->session), new;
	struct esv_ike_rekey in = rekey_in(r, old, 1, NULL);
	struct esv_child_derive first;
	const struct esv_handle_in gone = { .handle = htole64(old) };
	uint8_t vouch;

	assert_int_equal(rekey(r, &in), ESV_S_OK);
	new = rig_handle(r);
	assert_int_equal(state_of(r, new, &vouch), ESV_HS_AUTHENTICATED);
	assert_int_equal(vouch, ESV_VOUCH_HOST);
	assert_int_equal(rig_assert_id(r, r->session, new), ESV_S_BAD_STATE);
	for (int i = 0; i < 2; i++) {
		first = rig_child_in(i ? new : old, ESV_CHILD_F_FIRST);
		assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &first, sizeof(first)),
				 ESV_S_BAD_STATE);
	}
	assert_int_equal(update(r, new, rig_secret(r, r->session)), ESV_S_BAD_STATE);
	assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &gone, sizeof(gone)), ESV_S_OK);
	rig_child(r, r->session, new, 0);
	rig_free(r);
}

/* UNIT-83, UNIT-84: refusals with their place, and nothing consumed. */
static void test_refused(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint64_t fresh = rig_ike(r, r->session), ready = rig_ike_ready(r, r->session);
	uint64_t secret = rig_secret(r, r->session);
	struct esv_ike_rekey good = rekey_in(r, ready, 2, NULL), in;
	uint32_t handles = r->dev.unit->handles.count;

	assert_int_equal(update(r, ready, secret), ESV_S_BAD_STATE);
	assert_int_equal(update(r, secret, secret), ESV_S_BAD_HANDLE);
	assert_int_equal(update(r, fresh, fresh), ESV_S_BAD_HANDLE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_ike_update, secret));

#define REFUSED(change, status, field) do { \
		in = good; \
		change; \
		assert_int_equal(rekey(r, &in), status); \
		assert_int_equal(r->cmd.err_off, offsetof(struct esv_ike_rekey, field)); \
	} while (0)
	REFUSED(in.ike = htole64(fresh), ESV_S_DENIED, ike);
	REFUSED(in.ike = htole64(secret), ESV_S_BAD_HANDLE, ike);
	REFUSED(in.nonce = htole64(secret), ESV_S_BAD_HANDLE, nonce);
	REFUSED(in.secret[0] = 0; in.secret[1] = 0, ESV_S_BAD_HANDLE, secret);
	REFUSED(in.secret[0] = 0, ESV_S_BAD_FIELD, secret[1]);
	REFUSED(in.secret[1] = in.secret[0], ESV_S_BAD_HANDLE, secret[1]);
	REFUSED(in.role = 3, ESV_S_BAD_FIELD, role);
	REFUSED(in.prf = 4, ESV_S_UNSUPPORTED_VALUE, prf);
	REFUSED(in.encr = 0, ESV_S_UNSUPPORTED_VALUE, encr);
	REFUSED(in.rsvd0 = 1, ESV_S_RESERVED_NONZERO, rsvd0);
	REFUSED(in.rsvd1 = 1, ESV_S_RESERVED_NONZERO, rsvd1);
	REFUSED(in.peer_nonce_len = htole16(15), ESV_S_BAD_FIELD, peer_nonce_len);
	REFUSED(in.peer_nonce[48] = 1, ESV_S_RESERVED_NONZERO, peer_nonce[48]);
	REFUSED(memset(in.spi_i, 0, 8), ESV_S_BAD_FIELD, spi_i);
	REFUSED(memset(in.spi_r, 0, 8), ESV_S_BAD_FIELD, spi_r);
#undef REFUSED
	assert_int_equal(r->dev.unit->handles.count, handles);
	assert_int_equal(rekey(r, &good), ESV_S_OK);
	/* A nonce and two secrets went, an IKE SA came. */
	assert_int_equal(r->dev.unit->handles.count, handles - 2);
	rig_free(r);
}

/* UNIT-11: the same host inputs never make the same keys again. */
static void test_no_repetition(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	uint64_t old = rig_ike_ready(r, r->session);
	struct esv_ike_rekey in = rekey_in(r, old, 1, NULL);

	assert_int_equal(rekey(r, &in), ESV_S_OK);
	assert_int_equal(rekey(r, &in), ESV_S_BAD_HANDLE);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_update), cmocka_unit_test(test_rekey), cmocka_unit_test(test_rekeyed_state),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_no_repetition),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("unit-ike", tests, NULL, NULL) ? 1 : 0;
}
