// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIT-2, UNIT-50: the scan gets every secret, in test mode only, and none stays behind. */
#include "unit_rig.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>

struct seen {
	unsigned int n;
	char name[64][64];
	size_t len[64];
	uint8_t b[64][240];
};

static void see(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
	struct seen *s = arg;

	assert_in_range(s->n, 0, 63);
	assert_in_range(len, 4, 240);
	snprintf(s->name[s->n], sizeof(s->name[0]), "%s", name);
	memcpy(s->b[s->n], bytes, len);
	s->len[s->n++] = len;
}

static int find(const struct seen *s, const char *name)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (!strcmp(s->name[i], name))
			return (int)i;
	return -1;
}

/* UNIT-50: in test mode every secret is told by its name, with what ciphers make of it. */
static void test_enumeration(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST | ESV_MODE_HOST_KEYS, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_128);
	static struct seen s;
	uint8_t host[20] = "sixteen bytes...salt";
	struct esvc_key *key;
	int i, w, x;
	bool c;

	rig_ke(r, r->session, NULL);
	rig_secret(r, r->session);
	rig_child(r, r->session, rig_ike_ready(r, r->session), ESV_CHILD_F_FIRST);
	assert_int_equal(esvc_key_from_host(r->dev.unit, host, sizeof(host), &b, &key, &c), ESV_S_OK);
	assert_int_equal(esvc_unit_test_secrets(r->dev.unit, see, &s), 0);
	assert_true(find(&s, "unit.token_key") >= 0);
	assert_true(find(&s, "unit.import_key") >= 0);
	assert_true(find(&s, "unit.device_key") >= 0);
	assert_true(find(&s, "unit.boot_key") >= 0);
	assert_true(find(&s, "ke[0].private") >= 0);
	i = find(&s, "esp[0].key");
	w = find(&s, "esp[0].round_keys");
	x = find(&s, "esp[0].round_keys_swapped");
	assert_true(i >= 0 && w >= 0 && x >= 0);
	assert_int_equal(s.len[i], 32);
	assert_int_equal(s.len[w], 240);
	assert_memory_equal(s.b[i], s.b[w], 32);
	assert_int_equal(s.b[w][0], s.b[x][3]);
	assert_int_equal(s.len[find(&s, "esp[0].ghash_key")], 16);
	assert_int_equal(s.len[find(&s, "esp[1].salt")], 4);
	assert_memory_equal(s.b[find(&s, "host[2].key")], host, 16);
	assert_int_equal(s.len[find(&s, "host[2].round_keys")], 176);
	rig_free(r);
}

static bool tells(const struct seen *s, const char *part)
{
	bool told = false;

	for (unsigned int i = 0; i < s->n; i++)
		told |= strstr(s->name[i], part) != NULL;
	return told;
}

/* UNIT-50, UNIT-94: what AUTH covers of IKE_INTERMEDIATE, as soon as there is something. */
static void test_intauth(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	struct esv_intauth in = { .ike = htole64(rig_ike(r, r->session)), .len = htole16(4), .data = "A, P" };

	for (uint8_t said = 0; said <= ESV_ROLE_RESPONDER; said++) {
		static struct seen s;

		in.sender = said;
		if (said)
			assert_int_equal(rig_run(r, ESV_OP_INTAUTH, r->session, &in, offsetof(struct esv_intauth, data) + 4),
					 ESV_S_OK);
		memset(&s, 0, sizeof(s));
		assert_int_equal(esvc_unit_test_secrets(r->dev.unit, see, &s), 0);
		assert_int_equal(tells(&s, ".intauth_i"), said >= ESV_ROLE_INITIATOR);
		assert_int_equal(tells(&s, ".intauth_r"), said >= ESV_ROLE_RESPONDER);
	}
	rig_free(r);
}

/* How often a key that was just taken stands in its slot of the arena: up to the next one, which nobody may touch. */
static unsigned int copies(uint32_t mode)
{
	struct rig *r = rig_new(mode, 1);
	struct esvc_binding b = rig_bind(ESV_DIR_OUT, ESV_ALGO_AES_GCM_16_256);
	const uint8_t host[36] = "thirty-two bytes of an AES key..salt", *at, *end;
	struct esvc_key *key;
	unsigned int n = 0;
	bool c;

	assert_int_equal(esvc_key_from_host(r->dev.unit, host, sizeof(host), &b, &key, &c), ESV_S_OK);
	at = key->aead_ctx;
	for (end = at; !__asan_address_is_poisoned(end); end += ESVC_ARENA_ALIGN)
		;
	while ((at = memmem(at, (size_t)(end - at), host, 32)) != NULL) {
		at++;
		n++;
	}
	rig_free(r);
	return n;
}

/* UNIT-50: no way to a secret without test mode, and no key kept for the scan: the cipher's own is the only one. */
static void test_production(void **state)
{
	struct rig *r = rig_new(ESV_MODE_HOST_KEYS, 1);
	static struct seen s;

	s.n = 0;
	assert_int_equal(esvc_unit_test_secrets(r->dev.unit, see, &s), -EACCES);
	assert_int_equal(s.n, 0);
	assert_int_equal(copies(ESV_MODE_HOST_KEYS), 1);
	assert_int_equal(copies(ESV_MODE_HOST_KEYS | ESV_MODE_TEST), 2);
	rig_free(r);
}

/* UNIT-50, FIPS 197 appendix A.1 and A.3: the last words of the schedules. */
static void test_schedule(void **state)
{
	static const uint8_t k128[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
					  0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
	static const uint8_t k256[32] = { 0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe,
					  0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
					  0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7,
					  0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4 };
	static const uint8_t zero[16], h[16] = { 0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b,
						 0x88, 0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e };
	uint8_t w[240];

	assert_int_equal(esvc_aes_schedule(k128, 16, w), 176);
	assert_memory_equal(w + 172, "\xb6\x63\x0c\xa6", 4);
	assert_int_equal(esvc_aes_schedule(k256, 32, w), 240);
	assert_memory_equal(w + 236, "\x70\x6c\x63\x1e", 4);
	assert_int_equal(esvc_ghash_key(zero, 16, w), 0);	/* GCM specification, test case 1 */
	assert_memory_equal(w, h, 16);
}

/* UNIT-2: a wiped arena slot keeps nothing of the key that was in it. */
static void test_wiped(void **state)
{
	struct rig *r = rig_new(ESV_MODE_TEST, 1);
	struct esvc_unit *u = r->dev.unit;
	static struct seen s;
	uint64_t ike = rig_ike_ready(r, r->session);
	const struct esvc_unit_secrets *sec = u->sec;
	static const uint8_t zero[sizeof(sec->ike)];

	rig_child(r, r->session, ike, ESV_CHILD_F_FIRST);
	assert_memory_equal(&sec->ike, zero, sizeof(sec->ike));	/* no intermediate stays */
	assert_memory_equal(sec->keymat, zero, sizeof(sec->keymat));
	assert_int_equal(rig_run(r, ESV_OP_SESSION_CLOSE, r->session, NULL, 0), ESV_S_OK);
	s.n = 0;
	assert_int_equal(esvc_unit_test_secrets(u, see, &s), 0);
	assert_int_equal(s.n, 7);	/* the unit's own: of tokens, imports, provisioning; identity, storage, device, boot */
	rig_free(r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_enumeration),
	cmocka_unit_test(test_intauth),
	cmocka_unit_test(test_production),
	cmocka_unit_test(test_schedule),
	cmocka_unit_test(test_wiped),
};

RIG_MAIN(tests)
