// SPDX-License-Identifier: GPL-2.0-or-later
/* SA commands: each refusal names its byte and changes nothing (SA-1 ff), limits (SA-20 ff). */
#include "esvc_lifetime.h"
#include "esvc_unit_priv.h"
#include "ipsec_rig.h"

#define OFF(field) offsetof(struct esv_sa_params, field)

static struct pkt pkt;

/* Set len bytes at off of good parameters to val; expect status at want_off. */
struct refusal {
	const char *name;
	size_t off;
	size_t len;
	uint64_t val;
	enum esv_status status;
	size_t want_off;
};

static const struct refusal out_refusals[] = {
	{ "SPI 255", OFF(spi), 4, 0xff000000, ESV_S_BAD_FIELD, OFF(spi) },
	{ "family 5", OFF(family), 1, 5, ESV_S_BAD_FIELD, OFF(family) },
	{ "mode 0", OFF(mode), 1, 0, ESV_S_BAD_FIELD, OFF(mode) },
	{ "mode 3", OFF(mode), 1, 3, ESV_S_BAD_FIELD, OFF(mode) },
	{ "direction 0", OFF(dir), 1, 0, ESV_S_BAD_FIELD, OFF(dir) },
	{ "algorithm 3", OFF(algo), 1, 3, ESV_S_UNSUPPORTED_VALUE, OFF(algo) },
	{ "unknown flag", OFF(flags), 4, 0x100, ESV_S_UNSUPPORTED_VALUE, OFF(flags) },
	{ "reqid 0", OFF(reqid), 4, 0, ESV_S_BAD_FIELD, OFF(reqid) },
	{ "window outbound", OFF(window), 4, 64, ESV_S_BAD_FIELD, OFF(window) },
	{ "other function", OFF(function), 2, 1, ESV_S_BAD_FIELD, OFF(function) },
	{ "encapsulation", OFF(encap_type), 2, 2, ESV_S_UNSUPPORTED_VALUE, OFF(encap_type) },
	{ "encap sport", OFF(encap_sport), 2, 1, ESV_S_UNSUPPORTED_VALUE, OFF(encap_sport) },
	{ "encap dport", OFF(encap_dport), 2, 1, ESV_S_UNSUPPORTED_VALUE, OFF(encap_dport) },
	{ "empty key", OFF(key_len), 2, 0, ESV_S_KEY_WEAK, OFF(key_len) },
	{ "short key", OFF(key_len), 2, 20, ESV_S_BAD_FIELD, OFF(key_len) },
	{ "long key", OFF(key_len), 2, 64, ESV_S_BAD_FIELD, OFF(key_len) },
	{ "endless key", OFF(key_len), 2, 65535, ESV_S_BAD_FIELD, OFF(key_len) },
	{ "next hop without flag", OFF(nexthop), 6, 2, ESV_S_RESERVED_NONZERO, OFF(nexthop) },
	{ "source 0", OFF(saddr), 4, 0, ESV_S_BAD_FIELD, OFF(saddr) },
	{ "source multicast", OFF(saddr), 1, 224, ESV_S_BAD_FIELD, OFF(saddr) },
	{ "source tail", OFF(saddr) + 4, 1, 1, ESV_S_RESERVED_NONZERO, OFF(saddr) },
	{ "destination 0", OFF(daddr), 4, 0, ESV_S_BAD_FIELD, OFF(daddr) },
	{ "destination broadcast", OFF(daddr), 4, 0xffffffff, ESV_S_BAD_FIELD, OFF(daddr) },
	{ "destination tail", OFF(daddr) + 15, 1, 1, ESV_S_RESERVED_NONZERO, OFF(daddr) },
	{ "selector without flag", OFF(sel), 1, 4, ESV_S_RESERVED_NONZERO, OFF(sel) },
	{ "reserved", OFF(rsvd), 4, 1, ESV_S_RESERVED_NONZERO, OFF(rsvd) },
	{ "sequence too large", OFF(seq), 8, 1ull << 32, ESV_S_BAD_FIELD, OFF(seq) },
	{ "soft packets 0", OFF(soft_packets), 8, 0, ESV_S_BAD_FIELD, OFF(soft_packets) },
	{ "hard packets 0", OFF(hard_packets), 8, 0, ESV_S_BAD_FIELD, OFF(soft_packets) },
	{ "soft bytes 0", OFF(soft_bytes), 8, 0, ESV_S_BAD_FIELD, OFF(soft_bytes) },
	{ "hard bytes 0", OFF(hard_bytes), 8, 0, ESV_S_BAD_FIELD, OFF(soft_bytes) },
	{ "bytes behind the key", OFF(key) + 36, 1, 1, ESV_S_RESERVED_NONZERO, OFF(key) + 36 },
	{ "token magic, no flag", OFF(key), 8, 0x9b014b4f541d7ae5, ESV_S_KEY_REJECTED, OFF(key) },
	{ "token flag, no magic", OFF(flags), 4, ESV_SA_F_TOKEN, ESV_S_KEY_REJECTED, OFF(key) },
};

static const struct refusal in_refusals[] = {
	{ "window 0", OFF(window), 4, 0, ESV_S_BAD_FIELD, OFF(window) },
	{ "window 16", OFF(window), 4, 16, ESV_S_BAD_FIELD, OFF(window) },
	{ "window 33", OFF(window), 4, 33, ESV_S_BAD_FIELD, OFF(window) },
	{ "window 4128", OFF(window), 4, 4128, ESV_S_BAD_FIELD, OFF(window) },
};

static void expect(struct irig *r, const char *name, const struct esv_sa_params *p, enum esv_status status, size_t off)
{
	uint32_t used = r->dev.ipsec->sadb.tab.used;
	enum esv_status got = irig_cmd(r, ESV_OP_SA_ADD, 0, 0, p, sizeof(*p));

	if (got != status || r->cmd.err_off != off)
		fail_msg("%s: status %d at %u, not %d at %zu", name, got, r->cmd.err_off, status, off);
	assert_int_equal(r->dev.ipsec->sadb.tab.used, used);
}

static void refuse_all(struct irig *r, const struct esv_sa_params *good, const struct refusal *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct esv_sa_params p = *good;
		uint64_t val = htole64(list[i].val);

		memcpy((uint8_t *)&p + list[i].off, &val, list[i].len);
		expect(r, list[i].name, &p, list[i].status, list[i].want_off);
	}
}

/* SA-5 to SA-10, SA-13 to SA-16, TOK-2, ADM-12: each refusal names its byte and installs nothing. */
static void test_refusals(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params out = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x100);
	struct esv_sa_params in = irig_sa(ESV_DIR_IN, 4, ESV_SA_TRANSPORT, 0x100), p;
	uint64_t refused;

	refuse_all(r, &out, out_refusals, sizeof(out_refusals) / sizeof(out_refusals[0]));
	refuse_all(r, &in, in_refusals, sizeof(in_refusals) / sizeof(in_refusals[0]));
	p = out;
	memset(p.key, 0, 32);		/* a salt makes no key */
	expect(r, "zero key", &p, ESV_S_KEY_WEAK, OFF(key));
	p = out;
	p.soft_packets = htole64(10);
	p.hard_packets = htole64(9);
	expect(r, "hard below soft", &p, ESV_S_BAD_FIELD, OFF(soft_packets));
	p = out;
	p.flags = htole32(ESV_SA_F_NEXTHOP);
	expect(r, "next hop zero", &p, ESV_S_BAD_FIELD, OFF(nexthop));
	p.nexthop[0] = 1;
	expect(r, "next hop multicast", &p, ESV_S_BAD_FIELD, OFF(nexthop));
	p = out;
	irig_sa_128(&p);
	p.flags = htole32(ESV_SA_F_TOKEN);
	expect(r, "token for 128 bits", &p, ESV_S_BAD_FIELD, OFF(algo));
	refused = r->dev.counters[ESV_C_SA_REFUSED];
	assert_int_equal(refused, sizeof(out_refusals) / sizeof(out_refusals[0]) +
			 sizeof(in_refusals) / sizeof(in_refusals[0]) + 5);
	irig_add_sa(r, &out);
	irig_add_sa(r, &in);
	assert_int_equal(r->dev.counters[ESV_C_SA_INSTALLED], 2);
	irig_free(r);
}

/* SA-11, SPD-3: what a selector of an SA must not be, and where the other family is accepted. */
static void test_selector(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TUNNEL, 0x101);

	p.flags |= htole32(ESV_SA_F_SEL);
	expect(r, "no family", &p, ESV_S_BAD_FIELD, OFF(sel.family));
	p.sel.family = 6;
	expect(r, "other family outbound", &p, ESV_S_UNSUPPORTED_VALUE, OFF(sel.family));
	p.sel.family = 4;
	p.sel.plen_s = 33;
	expect(r, "prefix of 33", &p, ESV_S_BAD_FIELD, OFF(sel.plen_s));
	p.sel.plen_s = 0;
	p.sel.dport_mask = 0xffff;
	expect(r, "ports of any protocol", &p, ESV_S_BAD_FIELD, OFF(sel.dport_mask));
	p.sel.proto = 47;
	expect(r, "ports of GRE", &p, ESV_S_BAD_FIELD, OFF(sel.dport_mask));
	p.sel.sport_mask = 1;
	expect(r, "ports of GRE", &p, ESV_S_BAD_FIELD, OFF(sel.sport_mask));
	p.sel.sport_mask = 0;
	p.sel.proto = 17;
	irig_add_sa(r, &p);
	p = irig_sa(ESV_DIR_IN, 4, ESV_SA_TUNNEL, 0x102);
	p.flags |= htole32(ESV_SA_F_SEL);
	p.sel.family = 6;
	irig_add_sa(r, &p);
	p = irig_sa(ESV_DIR_IN, 4, ESV_SA_TRANSPORT, 0x103);
	p.flags |= htole32(ESV_SA_F_SEL);
	p.sel.family = 6;
	expect(r, "other family in transport mode", &p, ESV_S_BAD_FIELD, OFF(sel.family));
	irig_free(r);
}

/* SA-3, SA-4: handles, the same SA again, a full table. KEY-13: one key for two senders. */
static void test_identity_and_capacity(void **state)
{
	struct irig *r = irig_new_cfg(true, ESVC_AEAD_AUTO, 4, 4, 0);
	struct esv_sa_params p;
	uint32_t h[4], again;

	for (uint32_t i = 0; i < 4; i++) {
		p = irig_sa(i & 1 ? ESV_DIR_IN : ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x200 + i / 2);
		h[i] = irig_add_sa(r, &p);
		assert_int_not_equal(ESV_HANDLE_GEN(h[i]), 0);
	}
	expect(r, "same SA", &p, ESV_S_EXISTS, OFF(spi));
	p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x300);
	expect(r, "full", &p, ESV_S_NO_RESOURCE, ESV_ERR_OFF_NONE);
	ok(irig_cmd(r, ESV_OP_SA_DELETE, h[1], 0, NULL, 0));
	assert_int_equal(irig_cmd(r, ESV_OP_SA_DELETE, h[1], 0, NULL, 0), ESV_S_BAD_HANDLE);
	assert_int_equal(r->cmd.err_off, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object));
	again = irig_add_sa(r, &p);
	assert_int_equal(ESV_HANDLE_INDEX(again), ESV_HANDLE_INDEX(h[1]));
	assert_int_not_equal(again, h[1]);
	/* Another family or destination is another SA. */
	ok(irig_cmd(r, ESV_OP_SA_DELETE, h[0], 0, NULL, 0));
	p = irig_sa(ESV_DIR_OUT, 6, ESV_SA_TRANSPORT, 0x300);
	expect(r, "one key for two SAs", &p, ESV_S_KEY_REJECTED, OFF(key));
	irig_key(p.key, 36, 0x301);
	irig_add_sa(r, &p);
	irig_free(r);
}

/* A known key goes on where it was: the host can't rewind it (KEY-1, SA-12). */
static void test_continuation(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x400), q;
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	struct pkt_spec spec = irig_spec(4, 17, 50);
	uint32_t h = irig_add_sa(r, &p);
	uint64_t iv;

	irig_add_policy(r, &po);
	pkt_build(&pkt, &spec);
	for (int i = 0; i < 5; i++)
		assert_counter(irig_send(r, pkt.b, pkt.len, h), TX_ESP);
	iv = irig_get(r, h)->key->iv;
	ok(irig_cmd(r, ESV_OP_SA_DELETE, h, 0, NULL, 0));
	h = irig_add_sa(r, &p);
	assert_int_equal(r->cmd.result[0], ESV_SA_R_CONTINUED);
	assert_int_equal(le64toh(irig_query(r, h).seq), 5);
	assert_int_equal(le64toh(irig_query(r, h).packets), 0);
	assert_counter(irig_send(r, pkt.b, pkt.len, h), TX_ESP);
	assert_int_equal(irig_get(r, h)->key->iv, iv + 1);
	ok(irig_cmd(r, ESV_OP_SA_DELETE, h, 0, NULL, 0));
	/* The host may jump ahead. */
	p.seq = htole64(1000);
	h = irig_add_sa(r, &p);
	assert_int_equal(le64toh(irig_query(r, h).seq), 1000);
	/* What a query shows is no key: installing it again is refused. */
	q = p;
	q.spi = htobe32(0x401);
	memset(q.key, 0, sizeof(q.key));
	expect(r, "dumped key", &q, ESV_S_KEY_WEAK, OFF(key));
	irig_free(r);
}

/* SA-51, SA-52: an SA as it was added, by its handle and by what a packet shows. */
static void test_query(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_IN, 6, ESV_SA_TUNNEL, 0x500);
	struct esv_sa_key k = { .spi = htobe32(0x500), .family = 6, .proto = 50 };
	struct esv_sa_info info;
	uint32_t h;

	p.flags = htole32(ESV_SA_F_ESN | ESV_SA_F_DECAP_DSCP);
	p.window = htole32(1024);
	p.seq = htole64(77);
	h = irig_add_sa(r, &p);
	info = irig_query(r, h);
	assert_int_equal(le32toh(info.handle), h);
	assert_int_equal(be32toh(info.spi), 0x500);
	assert_int_equal(info.family, 6);
	assert_int_equal(info.mode, ESV_SA_TUNNEL);
	assert_int_equal(info.dir, ESV_DIR_IN);
	assert_int_equal(info.algo, ESV_ALGO_AES_GCM_16_256);
	assert_int_equal(le32toh(info.flags), ESV_SA_F_ESN | ESV_SA_F_DECAP_DSCP);
	assert_int_equal(le32toh(info.reqid), 7);
	assert_int_equal(le32toh(info.window), 1024);
	assert_int_equal(le64toh(info.seq), 77);
	assert_int_equal(info.custody, ESV_CUSTODY_L1);
	assert_int_equal(info.state, ESV_SA_ACTIVE);
	assert_memory_equal(info.saddr, p.saddr, 16);
	assert_memory_equal(info.daddr, p.daddr, 16);
	memcpy(k.daddr, p.daddr, 16);
	for (uint8_t dir = 0; dir <= ESV_DIR_IN; dir++) {
		k.dir = dir;
		assert_int_equal(irig_cmd(r, ESV_OP_SA_QUERY, 0, 0, &k, sizeof(k)),
				 dir == ESV_DIR_OUT ? ESV_S_NOT_FOUND : ESV_S_OK);
	}
	k.dir = 0;
	k.proto = 51;
	assert_int_equal(irig_cmd(r, ESV_OP_SA_QUERY, 0, 0, &k, sizeof(k)), ESV_S_NOT_FOUND);
	k.proto = 50;
	k.function = htole16(1);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_QUERY, 0, 0, &k, sizeof(k)), ESV_S_NOT_FOUND);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_QUERY, 0, 0, &k, 4), ESV_S_BAD_LENGTH);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_QUERY, 12345, 0, NULL, 0), ESV_S_BAD_HANDLE);
	irig_free(r);
}

/* One page of seven. */
static struct esv_sa_list list_page(struct irig *r, uint32_t cursor)
{
	struct esvc_cmd cmd = { .out = (uint8_t *)r->out, .out_cap = 8 + 7 * 4 + 3 };
	struct esv_sa_list page;

	cursor = htole32(cursor);
	memcpy(cmd.sqe.inl, &cursor, 4);
	ok(irig_row(ESV_OP_SA_LIST)->run(&r->dev, &cmd));
	memcpy(&page, r->out, sizeof(page));
	assert_int_equal(cmd.out_len, 8 + le32toh(page.count) * 4);
	assert_true(le32toh(page.count) <= 7);
	return page;
}

/* SA-36, SA-53: pages in the order of indices, over gaps. */
static void test_list(void **state)
{
	struct irig *r = irig_new_cfg(true, ESVC_AEAD_AUTO, 64, 4, 0);
	uint32_t cursor = 0, n = 0, h[30];

	for (uint32_t i = 0; i < 30; i++) {
		struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x600 + i);

		h[i] = irig_add_sa(r, &p);
	}
	for (uint32_t i = 0; i < 30; i += 3)
		ok(irig_cmd(r, ESV_OP_SA_DELETE, h[i], 0, NULL, 0));
	do {
		struct esv_sa_list page = list_page(r, cursor);

		for (uint32_t i = 0; i < le32toh(page.count); i++, n++)
			assert_int_equal(le32toh(page.handle[i]), h[n + n / 2 + 1]);
		cursor = le32toh(page.next);
	} while (cursor);
	assert_int_equal(n, 20);
	assert_int_equal(list_page(r, 0xffffffff).count, 0);
	irig_free(r);
}

/* SA-30: next hop and addresses. ESP-9: no frame without a next hop. TOK-5: the binding moves along. */
static void test_update(void **state)
{
	struct irig *r = irig_new(true);
	struct pair p = irig_pair(r, 4, ESV_SA_TUNNEL, 0x700);
	struct esv_sa_params other = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TUNNEL, 0x700);
	struct esv_sa_update u = { .fields = htole32(ESV_SA_U_NEXTHOP) };
	struct pkt_spec spec = irig_spec(4, 17, 50);

	pkt_build(&pkt, &spec);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_UPDATE, p.in, 0, &u, sizeof(u)), ESV_S_BAD_STATE);
	ok(irig_cmd(r, ESV_OP_SA_UPDATE, p.out, 0, &u, sizeof(u)));
	for (int i = 0; i < 3; i++)
		assert_counter(irig_send(r, pkt.b, pkt.len, p.out), TX_DROP_NEXTHOP);
	assert_int_equal(r->nr_events, 1);
	assert_int_equal(r->events[0].type, ESV_EV_NEXTHOP);
	assert_int_equal(irig_get(r, p.out)->key->seq, 0);
	u.nexthop_valid = 1;
	assert_int_equal(irig_cmd(r, ESV_OP_SA_UPDATE, p.out, 0, &u, sizeof(u)), ESV_S_BAD_FIELD);
	memcpy(u.nexthop, "\2\1\2\3\4\5", 6);
	ok(irig_cmd(r, ESV_OP_SA_UPDATE, p.out, 0, &u, sizeof(u)));
	assert_counter(irig_send(r, pkt.b, pkt.len, p.out), TX_ESP);
	assert_memory_equal(r->buf.data, "\2\1\2\3\4\5", 6);

	/* Addresses: found under the new ones, not under those of another SA. */
	other.daddr[3] = 77;
	irig_key(other.key, 36, 0x999);
	irig_add_sa(r, &other);
	u.fields = htole32(ESV_SA_U_ADDRS);
	memcpy(u.saddr, GW_A[0], 16);
	memcpy(u.daddr, other.daddr, 16);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_UPDATE, p.out, 0, &u, sizeof(u)), ESV_S_EXISTS);
	u.daddr[3] = 78;
	ok(irig_cmd(r, ESV_OP_SA_UPDATE, p.out, 0, &u, sizeof(u)));
	assert_int_equal(irig_query(r, p.out).daddr[3], 78);
	/* A later continuation must name the new addresses. */
	assert_memory_equal(irig_get(r, p.out)->key->bind.saddr, u.saddr, 16);
	assert_memory_equal(irig_get(r, p.out)->key->bind.daddr, u.daddr, 16);
	assert_ptr_equal(esvc_sadb_find(&r->dev.ipsec->sadb, ESV_DIR_OUT, 4, htobe32(0x700), u.daddr),
			 irig_get(r, p.out));
	assert_null(esvc_sadb_find(&r->dev.ipsec->sadb, ESV_DIR_OUT, 4, htobe32(0x700), GW_B[0]));
	/* It no longer fits the entry's endpoints. */
	assert_counter(irig_send(r, pkt.b, pkt.len, p.out), TX_DROP_TAG_FIT);
	assert_int_equal(le64toh(irig_query(r, p.out).seq), 1);

	u.fields = 0;
	assert_int_equal(irig_cmd(r, ESV_OP_SA_UPDATE, p.out, 0, &u, sizeof(u)), ESV_S_BAD_FIELD);
	u.fields = htole32(8);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_UPDATE, p.out, 0, &u, sizeof(u)), ESV_S_UNSUPPORTED_VALUE);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_UPDATE, 0, 0, &u, sizeof(u)), ESV_S_BAD_HANDLE);
	irig_free(r);
}

/* Everything that SA_UPDATE may change. */
static struct esv_sa_update as_it_is(struct irig *r, uint32_t handle)
{
	const struct esvc_sa *sa = irig_get(r, handle);
	const struct esvc_sa_limits *l = &sa->cold->limits;
	struct esv_sa_update u = {
		.nexthop_valid = sa->nexthop_valid, .soft_packets = htole64(l->soft_packets),
		.hard_packets = htole64(l->hard_packets), .soft_bytes = htole64(l->soft_bytes),
		.hard_bytes = htole64(l->hard_bytes),
	};

	memcpy(u.nexthop, sa->nexthop, 6);
	memcpy(u.saddr, sa->saddr, 16);
	memcpy(u.daddr, sa->daddr, 16);
	return u;
}

/* An SA with limits, and one that ends at 77. Returns the first one. */
static uint32_t two_tunnels(struct irig *r)
{
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TUNNEL, 0x701);
	uint32_t h;

	p.soft_packets = p.hard_packets = htole64(1000);
	p.soft_bytes = p.hard_bytes = htole64(1000);
	h = irig_add_sa(r, &p);
	p.daddr[3] = 77;
	irig_key(p.key, 36, 0x999);
	irig_add_sa(r, &p);
	return h;
}

/* SA-30: one part that is bad spoils the others, wherever it stands. */
static void test_update_is_whole(void **state)
{
	static const struct {
		const char *name;
		size_t off;
		uint8_t val;
		uint32_t good;		/* parts that are in order */
	} bad[] = {
		{ "next hop", offsetof(struct esv_sa_update, nexthop), 1, ESV_SA_U_ADDRS | ESV_SA_U_LIMITS },
		{ "next hop is 2", offsetof(struct esv_sa_update, nexthop_valid), 2, ESV_SA_U_ADDRS | ESV_SA_U_LIMITS },
		{ "source", offsetof(struct esv_sa_update, saddr), 224, ESV_SA_U_NEXTHOP | ESV_SA_U_LIMITS },
		{ "another SA's", offsetof(struct esv_sa_update, daddr) + 3, 77, ESV_SA_U_NEXTHOP | ESV_SA_U_LIMITS },
		{ "limit 0", offsetof(struct esv_sa_update, hard_packets), 0, ESV_SA_U_NEXTHOP | ESV_SA_U_ADDRS },
		{ "limit up", offsetof(struct esv_sa_update, hard_bytes) + 7, 1, ESV_SA_U_NEXTHOP | ESV_SA_U_ADDRS },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct irig *r = irig_new(true);
		uint32_t h = two_tunnels(r);
		struct esv_sa_update was = as_it_is(r, h), u = was, is;

		u.fields = htole32(ESV_SA_U_NEXTHOP | ESV_SA_U_ADDRS | ESV_SA_U_LIMITS);
		u.nexthop[5] ^= 1;
		u.daddr[3] = 78;
		u.soft_packets = u.hard_packets = htole64(200);
		((uint8_t *)&u)[bad[i].off] = bad[i].val;
		if (irig_cmd(r, ESV_OP_SA_UPDATE, h, 0, &u, sizeof(u)) == ESV_S_OK)
			fail_msg("%s: taken", bad[i].name);
		is = as_it_is(r, h);
		if (memcmp(&was, &is, sizeof(was)))
			fail_msg("%s: something changed", bad[i].name);
		/* The rest alone is in order. */
		u.fields = htole32(bad[i].good);
		ok(irig_cmd(r, ESV_OP_SA_UPDATE, h, 0, &u, sizeof(u)));
		irig_free(r);
	}
}

/* ---- limits ---- */

static unsigned int events_of(const struct irig *r, unsigned int type)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->nr_events; i++)
		n += r->events[i].type == type;
	return n;
}

/* SA-20 to SA-22, SA-59: the packet that reaches a limit goes, and one event tells of it. */
static void test_packet_limits(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x800);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	struct pkt_spec spec = irig_spec(4, 17, 92);
	struct esv_sa_info info;
	uint32_t h;

	p.soft_packets = htole64(3);
	p.hard_packets = htole64(5);
	h = irig_add_sa(r, &p);
	irig_add_policy(r, &po);
	pkt_build(&pkt, &spec);
	for (unsigned int i = 1; i <= 8; i++) {
		assert_int_equal(irig_send(r, pkt.b, pkt.len, h), i <= 5 ? ESV_C_TX_ESP : ESV_C_TX_DROP_LIFETIME);
		assert_int_equal(events_of(r, ESV_EV_SA_SOFT), i >= 3);
		assert_int_equal(events_of(r, ESV_EV_SA_HARD), i >= 5);
		info = irig_query(r, h);
		assert_int_equal(info.state, i < 3 ? ESV_SA_ACTIVE : i < 5 ? ESV_SA_SOFT : ESV_SA_EXPIRED);
	}
	assert_int_equal(r->events[1].arg0, 5);
	assert_int_equal(r->events[1].arg1, 500);
	assert_int_equal(le64toh(info.packets), 5);
	assert_int_equal(le64toh(info.bytes), 500);	/* UDP header and payload, as xfrm counts */
	assert_int_equal(le64toh(info.other_dropped), 3);
	irig_free(r);
}

/* SA-20 to SA-22, ESP-38: the same inbound, by bytes: the packet that passes the limit is delivered. */
static void test_byte_limits_in(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params so = irig_sa(ESV_DIR_OUT, 6, ESV_SA_TUNNEL, 0x801);
	struct esv_sa_params si = irig_sa(ESV_DIR_IN, 6, ESV_SA_TUNNEL, 0x801);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	struct esv_policy_params pi = irig_policy(ESV_DIR_IN, 6, ESV_ACTION_PROTECT, ESV_SA_TUNNEL);
	struct pkt_spec spec = irig_spec(6, 17, 52);	/* inner packet of 100 */
	uint8_t wire[300];
	uint32_t out, in;

	si.soft_bytes = htole64(150);
	si.hard_bytes = htole64(401);
	out = irig_add_sa(r, &so);
	in = irig_add_sa(r, &si);
	irig_add_policy(r, &po);
	irig_add_policy(r, &pi);
	pkt_build(&pkt, &spec);
	for (unsigned int i = 1; i <= 7; i++) {
		size_t len;

		assert_counter(irig_send(r, pkt.b, pkt.len, out), TX_ESP);
		len = r->buf.len;
		memcpy(wire, r->buf.data, len);
		assert_int_equal(irig_recv(r, wire, len), i <= 5 ? ESV_C_RX_ESP : ESV_C_RX_DROP_LIFETIME);
		assert_int_equal(events_of(r, ESV_EV_SA_SOFT), i >= 2);
		assert_int_equal(events_of(r, ESV_EV_SA_HARD), i >= 5);
	}
	assert_int_equal(le64toh(irig_query(r, in).bytes), 500);
	irig_free(r);
}

/* SA-23, KEY-3: the key's own maximum holds over deletes and re-adds, whatever the host asks for. */
static void test_key_maximum(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x802);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	const struct esvc_sa_limits none = { ESV_NO_LIMIT, ESV_NO_LIMIT, ESV_NO_LIMIT, ESV_NO_LIMIT };
	struct pkt_spec spec = irig_spec(4, 17, 92);
	struct esvc_sa *sa;
	uint32_t h;

	h = irig_add_sa(r, &p);
	irig_add_policy(r, &po);
	sa = irig_get(r, h);
	sa->key->packets = 10;
	sa->key->max_packets = 12;
	assert_true(esvc_lifetime_start(sa, &none));
	pkt_build(&pkt, &spec);
	for (unsigned int i = 1; i <= 3; i++)
		assert_int_equal(irig_send(r, pkt.b, pkt.len, h), i <= 2 ? ESV_C_TX_ESP : ESV_C_TX_DROP_LIFETIME);
	assert_int_equal(events_of(r, ESV_EV_SA_HARD), 1);
	assert_false(esvc_lifetime_start(sa, &none));
	irig_free(r);
}

/* A key of the unit's own, without the exchange that makes one; p gets its token. */
static struct esvc_keyslot *own_key(struct irig *r, struct esv_sa_params *p, uint8_t first)
{
	struct esvc_unit *unit = r->dev.unit;
	const uint8_t material[ESVC_ESP_MATERIAL] = { first, 1 };
	struct esvc_session *s = esvc_session_open(&unit->sessions, 0);
	struct esvc_keyslot *k = esvc_key_make(unit, s, p->dir, material);

	assert_non_null(k);
	assert_int_equal(esvc_key_token(unit, k, p->key), 0);
	p->key_len = htole16(ESV_TOKEN_LEN);
	p->flags |= htole32(ESV_SA_F_TOKEN);
	return k;
}

/* KEY-3, SA-23: the attack deletes the SA whose limit is reached, and installs its token again without one. */
static void test_limit_stays(void **state)
{
	for (int by_update = 0; by_update < 2; by_update++) {
		struct irig *r = irig_new(true);
		struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x804);
		struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
		struct esv_sa_update u = {
			.fields = htole32(ESV_SA_U_LIMITS), .soft_packets = htole64(4), .hard_packets = htole64(4),
			.soft_bytes = htole64(ESV_NO_LIMIT), .hard_bytes = htole64(1000),
		};
		struct pkt_spec spec = irig_spec(4, 17, 92);
		struct esvc_keyslot *k = own_key(r, &p, 7);
		uint32_t h, again;

		pkt_build(&pkt, &spec);
		irig_add_policy(r, &po);
		p.hard_packets = by_update ? p.hard_packets : htole64(4);
		h = irig_add_sa(r, &p);
		for (int i = 0; i < 2; i++)
			assert_counter(irig_send(r, pkt.b, pkt.len, h), TX_ESP);
		if (by_update)
			ok(irig_cmd(r, ESV_OP_SA_UPDATE, h, 0, &u, sizeof(u)));
		assert_int_equal(k->key.max_packets, 4);
		assert_int_equal(k->key.max_bytes, by_update ? 1000 : ESVC_KEY_BYTES);
		/* The rest is for the next SA: not less, and not more. */
		ok(irig_cmd(r, ESV_OP_SA_DELETE, h, 0, NULL, 0));
		p.hard_packets = htole64(ESV_NO_LIMIT);
		again = irig_add_sa(r, &p);
		assert_int_equal(esvc_keyslot_shown(k), ESV_HS_INSTALLED);
		for (int i = 0; i < 3; i++)
			assert_int_equal(irig_send(r, pkt.b, pkt.len, again), i < 2 ? ESV_C_TX_ESP : ESV_C_TX_DROP_LIFETIME);
		assert_int_equal(esvc_keyslot_shown(k), ESV_HS_DEACTIVATED);
		ok(irig_cmd(r, ESV_OP_SA_DELETE, again, 0, NULL, 0));
		assert_int_equal(irig_cmd(r, ESV_OP_SA_ADD, 0, 0, &p, sizeof(p)), ESV_S_LIMIT);
		irig_free(r);
	}
}

/* SA-3: generations begin where this power-on's random number says. */
static void test_first_generation(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x806);
	uint32_t h = irig_add_sa(r, &p);

	assert_true(esvc_unit_generation(r->dev.unit) > 1);
	assert_int_equal(ESV_HANDLE_GEN(h), esvc_unit_generation(r->dev.unit));
	irig_free(r);
}

/* KEY-3: a host key's limit ends with its SA, whose owner could use the key anywhere. */
static void test_limit_of_host_key(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x805);
	uint32_t h;

	p.hard_packets = htole64(1);
	h = irig_add_sa(r, &p);
	irig_get(r, h)->key->packets = 1;
	ok(irig_cmd(r, ESV_OP_SA_DELETE, h, 0, NULL, 0));
	h = irig_add_sa(r, &p);
	assert_int_equal(irig_get(r, h)->key->max_packets, 2);
	irig_free(r);
}

/* SA-30, SA-21: limits can be lowered only; what is passed by then takes effect at once. */
static void test_update_limits(void **state)
{
	struct irig *r = irig_new(true);
	struct esv_sa_params p = irig_sa(ESV_DIR_OUT, 4, ESV_SA_TRANSPORT, 0x803);
	struct esv_policy_params po = irig_policy(ESV_DIR_OUT, 4, ESV_ACTION_PROTECT, ESV_SA_TRANSPORT);
	struct esv_sa_update u = {
		.fields = htole32(ESV_SA_U_LIMITS), .soft_packets = htole64(100), .hard_packets = htole64(200),
		.soft_bytes = ESV_NO_LIMIT, .hard_bytes = ESV_NO_LIMIT,
	};
	struct pkt_spec spec = irig_spec(4, 17, 92);
	uint32_t h = irig_add_sa(r, &p);

	irig_add_policy(r, &po);
	pkt_build(&pkt, &spec);
	ok(irig_cmd(r, ESV_OP_SA_UPDATE, h, 0, &u, sizeof(u)));
	u.hard_packets = htole64(201);
	assert_int_equal(irig_cmd(r, ESV_OP_SA_UPDATE, h, 0, &u, sizeof(u)), ESV_S_BAD_FIELD);
	assert_int_equal(r->cmd.err_off, offsetof(struct esv_sa_update, hard_packets));
	for (unsigned int i = 0; i < 5; i++)
		assert_counter(irig_send(r, pkt.b, pkt.len, h), TX_ESP);
	u.soft_packets = htole64(2);
	u.hard_packets = htole64(6);
	ok(irig_cmd(r, ESV_OP_SA_UPDATE, h, 0, &u, sizeof(u)));
	assert_int_equal(events_of(r, ESV_EV_SA_SOFT), 1);
	assert_counter(irig_send(r, pkt.b, pkt.len, h), TX_ESP);
	assert_counter(irig_send(r, pkt.b, pkt.len, h), TX_DROP_LIFETIME);
	irig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_selector),
		cmocka_unit_test(test_identity_and_capacity),
		cmocka_unit_test(test_continuation),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_update_is_whole),
		cmocka_unit_test(test_packet_limits),
		cmocka_unit_test(test_byte_limits_in),
		cmocka_unit_test(test_key_maximum),
		cmocka_unit_test(test_update_limits),
		cmocka_unit_test(test_limit_stays),
		cmocka_unit_test(test_limit_of_host_key),
		cmocka_unit_test(test_first_generation),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sa_cmd", tests, NULL, NULL);
}
