// SPDX-License-Identifier: GPL-2.0-or-later
/* RSS-2: Toeplitz against the verification suite that Microsoft publishes for RSS. */
#include "t.h"

#include <esvc_rss.h>

static const struct {
	int af;
	const char *dst;
	uint16_t dport;
	const char *src;
	uint16_t sport;
	uint32_t l3, l4;
} vectors[] = {
	{ AF_INET, "161.142.100.80", 1766, "66.9.149.187", 2794, 0x323e8fc2, 0x51ccc178 },
	{ AF_INET, "65.69.140.83", 4739, "199.92.111.2", 14230, 0xd718262a, 0xc626b0ea },
	{ AF_INET, "12.22.207.184", 38024, "24.19.198.95", 12898, 0xd2d0a5de, 0x5c2b394a },
	{ AF_INET, "209.142.163.6", 2217, "38.27.205.30", 48228, 0x82989176, 0xafc7327f },
	{ AF_INET, "202.188.127.2", 1303, "153.39.163.191", 44251, 0x5d1809c5, 0x10e828a2 },
	{ AF_INET6, "3ffe:2501:200:3::1", 1766, "3ffe:2501:200:1fff::7", 2794, 0x2cc18cd5, 0x40207d3d },
	{ AF_INET6, "ff02::1", 4739, "3ffe:501:8::260:97ff:fe40:efab", 14230, 0x0f0c461c, 0xdde51bbf },
	{ AF_INET6, "fe80::200:f8ff:fe21:67cf", 38024, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, 0x4b61e985,
	  0x02d1feef },
};

/* The function itself. */
static void function(void **state)
{
	struct esvc_rss *rss = calloc(1, sizeof(*rss));

	esvc_rss_default(rss, 1);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t n = vectors[i].af == AF_INET ? 4 : 16;
		uint8_t in[36];

		assert_int_equal(inet_pton(vectors[i].af, vectors[i].src, in), 1);
		assert_int_equal(inet_pton(vectors[i].af, vectors[i].dst, in + n), 1);
		pkt16(in + 2 * n, vectors[i].sport);
		pkt16(in + 2 * n + 2, vectors[i].dport);
		assert_int_equal(esvc_rss_hash(rss, in, 2 * n), vectors[i].l3);
		assert_int_equal(esvc_rss_hash(rss, in, 2 * n + 4), vectors[i].l4);
	}
	free(rss);
}

/* The same through the device: packets with these addresses, the default key. */
static void through_device(void **state)
{
	struct rig r;

	rig_start(&r, NULL);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		for (int l4 = 0; l4 < 2; l4++) {
			struct pkt_spec s = udp4(20);
			struct esv_rx_cqe c;
			uint8_t got[256];
			struct pkt p;

			s.dst = r.d.mac;
			s.family = vectors[i].af == AF_INET ? 4 : 6;
			s.proto = l4 ? 17 : 89;
			s.sport = vectors[i].sport;
			s.dport = vectors[i].dport;
			inet_pton(vectors[i].af, vectors[i].src, s.saddr);
			inet_pton(vectors[i].af, vectors[i].dst, s.daddr);
			pkt_build(&p, &s);
			assert_true(esvc_receive(r.h->dev, p.b, p.len) > 0);
			assert_int_equal(esvh_recv(&r.d, 0, got, sizeof(got), &c, true), p.len);
			assert_int_equal(le32toh(c.hash), l4 ? vectors[i].l4 : vectors[i].l3);
			assert_int_equal(c.hash_type, l4 ? ESV_HASH_L4 : ESV_HASH_L3);
		}
	}
	rig_down(&r);
}

/* The table form equals the bit-by-bit definition for random keys. */
static void definition(void **state)
{
	struct esvc_rss *rss = calloc(1, sizeof(*rss));
	uint32_t x = 1;

	for (int round = 0; round < 20; round++) {
		struct esv_rss_params p = { 0 };
		uint8_t in[36];
		uint32_t want = 0;

		for (int i = 0; i < 40; i++)
			p.key[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		for (int i = 0; i < 36; i++)
			in[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		for (unsigned int bit = 0; bit < 36 * 8; bit++) {
			uint32_t window = 0;

			if (!(in[bit / 8] & 0x80 >> bit % 8))
				continue;
			for (unsigned int k = bit; k < bit + 32; k++)
				window = window << 1 | (k < 320 && p.key[k / 8] & 0x80 >> k % 8);
			want ^= window;
		}
		esvc_rss_set(rss, &p);
		assert_int_equal(esvc_rss_hash(rss, in, 36), want);
	}
	free(rss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(function), cmocka_unit_test(through_device), cmocka_unit_test(definition),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-rss", tests, NULL, NULL) ? 1 : 0;
}
