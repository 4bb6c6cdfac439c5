// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RXC-7: a received frame that waits for buffers is judged again before it is
 * delivered. No frame outlives the port, the SA, the key or the entry by which
 * it was let in.
 */
#include "t.h"

#include "esvh_esp.h"

static struct rig a, b;
static struct esvh_esp esp;
static uint32_t out, in;

/* Returns the entry's handle. */
static uint32_t policy(uint8_t action, uint32_t reqid)
{
	struct esv_policy_params p = { .sel.family = 4, .dir = ESV_DIR_IN, .action = action };
	struct esvh_cmd c = { .opcode = ESV_OP_POLICY_ADD, .in = &p, .in_len = sizeof(p) };

	if (action == ESV_ACTION_PROTECT) {
		p.mode = ESV_SA_TRANSPORT;
		p.reqid = htole32(reqid);
	}
	ok(esvh_cmd(&b.d, &c));
	return le32toh(c.cqe.object);
}

static void port_down(void)
{
	ok(esvh_port(&b.d, false));
}

static void link_down(void)
{
	esvc_link(b.h->dev, false);
}

static void other_address(void)
{
	struct esv_port_params p = { .flags = htole32(ESV_PORT_UP), .mtu = htole16(1500), .mac = { 2, 9, 9, 9, 9, 9 } };

	ok(esvh_do(&b.d, ESV_OP_PORT_SET, 0, &p, sizeof(p)));
}

static void sa_delete(void)
{
	ok(esvh_do(&b.d, ESV_OP_SA_DELETE, in, NULL, 0));
}

static void drop_entry(void)
{
	policy(ESV_ACTION_DROP, 0);
}

static void allow_entry(void)
{
	policy(ESV_ACTION_ALLOW, 0);
}

static void protect_entry(void)
{
	policy(ESV_ACTION_PROTECT, 9);
}

static void lock(void)
{
	ok(esvh_do(&b.d, ESV_OP_SPD_LOCK, 0, NULL, 0));
}

static void zeroize(void)
{
	uint8_t scope = ESV_ZEROIZE_UNIT;
	struct esvh_cmd c = { .opcode = ESV_OP_ZEROIZE, .inl = &scope, .inl_len = 1 };

	ok(esvh_cmd(&b.d, &c));
}

/* An inbound SA for host-made ESP that came in clear. */
static void younger_sa(void)
{
	esp.spi = 0x7777;
	esp.reqid = 77;
	ok(esvh_esp_in(&b.d, &esp, &in));
}

static void nothing(void)
{
}

static void up(bool protect)
{
	struct esvc_config cfg;

	esvc_config_default(&cfg);
	cfg.sa_max = 16;
	cfg.policy_max = 64;
	rig_start(&a, &cfg);
	cfg.mac[5]++;
	rig_start(&b, &cfg);
	esvh_connect(a.h, b.h, 4);
	esp = (struct esvh_esp){
		.family = 4, .mode = ESV_SA_TRANSPORT, .spi = 0x1000, .reqid = 7, .key_len = 36,
		.saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
		.sel_s = { 10, 0, 0, 1 }, .sel_d = { 10, 0, 0, 2 },
	};
	out = 0;
	if (!protect)
		return;
	ok(esvh_esp_out(&a.d, &esp, &out));
	ok(esvh_esp_in(&b.d, &esp, &in));
}

static void down(void)
{
	rig_down(&a);
	rig_down(&b);
}

/* 64 frames fill the ring, one more waits. */
static void park(uint8_t proto)
{
	struct esvh_tx_opts o = { .flags = out ? ESV_TXD_TAG : 0, .sa_handle = out };
	struct pkt_spec s = udp4(32);
	struct pkt p;

	s.dst = b.d.mac;
	s.src = a.d.mac;
	s.proto = proto;
	pkt_build(&p, &s);
	if (proto == 50)
		pkt16(p.b + p.l4, 0), pkt16(p.b + p.l4 + 2, 0x7777);
	for (int i = 0; i < 65; i++) {
		if (out)
			assert_true(esvh_send(&a.d, 0, p.b, p.len, &o));
		else
			assert_true(esvc_receive(b.h->dev, p.b, p.len) > 0);
		esvh_pump_pair(a.h, b.h);
	}
	assert_int_equal(esvh_counter(&b.d, ESV_C_RX_FRAMES), 64);
}

/* What the completion of the youngest frame names as its entry. */
static uint32_t youngest_spd_id;

static unsigned int deliver(bool by_time)
{
	struct esv_rx_cqe c;
	uint8_t got[2048];
	unsigned int n = 0;

	while (esvh_recv(&b.d, 0, got, sizeof(got), NULL, false))
		n++;
	if (by_time) {
		/* Posted, but the doorbell is lost. */
		esvh_shadow(&b.d, b.d.rx[0].shadow)->tail = htole32(b.d.rx[0].tail + 1);
		esvh_advance(b.h, 200000000);
	} else {
		esvh_rx_post(&b.d, 0, 8);
		esvh_pump(b.h);
	}
	while (esvh_recv(&b.d, 0, got, sizeof(got), &c, false)) {
		youngest_spd_id = le32toh(c.spd_id);
		n++;
	}
	return n;
}

static void meanwhile(void **state)
{
	static const struct {
		const char *name;
		bool protect;
		uint8_t proto;
		void (*what)(void);
		enum esv_counter drop;		/* 0: it is delivered */
	} ways[] = {
		{ "nothing", true, 17, nothing, 0 },
		{ "port down", true, 17, port_down, ESV_C_RX_DROP_DOWN },
		{ "link down", true, 17, link_down, ESV_C_RX_DROP_DOWN },
		{ "address", true, 17, other_address, ESV_C_RX_DROP_FILTER },
		{ "SA deleted", true, 17, sa_delete, ESV_C_RX_DROP_SPI },
		{ "drop entry", true, 17, drop_entry, ESV_C_RX_DROP_POLICY },
		{ "allow entry", true, 17, allow_entry, ESV_C_RX_DROP_NOAUTHZ },
		{ "zeroised", true, 17, zeroize, ESV_C_RX_DROP_AUTH },
		{ "locked", true, 17, lock, 0 },
		{ "clear, nothing", false, 17, nothing, 0 },
		{ "clear, allow entry", false, 17, allow_entry, 0 },
		{ "clear, drop entry", false, 17, drop_entry, ESV_C_RX_DROP_POLICY },
		{ "clear, protect entry", false, 17, protect_entry, ESV_C_RX_DROP_CLEAR },
		{ "clear, locked", false, 17, lock, ESV_C_RX_DROP_NOMATCH },
		{ "host's ESP, SA added", false, 50, younger_sa, ESV_C_RX_DROP_SPI },
	};

	for (size_t i = 0; i < 2 * sizeof(ways) / sizeof(ways[0]); i++) {
		unsigned int n, w = i / 2;

		up(ways[w].protect);
		park(ways[w].proto);
		ways[w].what();
		n = deliver(i & 1);
		if (n != 64u + !ways[w].drop)
			fail_msg("%s: %u frames", ways[w].name, n);
		if (ways[w].drop && esvh_counter(&b.d, ways[w].drop) != 1)
			fail_msg("%s: not counted as it should", ways[w].name);
		assert_int_equal(esvh_counter(&b.d, ESV_C_RX_DROP_NOBUF), 0);
		down();
	}
}

/* RXC-7, CNT-1, SPD-48: the entry and the counter of a frame that waited are those that let it in at last. */
static void said_anew(void **state)
{
	uint32_t id;

	up(false);
	park(17);
	id = policy(ESV_ACTION_ALLOW, 0);
	assert_int_equal(deliver(false), 65);
	assert_int_equal(youngest_spd_id, id);
	assert_int_equal(esvh_counter(&b.d, ESV_C_RX_OPEN), 64);
	assert_int_equal(esvh_counter(&b.d, ESV_C_RX_ALLOW), 1);
	down();
	/* The same the other way round: nothing lets it in any more but that the device is open. */
	up(false);
	id = policy(ESV_ACTION_ALLOW, 0);
	park(17);
	ok(esvh_do(&b.d, ESV_OP_POLICY_DELETE, id, NULL, 0));
	youngest_spd_id = id;
	assert_int_equal(deliver(false), 65);
	assert_int_equal(youngest_spd_id, 0);
	assert_int_equal(esvh_counter(&b.d, ESV_C_RX_OPEN), 1);
	down();
	/* Of one that was decrypted: a protect entry in front of the one that it came by. */
	up(true);
	park(17);
	id = policy(ESV_ACTION_PROTECT, 7);
	assert_int_equal(deliver(false), 65);
	assert_int_equal(youngest_spd_id, id);
	down();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(meanwhile), cmocka_unit_test(said_anew) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-parked", tests, NULL, NULL) ? 1 : 0;
}
