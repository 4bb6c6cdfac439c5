// SPDX-License-Identifier: GPL-2.0-or-later
#include "device.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#define MEM_BASE	0x100000ull	/* device address of struct memory */
#define ADMIN_LOG2	4
#define EVENT_LOG2	6
#define ROUNDS_MAX	100000		/* of a device that never answers */

/* All that the device can reach. */
struct memory {
	_Alignas(4096) uint8_t payload[ESV_ADMIN_BUF];
	_Alignas(64) struct esv_sqe sq[1 << ADMIN_LOG2];
	_Alignas(64) struct esv_cqe cq[1 << ADMIN_LOG2];
	_Alignas(64) struct esv_eqe eq[1 << EVENT_LOG2];
	_Alignas(64) struct esv_shadow admin, event;
};

struct device {
	struct esvc_dev *dev;
	struct memory *mem;
	uint64_t timer_ns;
	bool kicked;
	uint32_t sq_tail, cq_seen;
	uint16_t tag;
};

/* --- what the core needs of its host --- */

static void *at(struct device *d, uint64_t addr, size_t len)
{
	if (addr < MEM_BASE || addr - MEM_BASE > sizeof(*d->mem) || len > sizeof(*d->mem) - (addr - MEM_BASE))
		return NULL;
	return (uint8_t *)d->mem + (addr - MEM_BASE);
}

static int dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	const void *from = at(opaque, addr, len);

	if (!from)
		return -EFAULT;
	memcpy(buf, from, len);
	return 0;
}

static int dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	void *to = at(opaque, addr, len);

	if (!to)
		return -EFAULT;
	memcpy(to, buf, len);
	return 0;
}

static void irq(void *opaque, unsigned int vector)
{
}

static int frame_out(void *opaque, const uint8_t *frame, size_t len)
{
	return 0;
}

static void rx_ready(void *opaque)
{
}

static void kick(void *opaque)
{
	((struct device *)opaque)->kicked = true;
}

static void timer(void *opaque, uint64_t deadline_ns)
{
	((struct device *)opaque)->timer_ns = deadline_ns;
}

static uint64_t time_ns(void *opaque)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int random_bytes(void *opaque, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno != EINTR)
			return -EIO;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static const struct esvc_host_ops host_ops = {
	.dma_read = dma_read, .dma_write = dma_write, .irq = irq, .frame_out = frame_out, .rx_ready = rx_ready,
	.kick = kick, .timer = timer, .time_ns = time_ns, .random = random_bytes,
};

/* --- power-on --- */

static uint64_t address(const struct device *d, const void *p)
{
	return MEM_BASE + (uint64_t)((const uint8_t *)p - (const uint8_t *)d->mem);
}

static void set_address(struct device *d, uint32_t off, const void *p)
{
	uint64_t addr = address(d, p);

	esvc_reg_write(d->dev, off, (uint32_t)addr);
	esvc_reg_write(d->dev, off + 4, (uint32_t)(addr >> 32));
}

static void enable(struct device *d)
{
	esvc_reg_write(d->dev, ESV_REG_CTRL, ESV_CTRL_RESET | ESV_RESET_DRIVER_LOAD << ESV_CTRL_REASON_SHIFT);
	set_address(d, ESV_REG_ASQ_LO, d->mem->sq);
	set_address(d, ESV_REG_ACQ_LO, d->mem->cq);
	set_address(d, ESV_REG_EQ_LO, d->mem->eq);
	set_address(d, ESV_REG_ADMIN_SHADOW_LO, &d->mem->admin);
	set_address(d, ESV_REG_EQ_SHADOW_LO, &d->mem->event);
	esvc_reg_write(d->dev, ESV_REG_ADMIN_SIZE, ADMIN_LOG2 | EVENT_LOG2 << 8);
	esvc_reg_write(d->dev, ESV_REG_ADMIN_VECTOR, 0);
	esvc_reg_write(d->dev, ESV_REG_CTRL, ESV_CTRL_ENABLE);
}

struct device *device_new(const struct esvc_config *cfg)
{
	struct device *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return NULL;
	/* Payloads of test mode hold secrets in clear. */
	d->mem = mmap(NULL, sizeof(*d->mem), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (d->mem == MAP_FAILED || mlock2(d->mem, sizeof(*d->mem), 0) ||
	    madvise(d->mem, sizeof(*d->mem), MADV_DONTDUMP))
		goto fail;
	d->dev = esvc_new(cfg, &host_ops, d);
	if (!d->dev)
		goto fail;
	enable(d);
	return d;

fail:
	err = errno;
	if (d->mem != MAP_FAILED)
		munmap(d->mem, sizeof(*d->mem));
	free(d);
	errno = err;
	return NULL;
}

void device_free(struct device *d)
{
	if (!d)
		return;
	esvc_free(d->dev);
	explicit_bzero(d->mem, sizeof(*d->mem));
	munmap(d->mem, sizeof(*d->mem));
	free(d);
}

/* --- commands --- */

static void run(struct device *d)
{
	unsigned int rounds = 0;

	while (d->kicked && rounds++ < ROUNDS_MAX)
		d->kicked = esvc_run(d->dev, 64);
}

static void post(struct device *d, struct esv_sqe *s)
{
	d->tag = (uint16_t)((d->tag + 1) & 0x7fff);
	s->tag = htole16(d->tag);
	d->mem->sq[d->sq_tail++ & ((1u << ADMIN_LOG2) - 1)] = *s;
	d->mem->admin.tail = htole32(d->sq_tail);
	if (d->mem->admin.db_want)
		esvc_doorbell(d->dev, ESV_DB_ADMIN);
}

/* The answer to the last request, if it is there. */
static const struct esv_cqe *answer(struct device *d)
{
	const uint32_t n = 1u << ADMIN_LOG2;
	const struct esv_cqe *c;

	do {
		c = &d->mem->cq[d->cq_seen & (n - 1)];
		if ((c->flags & ESV_CQE_PHASE) != (d->cq_seen & n ? 0 : ESV_CQE_PHASE))
			return NULL;
		d->mem->admin.irq_at = htole32(++d->cq_seen);
	} while (le16toh(c->tag) != d->tag);
	return c;
}

int device_command(struct device *d, struct esv_uapi_cmd *u, const void *in, void *out)
{
	struct esv_sqe s = { .opcode = htole16(u->opcode), .version = 1, .object = htole32(u->object),
			     .in_len = htole16(u->in_len), .out_cap = htole16(u->out_cap) };
	const struct esv_cqe *c;
	int err = 0;

	memcpy(s.inl, u->inl, sizeof(s.inl));
	if (u->in_len || u->out_cap)
		s.dma = htole64(address(d, d->mem->payload));
	if (u->in_len)
		memcpy(d->mem->payload, in, u->in_len);
	post(d, &s);
	run(d);
	c = answer(d);
	if (!c)
		return -ETIMEDOUT;
	u->status = le16toh(c->status);
	u->err_off = le16toh(c->err_off);
	u->out_len = le16toh(c->out_len);
	u->object = le32toh(c->object);
	memcpy(u->result, c->result, sizeof(u->result));
	if (u->out_len > u->out_cap)
		err = -EPROTO;
	else if (u->out_len)
		memcpy(out, d->mem->payload, u->out_len);
	explicit_bzero(d->mem->payload, sizeof(d->mem->payload));
	return err;
}

/* --- looking --- */

uint64_t device_epoch(struct device *d)
{
	return esvc_reg_read(d->dev, ESV_REG_EPOCH_LO) | (uint64_t)esvc_reg_read(d->dev, ESV_REG_EPOCH_HI) << 32;
}

/* The capability block of ESP; all zero if there is none. */
static void read_ipsec(struct device *d, struct esv_cap_ipsec *cap)
{
	uint32_t off = esvc_reg_read(d->dev, ESV_REG_CAP_OFF), word[sizeof(*cap) / 4];
	struct esv_cap_hdr *h = (void *)word;

	for (unsigned int blocks = 0; off && blocks < 64; blocks++, off = le16toh(h->next)) {
		for (unsigned int i = 0; i < sizeof(word) / 4; i++)
			word[i] = htole32(esvc_reg_read(d->dev, off + 4 * i));
		if (le16toh(h->id) == ESV_CAP_IPSEC) {
			memcpy(cap, word, sizeof(*cap));
			return;
		}
	}
	memset(cap, 0, sizeof(*cap));
}

void device_info(struct device *d, struct esv_uapi_info *info)
{
	struct esv_cap_ipsec cap;

	read_ipsec(d, &cap);
	*info = (struct esv_uapi_info){
		.size = sizeof(*info), .uapi_version = ESV_UAPI_VERSION,
		.if_version = esvc_reg_read(d->dev, ESV_REG_IF_VERSION),
		.fw_version = esvc_reg_read(d->dev, ESV_REG_FW_VERSION),
		.mode = esvc_reg_read(d->dev, ESV_REG_MODE), .epoch = device_epoch(d), .bus_info = "process",
		.ipsec_flags = le32toh(cap.flags), .algos = le32toh(cap.algos), .sa_max = le32toh(cap.sa_max),
		.policy_max = le32toh(cap.policy_max), .window_min = le32toh(cap.window_min),
		.window_max = le32toh(cap.window_max),
	};
}

int device_timeout(struct device *d)
{
	uint64_t now = time_ns(d), ms;

	if (!d->timer_ns)
		return -1;
	if (d->timer_ns <= now)
		return 0;
	ms = (d->timer_ns - now + 999999) / 1000000;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

void device_tick(struct device *d)
{
	if (d->timer_ns && d->timer_ns <= time_ns(d)) {
		d->timer_ns = 0;
		esvc_timer(d->dev);
	}
	run(d);
}
