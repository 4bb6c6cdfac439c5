// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions, handles and the order of commands: every handle type against every command. */
#include "unit_rig.h"

/* One handle of each type, in one session; ESP ones by their handles. */
struct handles {
	uint64_t nonce, ke, secret, ike, esp;
};

static struct handles make_all(struct rig *r, uint32_t session)
{
	struct handles h;
	uint64_t ike = rig_ike_ready(r, session);

	h.esp = le64toh(rig_child(r, session, ike, ESV_CHILD_F_FIRST).esp_out);
	h.nonce = rig_nonce(r, session, 32, NULL);
	h.ke = rig_ke(r, session, NULL);
	h.secret = rig_secret(r, session);
	h.ike = rig_ike(r, session);
	return h;
}

/* Each command that takes a handle, with one handle in one of its places and good ones elsewhere. */
enum place { FINISH_KE, DERIVE_SECRET, DERIVE_NONCE, ASSERT_IKE, CHILD_IKE, CHILD_NONCE, CHILD_SECRET,
	     CHILD_SECRET_2, DESTROY_ANY, QUERY_ANY, PLACES };

static enum esv_status use(struct rig *r, uint32_t session, enum place place, uint64_t handle)
{
	struct esv_handle_in any = { .handle = htole64(handle) };
	struct esv_child_derive child;
	struct esv_ike_derive ike;
	uint8_t peer[32];

	switch (place) {
	case FINISH_KE:
		rig_peer(peer, 3);
		return rig_finish_status(r, session, handle, peer);
	case DERIVE_SECRET:
		ike = rig_ike_in(handle, rig_nonce(r, r->session, 32, NULL));
		return rig_run(r, ESV_OP_IKE_DERIVE, session, &ike, sizeof(ike));
	case DERIVE_NONCE:
		ike = rig_ike_in(rig_secret(r, r->session), handle);
		return rig_run(r, ESV_OP_IKE_DERIVE, session, &ike, sizeof(ike));
	case ASSERT_IKE:
		return rig_assert_id(r, session, handle);
	case DESTROY_ANY:
		return rig_run(r, ESV_OP_DESTROY, session, &any, sizeof(any));
	case QUERY_ANY:
		return rig_run(r, ESV_OP_HANDLE_QUERY, session, &any, sizeof(any));
	default:
		break;
	}
	child = rig_child_in(place == CHILD_IKE ? handle : rig_ike_ready(r, r->session), 0);
	child.peer_nonce_len = htole16(32);
	child.nonce = htole64(place == CHILD_NONCE ? handle : rig_nonce(r, r->session, 32, NULL));
	if (place == CHILD_SECRET)
		child.secret[0] = htole64(handle);
	if (place == CHILD_SECRET_2) {
		child.secret[0] = htole64(rig_secret(r, r->session));
		child.secret[1] = htole64(handle);
	}
	return rig_run(r, ESV_OP_CHILD_DERIVE, session, &child, sizeof(child));
}

/* What a handle of each type may do. */
static enum esv_status expect(enum place place, unsigned int type)
{
	static const uint8_t needs[PLACES] = {
		[FINISH_KE] = ESV_H_KE, [DERIVE_SECRET] = ESV_H_SECRET, [DERIVE_NONCE] = ESV_H_NONCE,
		[ASSERT_IKE] = ESV_H_IKE, [CHILD_IKE] = ESV_H_IKE, [CHILD_NONCE] = ESV_H_NONCE,
		[CHILD_SECRET] = ESV_H_SECRET, [CHILD_SECRET_2] = ESV_H_SECRET,
	};

	if (place == DESTROY_ANY || place == QUERY_ANY)
		return ESV_S_OK;
	if (needs[place] != type)
		return ESV_S_BAD_HANDLE;
	return place == CHILD_IKE ? ESV_S_DENIED : ESV_S_OK;	/* not yet authenticated */
}

static uint64_t handle_of(const struct handles *h, unsigned int type)
{
	const uint64_t all[] = { 0, h->nonce, h->ke, h->secret, h->ike, h->esp };

	return all[type];
}

/* UNIT-7, UNIT-10. */
static void test_every_type_in_every_place(void **state)
{
	for (unsigned int place = 0; place < PLACES; place++) {
		for (unsigned int type = ESV_H_NONCE; type <= ESV_H_ESP; type++) {
			struct rig *r = rig_new(0, 1);
			struct handles h = make_all(r, r->session);
			enum esv_status got = use(r, r->session, place, handle_of(&h, type));

			if (got != expect(place, type))
				fail_msg("place %u, type %u: status %u", place, type, got);
			rig_free(r);
		}
	}
}

/* A session of another function, with a handle of each type. */
static struct handles make_foreign(struct rig *r)
{
	struct handles h;
	uint32_t own = r->session;

	r->function = 1;
	r->session = rig_open(r);
	h = make_all(r, r->session);
	r->function = 0;
	r->session = own;
	return h;
}

/* UNIT-5, UNIT-7: unknown, another session's, another function's and stale are the same to whoever asks. */
static void test_one_answer(void **state)
{
	for (unsigned int place = 0; place < PLACES; place++) {
		for (unsigned int type = ESV_H_NONCE; type <= ESV_H_ESP; type++) {
			struct rig *r = rig_new(0, 1);
			uint32_t other = rig_open(r);
			struct handles h = make_all(r, other), foreign = make_foreign(r);
			uint64_t v = handle_of(&h, type);
			uint16_t off;

			assert_int_equal(use(r, r->session, place, 0x7777777700000001ull), ESV_S_BAD_HANDLE);
			off = r->cmd.err_off;
			assert_int_equal(use(r, r->session, place, v), ESV_S_BAD_HANDLE);
			assert_int_equal(r->cmd.err_off, off);
			assert_int_equal(use(r, r->session, place, handle_of(&foreign, type)), ESV_S_BAD_HANDLE);
			assert_int_equal(r->cmd.err_off, off);
			assert_int_equal(use(r, other, DESTROY_ANY, v), ESV_S_OK);
			assert_int_equal(use(r, r->session, place, v), ESV_S_BAD_HANDLE);
			assert_int_equal(r->cmd.err_off, off);
			assert_int_equal(r->cmd.out_len, 0);
			rig_free(r);
		}
	}
}

/* UNIT-3, UNIT-4: another function's session, none at all, one that is closed. */
static void test_sessions(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint32_t second = rig_open(r);
	const struct esv_nonce_gen in = { .len = htole16(16) };

	assert_int_not_equal(second, r->session);
	r->function = 1;	/* somebody else's session is no session */
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, second, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	assert_int_equal(r->cmd.err_off, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object));
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, second, NULL, 0), ESV_S_BAD_HANDLE);
	r->function = 0;
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, 0, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, 0xffffffff, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, second, NULL, 0), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, second, NULL, 0), ESV_S_BAD_HANDLE);
	assert_int_not_equal(rig_open(r), second);	/* a session's name does not come again soon */
	rig_free(r);
}

/* UNIT-3: one session more than there can be. */
static void test_session_table_full(void **state)
{
	struct rig *r = rig_new(0, 1);

	for (unsigned int i = 1; i < ESVC_SESSION_SLOTS; i++)
		rig_open(r);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_OPEN, 0, NULL, 0), ESV_S_NO_RESOURCE);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, r->session, NULL, 0), ESV_S_OK);
	rig_open(r);
	rig_free(r);
}

/* Functions 0 and 1: 64 handles, 16 keys. */
static struct rig *two_functions(void)
{
	struct rig *r = rig_new(0, 1);
	struct esvc_unit_config cfg = rig_config(r, r->dev.aead, 0);

	esvc_unit_free(r->dev.unit);
	cfg.functions = 2;
	r->dev.unit = esvc_unit_new(&cfg);
	assert_non_null(r->dev.unit);
	return r;
}

/* UNIT-3, UNIT-6: the attack takes everything by opening more and more sessions; half is left to the other function. */
static void test_function_quota(void **state)
{
	struct rig *r = two_functions();
	const struct esv_nonce_gen in = { .len = htole16(16) };
	uint32_t s[ESVC_SESSION_SLOTS];
	unsigned int n = 0, handles = 0;

	while (rig_run(r, ESV_OP_SESSION_OPEN, 0, NULL, 0) == ESV_S_OK)
		s[n++] = r->cmd.object;
	assert_int_equal(n, ESVC_SESSION_SLOTS / 2);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_OPEN, 0, NULL, 0), ESV_S_LIMIT);
	for (unsigned int i = 0; i < n; i++)
		while (rig_run(r, ESV_OP_NONCE_GEN, s[i], &in, sizeof(in)) == ESV_S_OK)
			handles++;
	assert_int_equal(handles, 32);
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, s[n - 1], &in, sizeof(in)), ESV_S_LIMIT);
	r->function = 1;
	for (unsigned int i = 0; i < 2; i++) {
		r->session = rig_open(r);
		for (unsigned int k = 0; k < 16; k++)
			rig_nonce(r, r->session, 16, NULL);
	}
	/* What a function gives back it has again. */
	r->function = 0;
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, s[0], NULL, 0), ESV_S_OK);
	rig_nonce(r, rig_open(r), 16, NULL);
	rig_free(r);
}

/* UNIT-6: tokens count for their function when their session is closed, too. */
static void test_function_tokens(void **state)
{
	struct rig *r = two_functions();
	struct esv_child_derive in;

	for (unsigned int i = 0; i < RIG_KEYS / 4; i++) {
		r->session = rig_open(r);
		rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST | ESV_CHILD_F_DETACH);
		assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, r->session, NULL, 0), ESV_S_OK);
	}
	r->session = rig_open(r);
	in = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_LIMIT);
	r->function = 1;
	r->session = rig_open(r);
	rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	rig_free(r);
}

/* UNIT-6: a function that is alone may have all that there is. */
static void test_function_alone(void **state)
{
	struct rig *r = rig_new(0, 1);
	const struct esv_nonce_gen in = { .len = htole16(16) };

	for (unsigned int i = 0; i < 4; i++) {
		r->session = rig_open(r);
		for (unsigned int k = 0; k < 16; k++)
			rig_nonce(r, r->session, 16, NULL);
	}
	r->session = rig_open(r);
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &in, sizeof(in)), ESV_S_NO_RESOURCE);
	rig_free(r);
}

/* UNIT-6: one session's quota is not the whole table; what it loses is free again. */
static void test_quota(void **state)
{
	struct rig *r = rig_new(0, 1);	/* 64 handles: 16 for each */
	const struct esv_nonce_gen in = { .len = htole16(16) };
	struct esv_handle_in h = { 0 };
	uint32_t other = rig_open(r);

	for (int i = 0; i < 16; i++)
		h.handle = htole64(rig_nonce(r, r->session, 16, NULL));
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &in, sizeof(in)), ESV_S_LIMIT);
	rig_nonce(r, other, 16, NULL);
	assert_int_equal(rig_run(r, ESV_OP_DESTROY, r->session, &h, sizeof(h)), ESV_S_OK);
	rig_nonce(r, r->session, 16, NULL);
	assert_int_equal(r->dev.unit->handles.count, 17);
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, r->session, NULL, 0), ESV_S_OK);
	assert_int_equal(r->dev.unit->handles.count, 1);
	rig_free(r);
}

/* UNIT-11, UNIT-12: what a derivation used is gone; a refused one used nothing. */
static void test_consumed(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint64_t secret = rig_secret(r, r->session), nonce = rig_nonce(r, r->session, 32, NULL);
	struct esv_ike_derive in = rig_ike_in(secret, nonce), bad = in;

	bad.role = 3;
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &bad, sizeof(bad)), ESV_S_BAD_FIELD);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	assert_int_equal(use(r, r->session, QUERY_ANY, secret), ESV_S_BAD_HANDLE);
	assert_int_equal(use(r, r->session, QUERY_ANY, nonce), ESV_S_BAD_HANDLE);
	rig_free(r);
}

/* UNIT-17: a handle can't stand in two places of one derivation, and a list has no gaps. */
static void test_same_secret_twice(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_derive in = rig_child_in(rig_ike_ready(r, r->session), 0);

	in.nonce = htole64(rig_nonce(r, r->session, 32, NULL));
	in.peer_nonce_len = htole16(16);
	in.secret[0] = htole64(rig_secret(r, r->session));
	in.secret[1] = in.secret[0];
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	in.secret[1] = 0;
	in.secret[2] = htole64(rig_secret(r, r->session));
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_FIELD);
	in.secret[2] = 0;
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_OK);
	rig_free(r);
}

/* UNIT-15: the X25519 result must not be zero; a try uses the key exchange up. One's own value is no peer. */
static void test_public_values(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint8_t own[32], low[32] = { 1 };
	struct esv_ke_finish in = { .len = htole16(31) };
	uint64_t ke = rig_ke(r, r->session, own);

	assert_int_equal(rig_finish_status(r, r->session, ke, own), ESV_S_BAD_PUBLIC_VALUE);
	in.handle = htole64(ke);
	assert_int_equal(rig_run(r, ESV_OP_KE_FINISH, r->session, &in, sizeof(in)), ESV_S_BAD_PUBLIC_VALUE);
	in.len = htole16(32);
	assert_int_equal(rig_run(r, ESV_OP_KE_FINISH, r->session, &in,
				 offsetof(struct esv_ke_finish, value) + 31), ESV_S_BAD_LENGTH);
	in.value[32] = 1;
	assert_int_equal(rig_run(r, ESV_OP_KE_FINISH, r->session, &in, sizeof(in)), ESV_S_RESERVED_NONZERO);
	assert_int_equal(rig_finish_status(r, r->session, ke, low), ESV_S_BAD_PUBLIC_VALUE);
	assert_int_equal(rig_finish_status(r, r->session, ke, low), ESV_S_BAD_HANDLE);
	rig_free(r);
}

/* UNIT-10, SP 800-57 5.3: a sender that is used up is deactivated, a receiver still takes what arrives. */
static void test_deactivated(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_child_out c = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	struct esvc_session *s = esvc_session_get(&r->dev.unit->sessions, 0, r->session);
	const struct esv_handle_info *info = (const void *)r->out;

	for (int i = 0; i < 2; i++) {
		uint64_t handle = le64toh(i ? c.esp_in : c.esp_out);
		struct esvc_keyslot *k = esvc_key_get(r->dev.unit, s, handle);

		assert_int_equal(use(r, r->session, QUERY_ANY, handle), ESV_S_OK);
		assert_int_equal(info->state, ESV_HS_NEW);
		k->key.packets = k->key.max_packets;
		assert_int_equal(use(r, r->session, QUERY_ANY, handle), ESV_S_OK);
		assert_int_equal(info->state, i ? ESV_HS_NEW : ESV_HS_DEACTIVATED);
	}
	rig_free(r);
}

/* UNIT-20: no child before somebody vouched; who vouched is recorded and can't be changed. */
static void test_gate(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint64_t ike = rig_ike(r, r->session);
	struct esv_child_derive in = rig_child_in(ike, ESV_CHILD_F_FIRST);
	const struct esv_handle_info *info = (const void *)r->out;
	struct esv_child_out child;

	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_DENIED);
	assert_int_equal(use(r, r->session, QUERY_ANY, ike), ESV_S_OK);
	assert_int_equal(info->state, ESV_HS_NEW);
	assert_int_equal(info->vouch, ESV_VOUCH_NONE);
	assert_int_equal(rig_assert_id(r, r->session, ike), ESV_S_OK);
	assert_int_equal(rig_assert_id(r, r->session, ike), ESV_S_BAD_STATE);
	assert_int_equal(use(r, r->session, QUERY_ANY, ike), ESV_S_OK);
	assert_int_equal(info->state, ESV_HS_AUTHENTICATED);
	assert_int_equal(info->vouch, ESV_VOUCH_HOST);
	child = rig_child(r, r->session, ike, ESV_CHILD_F_FIRST);
	assert_int_equal(use(r, r->session, QUERY_ANY, le64toh(child.esp_in)), ESV_S_OK);
	assert_int_equal(info->type, ESV_H_ESP);
	assert_int_equal(info->vouch, ESV_VOUCH_HOST);
	assert_int_equal(info->dir, ESV_DIR_IN);
	rig_free(r);
}

/* UNIT-21: types of identities, each with lengths that it has and has not. */
static void test_identities(void **state)
{
	static const struct { uint8_t type; uint16_t len; enum esv_status want; } cases[] = {
		{ 1, 4, ESV_S_OK }, { 1, 5, ESV_S_BAD_FIELD }, { 5, 16, ESV_S_OK }, { 5, 4, ESV_S_BAD_FIELD },
		{ 2, 1, ESV_S_OK }, { 2, 0, ESV_S_BAD_FIELD }, { 3, 256, ESV_S_OK }, { 9, 257, ESV_S_BAD_FIELD },
		{ 10, 1, ESV_S_OK }, { 10, 256, ESV_S_OK }, { 10, 0, ESV_S_BAD_FIELD }, { 10, 257, ESV_S_BAD_FIELD },
		{ 11, 20, ESV_S_OK }, { 4, 4, ESV_S_BAD_FIELD }, { 0, 4, ESV_S_BAD_FIELD }, { 13, 1, ESV_S_BAD_FIELD },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *r = rig_new(0, 1);
		struct esv_auth_assert in = { .id_type = cases[i].type, .id_len = htole16(cases[i].len) };

		in.ike = htole64(rig_ike(r, r->session));
		assert_int_equal(rig_run(r, ESV_OP_AUTH_ASSERT, r->session, &in, sizeof(in)), cases[i].want);
		rig_free(r);
	}
}

/* UNIT-16: the IKE SA's own nonces make one child, before all others. */
static void test_first_once(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint64_t ike = rig_ike_ready(r, r->session);
	struct esv_child_derive in = rig_child_in(ike, ESV_CHILD_F_FIRST);

	in.role = ESV_ROLE_RESPONDER;	/* not what the IKE SA is */
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_FIELD);
	in.role = ESV_ROLE_INITIATOR;
	in.nonce = htole64(rig_nonce(r, r->session, 32, NULL));
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_FIELD);
	rig_child(r, r->session, ike, ESV_CHILD_F_FIRST);
	in.nonce = 0;
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_STATE);
	rig_child(r, r->session, ike, 0);

	/* RFC 6023: one that began without a child. */
	ike = rig_ike_ready(r, r->session);
	rig_child(r, r->session, ike, 0);
	in.ike = htole64(ike);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_STATE);
	rig_free(r);
}

/* UNIT-9, TOK-6, UNIT-77: bytes that mean nothing must be zero; flags, suites and limits that no child can have. */
static void test_reserved(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_nonce_gen nonce = { .len = htole16(16), .rsvd = { 0, 0, htole16(0x100) } };
	struct esv_ke_gen ke = { .method = htole16(1), .rsvd = { htole16(1) } };
	struct esv_ike_derive ike = rig_ike_in(rig_secret(r, r->session), rig_nonce(r, r->session, 32, NULL));
	struct esv_child_derive child = rig_child_in(rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);

	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &nonce, sizeof(nonce)), ESV_S_RESERVED_NONZERO);
	assert_int_equal(r->cmd.err_off, 7);
	assert_int_equal(rig_run(r, ESV_OP_KE_GEN, r->session, &ke, sizeof(ke)), ESV_S_RESERVED_NONZERO);
	assert_int_equal(r->cmd.err_off, 2);
	ike.peer_nonce[32] = 1;
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &ike, sizeof(ike)), ESV_S_RESERVED_NONZERO);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_ike_derive, peer_nonce) + 32);
	child.peer_nonce[0] = 1;
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &child, sizeof(child)), ESV_S_RESERVED_NONZERO);
	child.peer_nonce[0] = 0;
	child.flags = htole32(0x10 | ESV_CHILD_F_FIRST);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &child, sizeof(child)), ESV_S_UNSUPPORTED_VALUE);
	child.flags = htole32(ESV_CHILD_F_FIRST);
	child.algo = ESV_ALGO_AES_GCM_16_128;	/* TOK-6 */
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &child, sizeof(child)), ESV_S_UNSUPPORTED_VALUE);
	child.algo = ESV_ALGO_AES_GCM_16_256;
	child.hard_bytes = 0;
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &child, sizeof(child)), ESV_S_BAD_FIELD);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_child_derive, hard_bytes));
	child.hard_bytes = htole64(1);
	child.hard_packets = 0;
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &child, sizeof(child)), ESV_S_BAD_FIELD);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_child_derive, hard_packets));
	child.hard_packets = htole64(1);
	child.install_ms = htole32(600001);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &child, sizeof(child)), ESV_S_BAD_FIELD);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_child_derive, install_ms));
	child.install_ms = htole32(600000);
	assert_int_equal(rig_run(r, ESV_OP_CHILD_DERIVE, r->session, &child, sizeof(child)), ESV_S_OK);
	rig_free(r);
}

/* UNIT-18, UNIT-73, UNIT-74, UNIT-76: values out of range, after which the right ones still work. */
static void test_ranges(void **state)
{
	struct rig *r = rig_new(0, 1);
	struct esv_nonce_gen nonce = { .len = htole16(15) };
	struct esv_ke_gen ke = { .method = htole16(7) };
	struct esv_ike_derive good = rig_ike_in(rig_secret(r, r->session), rig_nonce(r, r->session, 32, NULL)), in;

	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &nonce, sizeof(nonce)), ESV_S_BAD_FIELD);
	nonce.len = htole16(257);
	assert_int_equal(rig_run(r, ESV_OP_NONCE_GEN, r->session, &nonce, sizeof(nonce)), ESV_S_BAD_FIELD);
	rig_nonce(r, r->session, 256, NULL);
	assert_int_equal(rig_run(r, ESV_OP_KE_GEN, r->session, &ke, sizeof(ke)), ESV_S_UNSUPPORTED_VALUE);
	in = good;
	memset(in.spi_r, 0, sizeof(in.spi_r));
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_FIELD);
	in = good;
	in.prf = 9;
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_UNSUPPORTED_VALUE);
	in = good;
	in.peer_nonce_len = htole16(15);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_FIELD);
	in = good;
	in.peer_nonce_len = htole16(65535);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &in, sizeof(in)), ESV_S_BAD_FIELD);
	assert_int_equal(rig_run(r, ESV_OP_IKE_DERIVE, r->session, &good, sizeof(good)), ESV_S_OK);
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_every_type_in_every_place),
	cmocka_unit_test(test_one_answer),
	cmocka_unit_test(test_sessions),
	cmocka_unit_test(test_session_table_full),
	cmocka_unit_test(test_function_quota), cmocka_unit_test(test_function_tokens), cmocka_unit_test(test_function_alone),
	cmocka_unit_test(test_quota),
	cmocka_unit_test(test_consumed),
	cmocka_unit_test(test_same_secret_twice),
	cmocka_unit_test(test_public_values),
	cmocka_unit_test(test_deactivated), cmocka_unit_test(test_gate),
	cmocka_unit_test(test_identities),
	cmocka_unit_test(test_first_once),
	cmocka_unit_test(test_reserved),
	cmocka_unit_test(test_ranges),
};

RIG_MAIN(tests)
