// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UNIT-2 with the reference backend, whose cipher objects are memory of
 * libcrypto's, outside of the arena: between two packets no such memory holds a
 * key, whether it is still in use or was destroyed.
 */
#include <openssl/evp.h>

#include "chunks.h"
#include "esvc_unit_priv.h"
#include "ipsec_rig.h"

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

/* The tracker does see what libcrypto keeps. */
static void seen(void **state)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t key[36];

	irig_key(key, sizeof(key), 0x1000);
	assert_int_equal(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, NULL), 1);
	assert_int_equal(holders(0x1000), 1);
	EVP_CIPHER_CTX_free(c);
	assert_int_equal(holders(0x1000), 0);
}

static void between_packets(void **state)
{
	struct irig *r = irig_new_cfg(true, ESVC_AEAD_EVP, 8, 8, 0);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x1000);
	struct pkt_spec s = irig_spec(4, 17, 100);
	static uint8_t esp[FRAME_MAX];
	static struct pkt k;
	size_t len;

	for (int i = 0; i < 3; i++) {
		pkt_build(&k, &s);
		assert_counter(irig_send(r, k.b, k.len, p.out), TX_ESP);
		assert_int_equal(holders(0x1000), 0);
		len = r->buf.len;
		memcpy(esp, r->buf.data, len);
		esp[len - 1] ^= 1;
		assert_counter(irig_recv(r, esp, len), RX_DROP_AUTH);
		assert_int_equal(holders(0x1000), 0);
		esp[len - 1] ^= 1;
		assert_counter(irig_recv(r, esp, len), RX_ESP);
		assert_int_equal(holders(0x1000), 0);
	}
	esvc_keys_kill(r->dev.unit, -1);
	assert_int_equal(holders(0x1000), 0);
	irig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen), cmocka_unit_test(between_packets),
	};

	if (!chunks_track())
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-aead-forget", tests, NULL, NULL) ? 1 : 0;
}
