// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP outbound (clauses ESP-1 to ESP-12). */
#include <string.h>

#include <openssl/crypto.h>

#include "esvc_esp.h"
#include "esvc_lifetime.h"
#include "esvc_selector.h"
#include "esvc_tunnel.h"

/* Where things go: offsets into the frame as it is, lengths as they will be. */
struct plan {
	size_t payload;		/* first byte that is encrypted */
	size_t payload_len;
	size_t pad;
	size_t keep;		/* bytes in front of the ESP header, L2 included */
	size_t esp_len;		/* ESP header to ICV */
	uint8_t next_header;
};

size_t esvc_esp_nonce(const struct esvc_sa *sa, const uint8_t *esp, uint64_t seq, uint8_t nonce[12],
		      uint8_t aad[12])
{
	memcpy(nonce, sa->key->salt, 4);
	memcpy(nonce + 4, esp + 8, 8);
	if (!(sa->flags & ESV_SA_F_ESN)) {
		memcpy(aad, esp, 8);
		return 8;
	}
	memcpy(aad, esp, 4);
	esvc_put32(aad + 4, (uint32_t)(seq >> 32));
	memcpy(aad + 8, esp + 4, 4);
	return 12;
}

static bool seq_left(const struct esvc_sa *sa)
{
	uint64_t max = sa->flags & ESV_SA_F_ESN ? UINT64_MAX : UINT32_MAX;

	return sa->key->seq < max && sa->key->iv_left;
}

static enum esv_counter check_sa(struct esvc_ipsec *ips, struct esvc_sa *sa)
{
	if (sa->state == ESV_SA_EXPIRED)
		return ESV_C_TX_DROP_LIFETIME;
	if (!seq_left(sa)) {
		if (!(sa->told & ESVC_SA_TOLD_SEQ))
			esvc_ipsec_event(ips, ESV_EV_SA_SEQ, sa, sa->packets, 0);
		sa->told |= ESVC_SA_TOLD_SEQ;
		return ESV_C_TX_DROP_SEQ;
	}
	if (sa->mode == ESV_SA_TUNNEL && !sa->nexthop_valid) {
		if (!(sa->told & ESVC_SA_TOLD_NEXTHOP))
			esvc_ipsec_event(ips, ESV_EV_NEXTHOP, sa, 0, 0);
		sa->told |= ESVC_SA_TOLD_NEXTHOP;
		return ESV_C_TX_DROP_NEXTHOP;
	}
	return ESV_C_TX_ESP;
}

static void make_plan(struct plan *pl, const struct esvc_sa *sa, const struct esvc_pkt *p, const struct esvc_buf *b)
{
	size_t end = (size_t)p->l3_off + p->l3_len;

	if (sa->mode == ESV_SA_TUNNEL) {
		pl->payload = p->l3_off;
		pl->keep = ESVC_ETH_LEN + esvc_tunnel_outer_len(sa);
		pl->next_header = p->family == 4 ? ESVC_PROTO_IPIP : ESVC_PROTO_IPV6;
	} else {
		pl->payload = p->esp_off;
		pl->keep = p->esp_off;
		pl->next_header = b->data[p->nh_off];
	}
	pl->payload_len = end - pl->payload;
	pl->pad = -(pl->payload_len + 2) & 3;
	pl->esp_len = ESVC_ESP_HDR + pl->payload_len + pl->pad + 2 + ESVC_ICV_LEN;
}

static bool has_room(const struct plan *pl, const struct esvc_buf *b)
{
	size_t front = pl->keep + ESVC_ESP_HDR, back = pl->payload + pl->payload_len + pl->pad + 2 + ESVC_ICV_LEN;

	return front <= pl->payload + b->headroom && back <= b->len + b->tailroom;
}

static size_t l3_len_after(const struct plan *pl, const struct esvc_sa *sa, const struct esvc_pkt *p)
{
	return pl->keep - (sa->mode == ESV_SA_TUNNEL ? ESVC_ETH_LEN : p->l3_off) + pl->esp_len;
}

/* Transport mode: the old headers move up, then say ESP and the new length. */
static void put_transport(const struct plan *pl, const struct esvc_pkt *p, uint8_t *frame, const uint8_t *old,
			  size_t l3_len)
{
	uint8_t *ip = frame + p->l3_off;

	memmove(frame, old, pl->keep);
	frame[p->nh_off] = ESVC_PROTO_ESP;
	if (p->family == 4) {
		esvc_put16(ip + 2, (uint16_t)l3_len);
		esvc_ip4_checksum(ip);
	} else {
		esvc_put16(ip + 4, (uint16_t)(l3_len - 40));
	}
}

/* Tunnel mode: next hop's and own address; VLAN tags of the inner route do not apply. */
static void put_tunnel(struct esvc_ipsec *ips, const struct esvc_sa *sa, const struct plan *pl, uint8_t *frame,
		       const uint8_t *old)
{
	uint8_t own[6];

	memcpy(own, old + 6, 6);
	esvc_tunnel_outer(sa, old + pl->payload, frame + ESVC_ETH_LEN, pl->esp_len, &ips->ip_id);
	memcpy(frame, sa->nexthop, 6);
	memcpy(frame + 6, own, 6);
	esvc_put16(frame + 12, sa->family == 4 ? ESVC_ETH_IPV4 : ESVC_ETH_IPV6);
}

/* The counters belong to the key and move even if sealing fails: no number is used twice. */
static uint64_t put_esp_header(struct esvc_sa *sa, uint8_t *esp)
{
	struct esvc_key *key = sa->key;
	uint64_t seq = ++key->seq, iv = ++key->iv;

	key->iv_left--;
	memcpy(esp, &sa->spi, 4);
	esvc_put32(esp + 4, (uint32_t)seq);
	esvc_put32(esp + 8, (uint32_t)(iv >> 32));
	esvc_put32(esp + 12, (uint32_t)iv);
	return seq;
}

static void put_trailer(const struct plan *pl, uint8_t *end)
{
	size_t i;

	for (i = 0; i < pl->pad; i++)
		end[i] = (uint8_t)(i + 1);
	end[pl->pad] = (uint8_t)pl->pad;
	end[pl->pad + 1] = pl->next_header;
}

static bool seal(struct esvc_ipsec *ips, const struct esvc_sa *sa, const struct plan *pl, uint8_t *esp, uint64_t seq)
{
	size_t len = pl->payload_len + pl->pad + 2, aad_len;
	uint8_t nonce[12], aad[12], *text = esp + ESVC_ESP_HDR;
	int err;

	aad_len = esvc_esp_nonce(sa, esp, seq, nonce, aad);
	err = esvc_aead_seal(ips->cfg.aead, sa->key->aead_ctx, nonce, aad, aad_len, text, text, len, text + len);
	OPENSSL_cleanse(nonce, sizeof(nonce));
	if (ips->cfg.fault_icv_n && ++ips->fault_icv % ips->cfg.fault_icv_n == 0)
		text[len] ^= 1;
	return !err;
}

enum esv_counter esvc_esp_out(struct esvc_ipsec *ips, struct esvc_sa *sa, struct esvc_buf *b)
{
	enum esv_counter verdict = check_sa(ips, sa);
	uint8_t *old = b->data, *frame, *esp;
	struct esvc_pkt p;
	struct plan pl;
	uint64_t seq;

	if (verdict != ESV_C_TX_ESP)
		return verdict;
	esvc_parse(&p, b->data, b->len, b->len);
	if (p.kind != ESVC_PKT_IP)
		return ESV_C_TX_DROP_PARSE;
	make_plan(&pl, sa, &p, b);
	if (l3_len_after(&pl, sa, &p) > ips->mtu)
		return ESV_C_TX_DROP_MTU;
	if (!has_room(&pl, b))
		return ESV_C_TX_DROP_CRYPTO;
	esp = old + pl.payload - ESVC_ESP_HDR;
	frame = esp - pl.keep;
	put_trailer(&pl, old + pl.payload + pl.payload_len);
	if (sa->mode == ESV_SA_TUNNEL)
		put_tunnel(ips, sa, &pl, frame, old);
	else
		put_transport(&pl, &p, frame, old, l3_len_after(&pl, sa, &p));
	seq = put_esp_header(sa, esp);
	if (!seal(ips, sa, &pl, esp, seq))
		return ESV_C_TX_DROP_CRYPTO;
	esvc_lifetime_count(ips, sa, pl.payload_len);
	b->headroom -= (size_t)(old - frame);
	b->tailroom = b->tailroom + b->len - (size_t)(esp + pl.esp_len - old);
	b->data = frame;
	b->len = pl.keep + pl.esp_len;
	return ESV_C_TX_ESP;
}

enum esv_counter esvc_esp_out_again(const struct esvc_ipsec *ips, const struct esvc_sa *sa, struct esvc_buf *b)
{
	struct esvc_pkt p;

	/* A key that was zeroised has no numbers left (KEY-20). */
	if (!sa->key->epoch)
		return ESV_C_TX_DROP_SEQ;
	esvc_parse(&p, b->data, b->len, b->len);
	if (p.kind != ESVC_PKT_IP || p.family != sa->family || !esvc_addr_eq(p.family, p.saddr, sa->saddr) ||
	    !esvc_addr_eq(p.family, p.daddr, sa->daddr))
		return ESV_C_TX_DROP_TAG_FIT;
	if (p.l3_len > ips->mtu)
		return ESV_C_TX_DROP_MTU;
	if (sa->mode != ESV_SA_TUNNEL)
		return ESV_C_TX_ESP;
	if (!sa->nexthop_valid)
		return ESV_C_TX_DROP_NEXTHOP;
	memcpy(b->data, sa->nexthop, sizeof(sa->nexthop));
	return ESV_C_TX_ESP;
}
