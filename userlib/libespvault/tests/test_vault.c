// SPDX-License-Identifier: GPL-2.0-or-later
/* libespvault over two real device cores. */
#include "fake.h"

#include <endian.h>
#include <errno.h>
#include <espvault.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define SPI	0x1234

static struct espvault *open_rw(unsigned int n)
{
	char path[] = "/dev/espvault0";
	struct espvault *u = NULL;

	path[13] = (char)('0' + n);
	assert_int_equal(espvault_open(path, 0, &u), 0);
	return u;
}

/* One end of an exchange. */
struct end {
	struct espvault *u;
	uint8_t nonce[32], ke[ESPVAULT_KE_MAX];
	size_t ke_len;
	espvault_handle h_nonce, h_ke, secret, ike;
	struct espvault_child child;
};

static void end_start(struct end *e, unsigned int n)
{
	e->u = open_rw(n);
	e->ke_len = sizeof(e->ke);
	assert_int_equal(espvault_nonce_gen(e->u, 32, e->nonce, &e->h_nonce), 0);
	assert_int_equal(espvault_ke_gen(e->u, ESPVAULT_X25519, e->ke, &e->ke_len, &e->h_ke), 0);
	assert_int_equal(e->ke_len, 32);
}

static void end_derive(struct end *e, const struct end *peer, enum espvault_role role)
{
	struct espvault_ike_params p = ESPVAULT_INIT(struct espvault_ike_params);

	assert_int_equal(espvault_ke_finish(e->u, e->h_ke, peer->ke, peer->ke_len, &e->secret), 0);
	p.role = (uint8_t)role;
	p.prf = ESPVAULT_PRF_SHA384;
	p.secret = e->secret;
	p.nonce = e->h_nonce;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = 32;
	memcpy(p.spi_i, "ini-spi", 8);
	memcpy(p.spi_r, "res-spi", 8);
	assert_int_equal(espvault_ike_derive(e->u, &p, &e->ike), 0);
}

/* Every method of the header over two units; the KEM's responder answers instead of finishing. */
static void test_ke_methods(void **state)
{
	for (unsigned int method = ESPVAULT_X25519; method <= ESPVAULT_ML_KEM_768; method++) {
		bool kem = method == ESPVAULT_ML_KEM_768;
		struct end a = { .u = open_rw(0) }, b = { .u = open_rw(1) };

		a.ke_len = sizeof(a.ke);
		b.ke_len = sizeof(b.ke);
		assert_int_equal(espvault_ke_gen(a.u, method, a.ke, &a.ke_len, &a.h_ke), 0);
		if (kem) {
			assert_int_equal(espvault_ke_encap(b.u, method, a.ke, a.ke_len, b.ke, &b.ke_len, &b.secret), 0);
		} else {
			assert_int_equal(espvault_ke_encap(b.u, method, a.ke, a.ke_len, b.ke, &b.ke_len, &b.secret),
					 -EINVAL);
			assert_int_equal(espvault_ke_gen(b.u, method, b.ke, &b.ke_len, &b.h_ke), 0);
			assert_int_equal(espvault_ke_finish(b.u, b.h_ke, a.ke, a.ke_len, &b.secret), 0);
		}
		assert_int_equal(espvault_ke_finish(a.u, a.h_ke, b.ke, b.ke_len, &a.secret), 0);
		espvault_close(a.u);
		espvault_close(b.u);
	}
}

static int end_child(struct end *e, enum espvault_role role, uint32_t flags)
{
	struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);

	p.flags = flags;
	p.role = (uint8_t)role;
	p.ike = e->ike;
	e->child.size = sizeof(e->child);
	return espvault_child_derive(e->u, &p, &e->child);
}

static void agree(struct end *a, struct end *b, uint32_t flags)
{
	end_start(a, 0);
	end_start(b, 1);
	end_derive(a, b, ESPVAULT_INITIATOR);
	end_derive(b, a, ESPVAULT_RESPONDER);
	assert_int_equal(end_child(a, ESPVAULT_INITIATOR, flags), -EACCES);
	assert_non_null(strstr(espvault_strerror(a->u), "CHILD_DERIVE: the trusted unit's rules forbid it"));
	assert_int_equal(espvault_auth_assert(a->u, a->ike, 2, "b", 1, 0), 0);
	assert_int_equal(espvault_auth_assert(b->u, b->ike, 2, "a", 1, 0), 0);
	assert_int_equal(end_child(a, ESPVAULT_INITIATOR, flags), 0);
	assert_int_equal(end_child(b, ESPVAULT_RESPONDER, flags), 0);
}

/* A fresh shared secret of both, and fresh nonces. */
static void end_more(struct end *a, struct end *b)
{
	struct end *e[] = { a, b };

	for (int i = 0; i < 2; i++) {
		e[i]->ke_len = sizeof(e[i]->ke);
		assert_int_equal(espvault_nonce_gen(e[i]->u, 32, e[i]->nonce, &e[i]->h_nonce), 0);
		assert_int_equal(espvault_ke_gen(e[i]->u, ESPVAULT_X25519, e[i]->ke, &e[i]->ke_len, &e[i]->h_ke), 0);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(espvault_ke_finish(e[i]->u, e[i]->h_ke, e[!i]->ke, e[!i]->ke_len, &e[i]->secret), 0);
}

static int end_rekey(struct end *e, const struct end *peer, enum espvault_role role, size_t nr_secrets)
{
	struct espvault_rekey_params p = ESPVAULT_INIT(struct espvault_rekey_params);

	p.role = (uint8_t)role;
	p.prf = ESPVAULT_PRF_SHA512;
	p.ike = e->ike;
	p.nonce = e->h_nonce;
	p.secrets = &e->secret;
	p.nr_secrets = nr_secrets;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = 32;
	memcpy(p.spi_i, "ini-new", 8);
	memcpy(p.spi_r, "res-new", 8);
	return espvault_ike_rekey(e->u, &p, &e->ike);
}

/* RFC 9370 2.2.2, RFC 7296 2.18: a further exchange, a rekey, and a child with two exchanges. */
static void test_update_and_rekey(void **state)
{
	static struct end a, b;
	struct end *e[] = { &a, &b };
	espvault_handle first[2];

	end_start(&a, 0);
	end_start(&b, 1);
	end_derive(&a, &b, ESPVAULT_INITIATOR);
	end_derive(&b, &a, ESPVAULT_RESPONDER);
	end_more(&a, &b);
	for (int i = 0; i < 2; i++)
		assert_int_equal(espvault_ike_update(e[i]->u, e[i]->ike, e[i]->secret), 0);
	end_more(&a, &b);
	assert_int_equal(end_rekey(&a, &b, ESPVAULT_INITIATOR, 1), -EACCES);
	for (int i = 0; i < 2; i++)
		assert_int_equal(espvault_auth_assert(e[i]->u, e[i]->ike, 2, "peer", 4, 0), 0);
	assert_int_equal(espvault_ike_update(a.u, a.ike, a.secret), -EBUSY);
	assert_int_equal(end_rekey(&a, &b, ESPVAULT_INITIATOR, 0), -EINVAL);
	assert_int_equal(end_rekey(&a, &b, ESPVAULT_INITIATOR, 9), -EINVAL);
	assert_int_equal(end_rekey(&a, &b, ESPVAULT_INITIATOR, 1), 0);
	assert_int_equal(end_rekey(&b, &a, ESPVAULT_RESPONDER, 1), 0);
	end_more(&a, &b);
	first[0] = a.secret;
	first[1] = b.secret;
	end_more(&a, &b);
	for (int i = 0; i < 2; i++) {
		struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);

		p.role = i ? ESPVAULT_RESPONDER : ESPVAULT_INITIATOR;
		p.ike = e[i]->ike;
		p.nonce = e[i]->h_nonce;
		p.peer_nonce = e[!i]->nonce;
		p.peer_nonce_len = 32;
		p.more_secrets = &e[i]->secret;
		p.nr_more_secrets = 1;
		e[i]->child.size = sizeof(e[i]->child);
		assert_int_equal(espvault_child_derive(e[i]->u, &p, &e[i]->child), -EINVAL);
		p.secret = first[i];
		assert_int_equal(espvault_child_derive(e[i]->u, &p, &e[i]->child), 0);
	}
	espvault_close(a.u);
	espvault_close(b.u);
}

/* RFC 7296 3.14: what one end seals the other opens, and nobody else. */
static void test_messages(void **state)
{
	static const char aad[28] = "header of an IKE message";
	static const char text[] = "payloads, padded";
	static struct end a, b;
	uint8_t iv[8], icv[16], sealed[sizeof(text)];
	char back[sizeof(text)] = "untouched";

	end_start(&a, 0);
	end_start(&b, 1);
	end_derive(&a, &b, ESPVAULT_INITIATOR);
	end_derive(&b, &a, ESPVAULT_RESPONDER);
	assert_int_equal(espvault_ike_seal(a.u, a.ike, aad, sizeof(aad), text, sizeof(text), iv, sealed, icv), 0);
	assert_memory_not_equal(sealed, text, sizeof(text));
	assert_int_equal(espvault_ike_open(a.u, a.ike, aad, sizeof(aad), iv, sealed, sizeof(text), icv, back), -EBADMSG);
	assert_int_equal(espvault_ike_open(b.u, b.ike, aad, 27, iv, sealed, sizeof(text), icv, back), -EBADMSG);
	assert_string_equal(back, "untouched");
	assert_int_equal(espvault_ike_open(b.u, b.ike, aad, sizeof(aad), iv, sealed, sizeof(text), icv, back), 0);
	assert_string_equal(back, text);
	assert_int_equal(espvault_ike_seal(a.u, a.ike, aad, 28, text, 4001, iv, sealed, icv), -EMSGSIZE);
	assert_int_equal(espvault_ike_seal(a.u, a.ike, aad, 65536, text, 16, iv, sealed, icv), -EMSGSIZE);
	assert_int_equal(espvault_ike_seal(a.u, a.ike, NULL, 0, text, 0, iv, sealed, icv), -EMSGSIZE);
	espvault_close(a.u);
	espvault_close(b.u);
}

static void test_info(void **state)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
	struct espvault *u;

	assert_int_equal(espvault_open("/dev/espvault1", ESPVAULT_RDONLY, &u), 0);
	assert_int_equal(espvault_get_info(u, &info), 0);
	assert_int_equal(info.size, sizeof(info));
	assert_string_equal(info.ifname, "esv1");
	assert_int_equal(info.selftest_ok, 1);
	assert_int_equal(info.ke_methods, 0x7e);
	assert_true(info.epoch != 0);
	assert_true(info.handle_max > 0);
	espvault_close(u);
}

static void odd_build(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	static const char odd[] = "\x1b[2Jbuild \xff";

	if (opcode != ESV_OP_IDENTIFY)
		return;
	memset(((struct esv_identify *)out)->build, 'x', sizeof(((struct esv_identify *)out)->build));
	memcpy(((struct esv_identify *)out)->build, odd, sizeof(odd) - 1);
}

/* ADM-51: the same as elsewhere, and a name that does no harm. */
static void test_identify(void **state)
{
	struct espvault_identity id = ESPVAULT_INIT(struct espvault_identity);
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
	struct espvault *u = open_rw(0), *look;

	assert_int_equal(espvault_identify(NULL, &id), -EINVAL);
	assert_int_equal(espvault_identify(u, NULL), -EINVAL);
	assert_int_equal(espvault_open("/dev/espvault0", ESPVAULT_RDONLY, &look), 0);
	assert_int_equal(espvault_identify(look, &id), -EPERM);
	espvault_close(look);
	assert_int_equal(espvault_get_info(u, &info), 0);
	assert_int_equal(espvault_identify(u, &id), 0);
	assert_int_equal(id.size, sizeof(id));
	assert_int_equal(id.if_version, info.if_version);
	assert_int_equal(id.fw_version, info.fw_version);
	assert_true(id.device_id == info.device_id && id.epoch == info.epoch);
	assert_int_equal(id.features & (ESPVAULT_FEAT_IPSEC | ESPVAULT_FEAT_UNIT), ESPVAULT_FEAT_IPSEC | ESPVAULT_FEAT_UNIT);
	assert_true(strlen(id.build) > 0);
	fake_faults.answer = odd_build;
	assert_int_equal(espvault_identify(u, &id), 0);
	assert_int_equal(strlen(id.build), 32);
	assert_memory_equal(id.build, "?[2Jbuild ?x", 12);
	id.size = 8;
	assert_int_equal(espvault_identify(u, &id), -EINVAL);
	espvault_close(u);
}

/* The whole way: keys agreed, tokens installed, the SA found with custody L3. */
static void test_exchange_and_install(void **state)
{
	static const uint8_t daddr[4] = { 10, 0, 0, 2 };
	struct espvault_sa sa = ESPVAULT_INIT(struct espvault_sa);
	static struct end a, b;
	enum esv_status status;

	agree(&a, &b, ESPVAULT_FIRST);
	assert_int_not_equal(fake_install(0, a.child.token_out, ESV_DIR_OUT, SPI, &status), 0);
	assert_int_not_equal(fake_install(1, b.child.token_in, ESV_DIR_IN, SPI, &status), 0);
	assert_int_equal(fake_install(1, b.child.token_in, ESV_DIR_IN, SPI + 1, &status), 0);
	assert_int_equal(status, ESV_S_KEY_REJECTED);
	assert_int_equal(espvault_sa_lookup(b.u, 4, daddr, SPI, &sa), 0);
	assert_int_equal(sa.custody, ESPVAULT_CUSTODY_L3);
	assert_int_equal(sa.vouch, 1);
	assert_int_equal(sa.dir, 2);
	assert_int_equal(sa.spi, SPI);
	assert_int_equal(sa.reqid, 7);
	assert_memory_equal(sa.daddr, daddr, 4);
	assert_int_equal(espvault_sa_get(b.u, sa.handle, &sa), 0);
	assert_int_equal(espvault_sa_lookup(b.u, 4, daddr, SPI + 9, &sa), -ENOENT);
	assert_int_equal(espvault_sa_get(b.u, sa.handle + 1, &sa), -EBADF);
	assert_int_equal(espvault_sa_get(b.u, 0, &sa), -EBADF);
	espvault_close(a.u);
	espvault_close(b.u);
}

/* Closing takes what is not detached. */
static void test_detach(void **state)
{
	static struct end a, b;
	enum esv_status status;

	agree(&a, &b, ESPVAULT_FIRST | ESPVAULT_DETACH);
	espvault_close(a.u);
	assert_int_not_equal(fake_install(0, a.child.token_out, ESV_DIR_OUT, SPI, &status), 0);
	espvault_close(b.u);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	agree(&a, &b, ESPVAULT_FIRST);
	espvault_close(a.u);
	assert_int_equal(fake_install(0, a.child.token_in, ESV_DIR_IN, SPI, &status), 0);
	assert_int_equal(status, ESV_S_KEY_REJECTED);
	espvault_close(b.u);
}

static void test_destroy_and_zeroize(void **state)
{
	struct espvault_info before = ESPVAULT_INIT(struct espvault_info);
	struct espvault_info after = ESPVAULT_INIT(struct espvault_info);
	struct espvault *u = open_rw(0);
	espvault_handle h;
	uint8_t nonce[16];

	assert_int_equal(espvault_nonce_gen(u, 16, nonce, &h), 0);
	assert_int_equal(espvault_destroy(u, h), 0);
	assert_int_equal(espvault_destroy(u, h), 0);
	assert_int_equal(espvault_nonce_gen(u, 16, nonce, &h), 0);
	assert_int_equal(espvault_zeroize(u, 0), 0);
	assert_int_equal(espvault_get_info(u, &before), 0);
	assert_int_equal(before.handles, 0);
	assert_int_equal(espvault_zeroize(u, 1), 0);
	assert_int_equal(espvault_get_info(u, &after), 0);
	assert_true(after.epoch == before.epoch + 1);
	espvault_close(u);
}

static void test_reader(void **state)
{
	uint8_t nonce[16];
	struct espvault *u;
	espvault_handle h;

	assert_int_equal(espvault_open("/dev/espvault0", ESPVAULT_RDONLY, &u), 0);
	assert_int_equal(espvault_nonce_gen(u, 16, nonce, &h), -EPERM);
	assert_non_null(strstr(espvault_strerror(u), "for writing"));
	espvault_close(u);
}

/* SPD-30: classes go off one after the other, and none comes back. */
static void test_bypass(void **state)
{
	const uint32_t less = ESPVAULT_BYPASS_ALL & ~(ESPVAULT_BYPASS_NATT | ESPVAULT_BYPASS_MCAST);
	struct espvault *u = open_rw(0), *other = open_rw(1), *look;
	uint32_t on = 0x5555;

	assert_int_equal(espvault_bypass(NULL, ESPVAULT_BYPASS_ALL, &on), -EINVAL);
	assert_int_equal(espvault_bypass(u, 0, NULL), -EINVAL);
	assert_int_equal(espvault_bypass(u, ESPVAULT_BYPASS_ALL + 1, &on), -EPROTONOSUPPORT);
	assert_non_null(strstr(espvault_strerror(u), "BYPASS_SET: value is reserved"));
	assert_int_equal(on, 0x5555);
	assert_int_equal(espvault_bypass(u, ESPVAULT_BYPASS_ALL, &on), 0);
	assert_int_equal(on, ESPVAULT_BYPASS_ALL);
	assert_int_equal(espvault_bypass(u, less, &on), 0);
	assert_int_equal(on, less);
	assert_int_equal(espvault_bypass(u, ESPVAULT_BYPASS_ALL & ~ESPVAULT_BYPASS_ARP, &on), 0);
	assert_int_equal(on, less & ~ESPVAULT_BYPASS_ARP);
	assert_int_equal(espvault_open("/dev/espvault0", ESPVAULT_RDONLY, &look), 0);
	assert_int_equal(espvault_bypass(look, 0, &on), -EPERM);
	assert_int_equal(espvault_bypass(u, ESPVAULT_BYPASS_ALL, &on), 0);
	assert_int_equal(on, less & ~ESPVAULT_BYPASS_ARP);
	assert_int_equal(espvault_bypass(u, 0, &on), 0);
	assert_int_equal(on, 0);
	assert_int_equal(espvault_bypass(other, ESPVAULT_BYPASS_ALL, &on), 0);
	assert_int_equal(on, ESPVAULT_BYPASS_ALL);
	espvault_close(look);
	espvault_close(other);
	espvault_close(u);
}

static uint32_t mode_of(struct espvault *u)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);

	assert_int_equal(espvault_get_info(u, &info), 0);
	return info.mode;
}

/* SPD-31: one who only looks locks nothing; the lock is not the session's. */
static void test_lock(void **state)
{
	struct espvault *u = open_rw(0), *look;

	assert_int_equal(espvault_open("/dev/espvault0", ESPVAULT_RDONLY, &look), 0);
	assert_int_equal(espvault_lock(NULL), -EINVAL);
	assert_int_equal(espvault_lock(look), -EPERM);
	assert_non_null(strstr(espvault_strerror(look), "for writing"));
	assert_false(mode_of(look) & ESV_MODE_STRICT);
	assert_int_equal(espvault_lock(u), 0);
	assert_int_equal(espvault_lock(u), 0);
	espvault_close(u);
	assert_true(mode_of(look) & ESV_MODE_STRICT);
	espvault_close(look);
	u = open_rw(1);
	assert_false(mode_of(u) & ESV_MODE_STRICT);
	espvault_close(u);
}

/* A device without ESP has neither. */
static void test_without_esp(void **state)
{
	struct espvault *u = open_rw(0);
	uint32_t on;

	assert_int_equal(espvault_lock(u), -EOPNOTSUPP);
	assert_int_equal(espvault_bypass(u, ESPVAULT_BYPASS_ALL, &on), -EOPNOTSUPP);
	assert_non_null(strstr(espvault_strerror(u), "BYPASS_SET: command is not known to this device"));
	espvault_close(u);
}

static void test_open_errors(void **state)
{
	struct espvault *u = NULL;

	assert_int_equal(espvault_open("/dev/espvault9", 0, &u), -ENOENT);
	assert_int_equal(espvault_open(NULL, 0, &u), -EINVAL);
	assert_int_equal(espvault_open("/dev/espvault0", 0x80, &u), -EINVAL);
	fake_faults.uapi_version = 99;
	assert_int_equal(espvault_open("/dev/espvault0", 0, &u), -EPROTONOSUPPORT);
	assert_null(u);
	espvault_close(NULL);
	assert_string_equal(espvault_strerror(NULL), "no unit is open");
}

static void test_driver_errors(void **state)
{
	static const int errors[] = { -ETIMEDOUT, -ENODEV, -EIO, -EMSGSIZE, -E2BIG, -ENOMEM };
	struct espvault *u = open_rw(0);
	uint8_t nonce[16];
	espvault_handle h;

	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_faults.cmd_err = errors[i];
		assert_int_equal(espvault_nonce_gen(u, 16, nonce, &h), errors[i]);
		assert_true(strlen(espvault_strerror(u)) > 12);
	}
	espvault_close(u);
}

/* --- a device that lies --- */

static uint16_t lie_opcode;

static void unknown_status(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	if (opcode == lie_opcode)
		*status = 4711;
}

static void short_answer(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	if (opcode == lie_opcode)
		*out_len = 7;
}

static void long_field(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	if (opcode == ESV_OP_NONCE_GEN)
		((struct esv_nonce_out *)out)->len = 0xffff;
	if (opcode == ESV_OP_KE_GEN)
		((struct esv_ke_out *)out)->len = 0xffff;
	if (opcode == ESV_OP_ALG_TEST)
		((struct esv_alg_tested *)out)->len = 0xffff;
	if (opcode == ESV_OP_SA_LIST)
		((struct esv_sa_list *)out)->count = 0xffffffff;
}

static void endless_list(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	if (opcode == ESV_OP_SA_LIST)
		((struct esv_sa_list *)out)->next = 1;
}

static int never(const struct espvault_sa *sa, void *arg)
{
	fail();
	return 0;
}

static void test_lying_device(void **state)
{
	struct espvault *u = open_rw(0);
	uint8_t nonce[16], ke[64];
	size_t len = sizeof(ke);
	espvault_handle h;

	lie_opcode = ESV_OP_NONCE_GEN;
	fake_faults.answer = unknown_status;
	assert_int_equal(espvault_nonce_gen(u, 16, nonce, &h), -EPROTO);
	fake_faults.answer = short_answer;
	assert_int_equal(espvault_nonce_gen(u, 16, nonce, &h), -EPROTO);
	fake_faults.answer = long_field;
	assert_int_equal(espvault_nonce_gen(u, 16, nonce, &h), -EPROTO);
	assert_int_equal(espvault_ke_gen(u, ESPVAULT_X25519, ke, &len, &h), -EPROTO);
	assert_int_equal(espvault_sa_foreach(u, never, NULL), -EPROTO);
	lie_opcode = ESV_OP_SA_LIST;
	fake_faults.answer = short_answer;
	assert_int_equal(espvault_sa_foreach(u, never, NULL), -EPROTO);
	fake_faults.answer = endless_list;
	assert_int_equal(espvault_sa_foreach(u, never, NULL), -EPROTO);
	espvault_close(u);
}

/* --- the unit's algorithms --- */

static struct espvault_alg_params alg_params(unsigned int alg, unsigned int param, const void *a, size_t a_len,
					     const void *b, size_t b_len)
{
	struct espvault_alg_params p = ESPVAULT_INIT(struct espvault_alg_params);

	p.alg = (uint16_t)alg;
	p.param = (uint16_t)param;
	p.part[0] = (struct espvault_part){ a, a_len };
	p.part[1] = (struct espvault_part){ b, b_len };
	return p;
}

/* UNIT-101: what libcrypto gives too, and each refusal. */
static void test_alg_test(void **state)
{
	struct espvault_alg_params p = alg_params(ESPVAULT_ALG_PRF, ESPVAULT_PRF_SHA256, "key", 3, "message", 7);
	struct espvault *u = open_rw(0), *look;
	static uint8_t out[ESPVAULT_ALG_OUT_MAX], big[4080];
	uint8_t want[EVP_MAX_MD_SIZE];
	size_t len = sizeof(out);
	unsigned int n;

	assert_int_equal(espvault_alg_test(u, &p, out, &len), 0);
	assert_non_null(HMAC(EVP_sha256(), "key", 3, (const uint8_t *)"message", 7, want, &n));
	assert_int_equal(len, n);
	assert_memory_equal(out, want, n);
	p.param = ESPVAULT_PRF_SHA1;
	assert_int_equal(espvault_alg_test(u, &p, out, &len), 0);
	assert_int_equal(len, 20);
	len = 19;
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -ENOBUFS);
	len = sizeof(out);
	p.param = 9;
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EPROTONOSUPPORT);
	p.alg = 99;
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EPROTONOSUPPORT);
	p = alg_params(ESPVAULT_ALG_KE_SHARED, ESPVAULT_X25519, big, 32, big, 32);
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EBADMSG);
	p = alg_params(ESPVAULT_ALG_KWP_UNWRAP, 0, big, 32, big, 24);
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EBADMSG);
	p = alg_params(ESPVAULT_ALG_KWP_WRAP, 0, big, 31, big, 24);
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EMSGSIZE);
	p = alg_params(ESPVAULT_ALG_SIGN, ESPVAULT_ED25519, big, 40, "x", 1);
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EINVAL);
	p = alg_params(ESPVAULT_ALG_KE_PUBLIC, ESPVAULT_P256, big, 32, NULL, 0);
	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EKEYREJECTED);
	assert_int_equal(len, sizeof(out));
	assert_int_equal(espvault_open("/dev/espvault0", ESPVAULT_RDONLY, &look), 0);
	assert_int_equal(espvault_alg_test(look, &p, out, &len), -EPERM);
	espvault_close(look);
	espvault_close(u);
}

/* What the library refuses by itself, up to the last byte that fits. */
static void test_alg_arguments(void **state)
{
	struct { struct espvault_alg_params p; uint64_t more; } wide = { .more = 1 };
	struct espvault *u = open_rw(0);
	static uint8_t out[ESPVAULT_ALG_OUT_MAX], big[4080];
	size_t len = sizeof(out);

	wide.p = alg_params(ESPVAULT_ALG_PRF, ESPVAULT_PRF_SHA256, big, 16, big, sizeof(big) - 16);
	assert_int_equal(espvault_alg_test(NULL, &wide.p, out, &len), -EINVAL);
	assert_int_equal(espvault_alg_test(u, NULL, out, &len), -EINVAL);
	assert_int_equal(espvault_alg_test(u, &wide.p, NULL, &len), -EINVAL);
	assert_int_equal(espvault_alg_test(u, &wide.p, out, NULL), -EINVAL);
	assert_int_equal(espvault_alg_test(u, &wide.p, out, &len), 0);
	assert_int_equal(len, 32);
	wide.p.part[1].len++;
	assert_int_equal(espvault_alg_test(u, &wide.p, out, &len), -EMSGSIZE);
	assert_non_null(strstr(espvault_strerror(u), "4080 bytes"));
	wide.p.part[1].len = SIZE_MAX;
	assert_int_equal(espvault_alg_test(u, &wide.p, out, &len), -EMSGSIZE);
	wide.p.part[1] = (struct espvault_part){ NULL, 1 };
	assert_int_equal(espvault_alg_test(u, &wide.p, out, &len), -EINVAL);
	wide.p.size = sizeof(wide);
	assert_int_equal(espvault_alg_test(u, &wide.p, out, &len), -E2BIG);
	wide.p = alg_params(ESPVAULT_ALG_PRF, ESPVAULT_PRF_SHA256, big, 16, big, 1);
	fake_faults.answer = long_field;
	assert_int_equal(espvault_alg_test(u, &wide.p, out, &len), -EPROTO);
	espvault_close(u);
}

/* A unit that is not in test mode runs none. */
static void test_alg_denied(void **state)
{
	struct espvault_alg_params p = alg_params(ESPVAULT_ALG_PRF, ESPVAULT_PRF_SHA256, "key", 3, "message", 7);
	struct espvault *u = open_rw(0);
	uint8_t out[64];
	size_t len = sizeof(out);

	assert_int_equal(espvault_alg_test(u, &p, out, &len), -EACCES);
	assert_non_null(strstr(espvault_strerror(u), "ALG_TEST: the trusted unit's rules forbid it"));
	espvault_close(u);
}

/* --- ESP keys of a controller --- */

/* For the SA that fake_install() makes. */
static struct espvault_esp_params esp_params(uint8_t dir, uint32_t spi)
{
	struct espvault_esp_params p = ESPVAULT_INIT(struct espvault_esp_params);

	p.dir = dir;
	p.family = 4;
	p.mode = 1;
	p.spi = spi;
	memcpy(p.saddr, (const uint8_t[]){ 10, 0, 0, 1 }, 4);
	memcpy(p.daddr, (const uint8_t[]){ 10, 0, 0, 2 }, 4);
	memset(p.key, 0x5a, sizeof(p.key));
	return p;
}

/* In clear, as a unit in test mode takes it. */
static int bring_esp(struct espvault *u, const struct espvault_esp_params *e, uint8_t *token, size_t *token_len)
{
	struct espvault_provision_params p = ESPVAULT_INIT(struct espvault_provision_params);
	uint8_t secret[ESPVAULT_ESP_LEN], plain[256];
	size_t len = sizeof(plain);
	espvault_handle h;

	assert_int_equal(espvault_esp_encode(e, secret), 0);
	assert_int_equal(espvault_secret_encode(ESPVAULT_ESP, 0, NULL, 0, secret, sizeof(secret), plain, &len), 0);
	p.type = ESPVAULT_ESP;
	p.wrap = ESPVAULT_WRAP_NONE;
	p.data = plain;
	p.data_len = len;
	return espvault_provision(u, &p, &h, token, token_len);
}

/* UNIT-100: the token is good for its own SA, whose custody is L2, and for no other. */
static void test_wrapped_esp(void **state)
{
	struct espvault_esp_params e = esp_params(ESV_DIR_OUT, SPI);
	struct espvault_sa sa = ESPVAULT_INIT(struct espvault_sa);
	struct espvault *u = open_rw(0);
	uint8_t token[ESPVAULT_TOKEN_LEN];
	size_t len = sizeof(token);
	enum esv_status status;
	uint32_t handle;

	assert_int_equal(bring_esp(u, &e, NULL, NULL), -EINVAL);
	assert_non_null(strstr(espvault_strerror(u), "known by its token"));
	len = sizeof(token) - 1;
	assert_int_equal(bring_esp(u, &e, token, &len), -ENOBUFS);
	len = sizeof(token);
	assert_int_equal(bring_esp(u, &e, token, &len), 0);	/* what found no room is gone again */
	assert_int_equal(len, sizeof(token));
	assert_int_equal(bring_esp(u, &e, token, &len), -EKEYREJECTED);
	assert_int_equal(fake_install(0, token, ESV_DIR_OUT, SPI + 1, &status), 0);
	assert_int_equal(status, ESV_S_KEY_REJECTED);
	handle = fake_install(0, token, ESV_DIR_OUT, SPI, &status);
	assert_int_not_equal(handle, 0);
	assert_int_equal(espvault_sa_get(u, handle, &sa), 0);
	assert_int_equal(sa.custody, ESPVAULT_CUSTODY_L2);
	espvault_close(u);
}

static void wrong_token_len(uint16_t opcode, uint16_t *status, uint16_t *out_len, void *out)
{
	if (opcode == ESV_OP_PROVISION)
		((struct esv_provisioned *)out)->stored_len = htole16(35);
}

static void test_esp_arguments(void **state)
{
	struct { struct espvault_esp_params p; uint64_t more; } wide = { .more = 1 };
	struct espvault_esp_params e = esp_params(ESV_DIR_IN, 255), *p = &wide.p;
	uint8_t secret[ESPVAULT_ESP_LEN] = "untouched", token[ESPVAULT_TOKEN_LEN];
	struct espvault *u = open_rw(0);
	size_t len = sizeof(token);

	assert_int_equal(espvault_esp_encode(NULL, secret), -EINVAL);
	assert_int_equal(espvault_esp_encode(&e, NULL), -EINVAL);
	assert_int_equal(espvault_esp_encode(&e, secret), -EINVAL);
	*p = esp_params(3, 256);
	assert_int_equal(espvault_esp_encode(p, secret), -EINVAL);
	*p = esp_params(ESV_DIR_IN, 256);
	p->family = 5;
	assert_int_equal(espvault_esp_encode(p, secret), -EINVAL);
	p->family = 6;
	p->mode = 0;
	assert_int_equal(espvault_esp_encode(p, secret), -EINVAL);
	p->mode = 2;
	p->size = sizeof(wide);
	assert_int_equal(espvault_esp_encode(p, secret), -E2BIG);
	assert_memory_equal(secret, "untouched", 10);
	p->size = sizeof(*p);
	assert_int_equal(espvault_esp_encode(p, secret), 0);
	assert_memory_equal(secret, "\2\6\2\0\0\0\1\0\012\0\0\1", 12);
	fake_faults.answer = wrong_token_len;
	assert_int_equal(bring_esp(u, p, token, &len), -EPROTO);
	espvault_close(u);
}

/* --- structs with sizes --- */

static void test_sizes(void **state)
{
	struct { struct espvault_info i; char more[64]; } wide;
	struct { struct espvault_child_params p; uint64_t more; } in = { .more = 1 };
	struct espvault_child child = ESPVAULT_INIT(struct espvault_child);
	struct espvault_info old;
	struct espvault *u = open_rw(0);

	memset(&wide, 0xff, sizeof(wide));
	wide.i.size = sizeof(wide);		/* a newer caller: what we don't know is zero */
	assert_int_equal(espvault_get_info(u, &wide.i), 0);
	assert_int_equal(wide.i.size, sizeof(wide.i));
	assert_int_equal(wide.more[0], 0);
	memset(&old, 0xee, sizeof(old));
	old.size = offsetof(struct espvault_info, epoch);	/* an older one: nothing behind its end */
	assert_int_equal(espvault_get_info(u, &old), 0);
	assert_int_equal(old.size, offsetof(struct espvault_info, epoch));
	assert_true(old.epoch == 0xeeeeeeeeeeeeeeeeull);
	assert_int_equal(old.ifindex, 10);
	old.size = 2;
	assert_int_equal(espvault_get_info(u, &old), -EINVAL);
	in.p.size = sizeof(in);
	assert_int_equal(espvault_child_derive(u, &in.p, &child), -E2BIG);
	in.more = 0;
	assert_int_equal(espvault_child_derive(u, &in.p, &child), -EINVAL);	/* the device: role 0 */
	child.size = 16;
	assert_int_equal(espvault_child_derive(u, &in.p, &child), -EINVAL);
	espvault_close(u);
}

static void test_arguments(void **state)
{
	struct espvault *u = open_rw(0);
	uint8_t nonce[300], ke[8], big[3000] = { 0 };
	size_t len = sizeof(ke);
	espvault_handle h;

	assert_int_equal(espvault_nonce_gen(u, 15, nonce, &h), -EINVAL);
	assert_int_equal(espvault_nonce_gen(u, 257, nonce, &h), -EINVAL);
	assert_int_equal(espvault_ke_gen(u, ESPVAULT_X25519, ke, &len, &h), -ENOBUFS);
	assert_int_equal(espvault_ke_gen(u, 9, big, &len, &h), -EPROTONOSUPPORT);
	assert_int_equal(espvault_ke_finish(u, 1, big, sizeof(big), &h), -EBADMSG);
	assert_int_equal(espvault_ke_finish(u, 1, big, 32, &h), -EBADF);
	assert_int_equal(espvault_auth_assert(u, 1, 2, "x", 0, 0), -EINVAL);
	assert_int_equal(espvault_auth_assert(u, 1, 2, big, 257, 0), -EINVAL);
	assert_int_equal(espvault_sa_foreach(u, NULL, NULL), -EINVAL);
	espvault_close(u);
}

/* --- lists and counters --- */

struct seen {
	unsigned int n;
	uint64_t value;
	const char *want;
};

static int count_sa(const struct espvault_sa *sa, void *arg)
{
	((struct seen *)arg)->n++;
	return 0;
}

static int stop_at_first(const struct espvault_sa *sa, void *arg)
{
	((struct seen *)arg)->n++;
	return 42;
}

static int check_policy(const struct espvault_policy *p, void *arg)
{
	((struct seen *)arg)->n++;
	assert_int_equal(p->priority, 55);
	assert_int_equal(p->action, 2);
	assert_int_equal(p->reqid, 7);
	assert_int_equal(p->sel.plen_d, 24);
	assert_int_equal(p->sel.dport, 443);
	assert_int_equal(p->cookie, 99);
	return 0;
}

static int find_counter(const char *name, uint64_t value, void *arg)
{
	struct seen *s = arg;

	s->n++;
	if (!strcmp(name, s->want))
		s->value = value;
	return 0;
}

static void test_lists(void **state)
{
	const struct esv_policy_params p = {
		.sel = { .family = 4, .proto = 6, .plen_s = 32, .plen_d = 24, .dport = htobe16(443),
			 .dport_mask = 0xffff, .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 5, 0 } },
		.dir = ESV_DIR_OUT, .action = ESV_ACTION_PROTECT, .mode = ESV_SA_TRANSPORT,
		.priority = htole32(55), .reqid = htole32(7), .cookie = htole32(99),
	};
	struct seen s = { .want = "TOKENS_MADE" };
	static struct end a, b;
	enum esv_status status;

	agree(&a, &b, ESPVAULT_FIRST);
	fake_install(0, a.child.token_out, ESV_DIR_OUT, SPI, &status);
	fake_install(0, a.child.token_in, ESV_DIR_IN, SPI + 1, &status);
	assert_int_equal(espvault_sa_foreach(a.u, count_sa, &s), 0);
	assert_int_equal(s.n, 2);
	s.n = 0;
	assert_int_equal(espvault_sa_foreach(a.u, stop_at_first, &s), 42);
	assert_int_equal(s.n, 1);
	s.n = 0;
	assert_int_not_equal(fake_policy(0, &p), 0);
	assert_int_equal(espvault_policy_foreach(a.u, check_policy, &s), 0);
	assert_int_equal(s.n, 1);
	s.n = 0;
	assert_int_equal(espvault_counters(a.u, find_counter, &s), 0);
	assert_int_equal(s.n, ESV_C_COUNT);
	assert_int_equal(s.value, 2);
	espvault_close(a.u);
	espvault_close(b.u);
}

static int collect_path(const char *path, void *arg)
{
	struct seen *s = arg;

	return s->n++ == 1 ? 5 : 0;
}

static void test_foreach(void **state)
{
	struct seen s = { 0 };

	assert_int_equal(espvault_foreach(collect_path, &s), 5);
	assert_int_equal(s.n, 2);
	fake_faults.units = 0;
	assert_int_equal(espvault_foreach(collect_path, &s), 0);
	assert_int_equal(espvault_foreach(NULL, &s), -EINVAL);
}

static void test_decode(void **state)
{
	struct espvault_token t = ESPVAULT_INIT(struct espvault_token);
	uint8_t key[ESPVAULT_TOKEN_LEN] = "certainly not a token, but so long";
	static struct end a, b;

	agree(&a, &b, ESPVAULT_FIRST);
	assert_int_equal(espvault_token_decode(a.child.token_out, &t), 0);
	assert_int_equal(t.dir, ESV_DIR_OUT);
	assert_int_equal(t.suite, ESV_ALGO_AES_GCM_16_256);
	assert_int_equal(espvault_token_decode(key, &t), -EINVAL);
	espvault_close(a.u);
	espvault_close(b.u);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, fake_setup, fake_teardown)
/* With devices of this configuration. */
#define T_OF(fn, cfg)	cmocka_unit_test_prestate_setup_teardown(fn, fake_setup, fake_teardown, cfg)

int main(void)
{
	struct esvc_config no_esp, test_mode;
	const struct CMUnitTest tests[] = {
		T(test_info), T(test_identify), T(test_exchange_and_install), T(test_ke_methods),
		T(test_update_and_rekey), T(test_messages), T(test_detach), T(test_destroy_and_zeroize),
		T(test_reader), T(test_bypass), T(test_lock), T_OF(test_without_esp, &no_esp), T(test_alg_denied),
		T_OF(test_alg_test, &test_mode), T_OF(test_alg_arguments, &test_mode),
		T_OF(test_wrapped_esp, &test_mode), T_OF(test_esp_arguments, &test_mode),
		T(test_open_errors), T(test_driver_errors), T(test_lying_device),
		T(test_sizes), T(test_arguments), T(test_lists), T(test_foreach), T(test_decode),
	};

	esvc_config_default(&no_esp);
	no_esp.ipsec = false;
	esvc_config_default(&test_mode);
	test_mode.test_mode = true;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libespvault", tests, NULL, NULL) ? 1 : 0;
}
