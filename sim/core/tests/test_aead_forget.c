// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIT-2, RST-2 with the reference backend, whose cipher objects are memory of
 * libcrypto's: once a key is destroyed no such memory holds it any more.
 */
#include <openssl/crypto.h>

#include "esvc_unit_priv.h"
#include "ipsec_rig.h"

/* What libcrypto has allocated, oldest last. */
struct chunk {
	struct chunk *next, **link;
	size_t len;
	_Alignas(16) uint8_t data[];
};

static struct chunk *chunks;

static void *get(size_t len, const char *file, int line)
{
	struct chunk *c = malloc(sizeof(*c) + len);

	if (!c)
		return NULL;
	c->len = len;
	c->next = chunks;
	c->link = &chunks;
	if (chunks)
		chunks->link = &c->next;
	chunks = c;
	return c->data;
}

static void put(void *p, const char *file, int line)
{
	struct chunk *c = p ? (struct chunk *)((uint8_t *)p - offsetof(struct chunk, data)) : NULL;

	if (!c)
		return;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c);
}

static void *again(void *old, size_t len, const char *file, int line)
{
	const struct chunk *c = old ? (struct chunk *)((uint8_t *)old - offsetof(struct chunk, data)) : NULL;
	void *p = len ? get(len, file, line) : NULL;

	if (len && !p)
		return NULL;
	if (c && p)
		memcpy(p, old, c->len < len ? c->len : len);
	put(old, file, line);
	return p;
}

/* Pieces of libcrypto's memory with the key of this SPI in it: round key 0 is the key. */
static unsigned int holders(uint32_t spi)
{
	uint8_t key[36];
	unsigned int n = 0;

	irig_key(key, sizeof(key), spi);
	for (const struct chunk *c = chunks; c; c = c->next)
		n += memmem(c->data, c->len, key, 16) != NULL;
	return n;
}

static struct irig *keyed(struct pair *p)
{
	struct irig *r = irig_new_cfg(true, ESVC_AEAD_EVP, 8, 8, 0);
	struct pkt_spec s = irig_spec(4, 17, 100);
	static struct pkt k;
	static uint8_t esp[FRAME_MAX];
	size_t len;

	*p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x1000);
	pkt_build(&k, &s);
	assert_counter(irig_send(r, k.b, k.len, p->out), TX_ESP);
	len = r->buf.len;
	memcpy(esp, r->buf.data, len);
	assert_counter(irig_recv(r, esp, len), RX_ESP);
	assert_int_equal(holders(0x1000), 2);
	return r;
}

static void deleted(void **state)
{
	struct pair p;
	struct irig *r = keyed(&p);

	ok(irig_cmd(r, ESV_OP_SA_DELETE, p.out, 0, NULL, 0));
	assert_int_equal(holders(0x1000), 0);
	ok(irig_cmd(r, ESV_OP_SA_DELETE, p.in, 0, NULL, 0));
	assert_int_equal(holders(0x1000), 0);
	irig_free(r);
}

static void killed(void **state)
{
	struct pair p;
	struct irig *r = keyed(&p);

	esvc_keys_kill(r->dev.unit, -1);
	assert_int_equal(holders(0x1000), 0);
	irig_free(r);
}

/* Another SA's key may be forgotten with it; it goes on. */
static void others_go_on(void **state)
{
	struct pair p, q;
	struct irig *r = keyed(&p);
	struct esv_sa_params so = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x2000);
	struct pkt_spec s = irig_spec(4, 17, 100);
	static struct pkt k;

	q.out = irig_add_sa(r, &so);
	pkt_build(&k, &s);
	assert_counter(irig_send(r, k.b, k.len, q.out), TX_ESP);
	ok(irig_cmd(r, ESV_OP_SA_DELETE, p.out, 0, NULL, 0));
	assert_int_equal(holders(0x2000), 0);
	assert_counter(irig_send(r, k.b, k.len, q.out), TX_ESP);
	irig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deleted), cmocka_unit_test(killed), cmocka_unit_test(others_go_on),
	};

	if (!CRYPTO_set_mem_functions(get, again, put))
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-aead-forget", tests, NULL, NULL) ? 1 : 0;
}
