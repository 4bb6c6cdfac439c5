// SPDX-License-Identifier: GPL-2.0-or-later
/* From the kernel's messages to records without keys and SPIs. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "algorithms.h"
#include "latch_record.h"
#include "xfrm_parse.h"

/* Newer than the oldest headers that this is built with; values are the kernel's ABI. */
#define ATTR_SA_DIR	33
#define ATTR_SA_PCPU	35
#define SA_DIR_IN	1
#define SA_DIR_OUT	2
#define OFFLOAD_F_INBOUND 2
#define OFFLOAD_F_PACKET 4
#define ATTR_MAX	64

struct attrs {
	const struct nlattr *at[ATTR_MAX + 1];
};

static int collect_one(const struct nlattr *attr, void *data)
{
	struct attrs *a = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type <= ATTR_MAX)
		a->at[type] = attr;
	return MNL_CB_OK;
}

static int collect(const struct nlmsghdr *nlh, size_t header, struct attrs *a)
{
	memset(a, 0, sizeof(*a));
	/* attributes are walked up to the aligned end */
	if (nlh->nlmsg_len % MNL_ALIGNTO || mnl_nlmsg_get_payload_len(nlh) < header)
		return -EBADMSG;
	return mnl_attr_parse(nlh, header, collect_one, a) < 0 ? -EBADMSG : 0;
}

/* The attribute's payload if it is there and has at least @size bytes. */
static const void *payload(const struct attrs *a, unsigned int type, size_t size)
{
	const struct nlattr *attr = a->at[type];

	if (!attr || mnl_attr_get_payload_len(attr) < size)
		return NULL;
	return mnl_attr_get_payload(attr);
}

static void copy_address(uint8_t out[16], const xfrm_address_t *in, uint16_t family)
{
	memset(out, 0, 16);
	memcpy(out, in, family == AF_INET ? 4 : 16);
}

static void parse_selector(struct rec_selector *s, const struct xfrm_selector *in)
{
	s->family = in->family;
	s->protocol = in->proto;
	s->prefix_s = in->prefixlen_s;
	s->prefix_d = in->prefixlen_d;
	s->sport = in->sport;
	s->sport_mask = in->sport_mask;
	s->dport = in->dport;
	s->dport_mask = in->dport_mask;
	s->ifindex = in->ifindex;
	copy_address(s->saddr, &in->saddr, in->family);
	copy_address(s->daddr, &in->daddr, in->family);
}

static void parse_mark(const struct attrs *a, uint32_t *value, uint32_t *mask)
{
	const struct xfrm_mark *m = payload(a, XFRMA_MARK, sizeof(*m));

	*value = m ? m->v : 0;
	*mask = m ? m->m : 0;
}

static uint32_t parse_u32(const struct attrs *a, unsigned int type, uint32_t absent)
{
	const uint32_t *v = payload(a, type, sizeof(*v));

	return v ? *v : absent;
}

/* The kernel keeps names NUL-terminated; a message that does not is not believed. */
static const char *terminated(const char name[64])
{
	return memchr(name, 0, 64) ? name : NULL;
}

static int parse_algorithms(const struct attrs *a, struct sa_algorithms *alg)
{
	const struct xfrm_algo_aead *aead = payload(a, XFRMA_ALG_AEAD, sizeof(*aead));
	const struct xfrm_algo_auth *trunc = payload(a, XFRMA_ALG_AUTH_TRUNC, sizeof(*trunc));
	const struct xfrm_algo *auth = payload(a, XFRMA_ALG_AUTH, sizeof(*auth));
	const struct xfrm_algo *crypt = payload(a, XFRMA_ALG_CRYPT, sizeof(*crypt));

	memset(alg, 0, sizeof(*alg));
	if (aead) {
		alg->aead = terminated(aead->alg_name);
		alg->aead_key_bits = aead->alg_key_len;
		alg->aead_icv_bits = aead->alg_icv_len;
	}
	if (crypt) {
		alg->cipher = terminated(crypt->alg_name);
		alg->cipher_key_bits = crypt->alg_key_len;
	}
	if (trunc) {
		alg->auth = terminated(trunc->alg_name);
		alg->auth_trunc_bits = trunc->alg_trunc_len;
	} else if (auth) {
		alg->auth = terminated(auth->alg_name);
	}
	return (aead && !alg->aead) || (crypt && !alg->cipher) ||
	       ((trunc || auth) && !alg->auth) ? -EBADMSG : 0;
}

static bool key_length_present(const struct attrs *a)
{
	const struct xfrm_algo_aead *aead = payload(a, XFRMA_ALG_AEAD, sizeof(*aead));

	/* A driver that took the key away leaves length 0, and then only for an AEAD. */
	return !aead || aead->alg_key_len;
}

static void parse_offload(const struct attrs *a, struct rec_sa *sa)
{
	const struct xfrm_user_offload *off = payload(a, XFRMA_OFFLOAD_DEV, sizeof(*off));
	const uint8_t *dir = payload(a, ATTR_SA_DIR, 1);

	sa->dir = DIR_UNKNOWN;
	if (off) {
		sa->offload_ifindex = off->ifindex;
		sa->offload = off->flags & OFFLOAD_F_PACKET ? OFFLOAD_PACKET : OFFLOAD_CRYPTO;
		sa->dir = off->flags & OFFLOAD_F_INBOUND ? DIR_IN : DIR_OUT;
	}
	if (dir && (*dir == SA_DIR_IN || *dir == SA_DIR_OUT))
		sa->dir = *dir == SA_DIR_IN ? DIR_IN : DIR_OUT;
}

static void parse_replay(const struct attrs *a, const struct xfrm_usersa_info *info,
			 struct rec_sa *sa)
{
	const struct xfrm_replay_state_esn *esn;

	sa->replay_window = info->replay_window;
	esn = payload(a, XFRMA_REPLAY_ESN_VAL, offsetof(struct xfrm_replay_state_esn, bmp));
	if (esn)
		sa->replay_window = esn->replay_window;
	sa->esn = !!(info->flags & XFRM_STATE_ESN);
}

int xfrm_parse_sa(const struct nlmsghdr *nlh, struct rec_sa *sa, struct sa_key *key)
{
	struct xfrm_usersa_info copy, *info = &copy;
	struct sa_algorithms alg;
	struct suite suite;
	struct attrs a;
	int err;

	err = collect(nlh, sizeof(*info), &a);
	if (!err)
		err = parse_algorithms(&a, &alg);
	if (err)
		return err;
	/* messages are aligned to 4 bytes, the structure to 8 */
	memcpy(info, mnl_nlmsg_get_payload(nlh), sizeof(*info));
	if (info->family != AF_INET && info->family != AF_INET6)
		return -EBADMSG;

	memset(sa, 0, sizeof(*sa));
	parse_selector(&sa->sel, &info->sel);
	parse_mark(&a, &sa->mark_value, &sa->mark_mask);
	parse_offload(&a, sa);
	parse_replay(&a, info, sa);
	sa->smark_value = parse_u32(&a, XFRMA_SET_MARK, 0);
	sa->smark_mask = parse_u32(&a, XFRMA_SET_MARK_MASK, 0);
	sa->reqid = info->reqid;
	sa->if_id = parse_u32(&a, XFRMA_IF_ID, 0);
	sa->pcpu = parse_u32(&a, ATTR_SA_PCPU, UINT32_MAX) != UINT32_MAX;
	sa->family = info->family;
	sa->proto = info->id.proto;
	sa->mode = info->mode;
	sa->encap = !!a.at[XFRMA_ENCAP];
	sa->wildrecv = !!(info->flags & XFRM_STATE_WILDRECV);
	suite = algorithms_name(&alg);
	sa->cipher = suite.cipher;
	sa->auth = suite.auth;
	sa->encrypts = suite.encrypts;
	sa->authenticates = suite.authenticates;
	sa->host_key = key_length_present(&a);
	/* A larval SA has no algorithm yet; IPComp has one of its own kind. */
	if (!alg.aead && !alg.cipher && !alg.auth && !a.at[XFRMA_ALG_COMP])
		sa->state = SA_ACQUIRING;
	else if (sa->offload != OFFLOAD_PACKET &&	/* of these the device decides */
		 (info->curlft.bytes >= info->lft.hard_byte_limit ||
		  info->curlft.packets >= info->lft.hard_packet_limit))
		sa->state = SA_EXPIRED;	/* the next packet is refused, and then the SA goes */
	copy_address(sa->saddr, &info->saddr, info->family);
	copy_address(sa->daddr, &info->id.daddr, info->family);
	sa->packets = info->curlft.packets;
	sa->bytes = info->curlft.bytes;
	sa->add_time = info->curlft.add_time;

	memset(key, 0, sizeof(*key));
	key->id.daddr = info->id.daddr;
	key->id.spi = info->id.spi;
	key->id.family = info->family;
	key->id.proto = info->id.proto;
	key->saddr = info->saddr;
	key->mark_value = sa->mark_value;
	key->mark_mask = sa->mark_mask;
	return 0;
}

static int parse_templates(const struct attrs *a, struct rec_policy *p,
			   uint32_t spis[MAX_TEMPLATES])
{
	const struct nlattr *attr = a->at[XFRMA_TMPL];
	const struct xfrm_user_tmpl *t;
	size_t i, n;

	if (!attr)
		return 0;
	t = mnl_attr_get_payload(attr);
	n = mnl_attr_get_payload_len(attr) / sizeof(*t);
	if (n > MAX_TEMPLATES)
		return -EBADMSG;
	for (i = 0; i < n; i++) {
		struct rec_template *r = &p->tmpl[i];

		r->family = t[i].family;
		r->proto = t[i].id.proto;
		r->mode = t[i].mode;
		r->optional = t[i].optional;
		r->reqid = t[i].reqid;
		r->has_spi = !!t[i].id.spi;
		r->spi_sa = NO_SA;
		spis[i] = t[i].id.spi;
		copy_address(r->saddr, &t[i].saddr, t[i].family);
		copy_address(r->daddr, &t[i].id.daddr, t[i].family);
	}
	p->templates = n;
	return 0;
}

int xfrm_parse_policy(const struct nlmsghdr *nlh, struct rec_policy *p,
		      uint32_t spis[MAX_TEMPLATES])
{
	static const uint8_t dirs[] = { DIR_IN, DIR_OUT, DIR_FWD };	/* by XFRM_POLICY_* */
	struct xfrm_userpolicy_info copy, *info = &copy;
	const struct xfrm_userpolicy_type *type;
	const struct xfrm_user_offload *off;
	struct attrs a;
	int err;

	err = collect(nlh, sizeof(*info), &a);
	if (err)
		return err;
	memcpy(info, mnl_nlmsg_get_payload(nlh), sizeof(*info));
	if (info->dir >= 2 * XFRM_POLICY_MAX)
		return -EBADMSG;
	memset(p, 0, sizeof(*p));
	memset(spis, 0, MAX_TEMPLATES * sizeof(*spis));
	err = parse_templates(&a, p, spis);
	if (err)
		return err;

	parse_selector(&p->sel, &info->sel);
	parse_mark(&a, &p->mark_value, &p->mark_mask);
	p->if_id = parse_u32(&a, XFRMA_IF_ID, 0);
	p->index = info->index;
	p->priority = info->priority;
	p->dir = dirs[info->dir % XFRM_POLICY_MAX];
	p->of_socket = info->dir >= XFRM_POLICY_MAX;
	if (p->of_socket && info->lft.soft_byte_limit >> 32 == LATCH_ID_MARK)
		p->latch = info->lft.soft_byte_limit;
	p->action = info->action == XFRM_POLICY_ALLOW ? ACTION_ALLOW : ACTION_BLOCK;
	p->has_label = !!a.at[XFRMA_SEC_CTX];
	type = payload(&a, XFRMA_POLICY_TYPE, sizeof(*type));
	p->sub = type && type->type == XFRM_POLICY_TYPE_SUB;
	off = payload(&a, XFRMA_OFFLOAD_DEV, sizeof(*off));
	if (off)
		p->offload_ifindex = off->ifindex;
	return 0;
}
