// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP inbound (clauses ESP-30 to ESP-40). */
#include <string.h>

#include <openssl/crypto.h>

#include "esvc_esp.h"
#include "esvc_lifetime.h"
#include "esvc_tunnel.h"

/* An ESP packet in its frame. */
struct esp {
	size_t off;		/* of the header */
	size_t text_len;	/* ciphertext; later: payload */
	uint64_t seq;
	uint8_t next_header;
	uint8_t outer_tos;
};

static enum esv_counter replayed(struct esvc_ipsec *ips, struct esvc_sa *sa, bool old)
{
	sa->cold->replay_dropped++;
	sa->cold->replay_old += old;
	esvc_ipsec_event(ips, ESV_EV_REPLAY, sa, sa->cold->replay_dropped, 0);
	return ESV_C_RX_DROP_REPLAY;
}

static enum esv_counter not_authentic(struct esvc_ipsec *ips, struct esvc_sa *sa)
{
	sa->cold->auth_failed++;
	esvc_ipsec_event(ips, ESV_EV_AUTH_FAIL, sa, sa->cold->auth_failed, 0);
	return ESV_C_RX_DROP_AUTH;
}

static enum esv_counter decrypt(struct esvc_ipsec *ips, struct esvc_sa *sa, uint8_t *frame, struct esp *e)
{
	uint8_t nonce[12], aad[12], *hdr = frame + e->off, *text = hdr + ESVC_ESP_HDR;
	enum esvc_replay_verdict replay;
	size_t aad_len;
	int err;

	e->seq = esvc_replay_expand(&sa->key->replay, esvc_get32(hdr + 4), sa->flags & ESV_SA_F_ESN);
	replay = esvc_replay_check(&sa->key->replay, e->seq);
	if (replay != ESVC_REPLAY_OK)
		return replayed(ips, sa, replay == ESVC_REPLAY_OLD);
	aad_len = esvc_esp_nonce(sa, hdr, e->seq, nonce, aad);
	err = esvc_aead_open(ips->cfg.aead, sa->key->aead_ctx, nonce, aad, aad_len, text, text, e->text_len,
			     text + e->text_len);
	OPENSSL_cleanse(nonce, sizeof(nonce));
	if (err)
		return not_authentic(ips, sa);
	esvc_replay_accept(&sa->key->replay, e->seq);
	return ESV_C_RX_ESP;
}

/* RFC 4303 2.4: the padding's content is checked. A dummy packet (2.6) ends here too. */
static bool strip_trailer(const uint8_t *text, struct esp *e)
{
	size_t pad = text[e->text_len - 2], i;

	e->next_header = text[e->text_len - 1];
	if (pad + 2 > e->text_len || e->next_header == ESVC_PROTO_NONE)
		return false;
	e->text_len -= pad + 2;
	for (i = 0; i < pad; i++)
		if (text[e->text_len + i] != i + 1)
			return false;
	return true;
}

static void move_start(struct esvc_buf *b, size_t by)
{
	b->data += by;
	b->headroom += by;
	b->len -= by;
}

static void cut_tail(struct esvc_buf *b, size_t len)
{
	b->tailroom += b->len - len;
	b->len = len;
}

/* hdr_end: end of what stands in front of ESP (and its UDP header, which goes too). */
static void open_transport(struct esvc_buf *b, const struct esvc_pkt *p, const struct esp *e)
{
	size_t hdr_end = p->l4_off, gap = e->off + ESVC_ESP_HDR - hdr_end;
	uint8_t *ip;

	cut_tail(b, e->off + ESVC_ESP_HDR + e->text_len);
	memmove(b->data + gap, b->data, hdr_end);
	move_start(b, gap);
	b->data[p->l4_nh_off] = e->next_header;
	ip = b->data + p->l3_off;
	if (p->family == 4) {
		esvc_put16(ip + 2, (uint16_t)(b->len - p->l3_off));
		esvc_ip4_checksum(ip);
	} else {
		esvc_put16(ip + 4, (uint16_t)(b->len - p->l3_off - 40));
	}
}

static bool open_tunnel(struct esvc_buf *b, const struct esp *e)
{
	size_t inner = e->off + ESVC_ESP_HDR;
	uint16_t type;

	if (e->next_header == ESVC_PROTO_IPIP)
		type = ESVC_ETH_IPV4;
	else if (e->next_header == ESVC_PROTO_IPV6)
		type = ESVC_ETH_IPV6;
	else
		return false;
	cut_tail(b, inner + e->text_len);
	memmove(b->data + inner - ESVC_ETH_LEN, b->data, 12);
	move_start(b, inner - ESVC_ETH_LEN);
	esvc_put16(b->data + 12, type);
	return true;
}

/* What came out must be a sound packet by itself; TFC padding behind it goes (RFC 4303 2.7). */
static bool parse_result(struct esvc_buf *b, struct esvc_pkt *p)
{
	esvc_parse(p, b->data, b->len, b->len);
	if (p->kind != ESVC_PKT_IP)
		return false;
	cut_tail(b, (size_t)p->l3_off + p->l3_len);
	return true;
}

static enum esv_counter unwrap(struct esvc_sa *sa, struct esvc_buf *b, struct esvc_pkt *p, const struct esp *e)
{
	if (sa->mode == ESV_SA_TRANSPORT)
		open_transport(b, p, e);
	else if (!open_tunnel(b, e))
		return ESV_C_RX_DROP_MODE;
	if (!parse_result(b, p))
		return ESV_C_RX_DROP_PARSE;
	if (sa->mode == ESV_SA_TUNNEL && !esvc_tunnel_decap(sa, e->outer_tos, b->data + p->l3_off))
		return ESV_C_RX_DROP_PARSE;
	return ESV_C_RX_ESP;
}

enum esv_counter esvc_esp_in(struct esvc_ipsec *ips, struct esvc_sa *sa, struct esvc_buf *b,
			     struct esvc_pkt *p, size_t esp_off, uint32_t *seq_lo)
{
	size_t end = (size_t)p->l3_off + p->l3_len;
	struct esp e = { .off = esp_off };
	enum esv_counter verdict;

	if (sa->state == ESV_SA_EXPIRED)
		return ESV_C_RX_DROP_LIFETIME;
	if (end < esp_off + ESVC_ESP_MIN)
		return ESV_C_RX_DROP_LENGTH;
	e.text_len = end - esp_off - ESVC_ESP_HDR - ESVC_ICV_LEN;
	if (e.text_len % 4)
		return ESV_C_RX_DROP_TRAILER;
	e.outer_tos = esvc_ip_tos(b->data + p->l3_off);
	verdict = decrypt(ips, sa, b->data, &e);
	if (verdict != ESV_C_RX_ESP)
		return verdict;
	*seq_lo = (uint32_t)e.seq;
	if (strip_trailer(b->data + esp_off + ESVC_ESP_HDR, &e)) {
		verdict = unwrap(sa, b, p, &e);
		/* Of a tunnel the inner packet counts, traffic flow padding does not (SA-20). */
		esvc_lifetime_count(ips, sa, sa->mode == ESV_SA_TUNNEL && verdict == ESV_C_RX_ESP ? p->l3_len : e.text_len);
	} else {
		verdict = ESV_C_RX_DROP_TRAILER;
	}
	sa->cold->other_dropped += verdict != ESV_C_RX_ESP;
	return verdict;
}
