// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP out and in through one engine (ESP-1 ff), for every family, mode and key length. */
#include "ipsec_rig.h"

static struct pkt pkt;
static uint8_t wire[FRAME_MAX];
static size_t wire_len;

/* Encrypt what is in pkt and keep it in wire. */
static void to_wire(struct irig *r, uint32_t handle)
{
	assert_counter(irig_send(r, pkt.b, pkt.len, handle), TX_ESP);
	wire_len = r->buf.len;
	memcpy(wire, r->buf.data, wire_len);
}

static size_t wire_esp(uint8_t family)
{
	return 14 + (family == 4 ? 20 : 40);
}

static void check_outer(uint8_t family, uint8_t mode)
{
	const uint8_t *ip = wire + 14;
	bool tunnel = mode == ESV_SA_TUNNEL;
	size_t alen = family == 4 ? 4 : 16;
	const uint8_t *src = ip + (family == 4 ? 12 : 8);

	assert_memory_equal(wire, MAC_B, 6);
	assert_memory_equal(wire + 6, MAC_A, 6);
	assert_int_equal(rd16(wire + 12), family == 4 ? 0x0800 : 0x86dd);
	assert_memory_equal(src, tunnel ? GW_A[family == 6] : ADDR_A[family == 6], alen);
	assert_memory_equal(src + alen, tunnel ? GW_B[family == 6] : ADDR_B[family == 6], alen);
	assert_int_equal(ip[family == 4 ? 9 : 6], 50);
	assert_int_equal(ip[family == 4 ? 8 : 7], 64);
	if (family == 4) {
		assert_int_equal(slow_sum(0, ip, 20), 0xffff);
		assert_int_equal(rd16(ip + 2) + 14, wire_len);
	} else {
		assert_int_equal(rd16(ip + 4) + 54, wire_len);
	}
	assert_int_equal((wire_len - wire_esp(family)) % 4, 0);
}

static void one_matrix_case(uint8_t family, uint8_t mode, bool bits128, bool esn, enum esvc_backend backend)
{
	struct irig *r = irig_new_cfg(true, backend, 8, 8, 0);
	struct esv_sa_params so = irig_sa(ESV_DIR_OUT, family, mode, 0x1000);
	struct esv_sa_params si = irig_sa(ESV_DIR_IN, family, mode, 0x1000);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, family, ESV_ACTION_PROTECT, mode);
	struct esv_policy_params pi = irig_policy(ESV_DIR_IN, family, ESV_ACTION_PROTECT, mode);
	uint32_t out, in, seq;

	so.flags |= htole32(esn ? ESV_SA_F_ESN : 0);
	si.flags |= htole32(esn ? ESV_SA_F_ESN : 0);
	if (bits128) {
		irig_sa_128(&so);
		irig_sa_128(&si);
	}
	out = irig_add_sa(r, &so);
	in = irig_add_sa(r, &si);
	irig_add_policy(r, &po);
	irig_add_policy(r, &pi);
	for (seq = 1; seq <= 300; seq++) {
		size_t payload = seq < 40 ? seq - 1 : seq * 4 % 1300;
		struct pkt_spec spec = irig_spec(family, seq % 2 ? 17 : 6, payload);

		pkt_build(&pkt, &spec);
		to_wire(r, out);
		check_outer(family, mode);
		assert_int_equal(rd32(wire + wire_esp(family)), 0x1000);
		assert_int_equal(rd32(wire + wire_esp(family) + 4), seq);
		assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
		assert_int_equal(r->meta.sa_handle, in);
		assert_int_equal(r->meta.seq_lo, seq);
		assert_int_equal(r->buf.len, pkt.len);
		assert_memory_equal(r->buf.data, pkt.b, pkt.len);
		assert_counter(irig_recv(r, wire, wire_len), RX_DROP_REPLAY);
	}
	assert_int_equal(le64toh(irig_query(r, in).replay_dropped), 300);
	assert_int_equal(le64toh(irig_query(r, in).replay_window_dropped), 0);
	pkt16(wire + wire_esp(family) + 6, 300 - 64);
	if (!esn)	/* with ESN it would stand for a number to come */
		assert_counter(irig_recv(r, wire, wire_len), RX_DROP_REPLAY);
	assert_int_equal(le64toh(irig_query(r, in).replay_window_dropped), !esn);
	irig_free(r);
}

/* ESP-1 to ESP-3, ESP-6, ESP-24: what goes out. ESP-30, ESP-35, ESP-36, ESP-40: how it comes in, once. */
static void test_matrix(void **state)
{
	for (unsigned int i = 0; i < 32; i++)
		one_matrix_case(i & 1 ? 6 : 4, i & 2 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT, i & 4, i & 8,
				i & 16 ? ESVC_AEAD_EVP : ESVC_AEAD_AUTO);
}

/* ESP-4, KEY-2: the IV is the key's counter, never the host's, and never twice. SA-24: until none is left. */
static void test_iv_and_sequence(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x2000);
	struct esvc_key *key = irig_get(r, p.out)->key;
	struct pkt_spec spec = irig_spec(4, 17, 100);
	uint64_t iv = key->iv;

	pkt_build(&pkt, &spec);
	for (unsigned int i = 1; i <= 5; i++) {
		to_wire(r, p.out);
		assert_int_equal(((uint64_t)rd32(wire + 42) << 32) + rd32(wire + 46), iv + i);
		assert_int_equal(rd32(wire + 38), i);
	}
	key->iv = UINT64_MAX;	/* wraps: iv_left is what ends it */
	to_wire(r, p.out);
	assert_int_equal(rd32(wire + 42), 0);
	assert_int_equal(rd32(wire + 46), 0);
	key->iv_left = 1;
	to_wire(r, p.out);
	assert_counter(irig_send(r, pkt.b, pkt.len, p.out), TX_DROP_SEQ);
	irig_free(r);
}

/* ESP-11, ESP-4: a cipher that fails drops the frame; the number and the IV that it had are used up all the same. */
static void test_cipher_fails(void **state)
{
	struct irig *r = irig_new_cfg(true, ESVC_AEAD_EVP, 8, 8, 0);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x2003);
	struct esvc_sa *sa = irig_get(r, p.out);
	size_t size = esvc_aead_ctx_size(r->dev.aead);
	struct pkt_spec spec = irig_spec(4, 17, 100);
	uint64_t iv = sa->key->iv, left = sa->key->iv_left;
	uint8_t ctx[ESVC_AEAD_CTX_SIZE];

	pkt_build(&pkt, &spec);
	memcpy(ctx, sa->key->aead_ctx, size);
	memset(sa->key->aead_ctx, 0, size);	/* no key: this backend refuses */
	for (int i = 0; i < 2; i++)
		assert_counter(irig_send(r, pkt.b, pkt.len, p.out), TX_DROP_CRYPTO);
	memcpy(sa->key->aead_ctx, ctx, size);
	to_wire(r, p.out);
	assert_int_equal(rd32(wire + 38), 3);
	assert_true(((uint64_t)rd32(wire + 42) << 32) + rd32(wire + 46) == iv + 3);
	assert_true(sa->key->iv_left == left - 3);
	assert_int_equal(sa->packets, 1);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	irig_free(r);
}

/* SA-24: behind the last number every frame is dropped, with one event. */
static void test_sequence_ends(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x2001);
	struct pkt_spec spec = irig_spec(4, 17, 100);

	pkt_build(&pkt, &spec);
	irig_get(r, p.out)->key->seq = UINT32_MAX - 1;
	to_wire(r, p.out);
	assert_int_equal(rd32(wire + 38), UINT32_MAX);
	for (unsigned int i = 0; i < 3; i++)
		assert_counter(irig_send(r, pkt.b, pkt.len, p.out), TX_DROP_SEQ);
	assert_int_equal(r->nr_events, 1);
	assert_int_equal(r->events[0].type, ESV_EV_SA_SEQ);
	assert_int_equal(r->events[0].object, p.out);
	irig_free(r);
}

/* ESP-5, ESP-31: over the 32-bit edge with ESN: the high half is in the AAD only. */
static void test_esn_edge(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params so = irig_sa(ESV_DIR_OUT, 6, ESV_SA_TUNNEL, 0x2002);
	struct esv_sa_params si = irig_sa(ESV_DIR_IN, 6, ESV_SA_TUNNEL, 0x2002);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	struct esv_policy_params pi = irig_policy(ESV_DIR_IN, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	struct pkt_spec spec = irig_spec(6, 17, 100);
	uint32_t out, in;

	so.flags |= htole32(ESV_SA_F_ESN);
	si.flags |= htole32(ESV_SA_F_ESN);
	so.seq = si.seq = htole64(0xfffffff0);
	out = irig_add_sa(r, &so);
	in = irig_add_sa(r, &si);
	irig_add_policy(r, &po);
	irig_add_policy(r, &pi);
	pkt_build(&pkt, &spec);
	for (unsigned int i = 1; i < 64; i++) {
		to_wire(r, out);
		assert_int_equal(rd32(wire + 58), (uint32_t)(0xfffffff0 + i));
		assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	}
	assert_int_equal(le64toh(irig_query(r, in).seq), 0x10000002full);
	assert_int_equal(le64toh(irig_query(r, out).seq), 0x10000002full);
	irig_free(r);
}

/* ESP-32: every bit of the ESP packet is under the ICV. */
static void test_every_bit(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TUNNEL, 0x3000);
	struct pkt_spec spec = irig_spec(4, 17, 30);
	unsigned int passed = 0;

	pkt_build(&pkt, &spec);
	to_wire(r, p.out);
	for (size_t bit = (14 + 20) * 8; bit < wire_len * 8; bit++) {
		enum esv_counter c;

		wire[bit / 8] ^= 1u << bit % 8;
		c = irig_recv(r, wire, wire_len);
		passed += c == ESV_C_RX_ESP;
		if (bit / 8 < 38)
			assert_counter(c, RX_DROP_SPI);
		else
			assert_true(c == ESV_C_RX_DROP_AUTH || c == ESV_C_RX_DROP_REPLAY);
		wire[bit / 8] ^= 1u << bit % 8;
	}
	assert_int_equal(passed, 0);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	assert_true(le64toh(irig_query(r, p.in).auth_failed) > 0);
	irig_free(r);
}

/* ESP-30: a failed check moves no window: an attacker can't burn numbers. */
static void test_forgery_moves_nothing(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x3001);
	struct pkt_spec spec = irig_spec(4, 17, 30);

	pkt_build(&pkt, &spec);
	to_wire(r, p.out);
	pkt16(wire + 38, 0x7fff);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_AUTH);
	assert_int_equal(le64toh(irig_query(r, p.in).seq), 0);
	pkt16(wire + 38, 0);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	irig_free(r);
}

/* RFC 894: what pads a frame is no part of the packet, neither in the host's frame nor in the peer's. */
static void test_ethernet_padding(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x3002);
	struct pkt_spec spec = irig_spec(4, 17, 0);

	pkt_build(&pkt, &spec);
	/* The host's frame is padded to 60: the padding is no part of the packet. */
	memset(pkt.b + pkt.len, 0x55, 60 - pkt.len);
	assert_counter(irig_send(r, pkt.b, 60, p.out), TX_ESP);
	assert_int_equal(r->buf.len, 14 + 20 + 16 + 8 + 4 + 16);
	memcpy(wire, r->buf.data, r->buf.len);
	wire_len = r->buf.len;
	memset(wire + wire_len, 0x55, 10);
	assert_counter(irig_recv(r, wire, wire_len + 10), RX_ESP);
	assert_int_equal(r->buf.len, pkt.len);
	irig_free(r);
}

/* ESP-33: ESP that is cut off anywhere; without a whole SPI it is of an unknown one (SPD-43). */
static void test_lengths(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x3003);
	struct pkt_spec spec = irig_spec(4, 17, 200);

	pkt_build(&pkt, &spec);
	to_wire(r, p.out);
	for (size_t len = 0; len < wire_len; len++) {
		uint8_t cut[FRAME_MAX];
		enum esv_counter c;

		memcpy(cut, wire, len);
		if (len >= 34) {
			pkt16(cut + 16, (uint32_t)len - 14);
			pkt_fix_ip4(cut);
		}
		c = irig_recv(r, cut, len);
		if (len < 34)
			assert_counter(c, RX_DROP_PARSE);
		else if (len < 38)
			assert_counter(c, RX_DROP_SPI);
		else if (len < 34 + 36)
			assert_counter(c, RX_DROP_LENGTH);
		else
			assert_true(c == ESV_C_RX_DROP_AUTH || c == ESV_C_RX_DROP_TRAILER);
	}
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	irig_free(r);
}

/* Make an ESP packet by hand: what only a peer with the key can send. */
static void forge(struct irig *r, uint32_t handle, uint32_t seq, const uint8_t *text, size_t len)
{
	struct esvc_sa *sa = irig_get(r, handle);
	size_t off = 14 + (sa->family == 4 ? 20 : 40);
	uint8_t nonce[12], *ip = wire + 14;

	memset(wire, 0, off);
	memcpy(wire, MAC_A, 6);
	memcpy(wire + 6, MAC_B, 6);
	wire_len = off + 16 + len + 16;
	pkt16(wire + 12, sa->family == 4 ? 0x0800 : 0x86dd);
	if (sa->family == 4) {
		ip[0] = 0x45;
		pkt16(ip + 2, (uint32_t)wire_len - 14);
		ip[8] = 64;
		ip[9] = 50;
		memcpy(ip + 12, sa->saddr, 4);
		memcpy(ip + 16, sa->daddr, 4);
		pkt_fix_ip4(wire);
	} else {
		ip[0] = 0x60;
		pkt16(ip + 4, (uint32_t)wire_len - 54);
		ip[6] = 50;
		ip[7] = 64;
		memcpy(ip + 8, sa->saddr, 16);
		memcpy(ip + 24, sa->daddr, 16);
	}
	memcpy(wire + off, &sa->spi, 4);
	pkt16(wire + off + 4, seq >> 16);
	pkt16(wire + off + 6, seq & 0xffff);
	memset(wire + off + 8, (int)seq, 8);
	memcpy(nonce, sa->key->salt, 4);
	memcpy(nonce + 4, wire + off + 8, 8);
	assert_int_equal(esvc_aead_seal(r->dev.aead, sa->key->aead_ctx, nonce, wire + off, 8, text, wire + off + 16, len,
					wire + off + 16 + len), 0);
}

/* ESP-33, ESP-34: trailers that RFC 4303 2.4 to 2.6 does not know. */
static void test_trailers(void **state)
{
	static const struct {
		uint8_t tail[4];
		enum esv_counter want;
	} cases[] = {
		{ { 1, 2, 2, 17 }, ESV_C_RX_ESP },
		{ { 1, 1, 2, 17 }, ESV_C_RX_DROP_TRAILER },	/* wrong padding */
		{ { 1, 2, 200, 17 }, ESV_C_RX_DROP_TRAILER },	/* longer than the packet */
		{ { 1, 2, 2, 59 }, ESV_C_RX_DROP_TRAILER },	/* dummy packet */
	};
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x3004);
	uint8_t text[24] = { 0x03, 0xe8, 0x07, 0xd0, 0, 20 };

	for (uint32_t i = 0; i < 4; i++) {
		memcpy(text + 20, cases[i].tail, 4);
		forge(r, p.in, i + 1, text, 24);
		assert_int_equal(irig_recv(r, wire, wire_len), cases[i].want);
	}
	assert_int_equal(le64toh(irig_query(r, p.in).packets), 1);
	assert_int_equal(le64toh(irig_query(r, p.in).other_dropped), 3);
	/* RFC 4303 2.4: what is encrypted ends on a four-byte boundary, though the ICV is right. */
	memcpy(text + 19, cases[0].tail, 4);
	forge(r, p.in, 9, text, 23);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_TRAILER);
	irig_free(r);
}

/* ESP-34, ESP-36, ESP-37: what comes out of a tunnel must be a packet, and the one that its next header names. */
static void test_tunnel_inner(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TUNNEL, 0x3005);
	struct pkt_spec spec = irig_spec(4, 17, 16);
	uint8_t text[128];
	size_t len;

	pkt_build(&pkt, &spec);
	len = pkt.len - 14;
	memcpy(text, pkt.b + 14, len);
	memcpy(text + len, "\1\2\2\4", 4);
	forge(r, p.in, 1, text, len + 4);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	assert_int_equal(r->buf.len, pkt.len);
	text[len + 3] = 41;		/* says IPv6, is IPv4 */
	forge(r, p.in, 2, text, len + 4);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_PARSE);
	text[len + 3] = 17;		/* no IP at all */
	forge(r, p.in, 3, text, len + 4);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_MODE);
	text[len + 3] = 4;
	pkt16(text + 2, (uint32_t)len + 1);	/* longer than what was sent */
	forge(r, p.in, 4, text, len + 4);
	assert_counter(irig_recv(r, wire, wire_len), RX_DROP_PARSE);
	/* Shorter: the rest is traffic flow padding. */
	pkt16(text + 2, (uint32_t)len - 4);
	forge(r, p.in, 5, text, len + 4);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	assert_int_equal(r->buf.len, pkt.len - 4);
	/* SA-20: which does not count. Of what was no sound packet all counts. */
	assert_int_equal(irig_get(r, p.in)->bytes, len + 3 * len + len - 4);
	irig_free(r);
}

/* ESP-36, SPD-4: IPv6 inside IPv4 can be received, if the entry says so. */
static void test_cross_family_in(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params si = irig_sa(ESV_DIR_IN, 4, ESV_SA_TUNNEL, 0x3006);
	struct esv_policy_params pi = irig_policy(ESV_DIR_IN, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	struct pkt_spec spec = irig_spec(6, 17, 16);
	uint8_t text[128];
	uint32_t in;
	size_t len;

	pi.family = 4;
	memcpy(pi.saddr, GW_A[0], 16);
	memcpy(pi.daddr, GW_B[0], 16);
	in = irig_add_sa(r, &si);
	irig_add_policy(r, &pi);
	pkt_build(&pkt, &spec);
	len = pkt.len - 14;
	memcpy(text, pkt.b + 14, len);
	memcpy(text + len, "\1\2\2\x29", 4);
	forge(r, in, 1, text, len + 4);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	assert_int_equal(rd16(r->buf.data + 12), 0x86dd);
	assert_memory_equal(r->buf.data + 14, text, len);
	irig_free(r);
}

/* ESP in UDP of a live SA is decrypted (BYP-7). */
static void test_natt_in(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x3007);
	struct pkt_spec spec = irig_spec(4, 17, 33);
	uint8_t in_udp[FRAME_MAX];

	pkt_build(&pkt, &spec);
	to_wire(r, p.out);
	memcpy(in_udp, wire, 34);
	pkt16(in_udp + 16, rd16(wire + 16) + 8);
	in_udp[23] = 17;
	pkt_fix_ip4(in_udp);
	pkt16(in_udp + 34, 4500);
	pkt16(in_udp + 36, 4500);
	pkt16(in_udp + 38, (uint32_t)wire_len - 34 + 8);
	pkt16(in_udp + 40, 0);
	memcpy(in_udp + 42, wire + 34, wire_len - 34);
	assert_counter(irig_recv(r, in_udp, wire_len + 8), RX_ESP);
	assert_int_equal(r->buf.len, pkt.len);
	assert_memory_equal(r->buf.data, pkt.b, pkt.len);
	in_udp[45]++;
	assert_counter(irig_recv(r, in_udp, wire_len + 8), RX_DROP_NATT);
	irig_free(r);
}

/* ESP-32, ESVC_FAULT_ICV: every nth packet is not authentic, the others are. */
static void test_fault_icv(void **state)
{
	struct irig *r = irig_new_cfg(true, ESVC_AEAD_AUTO, 8, 8, 3);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x3008);
	struct pkt_spec spec = irig_spec(4, 17, 33);

	pkt_build(&pkt, &spec);
	for (unsigned int i = 1; i <= 9; i++) {
		to_wire(r, p.out);
		if (i % 3)
			assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
		else
			assert_counter(irig_recv(r, wire, wire_len), RX_DROP_AUTH);
	}
	irig_free(r);
}

/* What fits the MTU goes, what does not uses no number up. */
static void one_mtu(uint8_t family, uint8_t mode, uint16_t mtu)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, family, mode, 0x3009);
	size_t ip = family == 4 ? 20 : 40, n, fits = 0;

	esvc_ipsec_set_mtu(r->dev.ipsec, mtu);
	for (n = mtu - 140u; n < mtu; n++) {
		size_t text = (n + 8 + (mode == ESV_SA_TUNNEL ? ip : 0) + 2 + 3) / 4 * 4;
		struct pkt_spec spec = irig_spec(family, 17, n);
		enum esv_counter c;

		pkt_build(&pkt, &spec);
		c = irig_send(r, pkt.b, pkt.len, p.out);
		if (ip + 16 + text + 16 <= mtu) {
			assert_counter(c, TX_ESP);
			assert_int_equal(r->buf.len, 14 + ip + 16 + text + 16);
			fits++;
		} else {
			assert_counter(c, TX_DROP_MTU);
		}
	}
	assert_int_equal(irig_get(r, p.out)->key->seq, fits);
	irig_free(r);
}

/* ESP-7: lengths around the edge, for MTUs of each remainder modulo 4. */
static void test_mtu(void **state)
{
	for (unsigned int i = 0; i < 4; i++)
		for (uint16_t mtu = 1496; mtu <= 1500; mtu++)
			one_mtu(i & 1 ? 6 : 4, i & 2 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT, mtu);
}

/* ESP-2: IPv4 options stay in front of ESP. */
static void test_options(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x300a);
	struct pkt_spec spec = irig_spec(4, 17, 10);
	uint8_t f[128];

	pkt_build(&pkt, &spec);
	memcpy(f, pkt.b, 34);
	memcpy(f + 34, "\x94\4\0\0", 4);	/* router alert */
	memcpy(f + 38, pkt.b + 34, pkt.len - 34);
	f[14] = 0x46;
	pkt16(f + 16, rd16(f + 16) + 4);
	pkt16(f + 24, 0);
	pkt16(f + 24, (uint16_t)~slow_sum(0, f + 14, 24));
	assert_counter(irig_send(r, f, pkt.len + 4, p.out), TX_ESP);
	wire_len = r->buf.len;
	memcpy(wire, r->buf.data, wire_len);
	assert_memory_equal(wire + 34, "\x94\4\0\0", 4);
	assert_int_equal(rd32(wire + 38), 0x300a);
	assert_int_equal(slow_sum(0, wire + 14, 24), 0xffff);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	assert_int_equal(r->buf.len, pkt.len + 4);
	assert_memory_equal(r->buf.data, f, pkt.len + 4);
	irig_free(r);
}

/* ESP-2, IPv6: behind hop-by-hop and routing headers, in front of destination options (RFC 4303 3.1.1). */
static void test_extension_headers(void **state)
{
	static const uint8_t ext[24] = { 43, 0, 1, 4, [8] = 60, 0, 4, 0, [16] = 17, 0, 1, 4 };
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 6, ESV_SA_TRANSPORT, 0x300b);
	struct pkt_spec spec = irig_spec(6, 17, 10);
	uint8_t f[128];

	pkt_build(&pkt, &spec);
	memcpy(f, pkt.b, 54);
	memcpy(f + 54, ext, 24);
	memcpy(f + 78, pkt.b + 54, pkt.len - 54);
	f[20] = 0;
	pkt16(f + 18, rd16(f + 18) + 24);
	assert_counter(irig_send(r, f, pkt.len + 24, p.out), TX_ESP);
	wire_len = r->buf.len;
	memcpy(wire, r->buf.data, wire_len);
	assert_memory_equal(wire + 54, ext, 8);
	assert_int_equal(wire[62], 50);
	assert_int_equal(rd32(wire + 70), 0x300b);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	assert_memory_equal(r->buf.data, f, pkt.len + 24);
	irig_free(r);
}

/* ESP-35: a sender may put destination options in front of ESP: they stay, and then name what ESP carried. */
static void test_options_before_esp(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 6, ESV_SA_TRANSPORT, 0x300d);
	struct pkt_spec spec = irig_spec(6, 17, 10);
	uint8_t f[256];

	pkt_build(&pkt, &spec);
	to_wire(r, p.out);
	memcpy(f, wire, 54);
	memcpy(f + 54, "\x32\0\1\4\0\0\0\0", 8);
	memcpy(f + 62, wire + 54, wire_len - 54);
	f[20] = 60;
	pkt16(f + 18, rd16(f + 18) + 8);
	assert_counter(irig_recv(r, f, wire_len + 8), RX_ESP);
	assert_int_equal(r->buf.len, pkt.len + 8);
	assert_int_equal(r->buf.data[20], 60);
	assert_int_equal(r->buf.data[54], 17);
	assert_memory_equal(r->buf.data + 62, pkt.b + 54, pkt.len - 54);
	irig_free(r);
}

/* ESP-2, ESP-35: VLAN tags stay in transport mode. */
static void test_vlan(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TRANSPORT, 0x300c);
	struct pkt_spec spec = irig_spec(4, 17, 10);

	spec.vlans = 2;
	pkt_build(&pkt, &spec);
	to_wire(r, p.out);
	assert_memory_equal(wire, pkt.b, 22);
	assert_int_equal(rd32(wire + 42), 0x300c);
	assert_counter(irig_recv(r, wire, wire_len), RX_ESP);
	assert_int_equal(r->buf.len, pkt.len);
	assert_memory_equal(r->buf.data, pkt.b, pkt.len);
	irig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_iv_and_sequence),
		cmocka_unit_test(test_cipher_fails),
		cmocka_unit_test(test_sequence_ends),
		cmocka_unit_test(test_esn_edge),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_forgery_moves_nothing),
		cmocka_unit_test(test_ethernet_padding),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_trailers),
		cmocka_unit_test(test_tunnel_inner),
		cmocka_unit_test(test_cross_family_in),
		cmocka_unit_test(test_natt_in),
		cmocka_unit_test(test_fault_icv),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_extension_headers),
		cmocka_unit_test(test_options_before_esp),
		cmocka_unit_test(test_vlan),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("esp", tests, NULL, NULL);
}
