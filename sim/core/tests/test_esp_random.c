// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inbound ESP against a slow receiver, with frames that are right, broken,
 * repeated or cut, and then with frames that are nothing at all: whatever
 * happens, both agree on what is delivered, and no byte too many is touched.
 */
#include <openssl/evp.h>

#include "ipsec_rig.h"
#include "slow_parse.h"

#define OLD_MAX 64

static struct pkt pkt;

/* One SA as the slow receiver knows it. */
struct slow_sa {
	uint8_t family, mode;
	size_t key_len;
	uint8_t key[36];
	uint32_t spi;
	uint64_t seen[65536];
	unsigned int nr_seen;
	uint64_t top;
};

static bool slow_open(const struct slow_sa *sa, const uint8_t *esp, size_t len, uint8_t *text)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *alg = sa->key_len == 36 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
	size_t text_len = len - 32;
	uint8_t nonce[12], tag[16];
	int n;
	bool good;

	memcpy(nonce, sa->key + sa->key_len - 4, 4);
	memcpy(nonce + 4, esp + 8, 8);
	memcpy(tag, esp + len - 16, 16);
	good = EVP_DecryptInit(c, alg, sa->key, nonce) && EVP_DecryptUpdate(c, NULL, &n, esp, 8) &&
	       EVP_DecryptUpdate(c, text, &n, esp + 16, (int)text_len) &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag) && EVP_DecryptFinal(c, text + n, &n) > 0;
	EVP_CIPHER_CTX_free(c);
	return good;
}

static bool slow_fresh(const struct slow_sa *sa, uint64_t seq)
{
	if (!seq || (seq <= sa->top && sa->top - seq >= 64))
		return false;
	for (unsigned int i = 0; i < sa->nr_seen; i++)
		if (sa->seen[i] == seq)
			return false;
	return true;
}

static void slow_note(struct slow_sa *sa, uint64_t seq)
{
	assert_true(sa->nr_seen < 65536);
	sa->seen[sa->nr_seen++] = seq;
	if (seq > sa->top)
		sa->top = seq;
}

/* The inner packet's addresses must be A and B, whole and sound. */
static bool slow_inner_ok(const uint8_t *f, size_t len, size_t *end)
{
	struct slow_pkt s;

	slow_parse(&s, f, len, len);
	if (strcmp(s.kind, "ip"))
		return false;
	*end = s.l3 + s.l3_len;
	return !memcmp(s.saddr, ADDR_A[s.family == 6], 16) && !memcmp(s.daddr, ADDR_B[s.family == 6], 16);
}

static size_t slow_tunnel(const uint8_t *f, uint8_t next, const uint8_t *text, size_t len, uint8_t *out)
{
	memcpy(out, f, 12);
	pkt16(out + 12, next == 4 ? 0x0800 : 0x86dd);
	memcpy(out + 14, text, len);
	return next == 4 || next == 41 ? 14 + len : 0;
}

static size_t slow_transport(const uint8_t *f, const struct slow_pkt *s, uint8_t next, const uint8_t *text, size_t len,
			     uint8_t *out)
{
	uint8_t *ip = out + s->l3;
	size_t nh = s->l3 + 6;

	memcpy(out, f, s->l4);
	memcpy(out + s->l4, text, len);
	if (s->family == 4) {
		ip[9] = next;
		pkt16(ip + 2, (uint32_t)(s->l4 - s->l3 + len));
		pkt16(ip + 10, 0);
		pkt16(ip + 10, (uint16_t)~slow_sum(0, ip, (ip[0] & 15) * 4u));
		return s->l4 + len;
	}
	/* The last header in the chain says ESP. */
	for (size_t at = s->l3 + 40; at < s->l4; at += f[nh] == 44 ? 8 : (f[at + 1] + 1u) * 8) {
		if (out[nh] == 50)
			break;
		nh = at;
	}
	out[nh] = next;
	pkt16(ip + 4, (uint32_t)(s->l4 - s->l3 - 40 + len));
	return s->l4 + len;
}

/* Length of what must be delivered, 0: nothing. */
static size_t slow_receive(struct slow_sa *sa, const uint8_t *f, size_t len, uint8_t *out)
{
	uint8_t text[FRAME_MAX], *end;
	struct slow_pkt s;
	size_t esp_len, n, pad;
	uint32_t seq;

	slow_parse(&s, f, len, len);
	if (strcmp(s.kind, "ip") || s.proto != 50 || s.frag)
		return 0;
	if (s.family == 4 && slow_sum(0, f + s.l3, s.l4 - s.l3) != 0xffff)
		return 0;
	esp_len = s.l3 + s.l3_len - s.l4;
	if (esp_len < 36 || esp_len % 4 || s.family != sa->family || rd32(f + s.l4) != sa->spi ||
	    memcmp(s.daddr, (sa->mode == ESV_SA_TUNNEL ? GW_B : ADDR_B)[s.family == 6], 16))
		return 0;
	seq = rd32(f + s.l4 + 4);
	if (!slow_fresh(sa, seq) || !slow_open(sa, f + s.l4, esp_len, text))
		return 0;
	slow_note(sa, seq);
	end = text + esp_len - 32;
	pad = end[-2];
	if (end[-1] == 59 || pad + 2 > esp_len - 32)
		return 0;
	for (size_t i = 1; i <= pad; i++)
		if (end[-2 - (long)pad + (long)i - 1] != i)
			return 0;
	n = esp_len - 32 - pad - 2;
	n = sa->mode == ESV_SA_TUNNEL ? slow_tunnel(f, end[-1], text, n, out) :
		slow_transport(f, &s, end[-1], text, n, out);
	return n && slow_inner_ok(out, n, &pad) ? pad : 0;
}

static void damage(uint64_t *seed, uint8_t *f, size_t *len)
{
	switch (rnd(seed) % 8) {
	case 0:
		f[rnd(seed) % *len] ^= (uint8_t)(1u << rnd(seed) % 8);
		break;
	case 1:
		f[12 + rnd(seed) % 60] = (uint8_t)rnd(seed);
		break;
	case 2:
		*len = 1 + rnd(seed) % *len;
		break;
	case 3:		/* Ethernet padding */
		memset(f + *len, 0, 20);
		*len += rnd(seed) % 20;
		break;
	default:
		break;
	}
}

/* Bytes behind the tail room are poisoned by exact allocation. */
static enum esv_counter receive(struct irig *r, const uint8_t *f, size_t len, uint8_t *mem)
{
	memcpy(mem + ESVC_HEADROOM, f, len);
	r->buf = (struct esvc_buf){ mem + ESVC_HEADROOM, len, ESVC_HEADROOM, ESVC_TAILROOM };
	return esvc_ipsec_input(r->dev.ipsec, true, &r->buf, &r->meta);
}

static void one(struct irig *r, struct slow_sa *sa, const uint8_t *f, size_t len)
{
	uint8_t *mem = malloc(ESVC_HEADROOM + len + ESVC_TAILROOM), want[FRAME_MAX];
	size_t n = slow_receive(sa, f, len, want);
	enum esv_counter c = receive(r, f, len, mem);

	if ((c == ESV_C_RX_ESP) != (n != 0))
		fail_msg("%s, slow receiver: %zu", irig_counter_name(c), n);
	if (n) {
		assert_int_equal(r->buf.len, n);
		/* ECN and DSCP of the outer header have tests of their own. */
		assert_memory_equal(r->buf.data, want, n);
	}
	free(mem);
}

static void flow(uint64_t seed, unsigned int kind, unsigned int frames)
{
	static uint8_t old[OLD_MAX][FRAME_MAX];
	static size_t old_len[OLD_MAX];
	static struct slow_sa sa;
	struct irig *r = irig_new_cfg(true, kind & 8 ? ESVC_AEAD_EVP : ESVC_AEAD_AUTO, 4, 4, 0);
	uint8_t family = kind & 1 ? 6 : 4, mode = kind & 2 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT, f[FRAME_MAX];
	struct esv_sa_params so = irig_sa(ESV_DIR_OUT, family, mode, 0x1234), si = irig_sa(ESV_DIR_IN, family, mode, 0x1234);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, family, ESV_ACTION_PROTECT, mode);
	struct esv_policy_params pi = irig_policy(ESV_DIR_IN, family, ESV_ACTION_PROTECT, mode);
	uint32_t out;
	size_t len;

	memset(&sa, 0, sizeof(sa));
	if (kind & 4) {
		irig_sa_128(&so);
		irig_sa_128(&si);
	}
	sa.family = family;
	sa.mode = mode;
	sa.key_len = kind & 4 ? 20 : 36;
	memcpy(sa.key, so.key, sa.key_len);
	sa.spi = 0x1234;
	si.flags |= htole32(ESV_SA_F_NOECN);
	out = irig_add_sa(r, &so);
	irig_add_sa(r, &si);
	irig_add_policy(r, &po);
	irig_add_policy(r, &pi);
	for (unsigned int i = 0; i < frames; i++) {
		struct pkt_spec s = irig_spec(family, rnd(&seed) & 1 ? 17 : 6, rnd(&seed) % 200);
		unsigned int slot = i % OLD_MAX;

		if (i < OLD_MAX || rnd(&seed) % 3) {
			s.vlans = mode == ESV_SA_TRANSPORT ? (int)(rnd(&seed) % 3) : 0;
			pkt_build(&pkt, &s);
			assert_counter(irig_send(r, pkt.b, pkt.len, out), TX_ESP);
			old_len[slot] = r->buf.len;
			memcpy(old[slot], r->buf.data, r->buf.len);
		}
		if (rnd(&seed) % 8 == 0)	/* keep it for later: out of order */
			continue;
		slot = i < OLD_MAX || rnd(&seed) % 2 ? slot : rnd(&seed) % OLD_MAX;
		len = old_len[slot];
		memcpy(f, old[slot], len);
		damage(&seed, f, &len);
		one(r, &sa, f, len);
	}
	irig_free(r);
}

/* ESP-30, ESP-32 to ESP-37, ESP-41: what the slow receiver takes is delivered byte for byte, and no more. */
static void test_flows(void **state)
{
	uint64_t seed = fresh_seed("esp");

	for (unsigned int kind = 0; kind < 16; kind++) {
		flow(1000 + kind, kind, 1500);
		flow(seed + kind, kind, 500);
	}
}

/* Make noise look like ESP, or UDP, from A to B. */
static void dress(uint64_t *seed, uint8_t *f, size_t len)
{
	bool six = rnd(seed) & 1;

	pkt16(f + 12, six ? 0x86dd : 0x0800);
	f[14] = six ? 0x60 : 0x45;
	pkt16(f + (six ? 18 : 16), (uint32_t)len - (six ? 54 : 14));
	f[six ? 20 : 23] = rnd(seed) & 1 ? 50 : 17;
	if (!six)
		pkt16(f + 20, rnd(seed) & 1 ? 0 : rnd(seed));
	memcpy(f + (six ? 22 : 26), ADDR_A[six], six ? 16 : 4);
	memcpy(f + (six ? 38 : 30), ADDR_B[six], six ? 16 : 4);
	pkt16(f + (six ? 54 : 34), 0);
	pkt16(f + (six ? 56 : 36), 0x100 + rnd(seed) % 4);
}

static void one_noise(struct irig *r, const uint32_t handle[4], uint64_t *seed)
{
	size_t len = rnd(seed) % 300, hdr_len = rnd(seed) % 4 ? len : len ? rnd(seed) % len : 0;
	uint8_t *mem = malloc(ESVC_HEADROOM + len + ESVC_TAILROOM), *f = mem + ESVC_HEADROOM;
	struct esvc_tx_verdict v;

	for (size_t j = 0; j < len; j++)
		f[j] = (uint8_t)rnd(seed);
	if (len > 60 && rnd(seed) % 8)
		dress(seed, f, len);
	r->buf = (struct esvc_buf){ f, len, ESVC_HEADROOM, ESVC_TAILROOM };
	if (rnd(seed) & 1) {
		esvc_ipsec_classify(r->dev.ipsec, f, hdr_len, len, rnd(seed) & 1, handle[rnd(seed) % 4], &v);
		esvc_ipsec_output(r->dev.ipsec, &v, &r->buf);
	} else {
		assert_int_not_equal(esvc_ipsec_input(r->dev.ipsec, true, &r->buf, &r->meta), ESV_C_RX_ESP);
	}
	free(mem);
}

/* Noise with IP headers put on it, both directions, open and strict, entries and SAs of all kinds. */
static void noise(uint64_t seed, unsigned int n)
{
	for (int strict = 0; strict < 2; strict++) {
		struct irig *r = irig_new(strict);
		uint32_t handle[4];

		for (unsigned int i = 0; i < 4; i++)
			handle[i] = irig_pair(r, i & 1 ? 6 : 4, i & 2 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT, 0x100 + i).out;
		for (unsigned int i = 0; i < n; i++)
			one_noise(r, handle, &seed);
		irig_free(r);
	}
}

/* I7, SPD-25: whatever the bytes are, the engine stays within them, and takes no noise for ESP. */
static void test_noise(void **state)
{
	noise(5550123, 60000);
	noise(fresh_seed("noise"), 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_noise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("esp_random", tests, NULL, NULL);
}
