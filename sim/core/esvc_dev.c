// SPDX-License-Identifier: GPL-2.0-or-later
/* Life of a device: making it, ending it, reset, fatal errors. */
#include <stdlib.h>
#include <string.h>

#include "esvc_fault.h"
#include "esvc_identity.h"
#include "esvc_ring.h"

void esvc_config_default(struct esvc_config *cfg)
{
	*cfg = (struct esvc_config){
		.mac = { 0x52, 0x54, 0x00, 0xe5, 0x76, 0x01 },
		.queue_pairs = 4,
		.sa_max = 4096,
		.policy_max = 65536,
		.handle_max = 4096,
		.host_keys = true,
		.ipsec = true,
		.unit = true,
		.backend = ESVC_AEAD_AUTO,
	};
}

static bool config_ok(const struct esvc_config *cfg)
{
	if (!cfg->queue_pairs || cfg->queue_pairs > ESV_MAX_QUEUES)
		return false;
	if (cfg->mac[0] & 1)
		return false;
	if (cfg->ipsec && (!cfg->sa_max || cfg->sa_max > 1u << 20 || !cfg->policy_max ||
			   cfg->policy_max > 1u << 20))
		return false;
	/* SAs borrow their keys from the unit. */
	if (cfg->ipsec && !cfg->unit)
		return false;
	return !cfg->unit || cfg->handle_max;
}

uint64_t esvc_now(struct esvc_dev *dev)
{
	return dev->ops->time_ns(dev->opaque);
}

uint64_t esvc_epoch(const struct esvc_dev *dev)
{
	return dev->unit ? esvc_unit_epoch(dev->unit) : dev->epoch;
}

unsigned int esvc_vectors(const struct esvc_dev *dev)
{
	return dev->cfg.queue_pairs + 1u;
}

bool esvc_running(const struct esvc_dev *dev)
{
	return dev->enabled && !dev->fatal_code && dev->port_up && dev->link_up;
}

void esvc_guest_error(struct esvc_dev *dev, const char *clause, const char *text)
{
	if (dev->ops->guest_error)
		dev->ops->guest_error(dev->opaque, clause, text);
}

void esvc_fatal(struct esvc_dev *dev, unsigned int code, uint32_t arg0, uint32_t arg1)
{
	if (dev->fatal_code)
		return;
	/* Latched before it is told: a fault on that way is not the first one. */
	dev->fatal_code = code;
	dev->fatal_arg0 = arg0;
	dev->fatal_arg1 = arg1;
	dev->fatal_wipe = true;
	if (code != ESV_FATAL_EVENT)
		esvc_event_fatal(dev, code, arg0);
	esvc_guest_error(dev, "REG-14", "fatal error, the device waits for a reset");
	/* The driver may wait on any vector: wake them all, once. */
	for (unsigned int v = 0; dev->enabled && v < esvc_vectors(dev); v++)
		esvc_irq(dev, v);
}

void esvc_fatal_wipe(struct esvc_dev *dev)
{
	if (!dev->fatal_wipe)
		return;
	dev->fatal_wipe = false;
	if (!dev->unit)
		return;
	esvc_unit_zeroize(dev->unit);
	dev->unit_at = 0;
	esvc_arm_timer(dev);
}

/* Every bad packet from the wire would make one of these: the counters say how many there were (EVT-7). */
static bool peer_event_due(struct esvc_dev *dev, unsigned int type)
{
	uint64_t *after, now;

	switch (type) {
	case ESV_EV_AUTH_FAIL:
	case ESV_EV_REPLAY:
	case ESV_EV_UNKNOWN_SPI:
		after = &dev->events.peer_after_ns[type - ESV_EV_AUTH_FAIL];
		break;
	default:
		return true;
	}
	now = esvc_now(dev);
	if (now < *after)
		return false;
	*after = now + ESVC_EVENT_GAP_NS;
	return true;
}

static void ipsec_event(void *arg, unsigned int type, uint32_t object, uint64_t arg0, uint32_t arg1)
{
	if (peer_event_due(arg, type))
		esvc_event(arg, type, object, arg0, arg1);
}

_Static_assert(ESV_EV_UNKNOWN_SPI - ESV_EV_AUTH_FAIL == 2 && ESV_EV_REPLAY - ESV_EV_AUTH_FAIL == 1,
	       "one limit for each of the three kinds");

static uint64_t ipsec_time(void *arg)
{
	return esvc_now(arg);
}

static uint32_t mode_bits(const struct esvc_config *cfg)
{
	return (cfg->strict ? ESV_MODE_STRICT : 0) | (cfg->test_mode ? ESV_MODE_TEST : 0) |
	       (cfg->host_keys ? ESV_MODE_HOST_KEYS : 0) | (cfg->sync ? ESV_MODE_SYNC : 0);
}

/* Key objects outlive their SAs, for continuation: more of them than SAs. */
static uint32_t key_max(uint32_t sa_max)
{
	return sa_max + sa_max / 4 + 64;
}

static int make_unit(struct esvc_dev *dev)
{
	const struct esvc_config *cfg = &dev->cfg;
	struct esvc_unit_config uc = {
		.aead = dev->aead, .ops = dev->ops, .opaque = dev->opaque, .device_id = dev->device_id,
		.key_max = key_max(cfg->sa_max), .functions = 1,	/* RSV-1 */
		.device_secret = cfg->has_device_secret ? cfg->device_secret : NULL,
		.handle_max = cfg->handle_max, .ke_methods = cfg->ke_methods, .mode = mode_bits(cfg),
		.fail_selftest = cfg->fault == ESVC_FAULT_SELFTEST, .fail_n = cfg->fault_n,
	};

	dev->unit = esvc_unit_new(&uc);
	explicit_bzero(dev->cfg.device_secret, sizeof(dev->cfg.device_secret));
	return dev->unit ? 0 : -errno;
}

static int make_ipsec(struct esvc_dev *dev)
{
	const struct esvc_config *cfg = &dev->cfg;
	struct esvc_ipsec_config ic = {
		.unit = dev->unit, .aead = dev->aead, .sa_max = cfg->sa_max,
		.policy_max = cfg->policy_max, .strict = cfg->strict, .function = cfg->function,
		.fault_icv_n = cfg->fault == ESVC_FAULT_ICV ? (cfg->fault_n ? cfg->fault_n : 1) : 0,
		.event = ipsec_event, .time_ns = ipsec_time, .arg = dev,
	};

	dev->ipsec = esvc_ipsec_new(&ic);
	return dev->ipsec ? 0 : -errno;
}

static int make_security(struct esvc_dev *dev)
{
	int err;

	if (!dev->cfg.unit)
		return 0;
	dev->aead = esvc_aead_new(dev->cfg.backend);
	if (!dev->aead)
		return -errno;
	err = make_unit(dev);
	if (err)
		return err;
	return dev->cfg.ipsec ? make_ipsec(dev) : 0;
}

/* Of the device secret if there is one, so that it stays; else of this power-on. */
static int device_id(struct esvc_dev *dev)
{
	if (dev->cfg.has_device_secret)
		return esvc_identity_device(dev->cfg.device_secret, &dev->device_id);
	return dev->ops->random(dev->opaque, &dev->device_id, sizeof(dev->device_id));
}

static int make_buffers(struct esvc_dev *dev)
{
	const size_t room = ESVC_HEADROOM + ESVC_TAILROOM;

	dev->txq = calloc(dev->cfg.queue_pairs, sizeof(*dev->txq));
	dev->rxq = calloc(dev->cfg.queue_pairs, sizeof(*dev->rxq));
	dev->tx_buf = malloc(room + ESVC_MAX_TSO + ESVC_MAX_HDR);
	dev->seg_buf = malloc(room + ESVC_MAX_HDR + ESVC_MAX_TSO);
	dev->rx_buf = malloc(room + ESVC_MTU_MAX + ESVC_L2_MAX);
	if (!dev->txq || !dev->rxq || !dev->tx_buf || !dev->seg_buf || !dev->rx_buf)
		return -ENOMEM;
	return 0;
}

struct esvc_dev *esvc_new(const struct esvc_config *cfg, const struct esvc_host_ops *ops, void *opaque)
{
	struct esvc_dev *dev;
	int err = -EINVAL;

	if (!config_ok(cfg)) {
		errno = EINVAL;
		return NULL;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->cfg = *cfg;
	dev->ops = ops;
	dev->opaque = opaque;
	dev->link_up = true;
	dev->epoch = 1;
	err = device_id(dev);
	if (!err)
		err = make_buffers(dev);
	if (!err)
		err = make_security(dev);
	if (err) {
		esvc_free(dev);
		errno = -err;
		return NULL;
	}
	esvc_caps_build(dev);
	esvc_port_default(dev);
	return dev;
}

void esvc_free(struct esvc_dev *dev)
{
	if (!dev)
		return;
	if (dev->ipsec)
		esvc_ipsec_free(dev->ipsec);
	if (dev->unit)
		esvc_unit_free(dev->unit);
	if (dev->aead)
		esvc_aead_free(dev->aead);
	free(dev->rx_buf);
	free(dev->seg_buf);
	free(dev->tx_buf);
	free(dev->rxq);
	free(dev->txq);
	free(dev);
}

void esvc_port_default(struct esvc_dev *dev)
{
	dev->port_up = false;
	dev->mtu = 1500;
	memcpy(dev->mac, dev->cfg.mac, sizeof(dev->mac));
	dev->features = esvc_features(dev);
	memset(&dev->filter, 0, sizeof(dev->filter));
	esvc_rss_default(&dev->rss, dev->cfg.queue_pairs);
	if (dev->ipsec)
		esvc_ipsec_set_mtu(dev->ipsec, dev->mtu);
}

void esvc_disable(struct esvc_dev *dev)
{
	bool parked = dev->rx.parked;

	for (unsigned int q = 0; q < dev->cfg.queue_pairs; q++) {
		dev->txq[q].r.live = false;
		dev->rxq[q].r.live = false;
	}
	dev->enabled = false;
	dev->tx.active = false;
	dev->rx.parked = false;
	dev->tx_pending = 0;
	dev->admin_pending = false;
	dev->rx_pending = false;
	dev->epoch_event = false;
	dev->admin.nr_hung = 0;
	dev->events.lost = false;
	esvc_arm_timer(dev);
	if (parked)
		dev->ops->rx_ready(dev->opaque);
}

static void clear_registers(struct esvc_dev *dev)
{
	dev->asq_lo = dev->asq_hi = dev->acq_lo = dev->acq_hi = dev->eq_lo = dev->eq_hi = 0;
	dev->admin_shadow_lo = dev->admin_shadow_hi = dev->eq_shadow_lo = dev->eq_shadow_hi = 0;
	dev->admin_size = dev->admin_vector = 0;
	dev->test_invert = dev->test_dma_lo = dev->test_dma_hi = dev->test_dma_result = 0;
	dev->fatal_code = dev->fatal_arg0 = dev->fatal_arg1 = 0;
	dev->fatal_wipe = false;
}

void esvc_reset(struct esvc_dev *dev, unsigned int reason)
{
	esvc_disable(dev);
	clear_registers(dev);
	memset(dev->counters, 0, sizeof(dev->counters));
	/* SAs give their keys back before the unit forgets them. */
	if (dev->ipsec)
		esvc_ipsec_reset(dev->ipsec, reason);
	if (dev->unit)
		esvc_unit_zeroize(dev->unit);
	else
		dev->epoch++;
	dev->unit_at = 0;
	dev->drop_all = false;
	esvc_port_default(dev);
	dev->reset_reason = (uint8_t)reason;
	dev->generation++;
	esvc_arm_timer(dev);
}

int esvc_test_secrets(struct esvc_dev *dev, esvc_secret_fn fn, void *arg)
{
	if (!dev->cfg.test_mode)
		return -EACCES;
	return dev->unit ? esvc_unit_test_secrets(dev->unit, fn, arg) : 0;
}
