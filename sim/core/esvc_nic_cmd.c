// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of the NIC itself: identity, queues, port, filter, counters, self-test. */
#include <stdio.h>

#include "esvc_nic.h"
#include "esvc_ring.h"
#include "esvc_selftest.h"

static enum esv_status nop(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	memcpy(cmd->result, cmd->sqe.inl, sizeof(cmd->result));
	return ESV_S_OK;
}

static enum esv_status identify(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esv_identify *id = (struct esv_identify *)cmd->out;

	id->if_version = htole32(ESV_IF_VERSION);
	id->fw_version = htole32(ESVC_FW_VERSION);
	id->device_id = htole64(dev->device_id);
	id->epoch = htole64(esvc_epoch(dev));
	snprintf(id->build, sizeof(id->build), "espvault-core %u.%u.%u %s", ESVC_FW_VERSION >> 16,
		 ESVC_FW_VERSION >> 8 & 0xff, ESVC_FW_VERSION & 0xff,
		 dev->aead ? esvc_aead_name(dev->aead) : "plain");
	id->features = htole32(esvc_features(dev));
	cmd->out_len = sizeof(*id);
	return ESV_S_OK;
}

/* The request was written after the EPOCH event; the ring's head is behind it. */
static bool knows_of_load(const struct esvc_dev *dev)
{
	return dev->load_told && (int32_t)(dev->admin.sq.head - 1 - dev->ack_from) >= 0;
}

static void end_drop_all(struct esvc_dev *dev)
{
	if (dev->port_up && dev->ipsec)
		esvc_ipsec_start(dev->ipsec);
	dev->drop_all = false;
}

static enum esv_status features_set(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	uint32_t want;

	memcpy(&want, cmd->sqe.inl, sizeof(want));
	want = le32toh(want);
	if (want & ~esvc_features(dev))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, inl));
	dev->features = want;
	/* The driver knows of the load and has seen to its entries (VMS-4). */
	if (dev->drop_all && knows_of_load(dev))
		end_drop_all(dev);
	return ESV_S_OK;
}

static enum esv_status abort_cmd(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	return esvc_admin_abort(dev, (uint16_t)(cmd->sqe.inl[0] | cmd->sqe.inl[1] << 8));
}

#define QP(field) offsetof(struct esv_queue_params, field)

size_t esvc_queue_bad_field(const struct esvc_dev *dev, const struct esv_queue_params *p)
{
	bool rx = p->type == ESV_QUEUE_RX;
	unsigned int buf_len = le16toh(p->buf_len);
	uint64_t cq = le64toh(p->cq);

	if (p->type != ESV_QUEUE_TX && !rx)
		return QP(type) + 1;
	if (p->ring_log2 < ESVC_RING_LOG2_MIN || p->ring_log2 > ESVC_RING_LOG2_MAX)
		return QP(ring_log2) + 1;
	if (rx ? p->cq_log2 < p->ring_log2 || p->cq_log2 > ESVC_CQ_LOG2_MAX : p->cq_log2)
		return QP(cq_log2) + 1;
	if (le16toh(p->vector) >= esvc_vectors(dev))
		return QP(vector) + 1;
	if (rx ? buf_len < ESVC_RX_BUF_MIN || buf_len > ESVC_RX_BUF_MAX || buf_len % 64 : buf_len)
		return QP(buf_len) + 1;
	if (!p->ring || le64toh(p->ring) % 64)
		return QP(ring) + 1;
	if (rx ? !cq || cq % 64 : cq)
		return QP(cq) + 1;
	return !p->shadow || le64toh(p->shadow) % 64 ? QP(shadow) + 1 : 0;
}

static struct esvc_ring *ring_of(struct esvc_dev *dev, unsigned int type, uint32_t pair)
{
	return type == ESV_QUEUE_TX ? &dev->txq[pair].r : &dev->rxq[pair].r;
}

static void setup_rx(struct esvc_dev *dev, struct esvc_rxq *q, const struct esv_queue_params *p)
{
	q->cq = le64toh(p->cq);
	q->cq_mask = (1u << p->cq_log2) - 1;
	q->cq_log2 = p->cq_log2;
	q->buf_len = le16toh(p->buf_len);
	q->starved = false;
	q->cache_n = 0;
}

static enum esv_status queue_create(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_queue_params *p = (const struct esv_queue_params *)cmd->in;
	struct esvc_ring *r;
	size_t bad;

	if (cmd->object >= dev->cfg.queue_pairs)
		return esvc_refuse(cmd, ESV_S_BAD_HANDLE, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object));
	if (p->rsvd0)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, QP(rsvd0));
	bad = esvc_queue_bad_field(dev, p);
	if (bad)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, bad - 1);
	r = ring_of(dev, p->type, cmd->object);
	if (r->live)
		return esvc_refuse(cmd, ESV_S_EXISTS, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object));
	if (esvc_ring_start(dev, r, le64toh(p->ring), le64toh(p->shadow), p->ring_log2, le16toh(p->vector),
			    p->type == ESV_QUEUE_TX)) {
		r->live = false;
		return esvc_refuse(cmd, ESV_S_DMA_ERROR, QP(shadow));
	}
	if (p->type == ESV_QUEUE_RX)
		setup_rx(dev, &dev->rxq[cmd->object], p);
	else
		dev->txq[cmd->object].cache_n = 0;
	return ESV_S_OK;
}

static enum esv_status queue_destroy(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	unsigned int type = cmd->sqe.inl[0];
	struct esvc_ring *r;

	if (type != ESV_QUEUE_TX && type != ESV_QUEUE_RX)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, inl));
	if (cmd->object >= dev->cfg.queue_pairs)
		return esvc_refuse(cmd, ESV_S_BAD_HANDLE, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object));
	r = ring_of(dev, type, cmd->object);
	if (!r->live)
		return esvc_refuse(cmd, ESV_S_NOT_FOUND, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, object));
	r->live = false;
	if (type == ESV_QUEUE_TX)
		esvc_tx_forget(dev, cmd->object);
	else
		esvc_rx_forget(dev, cmd->object);
	return ESV_S_OK;
}

static enum esv_status rss_set(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_rss_params *p = (const struct esv_rss_params *)cmd->in;

	for (size_t i = 0; i < ESV_RSS_TABLE_LEN; i++)
		if (p->table[i] >= dev->cfg.queue_pairs)
			return esvc_refuse(cmd, ESV_S_BAD_FIELD, offsetof(struct esv_rss_params, table) + i);
	esvc_rss_set(&dev->rss, p);
	return ESV_S_OK;
}

static enum esv_status filter_set(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_filter_params *p = (const struct esv_filter_params *)cmd->in;
	unsigned int flags = le16toh(p->flags), count = le16toh(p->count);

	if (flags & ~(ESV_FILTER_PROMISC | ESV_FILTER_ALLMULTI))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, offsetof(struct esv_filter_params, flags));
	if (count > ESV_FILTER_MAX)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, offsetof(struct esv_filter_params, count));
	dev->filter.flags = (uint16_t)flags;
	dev->filter.count = (uint16_t)count;
	memcpy(dev->filter.addr, p->addr, sizeof(dev->filter.addr));
	return ESV_S_OK;
}

#define PP(field) offsetof(struct esv_port_params, field)

static bool mac_ok(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero));
}

bool esvc_port_valid(unsigned int mtu, const uint8_t mac[6])
{
	return mtu >= ESVC_MTU_MIN && mtu <= ESVC_MTU_MAX && mac_ok(mac);
}

static enum esv_status port_set(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	const struct esv_port_params *p = (const struct esv_port_params *)cmd->in;
	unsigned int mtu = le16toh(p->mtu);

	if (le32toh(p->flags) & ~ESV_PORT_UP)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, PP(flags));
	if (!esvc_port_valid(mtu, p->mac))
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, mac_ok(p->mac) ? PP(mtu) : PP(mac));
	if (p->rsvd)
		return esvc_refuse(cmd, ESV_S_RESERVED_NONZERO, PP(rsvd));
	dev->port_up = le32toh(p->flags) & ESV_PORT_UP;
	dev->mtu = (uint16_t)mtu;
	memcpy(dev->mac, p->mac, sizeof(dev->mac));
	if (dev->ipsec) {
		esvc_ipsec_set_mtu(dev->ipsec, dev->mtu);
		/* The driver has put its SPD entries back before it brings the port up. */
		if (dev->port_up)
			esvc_ipsec_start(dev->ipsec);
	}
	return ESV_S_OK;
}

static enum esv_status counters_read(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	struct esv_counters *out = (struct esv_counters *)cmd->out;

	for (size_t i = 0; i < ESV_C_COUNT; i++)
		out->c[i] = htole64(dev->counters[i]);
	cmd->out_len = sizeof(*out);
	return ESV_S_OK;
}

static enum esv_status selftest(struct esvc_dev *dev, struct esvc_cmd *cmd)
{
	unsigned int test = cmd->sqe.inl[0];

	if (test > ESVC_SELFTESTS)
		return esvc_refuse(cmd, ESV_S_BAD_FIELD, ESV_ERR_OFF_SQE | offsetof(struct esv_sqe, inl));
	cmd->result[0] = (uint8_t)esvc_selftest(dev, test);
	return ESV_S_OK;
}

/* Filter lists and such grow at the end in later minors: lengths are exact in this one. */
#define IN(s)	sizeof(struct s), sizeof(struct s)

const struct esvc_cmd_row esvc_nic_rows[] = {
	{ ESV_OP_NOP, 0, 0, 0, nop },
	{ ESV_OP_IDENTIFY, 0, 0, sizeof(struct esv_identify), identify },
	{ ESV_OP_FEATURES_SET, 0, 0, 0, features_set },
	{ ESV_OP_ABORT, 0, 0, 0, abort_cmd },
	{ ESV_OP_QUEUE_CREATE, IN(esv_queue_params), 0, queue_create },
	{ ESV_OP_QUEUE_DESTROY, 0, 0, 0, queue_destroy },
	{ ESV_OP_RSS_SET, IN(esv_rss_params), 0, rss_set },
	{ ESV_OP_RX_FILTER_SET, IN(esv_filter_params), 0, filter_set },
	{ ESV_OP_PORT_SET, IN(esv_port_params), 0, port_set },
	{ ESV_OP_COUNTERS_READ, 0, 0, sizeof(struct esv_counters), counters_read },
	{ ESV_OP_SELFTEST, 0, 0, 0, selftest },
	{ 0 },
};
