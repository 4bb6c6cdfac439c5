// SPDX-License-Identifier: GPL-2.0-or-later
/* Two devices back to back: the shortest way through everything. */
#include "t.h"

struct pair {
	struct rig a, b;
};

static int up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct esvc_config cfg = plain_config();

	rig_start(&p->a, &cfg);
	cfg.mac[5]++;
	rig_start(&p->b, &cfg);
	esvh_connect(p->a.h, p->b.h, 16);
	*state = p;
	return 0;
}

static int down(void **state)
{
	struct pair *p = *state;

	rig_down(&p->a);
	rig_down(&p->b);
	free(p);
	return 0;
}

static void one_way(struct rig *from, struct rig *to, size_t payload, size_t frag)
{
	struct pkt_spec s = udp4(payload);
	struct esvh_tx_opts o = { .frag = frag };
	struct esv_rx_cqe c;
	uint8_t got[2048];
	struct pkt p;

	s.dst = to->d.mac;
	s.src = from->d.mac;
	pkt_build(&p, &s);
	assert_true(esvh_send(&from->d, 0, p.b, p.len, &o));
	esvh_pump_pair(from->h, to->h);
	assert_int_equal(esvh_recv(&to->d, 0, got, sizeof(got), &c, true), p.len);
	assert_memory_equal(got, p.b, p.len);
	assert_int_equal(c.csum, ESV_RXC_CSUM_L3 | ESV_RXC_CSUM_L4);
	assert_int_equal(c.hash_type, ESV_HASH_L4);
	assert_int_equal(le16toh(c.inner_type), 0x0800);
	assert_int_equal(esvh_tx_done(&from->d, 0), from->d.tx[0].tail);
}

/* RXC-1, TXD-1: what goes in comes out, in both directions, in one piece or many. */
static void through(void **state)
{
	struct pair *p = *state;

	for (size_t n = 0; n < 1400; n += 37) {
		one_way(&p->a, &p->b, n, 0);
		one_way(&p->b, &p->a, n, 100);
	}
	assert_int_equal(esvh_counter(&p->a.d, ESV_C_TX_OPEN), 38);
	assert_int_equal(esvh_counter(&p->b.d, ESV_C_RX_OPEN), 38);
}

/* TXD-10: a wire that holds two frames loses none of a hundred and keeps their order. */
static void narrow_wire(void **state)
{
	struct pair *p = *state;
	struct pkt_spec s = udp4(64);
	unsigned int got = 0, sent = 0;
	uint8_t buf[2048];
	struct pkt k;

	p->a.h->out.depth = 2;
	s.dst = p->b.d.mac;
	while (got < 100) {
		for (; sent < 100; sent++) {
			s.fill = (uint8_t)sent;
			pkt_build(&k, &s);
			if (!esvh_send(&p->a.d, 0, k.b, k.len, NULL))
				break;
		}
		esvh_pump_pair(p->a.h, p->b.h);
		while (esvh_recv(&p->b.d, 0, buf, sizeof(buf), NULL, true))
			assert_int_equal(buf[k.data], got++);
	}
	assert_int_equal(esvh_counter(&p->a.d, ESV_C_TX_FRAMES), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(through, up, down),
		cmocka_unit_test_setup_teardown(narrow_wire, up, down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-link", tests, NULL, NULL) ? 1 : 0;
}
