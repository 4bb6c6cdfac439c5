// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Invariant I4 over a million packets: whatever a host does to an SA and to the device, no IV
 * is used twice under one key, and no sequence number twice while the device remembers the key.
 */
#include "t.h"

#include "esvh_esp.h"

#define PACKETS	1100000u
#define SLOTS	(1u << 22)
#define BURST	61u
#define AT_ESP	(14 + 20)

static struct rig r;
static struct {
	uint64_t seen[SLOTS];	/* IV + 1, 0: free */
	uint64_t packets, repeated;
	uint64_t seq[SLOTS / 64];	/* bit per sequence number of this epoch, SEQS of them */
	uint64_t seq_repeated, seq_beyond;
	uint32_t base, last;
} wire;

#define SEQS	(SLOTS)

static uint64_t be(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static void note_iv(uint64_t iv)
{
	uint64_t at = iv * 0x9e3779b97f4a7c15ull >> 42;

	for (; wire.seen[at]; at = (at + 1) % SLOTS)
		if (wire.seen[at] == iv + 1) {
			wire.repeated++;
			return;
		}
	wire.seen[at] = iv + 1;
}

static void note_seq(uint32_t seq)
{
	uint32_t n = seq - wire.base;

	wire.last = seq;
	if (n >= SEQS) {
		wire.seq_beyond++;
		return;
	}
	wire.seq_repeated += wire.seq[n / 64] >> n % 64 & 1;
	wire.seq[n / 64] |= 1ull << n % 64;
}

static void tap(void *arg, const uint8_t *frame, size_t len)
{
	assert_int_equal(frame[23], 50);
	wire.packets++;
	note_seq((uint32_t)be(frame + AT_ESP + 4, 4));
	note_iv(be(frame + AT_ESP + 8, 8));
}

/* What was sent before is of an epoch that is over: only IVs must stay apart. */
static void new_epoch(uint32_t base)
{
	memset(wire.seq, 0, sizeof(wire.seq));
	wire.base = base;
}

struct how {
	uint32_t spi;
	uint64_t seq;
	bool esn;
};

static uint32_t add(const struct how *how)
{
	struct esv_sa_params p = {
		.spi = htobe32(how->spi), .family = 4, .mode = ESV_SA_TRANSPORT, .dir = ESV_DIR_OUT,
		.algo = ESV_ALGO_AES_GCM_16_256, .flags = htole32(how->esn ? ESV_SA_F_ESN : 0), .reqid = htole32(1),
		.key_len = htole16(36), .seq = htole64(how->seq), .soft_packets = htole64(ESV_NO_LIMIT),
		.hard_packets = htole64(ESV_NO_LIMIT), .soft_bytes = htole64(ESV_NO_LIMIT),
		.hard_bytes = htole64(ESV_NO_LIMIT), .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
	};
	struct esvh_cmd c = { .opcode = ESV_OP_SA_ADD, .in = &p, .in_len = sizeof(p) };

	memset(p.key, 0x42, 36);
	ok(esvh_cmd(&r.d, &c));
	return le32toh(c.cqe.object);
}

static void protect(void)
{
	struct esv_policy_params p = {
		.sel = { .family = 4, .plen_s = 32, .plen_d = 32, .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 } },
		.dir = ESV_DIR_OUT, .action = ESV_ACTION_PROTECT, .mode = ESV_SA_TRANSPORT, .priority = htole32(1),
		.reqid = htole32(1),
	};

	ok(esvh_do(&r.d, ESV_OP_POLICY_ADD, 0, &p, sizeof(p)));
}

static void drop_sa(uint32_t sa)
{
	ok(esvh_do(&r.d, ESV_OP_SA_DELETE, sa, NULL, 0));
}

static void send_esp(uint32_t sa, unsigned int n)
{
	struct esvh_tx_opts o = { .flags = ESV_TXD_TAG, .sa_handle = sa };
	struct pkt_spec spec = { .family = 4, .proto = 17, .saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
				 .sport = 1, .dport = 2, .payload = 16 };
	static struct pkt p;

	pkt_build(&p, &spec);
	while (n--) {
		assert_true(esvh_send(&r.d, 0, p.b, p.len, &o));
		if (n % 32 == 0)
			esvh_pump(r.h);
	}
	esvh_pump(r.h);
}

static void set_up(void)
{
	struct esvc_config cfg;

	memset(&wire, 0, sizeof(wire));
	esvc_config_default(&cfg);
	rig_start(&r, &cfg);
	r.h->sink = true;
	r.h->tap = tap;
	protect();
}

static void lower_limit(uint32_t sa)
{
	struct esv_sa_update u = {
		.fields = htole32(ESV_SA_U_LIMITS), .soft_packets = htole64(ESV_NO_LIMIT),
		.hard_packets = htole64(ESV_NO_LIMIT - 1), .soft_bytes = htole64(ESV_NO_LIMIT),
		.hard_bytes = htole64(ESV_NO_LIMIT),
	};

	ok(esvh_do(&r.d, ESV_OP_SA_UPDATE, sa, &u, sizeof(u)));
}

/* The driver comes again: all SAs and entries are gone, and the device forgot the key. */
static uint32_t reload(const struct how *how)
{
	ok(esvh_drv_start(&r.d));
	protect();
	new_epoch(0);
	return add(how);
}

static uint32_t restore(const struct how *how)
{
	static uint8_t state[ESVC_STATE_SIZE];

	assert_int_equal(esvc_state_save(r.h->dev, state), 0);
	assert_int_equal(esvc_state_load(r.h->dev, state), 0);
	return reload(how);
}

static void test_million(void **unused)
{
	struct how how = { .spi = 0x1000 };
	unsigned int seed = 20260101, turns[6] = { 0 };
	uint32_t sa;

	set_up();
	sa = add(&how);
	while (wire.packets < PACKETS) {
		unsigned int turn = (unsigned int)rand_r(&seed) % 600;

		send_esp(sa, BURST);
		if (turn >= 6)
			turn = turn < 200 ? 0 : turn < 300 ? 1 : turn < 400 ? 2 : 3;
		turns[turn]++;
		switch (turn) {
		case 0:		/* deleted and added again */
			drop_sa(sa);
			sa = add(&how);
			break;
		case 1:		/* the same key under another SPI */
			drop_sa(sa);
			how.spi ^= 1;
			sa = add(&how);
			break;
		case 2:
			lower_limit(sa);
			break;
		case 3:
			esvc_link(r.h->dev, false);
			esvh_pump(r.h);
			esvc_link(r.h->dev, true);
			break;
		case 4:
			sa = reload(&how);
			break;
		case 5:
			sa = restore(&how);
			break;
		}
	}
	for (int i = 0; i < 6; i++)
		assert_true(turns[i] > 0);
	print_message("# %llu packets; again %u, other SPI %u, update %u, link %u, reload %u, restore %u\n",
		      (unsigned long long)wire.packets, turns[0], turns[1], turns[2], turns[3], turns[4], turns[5]);
	assert_int_equal(wire.repeated, 0);
	assert_int_equal(wire.seq_repeated, 0);
	assert_int_equal(wire.seq_beyond, 0);
	rig_down(&r);
}

/* SA-24, RFC 4303 2.2: without ESN the last number is 2^32 - 1, and no way of adding the SA again gives one more. */
static void test_edge(void **unused)
{
	struct how how = { .spi = 0x1000, .seq = UINT32_MAX - 100 };
	uint32_t sa;

	set_up();
	new_epoch(UINT32_MAX - 99);
	sa = add(&how);
	send_esp(sa, 60);
	drop_sa(sa);
	sa = add(&how);
	send_esp(sa, 60);
	assert_int_equal(wire.packets, 100);
	assert_int_equal(wire.last, UINT32_MAX);
	for (int i = 0; i < 3; i++) {
		drop_sa(sa);
		how.seq = 0;
		how.spi++;
		sa = add(&how);
		send_esp(sa, 10);
	}
	assert_int_equal(wire.packets, 100);
	assert_int_equal(wire.seq_repeated, 0);
	assert_int_equal(wire.repeated, 0);
	rig_down(&r);
}

/* With ESN the low half goes on from 0, and the IVs with it. */
static void test_edge_esn(void **unused)
{
	struct how how = { .spi = 0x1000, .seq = UINT32_MAX - 100ull, .esn = true };
	uint32_t sa;

	set_up();
	new_epoch(UINT32_MAX - 99);
	sa = add(&how);
	for (int i = 0; i < 20; i++) {
		send_esp(sa, 10);
		drop_sa(sa);
		sa = add(&how);
	}
	assert_int_equal(wire.packets, 200);
	assert_int_equal(wire.last, 99);
	assert_int_equal(wire.seq_repeated, 0);
	assert_int_equal(wire.repeated, 0);
	rig_down(&r);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_million), cmocka_unit_test(test_edge), cmocka_unit_test(test_edge_esn),
};

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("iv", tests, NULL, NULL) ? 1 : 0;
}
