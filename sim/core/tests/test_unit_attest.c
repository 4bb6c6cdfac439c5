// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIT-97 to UNIT-99: what a unit says of itself, verified by openssl(1), which nobody here wrote. */
#include "auth_rig.h"

#include "esvc_ipsec.h"
#include "esvc_unit_kat.h"

/* As the key says it, byte by byte of an answer that is a statement. */
struct said {
	struct blob cms;
	struct esv_statement st;
	struct blob device;	/* certificates */
	struct blob boot;
};

static struct esv_attest attest_in(uint8_t subject, uint32_t sa, uint64_t handle)
{
	struct esv_attest in = { .subject = subject, .sa = htole32(sa), .handle = htole64(handle) };

	for (unsigned int i = 0; i < sizeof(in.nonce); i++)
		in.nonce[i] = (uint8_t)(i * 5 + 1);
	return in;
}

static enum esv_status attest(struct rig *r, uint8_t subject, uint32_t sa, uint64_t handle)
{
	const struct esv_attest in = attest_in(subject, sa, handle);

	return rig_run(r, ESV_OP_ATTEST, r->session, &in, sizeof(in));
}

static void words_of(const struct words *w, unsigned int i, struct blob *b)
{
	b->len = w->len[i];
	memcpy(b->b, w->b[i], b->len);
}

/* A program's answer to hex arguments. */
static const struct words *ask(const char *command, const struct blob *a, const struct blob *b, const char *more)
{
	static struct call c;
	static struct words w;
	FILE *f;
	bool got;

	c.at = c.args + sprintf(c.args, "%s", command);
	arg(&c, a->b, a->len);
	if (b)
		arg(&c, b->b, b->len);
	sprintf(c.at, "%s", more);
	f = vectors("attest_ref.py", c.args);
	got = next(f, &w);
	assert_int_equal(finish(f, got, "python3-cryptography or openssl"), 1);
	return &w;
}

static bool opens(const struct blob *cms, const struct blob *anchor, struct esv_statement *st)
{
	const struct words *w = ask("open", cms, anchor, "");

	if (!w->len[0])
		return false;
	assert_int_equal(w->len[0], sizeof(*st));
	memcpy(st, w->b[0], sizeof(*st));
	return true;
}

/* The answer of the ATTEST that just ran. */
static void answer_of(struct rig *r, struct blob *cms)
{
	const struct esv_attested *out = (const void *)r->out;

	cms->len = le16toh(out->len);
	assert_int_equal(r->cmd.out_len, offsetof(struct esv_attested, data) + cms->len);
	memcpy(cms->b, out->data, cms->len);
}

/* A statement that openssl accepts under the device certificate in it. */
static void said(struct rig *r, uint8_t subject, uint32_t sa, uint64_t handle, struct said *s)
{
	const struct words *w;

	assert_int_equal(attest(r, subject, sa, handle), ESV_S_OK);
	answer_of(r, &s->cms);
	w = ask("certs", &s->cms, NULL, "");
	words_of(w, 0, &s->device);
	words_of(w, 1, &s->boot);
	assert_true(opens(&s->cms, &s->device, &s->st));
}

/* Units whose identity is given. */
static struct rig *born(uint32_t mode, uint64_t seed, uint8_t secret, uint32_t fail_n)
{
	struct rig *r = rig_new(mode, seed);
	const uint8_t device_secret[ESVC_DEVICE_SECRET] = { secret };
	struct esvc_unit_config cfg = rig_config(r, r->dev.aead, mode);

	esvc_unit_free(r->dev.unit);
	cfg.device_secret = device_secret;
	cfg.fail_selftest = fail_n;
	cfg.fail_n = fail_n;
	r->dev.unit = esvc_unit_new(&cfg);
	assert_non_null(r->dev.unit);
	if (!fail_n)
		r->session = rig_open(r);
	return r;
}

/* UNIT-99: every field about the unit is what UNIT_STATUS says, and the nonce is the verifier's. */
static void test_unit(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	const struct esv_attest in = attest_in(ESV_SUBJECT_UNIT, 0, 0);
	struct esv_statement want = { .version = htole16(ESV_STATEMENT_VERSION), .subject = ESV_SUBJECT_UNIT };
	static const uint8_t versions[8] = { 0, 0, 1, 0, ESV_IF_MINOR, 0, ESV_IF_MAJOR };
	uint8_t octets[64] = "espvault measurement 1";
	struct esv_unit_status st;
	static struct said s;

	rig_nonce(r, r->session, 32, NULL);
	assert_int_equal(rig_run(r, ESV_OP_UNIT_STATUS, 0, NULL, 0), ESV_S_OK);
	memcpy(&st, r->out, sizeof(st));
	memcpy(want.magic, "espvault attest", 16);
	memcpy(want.nonce, in.nonce, sizeof(want.nonce));
	memcpy(want.provision_key, st.provision_key, sizeof(want.provision_key));
	memcpy(octets + 23, versions, sizeof(versions));
	SHA256(octets, 23 + sizeof(versions), want.measurement);
	want.mode = st.mode;
	want.if_version = htole32(ESV_IF_VERSION);
	want.fw_version = htole32(0x10000);
	want.device_id = st.device_id;
	want.epoch = st.epoch;
	want.resets = st.resets;
	want.sessions = st.sessions;
	want.handles = st.handles;
	want.keys_installed = st.keys_installed;
	want.keys_pending = st.keys_pending;
	said(r, ESV_SUBJECT_UNIT, 0, 0, &s);
	assert_memory_equal(&s.st, &want, sizeof(want));
	assert_int_equal(le32toh(want.handles), 1);
	rig_free(r);
}

/* UNIT-98, RFC 5652 5.3: what is signed is the content's hash and its type, and no time. */
static void test_attributes(void **state)
{
	struct rig *r = rig_new(0, 1);
	const struct words *w;
	static struct said s;

	said(r, ESV_SUBJECT_UNIT, 0, 0, &s);
	w = ask("attributes", &s.cms, NULL, "");
	assert_int_equal(w->b[0][0], 2);
	assert_int_equal(w->b[0][1], 0);
	w = ask("flips", &s.cms, &s.device, " 41");
	assert_int_equal(w->b[0][0], 1);
	rig_free(r);
}

static bool same(const struct blob *a, const struct blob *b)
{
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

/* From a day on that is before any power-on, and without an end (RFC 5280 4.1.2.5). */
static void check_validity(const struct blob *cert)
{
	const struct words *w = ask("validity", cert, NULL, "");

	assert_int_equal(w->n, 2);
	assert_int_equal(w->len[0], 14);
	assert_memory_equal(w->b[0], "20250101000000", 14);
	assert_int_equal(w->len[1], 14);
	assert_memory_equal(w->b[1], "99991231235959", 14);
}

static void check_facts(const struct said *s, bool test)
{
	const struct words *w = ask("facts", &s->boot, NULL, "");

	assert_int_equal(w->len[0], 16);
	assert_memory_equal(w->b[0], "1122334455667788", 16);
	assert_int_equal(w->len[1], ESV_MEASUREMENT_LEN);
	assert_memory_equal(w->b[1], s->st.measurement, ESV_MEASUREMENT_LEN);
	assert_int_equal(w->len[2], test ? 2 : 1);
	assert_int_equal(w->b[2][0], test ? 4 : 0);	/* unused bits; debug is bit 3 */
	if (test)
		assert_int_equal(w->b[2][1], 0x10);
	assert_non_null(memmem(w->b[3], w->len[3], "1122334455667788", 16));
	assert_int_equal(ask("chain", &s->boot, &s->device, "")->b[0][0], 1);
}

/* UNIT-97: the device key belongs to the device and its mode, the boot key to one power-on. */
static void test_chain(void **state)
{
	static struct said first, again, other, test;
	struct rig *r[] = { born(0, 31, 1, 0), born(0, 99, 1, 0), born(0, 31, 2, 0), born(ESV_MODE_TEST, 31, 1, 0) };
	struct esv_statement st;

	said(r[0], ESV_SUBJECT_UNIT, 0, 0, &first);
	said(r[1], ESV_SUBJECT_UNIT, 0, 0, &again);
	said(r[2], ESV_SUBJECT_UNIT, 0, 0, &other);
	said(r[3], ESV_SUBJECT_UNIT, 0, 0, &test);
	check_facts(&first, false);
	check_facts(&test, true);
	check_validity(&first.device);
	check_validity(&first.boot);
	assert_true(same(&first.device, &again.device));
	assert_false(same(&first.boot, &again.boot));
	assert_true(opens(&again.cms, &first.device, &st));
	assert_false(opens(&other.cms, &first.device, &st));
	assert_false(opens(&test.cms, &first.device, &st));
	assert_false(opens(&first.cms, &test.device, &st));
	assert_int_equal(ask("chain", &test.boot, &first.device, "")->b[0][0], 0);
	assert_memory_not_equal(r[0]->dev.unit->id->device_key, r[3]->dev.unit->id->device_key, ESVC_P256_PRIV);
	assert_int_equal(le32toh(test.st.mode), ESV_MODE_TEST);
	assert_int_equal(le32toh(first.st.mode), 0);
	for (unsigned int i = 0; i < 4; i++)
		rig_free(r[i]);
}

/* UNIT-97, UNIT-99: the identity outlives the epoch, and the statement says that the epoch is another. */
static void test_zeroize(void **state)
{
	static struct said before, after;
	struct rig *r = rig_new(0, 1);

	said(r, ESV_SUBJECT_UNIT, 0, 0, &before);
	assert_int_equal(rig_zeroize(r, r->session, ESV_ZEROIZE_UNIT), ESV_S_OK);
	r->session = rig_open(r);
	said(r, ESV_SUBJECT_UNIT, 0, 0, &after);
	assert_true(same(&before.device, &after.device));
	assert_true(same(&before.boot, &after.boot));
	assert_int_equal(le64toh(after.st.epoch), le64toh(before.st.epoch) + 1);
	assert_int_equal(le64toh(after.st.resets), le64toh(before.st.resets) + 1);
	assert_memory_not_equal(after.st.provision_key, before.st.provision_key, 32);
	rig_free(r);
}

static void check_key(const struct esv_statement *st, uint8_t type, uint8_t state, uint8_t vouch, uint8_t custody,
		      const char *id)
{
	static const struct esv_sa_info none;

	assert_int_equal(st->subject, ESV_SUBJECT_HANDLE);
	assert_int_equal(st->type, type);
	assert_int_equal(st->state, state);
	assert_int_equal(st->vouch, vouch);
	assert_int_equal(st->custody, custody);
	assert_int_equal(st->id_type, id ? 2 : 0);
	assert_int_equal(le16toh(st->id_len), id ? strlen(id) : 0);
	assert_memory_equal(st->id, id ? id : "", le16toh(st->id_len));
	assert_memory_equal(&st->sa, &none, sizeof(none));
}

/* UNIT-98, UNIT-99: objects of the session: what they are, whom they belong to, who says so. */
static void test_handles(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	uint64_t ike = rig_ike(r, r->session), psk = brought(r, ESV_H_PSK, "bound.example", "a secret", 8);
	uint64_t nonce = rig_nonce(r, r->session, 32, NULL);
	struct esvc_keyslot *key;
	struct esv_child_out child;
	static struct said s;
	uint32_t mine = r->session;

	said(r, ESV_SUBJECT_HANDLE, 0, nonce, &s);
	check_key(&s.st, ESV_H_NONCE, ESV_HS_NEW, ESV_VOUCH_NONE, ESV_CUSTODY_UNKNOWN, NULL);
	assert_int_equal(le64toh(s.st.handle), nonce);
	said(r, ESV_SUBJECT_HANDLE, 0, psk, &s);
	check_key(&s.st, ESV_H_PSK, ESV_HS_NEW, ESV_VOUCH_NONE, ESV_CUSTODY_UNKNOWN, "bound.example");
	said(r, ESV_SUBJECT_HANDLE, 0, ike, &s);
	check_key(&s.st, ESV_H_IKE, ESV_HS_NEW, ESV_VOUCH_NONE, ESV_CUSTODY_UNKNOWN, NULL);
	assert_int_equal(rig_assert_id(r, r->session, ike), ESV_S_OK);
	said(r, ESV_SUBJECT_HANDLE, 0, ike, &s);
	check_key(&s.st, ESV_H_IKE, ESV_HS_AUTHENTICATED, ESV_VOUCH_HOST, ESV_CUSTODY_L3, "peer.invali");
	child = rig_child(r, r->session, ike, ESV_CHILD_F_FIRST);
	said(r, ESV_SUBJECT_HANDLE, 0, le64toh(child.esp_out), &s);
	check_key(&s.st, ESV_H_ESP, ESV_HS_NEW, ESV_VOUCH_HOST, ESV_CUSTODY_L3, "peer.invali");
	assert_int_equal(s.st.dir, ESV_DIR_OUT);
	/* UNIT-10: the states are those of HANDLE_QUERY, whichever command shows them. */
	key = esvc_key_get(r->dev.unit, esvc_session_get(&r->dev.unit->sessions, 0, r->session), le64toh(child.esp_out));
	esvc_keyslot_state(r->dev.unit, key, ESVC_SLOT_RELEASED);
	said(r, ESV_SUBJECT_HANDLE, 0, le64toh(child.esp_out), &s);
	check_key(&s.st, ESV_H_ESP, ESV_HS_SUSPENDED, ESV_VOUCH_HOST, ESV_CUSTODY_L3, "peer.invali");
	key->key.packets = key->key.max_packets;
	said(r, ESV_SUBJECT_HANDLE, 0, le64toh(child.esp_out), &s);
	check_key(&s.st, ESV_H_ESP, ESV_HS_DEACTIVATED, ESV_VOUCH_HOST, ESV_CUSTODY_L3, "peer.invali");
	r->session = rig_open(r);
	assert_int_equal(attest(r, ESV_SUBJECT_HANDLE, 0, ike), ESV_S_BAD_HANDLE);
	assert_int_equal(attest(r, ESV_SUBJECT_HANDLE, 0, le64toh(child.esp_out)), ESV_S_BAD_HANDLE);
	r->session = mine;
	assert_int_equal(attest(r, ESV_SUBJECT_HANDLE, 0, 0), ESV_S_BAD_HANDLE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_attest, handle));
	rig_free(r);
}

/* UNIT-20, UNIT-99: a peer that the unit itself authenticated: L4, for the IKE SA and its child. */
static void test_vouched_by_unit(void **state)
{
	static const char psk[] = "correct horse battery staple";
	static struct blob auth;
	struct esv_child_out child;
	static struct said s;
	struct end i, p;
	uint64_t a, b;

	pair(&i, &p);
	a = brought(i.r, ESV_H_PSK, p.id, psk, strlen(psk));
	b = brought(p.r, ESV_H_PSK, i.id, psk, strlen(psk));
	assert_int_equal(sign(&i, a, 0, &auth), ESV_S_OK);
	assert_int_equal(verify(&p, &i, b, ESV_AUTH_METHOD_PSK, &auth), ESV_S_OK);
	said(p.r, ESV_SUBJECT_HANDLE, 0, p.ike, &s);
	check_key(&s.st, ESV_H_IKE, ESV_HS_AUTHENTICATED, ESV_VOUCH_UNIT, ESV_CUSTODY_L4, i.id);
	child = rig_child(p.r, p.r->session, p.ike, 0);
	said(p.r, ESV_SUBJECT_HANDLE, 0, le64toh(child.esp_in), &s);
	check_key(&s.st, ESV_H_ESP, ESV_HS_NEW, ESV_VOUCH_UNIT, ESV_CUSTODY_L4, i.id);
	assert_int_equal(s.st.dir, ESV_DIR_IN);
	unpair(&i, &p);
}

static enum esv_status sa_cmd(struct rig *r, unsigned int opcode, uint32_t object, const void *in, size_t len)
{
	const struct esvc_cmd_row *row = esvc_sa_rows;

	while (row->opcode != opcode)
		row++;
	memset(&r->cmd, 0, sizeof(r->cmd));
	memset(r->out, 0, sizeof(r->out));
	if (len)
		memcpy(r->in, in, len);
	r->cmd.object = object;
	r->cmd.in = (const uint8_t *)r->in;
	r->cmd.in_len = len;
	r->cmd.out = (uint8_t *)r->out;
	r->cmd.out_cap = sizeof(r->out);
	return row->run(&r->dev, &r->cmd);
}

static uint32_t install(struct rig *r, const uint8_t *key, uint16_t len, bool token)
{
	struct esv_sa_params p = {
		.spi = htobe32(RIG_SPI + len), .family = 4, .mode = ESV_SA_TRANSPORT, .dir = ESV_DIR_OUT,
		.algo = ESV_ALGO_AES_GCM_16_256, .flags = htole32((token ? ESV_SA_F_TOKEN : 0) | ESV_SA_F_ESN),
		.reqid = htole32(7), .key_len = htole16(36), .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, (uint8_t)len },
		.seq = htole64(41), .soft_packets = htole64(ESV_NO_LIMIT), .hard_packets = htole64(ESV_NO_LIMIT),
		.soft_bytes = htole64(ESV_NO_LIMIT), .hard_bytes = htole64(ESV_NO_LIMIT),
	};

	memcpy(p.key, key, 36);
	assert_int_equal(sa_cmd(r, ESV_OP_SA_ADD, 0, &p, sizeof(p)), ESV_S_OK);
	return r->cmd.object;
}

/* UNIT-98, UNIT-99: what SA_QUERY says, with what the key knows of its peer; a host's key has no peer. */
static void test_sa(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	const struct esvc_ipsec_config ic = { .unit = r->dev.unit, .aead = r->dev.aead, .sa_max = 8, .policy_max = 8 };
	static const uint8_t host[36] = "a host's key of thirty-two bytes";
	struct esv_child_out child;
	struct esv_sa_info info;
	static struct said s;
	uint32_t sa, imported;

	assert_int_equal(attest(r, ESV_SUBJECT_SA, 1, 0), ESV_S_UNSUPPORTED_VALUE);
	r->dev.ipsec = esvc_ipsec_new(&ic);
	assert_non_null(r->dev.ipsec);
	child = rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	sa = install(r, child.token_out, 36, true);
	imported = install(r, host, 37, false);
	assert_int_equal(sa_cmd(r, ESV_OP_SA_QUERY, sa, NULL, 0), ESV_S_OK);
	memcpy(&info, r->out, sizeof(info));
	assert_int_equal(le64toh(info.seq), 41);
	said(r, ESV_SUBJECT_SA, sa, 0, &s);
	assert_memory_equal(&s.st.sa, &info, sizeof(info));
	assert_int_equal(s.st.type, ESV_H_ESP);
	assert_int_equal(s.st.state, ESV_HS_INSTALLED);
	assert_int_equal(s.st.vouch, ESV_VOUCH_HOST);
	assert_int_equal(s.st.custody, ESV_CUSTODY_L3);
	assert_memory_equal(s.st.id, "peer.invali", 12);
	assert_true(s.st.handle == 0);
	said(r, ESV_SUBJECT_SA, imported, 0, &s);
	assert_int_equal(s.st.custody, ESV_CUSTODY_L1);
	assert_int_equal(s.st.vouch, ESV_VOUCH_NONE);
	assert_int_equal(s.st.id_type, 0);
	assert_int_equal(attest(r, ESV_SUBJECT_SA, sa ^ 0x10000000, 0), ESV_S_BAD_HANDLE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_attest, sa));
	esvc_unit_zeroize(r->dev.unit);	/* the SA stays, and says that its key went */
	r->session = rig_open(r);
	said(r, ESV_SUBJECT_SA, sa, 0, &s);
	assert_true(s.st.sa.epoch == 0);
	esvc_ipsec_free(r->dev.ipsec);
	rig_free(r);
}

/* UNIT-98: each mistake has its answer, and nothing is signed with it. */
static void test_refused(void **state)
{
	struct rig *r = rig_new(0, 1);
	uint64_t nonce = rig_nonce(r, r->session, 32, NULL);
	struct esv_attest in;

	assert_int_equal(attest(r, 0, 0, 0), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(attest(r, 4, 0, 0), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_attest, subject));
	assert_int_equal(attest(r, ESV_SUBJECT_UNIT, 1, 0), ESV_S_BAD_FIELD);
	assert_int_equal(attest(r, ESV_SUBJECT_UNIT, 0, nonce), ESV_S_BAD_FIELD);
	assert_int_equal(attest(r, ESV_SUBJECT_HANDLE, 1, nonce), ESV_S_BAD_FIELD);
	assert_int_equal(attest(r, ESV_SUBJECT_SA, 1, nonce), ESV_S_BAD_FIELD);
	for (unsigned int i = 0; i < sizeof(in.rsvd0); i++) {
		in = attest_in(ESV_SUBJECT_UNIT, 0, 0);
		in.rsvd0[i] = 1;
		assert_int_equal(rig_run(r, ESV_OP_ATTEST, r->session, &in, sizeof(in)), ESV_S_RESERVED_NONZERO);
		assert_int_equal(r->cmd.err_off, offsetof(struct esv_attest, rsvd0) + i);
	}
	in = attest_in(ESV_SUBJECT_UNIT, 0, 0);
	assert_int_equal(rig_run(r, ESV_OP_ATTEST, r->session + 1, &in, sizeof(in)), ESV_S_BAD_HANDLE);
	assert_int_equal(r->cmd.out_len, 0);
	rig_free(r);
}

/* UNIT-33: keys that do not sign and verify lock the unit, and a locked one attests nothing. */
static void test_pairwise(void **state)
{
	static const uint8_t one[ESVC_P256_PRIV] = { [31] = 1 }, two[ESVC_P256_PRIV] = { [31] = 2 };
	const struct esv_attest in = attest_in(ESV_SUBJECT_UNIT, 0, 0);
	struct rig *r = born(0, 1, 1, ESVC_KAT_ATTEST);
	uint8_t pub[ESVC_P256_PUB];

	assert_int_equal(esvc_unit_failed(r->dev.unit), ESVC_KAT_ATTEST);
	assert_int_equal(rig_run(r, ESV_OP_ATTEST, 1, &in, sizeof(in)), ESV_S_SELFTEST_FAILED);
	rig_free(r);
	assert_int_equal(esvc_ke_public(esvc_ke_method(ESV_KE_P256), one, pub), 0);
	assert_int_equal(esvc_p256_pairwise(one, pub), 0);
	assert_int_equal(esvc_p256_pairwise(two, pub), -EBADMSG);
	pub[63] ^= 1;
	assert_int_equal(esvc_p256_pairwise(one, pub), -EBADMSG);
	/* When it is asked to test itself again. */
	r = rig_new(0, 1);
	assert_int_equal(esvc_unit_selftest(r->dev.unit), 0);
	r->dev.unit->id->boot_key[0] ^= 1;
	assert_int_equal(esvc_unit_selftest(r->dev.unit), ESVC_KAT_ATTEST);
	assert_int_equal(attest(r, ESV_SUBJECT_UNIT, 0, 0), ESV_S_SELFTEST_FAILED);
	rig_free(r);
}

/* Generations begin elsewhere in each unit (UNIT-5): what is compared is how far from there a handle is. */
static void blank(const struct rig *r, struct esv_statement *st)
{
	st->handle = htole64(le64toh(st->handle) - ((uint64_t)esvc_life_handles(r->dev.unit) << 32));
	st->epoch = 0;
	memset(st->provision_key, 0, sizeof(st->provision_key));
	st->sa.epoch = 0;
}

/* UNIT-1: no secret shows in what is said but where the tables say so; the same secrets give the same bytes. */
static void test_same_again(void **state)
{
	struct rig *r[] = { rig_new(ESV_MODE_TEST, 5), rig_new(ESV_MODE_TEST, 5), rig_new(ESV_MODE_TEST, 6) };
	static struct said s[3];

	for (unsigned int i = 0; i < 3; i++) {
		struct esv_child_out child = rig_child(r[i], r[i]->session, rig_ike_ready(r[i], r[i]->session),
						       ESV_CHILD_F_FIRST);

		said(r[i], ESV_SUBJECT_HANDLE, 0, le64toh(child.esp_in), &s[i]);
	}
	assert_true(same(&s[0].cms, &s[1].cms));
	assert_false(same(&s[0].boot, &s[2].boot));
	assert_memory_not_equal(&s[0].st, &s[2].st, sizeof(s[0].st));
	blank(r[0], &s[0].st);
	blank(r[2], &s[2].st);
	assert_memory_equal(&s[0].st, &s[2].st, sizeof(s[0].st));
	for (unsigned int i = 0; i < 3; i++)
		rig_free(r[i]);
}

/* UNIT-98: with the longest identity, it fits one answer with room to spare. */
static void test_fits(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	uint64_t ike = rig_ike(r, r->session);
	struct esv_auth_assert in = { .ike = htole64(ike), .id_type = 11, .id_len = htole16(ESV_ID_MAX) };
	static struct said s;

	memset(in.id, 0xff, sizeof(in.id));
	assert_int_equal(rig_run(r, ESV_OP_AUTH_ASSERT, r->session, &in, sizeof(in)), ESV_S_OK);
	said(r, ESV_SUBJECT_HANDLE, 0, ike, &s);
	assert_memory_equal(s.st.id, in.id, sizeof(in.id));
	assert_in_range(s.cms.len, sizeof(s.st), sizeof(((struct esv_attested *)0)->data) - 1024);
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_unit), cmocka_unit_test(test_attributes), cmocka_unit_test(test_chain),
	cmocka_unit_test(test_zeroize), cmocka_unit_test(test_handles), cmocka_unit_test(test_vouched_by_unit),
	cmocka_unit_test(test_sa), cmocka_unit_test(test_refused), cmocka_unit_test(test_pairwise),
	cmocka_unit_test(test_same_again), cmocka_unit_test(test_fits),
};

RIG_MAIN(tests)
