// SPDX-License-Identifier: GPL-2.0-or-later
/* The SPD's parser against a slow one, with frames that are nearly right (SPD-20 to SPD-25). */
#include "ipsec_rig.h"
#include "slow_parse.h"

static const char *const kinds[] = { "ip", "arp", "other", "bad" };

static void compare(const uint8_t *hdr, size_t hdr_len, size_t frame_len)
{
	/* Exactly as many bytes as there are, so that one too many is seen. */
	uint8_t *copy = malloc(hdr_len ? hdr_len : 1);
	struct slow_pkt s;
	struct esvc_pkt p;
	size_t alen;

	memcpy(copy, hdr, hdr_len);
	esvc_parse(&p, copy, hdr_len, frame_len);
	slow_parse(&s, hdr, hdr_len, frame_len);
	assert_string_equal(kinds[p.kind], s.kind);
	if (p.kind != ESVC_PKT_IP)
		goto out;
	alen = s.family == 4 ? 4 : 16;
	assert_int_equal(p.family, s.family);
	assert_int_equal(p.proto, s.proto);
	assert_int_equal(p.frag, s.frag == 2 ? ESVC_FRAG_LATER : s.frag ? ESVC_FRAG_FIRST : ESVC_FRAG_NONE);
	assert_int_equal(p.hop_limit, s.hop_limit);
	assert_int_equal(p.l3_off, s.l3);
	assert_int_equal(p.l3_len, s.l3_len);
	assert_int_equal(p.l4_off, s.l4);
	assert_int_equal(p.esp_off, s.esp);
	assert_int_equal(copy[p.l4_nh_off], s.proto);
	assert_int_equal(p.has_ports, s.ports);
	if (s.ports) {
		assert_int_equal(be16toh(p.sport), s.sport);
		assert_int_equal(be16toh(p.dport), s.dport);
	}
	assert_memory_equal(p.saddr, s.saddr, alen);
	assert_memory_equal(p.daddr, s.daddr, alen);
out:
	free(copy);
}

static const uint8_t protos[] = { 6, 17, 1, 58, 50, 51, 47, 132, 135, 136, 33, 59, 4, 41, 2 };
static const uint8_t exts[] = { 0, 43, 44, 60 };

static uint8_t pick(uint64_t *s, const uint8_t *from, size_t n)
{
	return from[rnd(s) % n];
}

static size_t put_ext(uint64_t *s, uint8_t *f, size_t at, uint8_t *nh_byte)
{
	unsigned int n = rnd(s) % 4 ? rnd(s) % 3 : rnd(s) % 11, i;

	for (i = 0; i < n; i++) {
		uint8_t type = i ? exts[1 + rnd(s) % 3] : pick(s, exts, 4);
		size_t len = type == 44 ? 8 : (1 + rnd(s) % 3) * 8;

		*nh_byte = type;
		memset(f + at, 0, len);
		f[at + 1] = (uint8_t)(len / 8 - 1);
		if (type == 44)
			pkt16(f + at + 2, rnd(s) % 3 ? rnd(s) % 2 : rnd(s));
		nh_byte = f + at;
		at += len;
	}
	*nh_byte = pick(s, protos, sizeof(protos));
	return at;
}

/* A frame that is right but for what chance does to it afterwards. */
static size_t make(uint64_t *s, uint8_t *f)
{
	size_t at = 12, l3;
	int tags = rnd(s) % 4 ? 0 : (int)(rnd(s) % 4);
	bool six = rnd(s) & 1;

	for (size_t i = 0; i < 512; i++)
		f[i] = (uint8_t)rnd(s);
	for (; tags--; at += 4)
		pkt16(f + at, rnd(s) & 1 ? 0x8100 : 0x88a8);
	pkt16(f + at, rnd(s) % 16 ? (six ? 0x86dd : 0x0800) : rnd(s) % 4 ? 0x0806 : rnd(s));
	l3 = at += 2;
	if (six) {
		f[l3] = 0x60;
		at = put_ext(s, f, l3 + 40, f + l3 + 6);
	} else {
		f[l3] = (uint8_t)(0x45 + (rnd(s) % 4 ? 0 : rnd(s) % 11));
		pkt16(f + l3 + 6, rnd(s) % 3 ? (rnd(s) & 1) << 14 : rnd(s) & 0x3fff);
		f[l3 + 9] = pick(s, protos, sizeof(protos));
		at = l3 + (f[l3] & 15) * 4u;
	}
	at += rnd(s) % 60;
	pkt16(f + l3 + (six ? 4 : 2), (uint32_t)(at - l3 - (six ? 40 : 0)));
	return at;
}

static void run(uint64_t seed, unsigned int n)
{
	uint8_t f[600];

	while (n--) {
		size_t len = make(&seed, f), frame_len = len, i;
		unsigned int bad = rnd(&seed) % 4;

		for (i = 0; i < bad; i++)
			f[12 + rnd(&seed) % 60] = (uint8_t)rnd(&seed);
		if (rnd(&seed) % 4 == 0)
			frame_len = len = rnd(&seed) % (len + 20);
		if (rnd(&seed) % 4 == 0)
			frame_len += rnd(&seed) % 2000;
		compare(f, len, frame_len);
	}
}

/* SPD-20, SPD-22 to SPD-24: both parsers see the same in every frame. */
static void test_random(void **state)
{
	run(4242424242, 150000);
	run(fresh_seed("parse"), 50000);
}

/* SPD-22, SPD-25: every truncation of a frame that uses all there is. */
static void test_truncated(void **state)
{
	uint64_t seed = 7;
	uint8_t f[600];

	for (unsigned int i = 0; i < 2000; i++) {
		size_t len = make(&seed, f);

		for (size_t cut = 0; cut <= len; cut++) {
			compare(f, cut, cut);
			compare(f, cut, len);
		}
	}
}

static enum esvc_pkt_kind kind_of(const uint8_t *f, size_t len)
{
	struct esvc_pkt p;

	esvc_parse(&p, f, len, len);
	return p.kind;
}

/* What strict mode must not let through by misreading it (SPD-21). */
static void test_named_cases(void **state)
{
	struct pkt_spec spec = irig_spec(4, 17, 20);
	static struct pkt pkt;
	uint8_t f[256];

	spec.vlans = 2;
	pkt_build(&pkt, &spec);
	assert_int_equal(kind_of(pkt.b, pkt.len), ESVC_PKT_IP);
	/* A third tag, 802.3 with SNAP, MPLS, PPPoE. */
	memcpy(f, pkt.b, 20);
	memcpy(f + 20, "\x81\0\0\1", 4);
	memcpy(f + 24, pkt.b + 20, pkt.len - 20);
	assert_int_equal(kind_of(f, pkt.len + 4), ESVC_PKT_OTHER);
	for (unsigned int i = 0; i < 3; i++) {
		static const uint16_t types[] = { 0x0040, 0x8847, 0x8864 };

		pkt16(pkt.b + 20, types[i]);
		assert_int_equal(kind_of(pkt.b, pkt.len), ESVC_PKT_OTHER);
	}
	/* The ethertype says one version, the header another. */
	pkt16(pkt.b + 20, 0x86dd);
	assert_int_equal(kind_of(pkt.b, pkt.len), ESVC_PKT_BAD);
	pkt16(pkt.b + 20, 0x0800);
	pkt.b[22] = 0x65;
	assert_int_equal(kind_of(pkt.b, pkt.len), ESVC_PKT_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named_cases),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_truncated),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
