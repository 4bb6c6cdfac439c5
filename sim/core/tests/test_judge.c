// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verdict is about what leaves, when it leaves (TXD-8, TXD-10): nothing
 * changes a frame behind it, and no frame outlives the SA, the entry or the
 * port by which it was let out.
 */
#include "t.h"

#include "esvh_esp.h"

#define DEPTH	5

static struct rig r;
static struct esvh_esp esp;
static uint32_t sa;

static void start(bool strict)
{
	struct esvc_config cfg;

	esvc_config_default(&cfg);
	cfg.strict = strict;
	cfg.sa_max = 1;
	rig_start(&r, &cfg);
	r.h->out.depth = DEPTH;
	esp = (struct esvh_esp){
		.family = 4, .mode = ESV_SA_TRANSPORT, .spi = 0x1000, .reqid = 7, .key_len = 36,
		.saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
		.sel_s = { 10, 0, 0, 1 }, .sel_d = { 10, 0, 0, 2 },
	};
}

static int down(void **state)
{
	rig_down(&r);
	return 0;
}

/* 30 segments, as many of them on the wire as it takes. */
static void send_big(uint16_t flags)
{
	struct pkt_spec s = tcp4(30000);
	struct esvh_tx_opts o = { .flags = ESV_TXD_TSO | flags, .sa_handle = sa, .mss = 1000, .hdr_len = 54 };
	static struct pkt p;

	pkt_build(&p, &s);
	assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, DEPTH);
}

/* Frames of this protocol that still come; all others fail. */
static unsigned int drain(unsigned int proto, uint32_t spi)
{
	static uint8_t f[2048];
	unsigned int n = 0;

	for (; esvh_wire_take(r.h, f, sizeof(f)); n++) {
		assert_int_equal(f[23], proto);
		if (proto == 50)
			assert_int_equal(rd32(f + 34), spi);
		esvh_pump(r.h);
	}
	assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
	return n;
}

/* TXD-8: a checksum field in the IP header moves the frame to an address that an entry protects. */
static void checksum_before_verdict(void **state)
{
	struct esv_policy_params allow = {
		.sel = { .family = 4, .plen_s = 32, .plen_d = 32, .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 9, 0, 2 } },
		.dir = ESV_DIR_OUT, .action = ESV_ACTION_ALLOW, .priority = htole32(50),
	};
	struct esvh_tx_opts o = { .flags = ESV_TXD_CSUM, .csum_start = 14, .csum_offset = 16 };
	struct pkt_spec s = udp4(100);
	struct pkt p;

	start(true);
	ok(esvh_esp_out(&r.d, &esp, &sa));
	ok(esvh_do(&r.d, ESV_OP_POLICY_ADD, 0, &allow, sizeof(allow)));
	s.daddr[1] = 9;
	pkt_build(&p, &s);
	assert_true(esvh_send(&r.d, 0, p.b, p.len, NULL));
	esvh_pump(r.h);
	assert_int_equal(drain(17, 0), 1);
	/* What makes the sum over all of it come out as 10.0. */
	pkt16(p.b + p.data, 0);
	pkt16(p.b + p.data, 0xffffu - slow_sum(0x0a00, p.b + 14, p.len - 14));
	assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
	esvh_pump(r.h);
	assert_int_equal(drain(17, 0), 0);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_NOTAG), 1);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_ALLOW), 1);
}

/* SA-31: another SA in the same slot is another SA. */
static void sa_replaced(void **state)
{
	uint32_t old;

	start(true);
	ok(esvh_esp_out(&r.d, &esp, &sa));
	old = sa;
	send_big(ESV_TXD_TAG);
	ok(esvh_do(&r.d, ESV_OP_SA_DELETE, old, NULL, 0));
	esp.spi = 0x2000;
	esp.reqid = 8;
	esp.daddr[3] = 3;
	esp.sel_d[3] = 3;
	ok(esvh_esp_out(&r.d, &esp, &sa));
	assert_int_not_equal(sa, old);
	assert_int_equal(drain(50, 0x1000), DEPTH);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_TAG_STALE), 1);
}

static void protect(void)
{
	ok(esvh_esp_out(&r.d, &esp, &sa));
}

static void lock(void)
{
	ok(esvh_do(&r.d, ESV_OP_SPD_LOCK, 0, NULL, 0));
}

static void port_down(void)
{
	ok(esvh_port(&r.d, false));
}

static void link_down(void)
{
	esvc_link(r.h->dev, false);
}

/* SPD-10, PRT-2: once the command is answered nothing more goes out against it. */
static void closed_meanwhile(void **state)
{
	static const struct {
		void (*close)(void);
		enum esv_counter counter;
	} ways[] = {
		{ protect, ESV_C_TX_DROP_NOTAG }, { lock, ESV_C_TX_DROP_NOMATCH },
		{ port_down, ESV_C_TX_DROP_DOWN }, { link_down, ESV_C_TX_DROP_DOWN },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (i)
			rig_down(&r);
		start(false);
		send_big(0);
		ways[i].close();
		assert_int_equal(drain(6, 0), DEPTH);
		assert_int_equal(esvh_counter(&r.d, ways[i].counter), 1);
	}
}

/* The protect entry is the first that was added. */
static uint32_t entry(void)
{
	struct esv_policy_list list;
	struct esvh_cmd ask = { .opcode = ESV_OP_POLICY_LIST, .out = &list, .out_cap = sizeof(list) };

	ok(esvh_cmd(&r.d, &ask));
	return le32toh(list.handle[0]);
}

static void sa_delete(void)
{
	ok(esvh_do(&r.d, ESV_OP_SA_DELETE, sa, NULL, 0));
}

static void unprotect(void)
{
	ok(esvh_do(&r.d, ESV_OP_POLICY_DELETE, entry(), NULL, 0));
}

static void freeze(void)
{
	ok(esvh_do(&r.d, ESV_OP_POLICY_FREEZE, entry(), NULL, 0));
}

static void first_entry(uint8_t action)
{
	struct esv_policy_params p = { .sel.family = 4, .dir = ESV_DIR_OUT, .action = action };

	ok(esvh_do(&r.d, ESV_OP_POLICY_ADD, 0, &p, sizeof(p)));
}

static void drop_entry(void)
{
	first_entry(ESV_ACTION_DROP);
}

static void allow_entry(void)
{
	first_entry(ESV_ACTION_ALLOW);
}

static void zeroize(void)
{
	uint8_t scope = ESV_ZEROIZE_UNIT;
	struct esvh_cmd c = { .opcode = ESV_OP_ZEROIZE, .inl = &scope, .inl_len = 1 };

	ok(esvh_cmd(&r.d, &c));
}

static void update(struct esv_sa_update *u)
{
	ok(esvh_do(&r.d, ESV_OP_SA_UPDATE, sa, u, sizeof(*u)));
}

/* To another gateway: for the entry too, so that the SA fits still. */
static void move(void)
{
	struct esv_sa_update u = { .fields = htole32(ESV_SA_U_ADDRS) };
	struct esv_policy_params p = {
		.sel = { .family = 4, .plen_s = 32, .plen_d = 32 }, .dir = ESV_DIR_OUT, .action = ESV_ACTION_PROTECT,
		.mode = esp.mode, .reqid = htole32(esp.reqid), .family = 4,
	};

	esp.daddr[3]++;
	memcpy(u.saddr, esp.saddr, 16);
	memcpy(u.daddr, esp.daddr, 16);
	update(&u);
	if (esp.mode != ESV_SA_TUNNEL)
		return;
	unprotect();
	memcpy(p.sel.saddr, esp.sel_s, 16);
	memcpy(p.sel.daddr, esp.sel_d, 16);
	memcpy(p.saddr, esp.saddr, 16);
	memcpy(p.daddr, esp.daddr, 16);
	ok(esvh_do(&r.d, ESV_OP_POLICY_ADD, 0, &p, sizeof(p)));
}

static void no_nexthop(void)
{
	struct esv_sa_update u = { .fields = htole32(ESV_SA_U_NEXTHOP) };

	update(&u);
}

static void small_mtu(void)
{
	struct esv_port_params p = { .flags = htole32(ESV_PORT_UP), .mtu = htole16(100) };

	memcpy(p.mac, r.d.mac, 6);
	ok(esvh_do(&r.d, ESV_OP_PORT_SET, 0, &p, sizeof(p)));
}

/* TXD-10: one frame that is ESP already and waits for the wire needs all that it needed when it was made. */
static void esp_waits(void **state)
{
	static const struct {
		const char *name;
		uint8_t mode;
		void (*what)(void);
		enum esv_counter drop;		/* 0: it leaves */
	} ways[] = {
		{ "lock", ESV_SA_TRANSPORT, lock, 0 },
		{ "lock", ESV_SA_TUNNEL, lock, 0 },
		{ "port down", ESV_SA_TRANSPORT, port_down, ESV_C_TX_DROP_DOWN },
		{ "SA deleted", ESV_SA_TRANSPORT, sa_delete, ESV_C_TX_DROP_TAG_STALE },
		{ "entry deleted", ESV_SA_TRANSPORT, unprotect, ESV_C_TX_DROP_TAG_NOMATCH },
		{ "entry deleted", ESV_SA_TUNNEL, unprotect, ESV_C_TX_DROP_TAG_NOMATCH },
		{ "entry frozen", ESV_SA_TUNNEL, freeze, ESV_C_TX_DROP_POLICY },
		{ "drop entry", ESV_SA_TRANSPORT, drop_entry, ESV_C_TX_DROP_POLICY },
		{ "allow entry", ESV_SA_TUNNEL, allow_entry, ESV_C_TX_DROP_TAG_ALLOW },
		{ "zeroised", ESV_SA_TRANSPORT, zeroize, ESV_C_TX_DROP_SEQ },
		{ "SA moved", ESV_SA_TRANSPORT, move, ESV_C_TX_DROP_TAG_FIT },
		{ "SA moved", ESV_SA_TUNNEL, move, ESV_C_TX_DROP_TAG_FIT },
		{ "no next hop", ESV_SA_TUNNEL, no_nexthop, ESV_C_TX_DROP_NEXTHOP },
		{ "small MTU", ESV_SA_TUNNEL, small_mtu, ESV_C_TX_DROP_MTU },
	};
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG };
	struct pkt_spec s = udp4(40);
	struct pkt p;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (i)
			rig_down(&r);
		start(false);
		esp.mode = ways[i].mode;
		if (esp.mode == ESV_SA_TUNNEL) {
			esp.saddr[3] = 0x71;
			esp.daddr[3] = 0x72;
			esp.nexthop[0] = 2;
		}
		ok(esvh_esp_out(&r.d, &esp, &sa));
		o.sa_handle = sa;
		pkt_build(&p, &s);
		for (int n = 0; n < DEPTH + 1; n++)
			assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
		esvh_pump(r.h);
		assert_int_equal(r.h->out.count, DEPTH);
		ways[i].what();
		assert_int_equal(drain(50, 0x1000), DEPTH + !ways[i].drop);
		if (ways[i].drop && esvh_counter(&r.d, ways[i].drop) != 1)
			fail_msg("%s: not counted as it should", ways[i].name);
	}
}

/* ESP-9: the next hop moves while a frame waits, and the frame goes to the new one. */
static void next_hop_moves(void **state)
{
	struct esv_sa_update u = { .fields = htole32(ESV_SA_U_NEXTHOP), .nexthop_valid = 1, .nexthop = { 6 } };
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG };
	struct pkt_spec s = udp4(40);
	struct pkt p;

	start(true);
	esp.mode = ESV_SA_TUNNEL;
	esp.nexthop[0] = 2;
	ok(esvh_esp_out(&r.d, &esp, &sa));
	o.sa_handle = sa;
	pkt_build(&p, &s);
	for (int n = 0; n < DEPTH + 1; n++)
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
	esvh_pump(r.h);
	update(&u);
	for (int n = 0; n < DEPTH + 1; n++) {
		assert_true(esvh_wire_take(r.h, p.b, sizeof(p.b)) > 0);
		assert_int_equal(p.b[0], n < DEPTH ? 2 : 6);
		esvh_pump(r.h);
	}
}

/* TXD-10: what changes nothing for it lets the frame go on, whole. */
static void goes_on(void **state)
{
	start(true);
	ok(esvh_esp_out(&r.d, &esp, &sa));
	send_big(ESV_TXD_TAG);
	esp.spi++;
	esp.reqid++;
	esp.sel_d[3]++;
	assert_int_equal(esvh_esp_out(&r.d, &esp, &sa), ESV_S_NO_RESOURCE);
	assert_int_equal(drain(50, 0x1000), 30);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_ESP), 30);
}

/* SPD-40, TXD-10: a tagged solicitation that an allow entry let out waits; with the entry gone it is to be protected. */
static void allow_gone(void **state)
{
	struct esv_policy_params allow = {
		.sel = { .family = 6, .proto = 58 }, .dir = ESV_DIR_OUT, .action = ESV_ACTION_ALLOW,
		.priority = htole32(1),
	};
	struct esvh_cmd add = { .opcode = ESV_OP_POLICY_ADD, .in = &allow, .in_len = sizeof(allow) };
	struct pkt_spec s = { .family = 6, .proto = 58, .saddr = { 0xfd, 1 }, .daddr = { 0xfd, 2 }, .payload = 24 };
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG };
	struct pkt p;

	start(true);
	esp = (struct esvh_esp){
		.family = 6, .mode = ESV_SA_TRANSPORT, .spi = 0x1000, .reqid = 7, .key_len = 36,
		.saddr = { 0xfd, 1 }, .daddr = { 0xfd, 2 }, .sel_s = { 0xfd, 1 }, .sel_d = { 0xfd, 2 },
	};
	ok(esvh_esp_out(&r.d, &esp, &sa));
	ok(esvh_cmd(&r.d, &add));
	o.sa_handle = sa;
	pkt_build(&p, &s);
	p.b[p.l3 + 7] = 255;
	p.b[p.l4] = 135;
	p.b[p.l4 + 1] = 0;
	for (int i = 0; i < DEPTH + 1; i++)
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
	esvh_pump(r.h);
	assert_int_equal(r.h->out.count, DEPTH);
	ok(esvh_do(&r.d, ESV_OP_POLICY_DELETE, le32toh(add.cqe.object), NULL, 0));
	while (esvh_wire_take(r.h, p.b, sizeof(p.b)))
		esvh_pump(r.h);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_BYPASS), DEPTH);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_FRAMES), DEPTH);
	assert_int_equal(esvh_counter(&r.d, ESV_C_TX_DROP_TAG_FIT), 1);
	assert_int_equal(esvh_tx_done(&r.d, 0), r.d.tx[0].tail);
}

#define T(f) cmocka_unit_test_teardown(f, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(checksum_before_verdict), T(sa_replaced), T(closed_meanwhile), T(goes_on),
		T(allow_gone), T(esp_waits), T(next_hop_moves),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-judge", tests, NULL, NULL) ? 1 : 0;
}
