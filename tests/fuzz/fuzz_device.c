// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: one whole device under a hostile guest and a hostile wire.
 *
 * The input is a program: each step is a byte that picks an action and the
 * bytes that it takes. Registers, requests, descriptors, shadows, guest memory
 * and frames are all the fuzzer's, raw or as a good one with bytes changed, so
 * that it gets past the checks. What must never happen is an access outside of
 * the core's memory, undefined behaviour, a hang, or a frame on the wire that
 * the SPD of a strict device did not let through.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "esvc_unit_kat.h"
#include "esvh_esp.h"
#include "pkt.h"

#define MEM	(2u << 20)
#define STEPS	200

struct input {
	const uint8_t *p;
	size_t left;
};

struct world {
	struct input in;
	struct esvh_host *h;
	struct esvh_drv d;
	bool strict;
	bool loaded;			/* a changed state was loaded: its counters may claim anything */
	uint32_t handles[8];		/* last objects that commands made */
	unsigned int nr_handles;
	struct pkt pkt;
	/* What the trusted unit has given out, for the next step of an exchange. */
	struct {
		uint32_t session;
		uint64_t nonce, ke, secret, ike;
		uint64_t held[ESV_H_CERT + 1];	/* last provisioned one of each type */
		uint8_t nonce_bytes[32], ke_bytes[32];	/* for an IKE_SA_INIT message that fits */
		uint8_t token[2][ESV_TOKEN_LEN];
	} unit;
	uint8_t wire[PKT_MAX];		/* last frame that the device sent */
	size_t wire_len;
};

static void take(struct input *in, void *buf, size_t len)
{
	size_t n = len < in->left ? len : in->left;

	memcpy(buf, in->p, n);
	memset((uint8_t *)buf + n, 0, len - n);
	in->p += n;
	in->left -= n;
}

static uint8_t u8(struct world *w)
{
	uint8_t v;

	take(&w->in, &v, 1);
	return v;
}

static uint16_t u16(struct world *w)
{
	uint16_t v;

	take(&w->in, &v, 2);
	return v;
}

static uint32_t u32(struct world *w)
{
	uint32_t v;

	take(&w->in, &v, 4);
	return v;
}

/* Overwrite a few bytes of something that is good. */
static void harm(struct world *w, void *buf, size_t len)
{
	for (unsigned int n = u8(w) % 4; n && len; n--) {
		size_t at = u16(w) % len;

		((uint8_t *)buf)[at] = u8(w);
	}
}

static void pump(struct world *w)
{
	/* A device that always finds more to do would be a hang. */
	for (int i = 0; i < 10000; i++) {
		if (!w->h->kicked)
			return;
		w->h->kicked = false;
		if (esvc_run(w->h->dev, 1 + u8(w) % 64))
			w->h->kicked = true;
	}
	abort();
}

static void do_register(struct world *w)
{
	uint32_t off = u16(w), val = u32(w);

	if (u8(w) & 1)
		off %= 0x300;
	esvc_reg_write(w->h->dev, off, val);
	esvc_reg_read(w->h->dev, off);
}

static void do_doorbell(struct world *w)
{
	static const uint32_t bells[] = { ESV_DB_ADMIN, ESV_DB_EVENT, ESV_DB_TX(0), ESV_DB_RX(0), ESV_DB_TX(1),
					  ESV_DB_RX(1) };
	uint8_t i = u8(w);

	esvc_doorbell(w->h->dev, i < 6 ? bells[i] : ESV_DB_BASE + u16(w));
}

static void do_restart(struct world *w)
{
	w->h->used = 4096;
	w->h->dma_fail_in = 0;
	w->h->dma_fail_hi = 0;
	w->d.pairs = 1 + u8(w) % 2;
	w->d.tx_slot = 4096;
	w->d.buf_len = (uint16_t)(256 + u8(w) % 28 * 64);
	memset(w->d.tx, 0, sizeof(w->d.tx));
	memset(w->d.rx, 0, sizeof(w->d.rx));
	esvh_drv_start(&w->d);
}

static uint32_t some_handle(struct world *w)
{
	uint8_t i = u8(w);

	return i < 8 ? w->handles[i] : i < 64 ? i : u32(w);
}

static void keep_handle(struct world *w, uint32_t handle)
{
	if (handle)
		w->handles[w->nr_handles++ % 8] = handle;
}

/* Lengths that the commands want, so that payloads get through. */
static size_t payload_len(uint16_t opcode)
{
	switch (opcode) {
	case ESV_OP_QUEUE_CREATE: return sizeof(struct esv_queue_params);
	case ESV_OP_RSS_SET: return sizeof(struct esv_rss_params);
	case ESV_OP_RX_FILTER_SET: return sizeof(struct esv_filter_params);
	case ESV_OP_PORT_SET: return sizeof(struct esv_port_params);
	case ESV_OP_SA_ADD: return sizeof(struct esv_sa_params);
	case ESV_OP_SA_UPDATE: return sizeof(struct esv_sa_update);
	case ESV_OP_SA_QUERY: return sizeof(struct esv_sa_key);
	case ESV_OP_POLICY_ADD: return sizeof(struct esv_policy_params);
	case ESV_OP_NONCE_GEN: return sizeof(struct esv_nonce_gen);
	case ESV_OP_KE_GEN: return sizeof(struct esv_ke_gen);
	case ESV_OP_KE_FINISH: return sizeof(struct esv_ke_finish);
	case ESV_OP_IKE_DERIVE: return sizeof(struct esv_ike_derive);
	case ESV_OP_AUTH_ASSERT: return sizeof(struct esv_auth_assert);
	case ESV_OP_CHILD_DERIVE: return sizeof(struct esv_child_derive);
	case ESV_OP_ATTEST: return sizeof(struct esv_attest);
	case ESV_OP_DESTROY:
	case ESV_OP_HANDLE_QUERY: return sizeof(struct esv_handle_in);
	default: return 0;
	}
}

static void do_command(struct world *w)
{
	static const uint16_t ops[] = {
#define OP(name, num, minor, in, out, text) num,
		ESV_OPCODE_LIST(OP)
#undef OP
	};
	uint8_t inl[32] = { 0 }, in[ESV_ADMIN_BUF] = { 0 }, out[ESV_ADMIN_BUF];
	struct esvh_cmd c = { .opcode = ops[u8(w) % (sizeof(ops) / sizeof(ops[0]))], .inl = inl, .in = in };
	uint8_t how = u8(w);

	c.object = some_handle(w);
	c.in_len = payload_len(c.opcode);
	c.out = out;
	c.out_cap = how & 1 ? ESV_ADMIN_BUF : 0;
	if (how & 2)
		take(&w->in, inl, 1 + u8(w) % 4);
	take(&w->in, in, c.in_len < 512 ? c.in_len : 512);
	if (how & 4)
		c.in_len = u16(w) % (ESV_ADMIN_BUF + 1);
	/* Commands need a driver that is loaded; the ring may be in any state. */
	if (w->d.asq && esvh_cmd(&w->d, &c) == ESV_S_OK)
		keep_handle(w, le32toh(c.cqe.object));
}

static void do_raw_request(struct world *w)
{
	struct esv_sqe s;
	struct esv_cqe cqe;

	take(&w->in, &s, sizeof(s));
	if (!w->d.asq)
		return;
	esvh_cmd_post(&w->d, &s);
	pump(w);
	while (esvh_cmd_poll(&w->d, &cqe))
		;
}

static void do_sa(struct world *w)
{
	struct esvh_esp e = { .family = u8(w) & 1 ? 6 : 4, .mode = u8(w) & 1 ? ESV_SA_TUNNEL : ESV_SA_TRANSPORT,
			      .spi = 0x100 + u8(w), .reqid = 1 + u8(w) % 3, .key_len = u8(w) & 1 ? 20 : 36 };
	uint32_t handle = 0;

	e.saddr[0] = e.sel_s[0] = 10;
	e.daddr[0] = e.sel_d[0] = 10;
	e.sel_s[3] = e.saddr[3] = 1;
	e.sel_d[3] = e.daddr[3] = 2;
	if (!w->d.asq)
		return;
	/* The same SA in both directions: what we send can be offered to ourselves. */
	if (esvh_esp_out(&w->d, &e, &handle) == ESV_S_OK)
		keep_handle(w, handle);
	if (esvh_esp_in(&w->d, &e, &handle) == ESV_S_OK)
		keep_handle(w, handle);
}

/* One unit command with bytes of its payload changed. */
static enum esv_status unit_cmd(struct world *w, uint16_t opcode, void *in, size_t len, void *out, size_t cap)
{
	struct esvh_cmd c = { .opcode = opcode, .object = w->unit.session, .in = in, .in_len = len, .out = out,
			      .out_cap = cap };
	enum esv_status s;

	harm(w, in, len);
	s = esvh_cmd(&w->d, &c);
	if (opcode == ESV_OP_SESSION_OPEN && s == ESV_S_OK)
		w->unit.session = le32toh(c.cqe.object);
	return s;
}

static void unit_ike(struct world *w)
{
	struct esv_ike_derive d = { .secret = htole64(w->unit.secret), .nonce = htole64(w->unit.nonce),
				    .role = 1 + (u8(w) & 1), .prf = 1 + u8(w) % 3, .encr = ESV_ALGO_AES_GCM_16_256,
				    .peer_nonce_len = htole16(32), .spi_i = { 1 }, .spi_r = { 2 } };
	struct esv_auth_assert a = { .id_type = 2, .id_len = htole16(4), .id = "peer" };
	struct esv_handle_out out;

	if (unit_cmd(w, ESV_OP_IKE_DERIVE, &d, sizeof(d), &out, sizeof(out)) == ESV_S_OK)
		w->unit.ike = le64toh(out.handle);
	a.ike = htole64(w->unit.ike);
	unit_cmd(w, ESV_OP_AUTH_ASSERT, &a, sizeof(a), NULL, 0);
}

/* A further exchange, or a new IKE SA out of the old one; mostly too late or too early. */
static void unit_rekey(struct world *w)
{
	struct esv_ike_update u = { .ike = htole64(w->unit.ike), .secret = htole64(w->unit.secret) };
	struct esv_ike_rekey k = { .ike = htole64(w->unit.ike), .nonce = htole64(w->unit.nonce),
				   .secret[0] = htole64(w->unit.secret), .role = 1 + (u8(w) & 1),
				   .prf = 1 + u8(w) % 3, .encr = ESV_ALGO_AES_GCM_16_256,
				   .peer_nonce_len = htole16(32), .spi_i = { 3 }, .spi_r = { 4 } };
	struct esv_handle_out out;

	if (u8(w) & 1) {
		unit_cmd(w, ESV_OP_IKE_UPDATE, &u, sizeof(u), NULL, 0);
		return;
	}
	harm(w, &k, sizeof(k));
	if (unit_cmd(w, ESV_OP_IKE_REKEY, &k, sizeof(k), &out, sizeof(out)) == ESV_S_OK)
		w->unit.ike = le64toh(out.handle);
}

/* Messages of lengths that fit, or are off by what harm() makes of them. */
static void unit_message(struct world *w)
{
	uint64_t buf[ESV_ADMIN_BUF / 8] = { 0 };
	struct esv_ike_seal *s = (void *)buf;
	struct esv_ike_open *o = (void *)buf;
	bool open = u8(w) & 1;
	uint16_t aad = u8(w), len = (uint16_t)(u16(w) % 4000 + 1);
	size_t head = open ? offsetof(struct esv_ike_open, data) : offsetof(struct esv_ike_seal, data);
	size_t room = sizeof(buf) - head - aad;
	uint8_t out[ESV_ADMIN_BUF];

	len = len > room ? (uint16_t)room : len;
	s->ike = htole64(w->unit.ike);	/* first in both */
	if (open)
		o->aad_len = htole16(aad), o->len = htole16(len);
	else
		s->aad_len = htole16(aad), s->len = htole16(len);
	harm(w, buf, head);
	unit_cmd(w, open ? ESV_OP_IKE_OPEN : ESV_OP_IKE_SEAL, buf, head + aad + len, out, sizeof(out));
}

static void unit_child(struct world *w)
{
	bool first = u8(w) & 1;
	struct esv_child_derive d = { .ike = htole64(w->unit.ike), .flags = htole32(first ? ESV_CHILD_F_FIRST : 0),
				      .nonce = htole64(first ? 0 : w->unit.nonce), .role = 1 + (u8(w) & 1),
				      .algo = ESV_ALGO_AES_GCM_16_256, .peer_nonce_len = htole16(first ? 0 : 32),
				      .hard_packets = htole64(ESV_NO_LIMIT), .hard_bytes = htole64(ESV_NO_LIMIT) };
	struct esv_child_out out;

	if (u8(w) & 1)
		d.secret[0] = htole64(w->unit.secret);
	if (unit_cmd(w, ESV_OP_CHILD_DERIVE, &d, sizeof(d), &out, sizeof(out)) != ESV_S_OK)
		return;
	memcpy(w->unit.token[0], out.token_in, ESV_TOKEN_LEN);
	memcpy(w->unit.token[1], out.token_out, ESV_TOKEN_LEN);
}

static void unit_install(struct world *w)
{
	uint8_t dir = 1 + (u8(w) & 1);
	struct esv_sa_params p = { .spi = htobe32(0x2000u + u8(w)), .family = 4, .mode = ESV_SA_TRANSPORT, .dir = dir,
				   .algo = ESV_ALGO_AES_GCM_16_256, .flags = htole32(ESV_SA_F_TOKEN),
				   .reqid = htole32(1), .window = htole32(dir == ESV_DIR_IN ? 64 : 0),
				   .key_len = htole16(ESV_TOKEN_LEN), .saddr = { 10, 0, 0, 1 },
				   .daddr = { 10, 0, 0, 2 }, .soft_packets = htole64(ESV_NO_LIMIT),
				   .hard_packets = htole64(ESV_NO_LIMIT), .soft_bytes = htole64(ESV_NO_LIMIT),
				   .hard_bytes = htole64(ESV_NO_LIMIT) };
	struct esvh_cmd c = { .opcode = ESV_OP_SA_ADD, .in = &p, .in_len = sizeof(p) };

	memcpy(p.key, w->unit.token[dir == ESV_DIR_OUT], ESV_TOKEN_LEN);
	harm(w, &p, sizeof(p));
	if (esvh_cmd(&w->d, &c) == ESV_S_OK)
		keep_handle(w, le32toh(c.cqe.object));
}

/* Secrets with a header that fits, in any wrap; most wraps hold nothing that opens. */
static void unit_provision(struct world *w)
{
	uint64_t buf[ESV_ADMIN_BUF / 8] = { 0 };
	struct esv_provision *in = (void *)buf;
	struct esv_provisioned out;
	uint16_t len = 32 + u8(w) % 64;
	struct esv_secret_hdr h = { .version = ESV_SECRET_VERSION, .len = htole16(len) };
	const size_t head = offsetof(struct esv_provision, data);
	size_t total;

	h.type = in->type = 1 + u8(w) % ESV_H_CERT;
	in->wrap = 1 + u8(w) % 4;
	in->flags = htole16(u8(w) & 1);
	in->kek = in->wrap == ESV_WRAP_KWP ? htole64(w->unit.held[ESV_H_KEK]) : 0;
	if (in->type < ESV_H_PSK || in->type == ESV_H_CERT) {
		in->len = htole16(len);
		take(&w->in, in->data, len);
	} else {
		in->len = htole16((uint16_t)(sizeof(h) + len));
		memcpy(in->data, &h, sizeof(h));
		memset(in->data + sizeof(h), 0x5a, len);
		harm(w, in->data, sizeof(h) + len);
	}
	total = head + le16toh(in->len);
	harm(w, buf, head);
	if (unit_cmd(w, ESV_OP_PROVISION, buf, total, &out, sizeof(out)) == ESV_S_OK)
		w->unit.held[in->type % (ESV_H_CERT + 1)] = le64toh(out.handle);
}

/* RFC 7296 3.1: an IKE_SA_INIT message with the unit's own values. */
static size_t init_message(struct world *w, bool initiator, uint8_t *to)
{
	static const uint8_t chain[] = { 40, 0, 0, 40, 0, 31, 0, 0 }, nonce[] = { 0, 0, 0, 36 };
	uint8_t msg[28 + 40 + 36] = { 1, [16] = 34, [17] = 0x20, [18] = 34, [19] = initiator ? 8 : 0x20,
				      [27] = sizeof(msg) };

	msg[8] = initiator ? 0 : 2;
	memcpy(msg + 28, chain, sizeof(chain));
	memcpy(msg + 36, w->unit.ke_bytes, 32);
	memcpy(msg + 68, nonce, sizeof(nonce));
	memcpy(msg + 72, w->unit.nonce_bytes, 32);
	harm(w, msg, sizeof(msg));
	memcpy(to, msg, sizeof(msg));
	return sizeof(msg);
}

static void unit_sign(struct world *w)
{
	uint64_t buf[ESV_ADMIN_BUF / 8] = { 0 };
	struct esv_auth_sign *in = (void *)buf;
	struct esv_auth_data out;
	size_t len = init_message(w, u8(w) & 1, in->data + 4);

	in->ike = htole64(w->unit.ike);
	in->scheme = u8(w) & 1 ? 0 : u8(w) % 8;
	in->key = htole64(w->unit.held[in->scheme ? ESV_H_PRIV : ESV_H_PSK]);
	in->flags = u8(w) & 1;
	in->id_type = 2;
	in->id_len = htole16(4);
	in->msg_len = htole16((uint16_t)len);
	unit_cmd(w, ESV_OP_AUTH_SIGN, buf, offsetof(struct esv_auth_sign, data) + 4 + len, &out, sizeof(out));
}

static void unit_verify(struct world *w)
{
	uint64_t buf[ESV_ADMIN_BUF / 8] = { 0 };
	struct esv_auth_verify *in = (void *)buf;
	size_t len = init_message(w, u8(w) & 1, in->data + 4), auth = u8(w);
	bool psk = u8(w) & 1;

	in->ike = htole64(w->unit.ike);
	in->key = htole64(w->unit.held[psk ? ESV_H_PSK : ESV_H_PUB]);
	if (!psk && u8(w) & 1) {
		in->key = htole64(w->unit.held[ESV_H_ANCHOR]);
		in->cert[0] = htole64(w->unit.held[ESV_H_CERT]);
	}
	in->method = psk ? ESV_AUTH_METHOD_PSK : ESV_AUTH_METHOD_SIGNATURE;
	in->flags = u8(w) & 1;
	in->id_type = 2;
	in->id_len = htole16(4);
	in->msg_len = htole16((uint16_t)len);
	in->auth_len = htole16((uint16_t)auth);
	take(&w->in, in->data + 4 + len, auth);
	unit_cmd(w, ESV_OP_AUTH_VERIFY, buf, offsetof(struct esv_auth_verify, data) + 4 + len + auth, NULL, 0);
}

static void unit_ppk_intauth(struct world *w)
{
	struct esv_ppk_apply p = { .ike = htole64(w->unit.ike), .ppk = htole64(w->unit.held[ESV_H_PPK]) };
	struct esv_intauth a = { .ike = htole64(w->unit.ike), .sender = 1 + (u8(w) & 1), .len = htole16(8) };

	if (u8(w) & 1)
		unit_cmd(w, ESV_OP_PPK_APPLY, &p, sizeof(p), NULL, 0);
	else
		unit_cmd(w, ESV_OP_INTAUTH, &a, offsetof(struct esv_intauth, data) + 8, NULL, 0);
}

/* Of the unit, of what was made last, and of SAs that may be gone. */
static void unit_attest(struct world *w)
{
	struct esv_attest in = { .subject = 1 + u8(w) % 3 };
	const uint64_t made[] = { w->unit.ike, w->unit.nonce, w->unit.secret, w->unit.held[ESV_H_PSK] };
	struct esv_attested out;

	take(&w->in, in.nonce, 4);
	if (in.subject == ESV_SUBJECT_HANDLE)
		in.handle = htole64(made[u8(w) % 4]);
	else if (in.subject == ESV_SUBJECT_SA)
		in.sa = htole32(some_handle(w));
	unit_cmd(w, ESV_OP_ATTEST, &in, sizeof(in), &out, sizeof(out));
}

/* Any algorithm on any bytes, cut anywhere; keys and certificates are parsed here before anybody trusts them. */
static void unit_alg(struct world *w)
{
	static struct esv_alg_test in;
	static struct esv_alg_tested out;
	size_t at = 0;

	memset(&in, 0, sizeof(in));
	in.alg = htole16(u8(w) % (ESV_ALG_HPKE_OPEN + 1));
	in.param = htole16(u8(w) % 7);
	for (unsigned int i = 0; i < ESV_ALG_PARTS; i++) {
		uint16_t len = u8(w) % 2 ? u8(w) : u8(w) % 2 ? 32 : 0;

		in.len[i] = htole16(len);
		take(&w->in, in.data + at, len);
		at += len;
	}
	unit_cmd(w, ESV_OP_ALG_TEST, &in, offsetof(struct esv_alg_test, data) + at, &out, sizeof(out));
}

/* Seldom one that there is not; mostly the cheapest. */
static uint16_t ke_method(struct world *w)
{
	uint8_t n = u8(w);

	return n & 0xc0 ? ESV_KE_X25519 : n & 7;
}

/* Of X25519, any 32 bytes but a few are somebody's public value; the other lengths belong to the other methods. */
static void unit_finish(struct world *w)
{
	static const uint16_t lens[] = { 32, 32, 32, 64, 96, 256, 384, 1088 };
	uint16_t len = lens[u8(w) % 8];
	struct esv_ke_finish kf = { .handle = htole64(w->unit.ke), .len = htole16(len) };
	struct esv_handle_out ho;

	take(&w->in, kf.value, 8);
	if (unit_cmd(w, ESV_OP_KE_FINISH, &kf, sizeof(kf), &ho, sizeof(ho)) == ESV_S_OK)
		w->unit.secret = le64toh(ho.handle);
}

/* Zero is a good encapsulation key; most other bytes are not. */
static void unit_encap(struct world *w)
{
	struct esv_ke_encap ke = { .method = htole16(ESV_KE_ML_KEM_768), .len = htole16(1184) };
	struct esv_ke_out ko;

	take(&w->in, ke.value, 4);
	if (unit_cmd(w, ESV_OP_KE_ENCAP, &ke, sizeof(ke), &ko, sizeof(ko)) == ESV_S_OK)
		w->unit.secret = le64toh(ko.handle);
}

/* A step of a key exchange, in any order. */
static void do_unit(struct world *w)
{
	struct esv_nonce_gen ng = { .len = htole16(32) };
	struct esv_ke_gen kg = { .method = htole16(ESV_KE_X25519) };
	struct esv_nonce_out no = { .handle = 0 };
	struct esv_ke_out ko = { .handle = 0 };

	if (!w->d.asq)
		return;
	switch (u8(w) % 17) {
	case 0:
		unit_cmd(w, ESV_OP_SESSION_OPEN, NULL, 0, NULL, 0);
		break;
	case 1:
		if (unit_cmd(w, ESV_OP_NONCE_GEN, &ng, sizeof(ng), &no, sizeof(no)) == ESV_S_OK)
			w->unit.nonce = le64toh(no.handle);
		memcpy(w->unit.nonce_bytes, no.nonce, sizeof(w->unit.nonce_bytes));
		break;
	case 2:
		kg.method = htole16(ke_method(w));
		if (unit_cmd(w, ESV_OP_KE_GEN, &kg, sizeof(kg), &ko, sizeof(ko)) == ESV_S_OK)
			w->unit.ke = le64toh(ko.handle);
		memcpy(w->unit.ke_bytes, ko.value, sizeof(w->unit.ke_bytes));
		break;
	case 3: unit_finish(w); break;
	case 4: unit_ike(w); break;
	case 5: unit_child(w); break;
	case 6: unit_install(w); break;
	case 7: unit_cmd(w, ESV_OP_SESSION_CLOSE, NULL, 0, NULL, 0); break;
	case 8: unit_encap(w); break;
	case 9: unit_rekey(w); break;
	case 10: unit_message(w); break;
	case 11: unit_provision(w); break;
	case 12: unit_sign(w); break;
	case 13: unit_verify(w); break;
	case 14: unit_ppk_intauth(w); break;
	case 15: unit_attest(w); break;
	case 16: unit_alg(w); break;
	}
}

static void do_policy(struct world *w)
{
	struct esv_policy_params p = { 0 };

	p.sel.family = u8(w) & 1 ? 6 : 4;
	p.sel.proto = u8(w) & 1 ? 17 : 0;
	p.sel.plen_s = u8(w) % 33;
	p.sel.plen_d = u8(w) % 33;
	p.sel.saddr[0] = p.sel.daddr[0] = 10;
	p.dir = 1 + (u8(w) & 1);
	p.action = u8(w) & 1 ? ESV_ACTION_ALLOW : ESV_ACTION_DROP;
	p.priority = htole32(u8(w));
	harm(w, &p, sizeof(p));
	if (w->d.asq)
		esvh_do(&w->d, ESV_OP_POLICY_ADD, 0, &p, sizeof(p));
}

static void build(struct world *w)
{
	struct pkt_spec s = { .family = u8(w) & 1 ? 6 : 4, .proto = u8(w) & 1 ? 6 : 17, .vlans = u8(w) % 4 % 3,
			      .sport = u16(w), .dport = u16(w), .tcp_flags = u8(w), .payload = u16(w) };
	uint8_t mac[6];

	memcpy(mac, w->d.mac, 6);
	s.dst = mac;
	s.saddr[0] = s.daddr[0] = 10;
	s.saddr[3] = 1;
	s.daddr[3] = 2;
	s.tcp_opts = (uint8_t)(u8(w) % 11 * 4);
	if (s.payload > 2000 && u8(w) & 1)
		s.payload %= 1500;
	pkt_build(&w->pkt, &s);
	harm(w, w->pkt.b, w->pkt.len < 128 ? w->pkt.len : 128);
}

static void do_send(struct world *w)
{
	struct esvh_tx_opts o = { .flags = u8(w) & (ESV_TXD_CSUM | ESV_TXD_TSO | ESV_TXD_TAG), .frag = u16(w) };
	uint8_t exact;

	build(w);
	o.sa_handle = some_handle(w);
	exact = u8(w);
	o.hdr_len = exact & 1 ? u16(w) : (uint16_t)w->pkt.data;
	o.mss = exact & 2 ? u16(w) : 1000;
	o.csum_start = exact & 4 ? u16(w) : (uint16_t)w->pkt.l4;
	o.csum_offset = exact & 8 ? u16(w) : 6;
	if (o.frag > 4096 || o.frag * 24 < w->pkt.len)
		o.frag = 4096;
	if (w->d.tx[0].ring)
		esvh_send(&w->d, 0, w->pkt.b, w->pkt.len, &o);
	pump(w);
}

static void do_raw_descriptors(struct world *w)
{
	struct esv_tx_desc d = { 0 };

	if (!w->d.tx[0].ring)
		return;
	for (unsigned int n = 1 + u8(w) % 4; n; n--) {
		uint8_t how = u8(w);

		if (how & 1) {
			take(&w->in, &d, sizeof(d));
		} else {
			d.addr = htole64(w->d.tx[0].buf + u16(w));
			d.len = htole16(u16(w));
			d.flags = htole16(u8(w));
			d.nr_desc = u8(w) % 32;
		}
		esvh_tx_desc(&w->d, 0, &d);
	}
	esvh_tx_ring(&w->d, 0);
	pump(w);
}

/* A frame from the wire: built, raw, or what the device itself sent last, changed. */
static void do_receive(struct world *w)
{
	static uint8_t raw[4096];
	uint8_t how = u8(w);
	size_t len;

	if (how & 1) {
		build(w);
		esvc_receive(w->h->dev, w->pkt.b, w->pkt.len);
	} else if (how & 2 && w->wire_len) {
		memcpy(w->wire, w->d.mac, 6);
		harm(w, w->wire, w->wire_len);
		len = how & 4 ? u16(w) % (w->wire_len + 1) : w->wire_len;
		esvc_receive(w->h->dev, w->wire, len);
	} else {
		len = u16(w) % 600;
		take(&w->in, raw, len);
		if (how & 4)
			memcpy(raw, w->d.mac, 6);
		esvc_receive(w->h->dev, raw, len);
	}
	pump(w);
}

static void do_collect(struct world *w)
{
	struct esv_eqe e;

	if (w->d.rx[0].ring)
		esvh_rx_post(&w->d, 0, u8(w) % 80);
	for (int i = 0; i < 70 && w->d.eq; i++)
		if (!esvh_event(&w->d, &e))
			break;
	pump(w);
}

static void do_memory(struct world *w)
{
	const uint64_t places[] = { w->d.asq, w->d.admin_shadow, w->d.eq_shadow, w->d.tx[0].shadow, w->d.tx[0].ring,
				    w->d.rx[0].shadow, w->d.rx[0].ring, ESVH_MEM_BASE };
	uint64_t at = places[u8(w) % 8];
	uint8_t len = u8(w) % 64;

	if (!at)
		return;
	at += u8(w);
	take(&w->in, esvh_at(w->h, at, len), len);
}

static void do_state(struct world *w)
{
	static uint8_t buf[ESVC_STATE_SIZE];

	if (esvc_state_save(w->h->dev, buf))
		abort();
	for (unsigned int n = u8(w) % 8; n; n--) {
		size_t at = u16(w) % 2600;

		buf[at] = u8(w);
	}
	w->loaded |= !esvc_state_load(w->h->dev, buf);
	pump(w);
}

static void do_wire(struct world *w)
{
	size_t n = esvh_wire_take(w->h, w->wire, sizeof(w->wire));

	if (n)
		w->wire_len = n;
	w->h->out.depth = 1 + u8(w);
	esvc_wire_ready(w->h->dev);
	pump(w);
}

static void do_misc(struct world *w)
{
	switch (u8(w) % 6) {
	case 0: esvh_advance(w->h, (uint64_t)u16(w) * 100000); break;
	case 1: esvc_link(w->h->dev, u8(w) & 1); break;
	case 2: esvc_reset(w->h->dev, u8(w)); break;
	case 3: w->h->dma_fail_in = u8(w); break;
	case 4: w->h->dma_fail_lo = ESVH_MEM_BASE + u16(w) * 32u; w->h->dma_fail_hi = w->h->dma_fail_lo + u16(w); break;
	case 5: w->h->dma_fail_hi = 0; break;
	}
	pump(w);
}

static void (*const actions[])(struct world *w) = {
	do_send, do_receive, do_command, do_raw_descriptors, do_sa, do_policy, do_wire, do_collect, do_unit, do_register,
	do_doorbell, do_raw_request, do_memory, do_state, do_misc, do_restart,
};

/* A strict device under a protect-or-nothing SPD sends ESP, or what counts as let through, never as "open". */
static void check_counters(struct world *w)
{
	struct esvh_drv d;
	struct esv_counters c;
	struct esvh_cmd cmd = { .opcode = ESV_OP_COUNTERS_READ, .out = &c, .out_cap = sizeof(c) };

	if (!w->strict || w->loaded)
		return;
	/* By a fresh driver view of the same device: rings may be in ruins, so restart only the admin queue. */
	d = w->d;
	w->h->dma_fail_in = 0;
	w->h->dma_fail_hi = 0;
	if (!d.asq || esvh_reg(&d, ESV_REG_FATAL_CODE) || esvh_cmd(&d, &cmd) != ESV_S_OK)
		return;
	if (c.c[ESV_C_TX_OPEN] || c.c[ESV_C_RX_OPEN])
		abort();
}

unsigned int __real_esvc_kat_run(const struct esvc_prfs *prfs, struct esvc_aead *aead, uint32_t ke_methods);
unsigned int __wrap_esvc_kat_run(const struct esvc_prfs *prfs, struct esvc_aead *aead, uint32_t ke_methods);

/* The known answers are the same at each power-on, and most of an input's time: once for each cipher backend. */
unsigned int __wrap_esvc_kat_run(const struct esvc_prfs *prfs, struct esvc_aead *aead, uint32_t ke_methods)
{
	static const char *passed[2];
	const char *backend = esvc_aead_name(aead);
	unsigned int failed;

	if (backend == passed[0] || backend == passed[1])
		return 0;
	failed = __real_esvc_kat_run(prfs, aead, ke_methods);
	if (!failed)
		passed[passed[0] != NULL] = backend;
	return failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct esvc_config cfg;
	uint8_t shape;

	memset(&w, 0, sizeof(w));
	w.in.p = data;
	w.in.left = size;
	shape = u8(&w);
	esvc_config_default(&cfg);
	cfg.queue_pairs = 2;
	cfg.sa_max = 8;
	cfg.policy_max = 16;
	cfg.handle_max = 16;
	cfg.strict = w.strict = shape & 1;
	cfg.sync = shape & 2;
	cfg.test_mode = shape & 8;
	cfg.ipsec = cfg.unit = !(shape & 4) || w.strict;
	cfg.backend = shape & 8 ? ESVC_AEAD_EVP : ESVC_AEAD_AUTO;
	cfg.fault = shape >> 4 & 1 ? shape >> 5 : ESVC_FAULT_NONE;
	cfg.fault_n = 3;
	w.h = esvh_host_new(&cfg, MEM);
	if (!w.h->dev)
		abort();
	esvh_drv_init(&w.d, w.h);
	w.h->random_state = 1;
	do_restart(&w);
	for (int i = 0; i < STEPS && w.in.left; i++)
		actions[u8(&w) % (sizeof(actions) / sizeof(actions[0]))](&w);
	check_counters(&w);
	esvh_host_free(w.h);
	return 0;
}
