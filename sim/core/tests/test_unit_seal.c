// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIT-85, UNIT-86: messages of an IKE SA between two units, and before an independent reader. */
#include "unit_rig.h"
#include "vectors.h"

#define AAD_LEN		32
#define TEXT_LEN	100

struct end {
	struct rig *r;
	uint64_t ike;
};

/* One IKE SA, both ends of it. */
static void pair(struct end *i, struct end *p, uint8_t encr)
{
	struct end *e[] = { i, p };
	uint64_t ke[2], nonce[2];
	uint8_t value[2][32], bytes[2][32];

	for (int k = 0; k < 2; k++) {
		e[k]->r = rig_new(ESV_MODE_TEST, 5 + (uint64_t)k);
		ke[k] = rig_ke(e[k]->r, e[k]->r->session, value[k]);
		nonce[k] = rig_nonce(e[k]->r, e[k]->r->session, 32, bytes[k]);
	}
	for (int k = 0; k < 2; k++) {
		struct esv_ike_derive in;

		assert_int_equal(rig_finish_status(e[k]->r, e[k]->r->session, ke[k], value[!k]), ESV_S_OK);
		in = rig_ike_in(rig_handle(e[k]->r), nonce[k]);
		in.role = k ? ESV_ROLE_RESPONDER : ESV_ROLE_INITIATOR;
		in.encr = encr;
		memcpy(in.peer_nonce, bytes[!k], 32);
		assert_int_equal(rig_run(e[k]->r, ESV_OP_IKE_DERIVE, e[k]->r->session, &in, sizeof(in)), ESV_S_OK);
		e[k]->ike = rig_handle(e[k]->r);
	}
}

static void unpair(struct end *i, struct end *p)
{
	rig_free(i->r);
	rig_free(p->r);
}

struct message {
	size_t aad_len, len;
	uint8_t iv[8], icv[16];
	uint8_t aad[ESV_ADMIN_BUF], text[ESV_ADMIN_BUF];
};

static void message(struct message *m, size_t aad_len, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->aad_len = aad_len;
	m->len = len;
	for (size_t i = 0; i < aad_len; i++)
		m->aad[i] = (uint8_t)(i * 3 + 1);
	for (size_t i = 0; i < len; i++)
		m->text[i] = (uint8_t)(i * 7 + 5);
}

/* The text becomes ciphertext. */
static enum esv_status seal(struct end *e, struct message *m)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	struct esv_ike_seal *in = (void *)buf;
	const struct esv_ike_sealed *out = (const void *)e->r->out;
	enum esv_status status;

	memset(buf, 0, sizeof(buf));
	in->ike = htole64(e->ike);
	in->aad_len = htole16((uint16_t)m->aad_len);
	in->len = htole16((uint16_t)m->len);
	memcpy(in->data, m->aad, m->aad_len);
	memcpy(in->data + m->aad_len, m->text, m->len);
	status = rig_run(e->r, ESV_OP_IKE_SEAL, e->r->session, in,
			 offsetof(struct esv_ike_seal, data) + m->aad_len + m->len);
	if (status != ESV_S_OK)
		return status;
	assert_int_equal(e->r->cmd.out_len, offsetof(struct esv_ike_sealed, data) + m->len);
	memcpy(m->iv, out->iv, 8);
	memcpy(m->icv, out->icv, 16);
	memcpy(m->text, out->data, m->len);
	return status;
}

static enum esv_status open_(struct end *e, struct message *m)
{
	static uint64_t buf[ESV_ADMIN_BUF / 8];
	struct esv_ike_open *in = (void *)buf;
	enum esv_status status;

	memset(buf, 0, sizeof(buf));
	in->ike = htole64(e->ike);
	in->aad_len = htole16((uint16_t)m->aad_len);
	in->len = htole16((uint16_t)m->len);
	memcpy(in->iv, m->iv, 8);
	memcpy(in->icv, m->icv, 16);
	memcpy(in->data, m->aad, m->aad_len);
	memcpy(in->data + m->aad_len, m->text, m->len);
	status = rig_run(e->r, ESV_OP_IKE_OPEN, e->r->session, in,
			 offsetof(struct esv_ike_open, data) + m->aad_len + m->len);
	if (status != ESV_S_OK) {
		for (size_t i = 0; i < m->len; i++)
			assert_int_equal(e->r->cmd.out[i], 0);
		return status;
	}
	assert_int_equal(e->r->cmd.out_len, m->len);
	memcpy(m->text, e->r->out, m->len);
	return status;
}

/* UNIT-85, UNIT-86: both directions, both key lengths; what one sealed it can't open. */
static void test_both_ways(void **state)
{
	static struct message m, plain;

	for (uint8_t encr = ESV_ALGO_AES_GCM_16_128; encr <= ESV_ALGO_AES_GCM_16_256; encr++) {
		struct end i, p;
		struct end *from[] = { &i, &p }, *to[] = { &p, &i };

		pair(&i, &p, encr);
		for (int k = 0; k < 2; k++) {
			message(&plain, AAD_LEN, TEXT_LEN);
			m = plain;
			assert_int_equal(seal(from[k], &m), ESV_S_OK);
			assert_memory_not_equal(m.text, plain.text, TEXT_LEN);
			assert_int_equal(open_(from[k], &m), ESV_S_AUTH_FAILED);
			assert_int_equal(open_(to[k], &m), ESV_S_OK);
			assert_memory_equal(m.text, plain.text, TEXT_LEN);
		}
		unpair(&i, &p);
	}
}

/* UNIT-85: IVs count up from 1 per IKE SA, also when its keys are made anew; they are the message's, big-endian. */
static void test_iv(void **state)
{
	static struct message m;
	struct end i, p;

	pair(&i, &p, ESV_ALGO_AES_GCM_16_256);
	for (uint8_t n = 1; n <= 5; n++) {
		const uint8_t want[8] = { [7] = n };

		if (n == 4) {
			const struct esv_ike_update in = { .ike = htole64(i.ike),
							   .secret = htole64(rig_secret(i.r, i.r->session)) };

			assert_int_equal(rig_run(i.r, ESV_OP_IKE_UPDATE, i.r->session, &in, sizeof(in)), ESV_S_OK);
		}
		message(&m, AAD_LEN, TEXT_LEN);
		assert_int_equal(seal(&i, &m), ESV_S_OK);
		assert_memory_equal(m.iv, want, 8);
	}
	unpair(&i, &p);
}

struct keyed {
	uint8_t key[32], salt[4];
};

static void find_key(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct keyed *k = arg;

	if (strstr(name, "sk_ei.key"))
		memcpy(k->key, bytes, 32);
	if (strstr(name, "sk_ei.salt"))
		memcpy(k->salt, bytes, 4);
}

static void hex(char **to, const uint8_t *b, size_t len)
{
	*(*to)++ = ' ';
	for (size_t i = 0; i < len; i++)
		*to += sprintf(*to, "%02x", b[i]);
}

/* UNIT-85, RFC 5282 3.1: the nonce is salt and IV, the initiator sends under SK_ei. */
static void test_independent_reader(void **state)
{
	static struct message m, plain;
	static struct words w;
	static char args[16384];
	char *at = args + sprintf(args, "open");
	struct keyed k;
	struct end i, p;
	FILE *f;

	pair(&i, &p, ESV_ALGO_AES_GCM_16_256);
	message(&plain, AAD_LEN, TEXT_LEN);
	m = plain;
	assert_int_equal(seal(&i, &m), ESV_S_OK);
	esvc_unit_test_secrets(i.r->dev.unit, find_key, &k);
	hex(&at, k.key, 32);
	hex(&at, k.salt, 4);
	hex(&at, m.iv, 8);
	hex(&at, m.icv, 16);
	hex(&at, m.aad, AAD_LEN);
	hex(&at, m.text, TEXT_LEN);
	f = vectors("ike_ref.py", args);
	assert_true(next(f, &w));
	assert_int_equal(finish(f, 1, "python3-cryptography"), 1);
	assert_int_equal(w.len[0], TEXT_LEN);
	assert_memory_equal(w.b[0], plain.text, TEXT_LEN);
	unpair(&i, &p);
}

/* UNIT-86: one wrong bit anywhere, and AUTH_FAILED without a byte of text. */
static void test_not_authentic(void **state)
{
	static struct message m, bad;
	struct end i, p;

	pair(&i, &p, ESV_ALGO_AES_GCM_16_256);
	message(&m, AAD_LEN, TEXT_LEN);
	assert_int_equal(seal(&i, &m), ESV_S_OK);
	for (int what = 0; what < 5; what++) {
		bad = m;
		switch (what) {
		case 0: bad.iv[7] ^= 1; break;
		case 1: bad.icv[0] ^= 0x80; break;
		case 2: bad.aad[AAD_LEN - 1] ^= 1; break;
		case 3: bad.text[0] ^= 1; break;
		case 4:		/* the border between AAD and text moved */
			bad.aad_len--;
			bad.len++;
			memmove(bad.text + 1, bad.text, m.len);
			bad.text[0] = m.aad[AAD_LEN - 1];
			break;
		}
		assert_int_equal(open_(&p, &bad), ESV_S_AUTH_FAILED);
		assert_int_equal(p.r->cmd.err_off, offsetof(struct esv_ike_open, icv));
	}
	assert_int_equal(open_(&p, &m), ESV_S_OK);
	unpair(&i, &p);
}

/* UNIT-85, UNIT-86: lengths, handles, the last message of a key. */
static void test_refused(void **state)
{
	static struct message m;
	static uint8_t raw[ESV_ADMIN_BUF];
	struct esv_ike_seal *in = (void *)raw;
	struct end i, p;
	union esvc_object *o;
	struct esvc_handle *h;

	pair(&i, &p, ESV_ALGO_AES_GCM_16_256);
	message(&m, 0, ESV_IKE_TEXT_MAX);
	assert_int_equal(seal(&i, &m), ESV_S_OK);
	assert_int_equal(open_(&p, &m), ESV_S_OK);
	message(&m, 0, ESV_IKE_TEXT_MAX + 1);
	assert_int_equal(seal(&i, &m), ESV_S_BAD_FIELD);
	message(&m, AAD_LEN, 0);
	assert_int_equal(seal(&i, &m), ESV_S_BAD_FIELD);
	in->ike = htole64(i.ike);
	in->aad_len = in->len = htole16(40);
	for (size_t len = 79; len <= 81; len++)
		assert_int_equal(rig_run(i.r, ESV_OP_IKE_SEAL, i.r->session, raw,
					 offsetof(struct esv_ike_seal, data) + len),
				 len == 80 ? ESV_S_OK : ESV_S_BAD_LENGTH);
	in->rsvd = htole32(1);
	assert_int_equal(rig_run(i.r, ESV_OP_IKE_SEAL, i.r->session, raw,
				 offsetof(struct esv_ike_seal, data) + 80), ESV_S_RESERVED_NONZERO);
	message(&m, AAD_LEN, TEXT_LEN);
	p.ike = rig_nonce(p.r, p.r->session, 32, NULL);
	assert_int_equal(seal(&p, &m), ESV_S_BAD_HANDLE);
	assert_int_equal(open_(&p, &m), ESV_S_BAD_HANDLE);
	h = esvc_handle_get(&i.r->dev.unit->handles,
			    esvc_session_get(&i.r->dev.unit->sessions, 0, i.r->session), i.ike, ESV_H_IKE);
	o = esvc_handle_object(&i.r->dev.unit->handles, h);
	o->ike.sealed = ESVC_IKE_MESSAGES - 1;
	assert_int_equal(seal(&i, &m), ESV_S_OK);
	assert_int_equal(seal(&i, &m), ESV_S_LIMIT);
	unpair(&i, &p);
}

/* UNIT-2: key schedule, nonce and text are nowhere in the unit's scratch space afterwards. */
static void test_scratch(void **state)
{
	static struct message m;
	struct end i, p;
	const uint8_t *b;

	pair(&i, &p, ESV_ALGO_AES_GCM_16_256);
	message(&m, AAD_LEN, TEXT_LEN);
	assert_int_equal(seal(&i, &m), ESV_S_OK);
	b = i.r->dev.unit->sec->cipher;
	for (size_t n = 0; n < ESVC_AEAD_CTX_SIZE; n++)
		assert_int_equal(b[n], 0);
	for (size_t n = 0; n < 12; n++)
		assert_int_equal(i.r->dev.unit->sec->nonce[n], 0);
	unpair(&i, &p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways), cmocka_unit_test(test_iv),
		cmocka_unit_test(test_independent_reader), cmocka_unit_test(test_not_authentic),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_scratch),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("unit-seal", tests, NULL, NULL) ? 1 : 0;
}
