// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers: one row each, with how it is read and what a write does (REG-10).
 */
#include "esvc_fault.h"
#include "esvc_ring.h"

#define REG_END		0x100
#define DMA_PAGE	4096

enum reg_kind {
	REG_NONE,
	REG_PLAIN,	/* a word of struct esvc_dev, read only */
	REG_CONFIG,	/* the same, writable while the device is not enabled (REG-3) */
	REG_SCRATCH,	/* the same, always writable */
	REG_CALL,
};

struct reg {
	enum reg_kind kind;
	size_t word;
	uint32_t (*read)(struct esvc_dev *dev);
	void (*write)(struct esvc_dev *dev, uint32_t val);
};

static uint32_t read_magic(struct esvc_dev *dev) { return ESV_MAGIC; }
static uint32_t read_if_version(struct esvc_dev *dev) { return ESV_IF_VERSION; }
static uint32_t read_fw_version(struct esvc_dev *dev) { return ESVC_FW_VERSION; }
static uint32_t read_function(struct esvc_dev *dev) { return dev->cfg.function; }
static uint32_t read_cap_off(struct esvc_dev *dev) { return ESVC_CAPS_OFF; }
static uint32_t read_ctrl(struct esvc_dev *dev) { return dev->enabled ? ESV_CTRL_ENABLE : 0; }
static uint32_t read_timeouts(struct esvc_dev *dev) { return ESVC_READY_MS | ESVC_COMMAND_MS << 16; }
static uint32_t read_epoch_lo(struct esvc_dev *dev) { return (uint32_t)esvc_epoch(dev); }
static uint32_t read_epoch_hi(struct esvc_dev *dev) { return (uint32_t)(esvc_epoch(dev) >> 32); }
static uint32_t read_reason(struct esvc_dev *dev) { return dev->reset_reason; }
static uint32_t read_link(struct esvc_dev *dev) { return ESVC_LINK_MBPS << 16 | dev->link_up; }
static uint32_t read_invert(struct esvc_dev *dev) { return ~dev->test_invert; }
static uint32_t read_zero(struct esvc_dev *dev) { return 0; }

static uint32_t read_status(struct esvc_dev *dev)
{
	uint32_t status = ESV_STAT_READY | (uint32_t)dev->generation << ESV_STAT_GEN_SHIFT;

	if (dev->enabled)
		status |= ESV_STAT_ENABLED;
	if (dev->fatal_code)
		status |= ESV_STAT_FATAL | ESV_STAT_NEEDS_RESET;
	return status;
}

static uint32_t read_mode(struct esvc_dev *dev)
{
	bool strict = dev->ipsec ? esvc_ipsec_strict(dev->ipsec) : false;

	return (strict ? ESV_MODE_STRICT : 0) | (dev->cfg.test_mode ? ESV_MODE_TEST : 0) |
	       (dev->cfg.host_keys ? ESV_MODE_HOST_KEYS : 0) | (dev->cfg.sync ? ESV_MODE_SYNC : 0);
}

static uint32_t read_mac_lo(struct esvc_dev *dev)
{
	const uint8_t *m = dev->cfg.mac;

	return m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16 | (uint32_t)m[3] << 24;
}

static uint32_t read_mac_hi(struct esvc_dev *dev)
{
	return dev->cfg.mac[4] | (uint32_t)dev->cfg.mac[5] << 8;
}

/* Reasons that are not a driver's to give are recorded as an administrator's (RST-1). */
static unsigned int driver_reason(unsigned int reason)
{
	switch (reason) {
	case ESV_RESET_DRIVER_LOAD:
	case ESV_RESET_DRIVER_UNLOAD:
	case ESV_RESET_ADMIN_TIMEOUT:
	case ESV_RESET_HEARTBEAT:
	case ESV_RESET_TX_TIMEOUT:
	case ESV_RESET_FATAL:
		return reason;
	default:
		return ESV_RESET_USER;
	}
}

static void write_ctrl(struct esvc_dev *dev, uint32_t val)
{
	bool enable = val & ESV_CTRL_ENABLE;

	if (val & ESV_CTRL_RESET) {
		esvc_reset(dev, driver_reason(val >> ESV_CTRL_REASON_SHIFT & 0xff));
		return;
	}
	if (enable && !dev->enabled && !dev->fatal_code)
		esvc_enable(dev);
	else if (!enable && dev->enabled)
		esvc_disable(dev);
}

static void write_test_irq(struct esvc_dev *dev, uint32_t val)
{
	if (val < esvc_vectors(dev))
		esvc_irq(dev, val);
}

static void write_test_dma(struct esvc_dev *dev, uint32_t val)
{
	uint64_t addr = (uint64_t)dev->test_dma_hi << 32 | dev->test_dma_lo;
	__le32 page[ESV_TEST_DMA_WORDS];

	_Static_assert(sizeof(page) == DMA_PAGE, "the pattern fills a page");
	for (uint32_t i = 0; i < ESV_TEST_DMA_WORDS; i++)
		page[i] = htole32(ESV_TEST_DMA_WORD(val, i));
	dev->test_dma_result = 2;
	if (addr % DMA_PAGE == 0 && !esvc_dma_write(dev, addr, page, sizeof(page)))
		dev->test_dma_result = 1;
}

#define WORD(m)		.word = offsetof(struct esvc_dev, m)
#define AT(name)	[ESV_REG_##name / 4]
#define CALL(r, w)	{ .kind = REG_CALL, .read = r, .write = w }

static const struct reg regs[REG_END / 4] = {
	AT(MAGIC) = CALL(read_magic, NULL),
	AT(IF_VERSION) = CALL(read_if_version, NULL),
	AT(FW_VERSION) = CALL(read_fw_version, NULL),
	AT(FUNCTION) = CALL(read_function, NULL),
	AT(CAP_OFF) = CALL(read_cap_off, NULL),
	AT(CAP_LEN) = { REG_PLAIN, WORD(caps_len) },
	AT(CTRL) = CALL(read_ctrl, write_ctrl),
	AT(STATUS) = CALL(read_status, NULL),
	AT(HEARTBEAT) = { REG_PLAIN, WORD(heartbeat) },
	AT(FATAL_CODE) = { REG_PLAIN, WORD(fatal_code) },
	AT(FATAL_ARG0) = { REG_PLAIN, WORD(fatal_arg0) },
	AT(FATAL_ARG1) = { REG_PLAIN, WORD(fatal_arg1) },
	AT(TIMEOUTS) = CALL(read_timeouts, NULL),
	AT(EPOCH_LO) = CALL(read_epoch_lo, NULL),
	AT(EPOCH_HI) = CALL(read_epoch_hi, NULL),
	AT(RESET_REASON) = CALL(read_reason, NULL),
	AT(MODE) = CALL(read_mode, NULL),
	AT(MAC_LO) = CALL(read_mac_lo, NULL),
	AT(MAC_HI) = CALL(read_mac_hi, NULL),
	AT(LINK) = CALL(read_link, NULL),
	AT(ASQ_LO) = { REG_CONFIG, WORD(asq_lo) },
	AT(ASQ_HI) = { REG_CONFIG, WORD(asq_hi) },
	AT(ACQ_LO) = { REG_CONFIG, WORD(acq_lo) },
	AT(ACQ_HI) = { REG_CONFIG, WORD(acq_hi) },
	AT(EQ_LO) = { REG_CONFIG, WORD(eq_lo) },
	AT(EQ_HI) = { REG_CONFIG, WORD(eq_hi) },
	AT(ADMIN_SHADOW_LO) = { REG_CONFIG, WORD(admin_shadow_lo) },
	AT(ADMIN_SHADOW_HI) = { REG_CONFIG, WORD(admin_shadow_hi) },
	AT(EQ_SHADOW_LO) = { REG_CONFIG, WORD(eq_shadow_lo) },
	AT(EQ_SHADOW_HI) = { REG_CONFIG, WORD(eq_shadow_hi) },
	AT(ADMIN_SIZE) = { REG_CONFIG, WORD(admin_size) },
	AT(ADMIN_VECTOR) = { REG_CONFIG, WORD(admin_vector) },
	AT(TEST_INVERT) = { REG_SCRATCH, WORD(test_invert), read_invert, NULL },
	AT(TEST_IRQ) = CALL(read_zero, write_test_irq),
	AT(TEST_DMA_LO) = { REG_SCRATCH, WORD(test_dma_lo) },
	AT(TEST_DMA_HI) = { REG_SCRATCH, WORD(test_dma_hi) },
	AT(TEST_DMA_GO) = { REG_CALL, WORD(test_dma_result), NULL, write_test_dma },
};

static uint32_t *word_of(struct esvc_dev *dev, const struct reg *reg)
{
	return (uint32_t *)((uint8_t *)dev + reg->word);
}

static uint32_t read_caps(struct esvc_dev *dev, uint32_t off)
{
	uint32_t val = 0;

	if (off + sizeof(val) <= ESVC_CAPS_OFF + sizeof(dev->caps))
		memcpy(&val, dev->caps + (off - ESVC_CAPS_OFF), sizeof(val));
	return le32toh(val);
}

uint32_t esvc_reg_read(struct esvc_dev *dev, uint32_t off)
{
	const struct reg *reg;

	if (off & 3)
		return 0;
	if (off >= ESVC_CAPS_OFF)
		return off < ESVC_CAPS_OFF + dev->caps_len ? read_caps(dev, off) : 0;
	if (off >= REG_END)
		return 0;
	reg = &regs[off / 4];
	if (reg->kind == REG_NONE)
		return 0;
	return reg->read ? reg->read(dev) : *word_of(dev, reg);
}

void esvc_reg_write(struct esvc_dev *dev, uint32_t off, uint32_t val)
{
	const struct reg *reg;

	if (off >= ESV_DB_BASE) {
		esvc_doorbell(dev, off);
		return;
	}
	if (off & 3 || off >= REG_END) {
		esvc_guest_error(dev, "REG-2", "write to no register");
		return;
	}
	reg = &regs[off / 4];
	if (reg->write) {
		reg->write(dev, val);
		esvc_fatal_wipe(dev);
	} else if (reg->kind == REG_SCRATCH || (reg->kind == REG_CONFIG && !dev->enabled)) {
		*word_of(dev, reg) = val;
	} else {
		esvc_guest_error(dev, "REG-3", "write to a register that can't be written now");
	}
}

/* One register pair that holds an address. */
struct address_reg {
	uint32_t off;
	size_t lo, hi;
};

#define ADDRESS(name, m) { ESV_REG_##name##_LO, offsetof(struct esvc_dev, m##_lo), offsetof(struct esvc_dev, m##_hi) }

static const struct address_reg addresses[] = {
	ADDRESS(ASQ, asq), ADDRESS(ACQ, acq), ADDRESS(EQ, eq),
	ADDRESS(ADMIN_SHADOW, admin_shadow), ADDRESS(EQ_SHADOW, eq_shadow),
};

static uint64_t address(const struct esvc_dev *dev, size_t lo, size_t hi)
{
	const uint8_t *p = (const uint8_t *)dev;
	uint32_t l, h;

	memcpy(&l, p + lo, sizeof(l));
	memcpy(&h, p + hi, sizeof(h));
	return (uint64_t)h << 32 | l;
}

#define ADDR(dev, m) address(dev, offsetof(struct esvc_dev, m##_lo), offsetof(struct esvc_dev, m##_hi))

/* Offset of the first register that does not allow to start, 0: none. */
uint32_t esvc_regs_bad(const struct esvc_dev *dev)
{
	unsigned int admin = dev->admin_size & 0xff, events = dev->admin_size >> 8 & 0xff;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		uint64_t a = address(dev, addresses[i].lo, addresses[i].hi);

		if (!a || a % 64)
			return addresses[i].off;
	}
	if (admin < ESVC_ADMIN_LOG2_MIN || admin > ESVC_ADMIN_LOG2_MAX || dev->admin_size >> 16 ||
	    events < ESVC_ADMIN_LOG2_MIN || events > ESVC_EVENT_LOG2_MAX)
		return ESV_REG_ADMIN_SIZE;
	if (dev->admin_vector >= esvc_vectors(dev))
		return ESV_REG_ADMIN_VECTOR;
	return 0;
}

bool esvc_regs_rings_match(const struct esvc_dev *dev)
{
	const struct esvc_ring *sq = &dev->admin.sq, *eq = &dev->events.r;

	return sq->base == ADDR(dev, asq) && sq->shadow == ADDR(dev, admin_shadow) &&
	       sq->mask == (1u << (dev->admin_size & 0xff)) - 1 && sq->vector == dev->admin_vector &&
	       dev->admin.cq == ADDR(dev, acq) && eq->base == ADDR(dev, eq) &&
	       eq->shadow == ADDR(dev, eq_shadow) && eq->vector == dev->admin_vector &&
	       eq->mask == (1u << (dev->admin_size >> 8 & 0xff)) - 1;
}

bool esvc_enable(struct esvc_dev *dev)
{
	uint16_t vector = (uint16_t)dev->admin_vector;
	uint32_t bad = esvc_regs_bad(dev);

	if (bad) {
		esvc_fatal(dev, ESV_FATAL_CONFIG, bad, 0);
		return false;
	}
	memset(&dev->events, 0, sizeof(dev->events));
	dev->admin.cq = ADDR(dev, acq);
	dev->admin.cq_count = 0;
	dev->admin.nr_hung = 0;
	if (esvc_ring_start(dev, &dev->admin.sq, ADDR(dev, asq), ADDR(dev, admin_shadow),
			    dev->admin_size & 0xff, vector, true)) {
		esvc_fatal(dev, ESV_FATAL_ADMIN_SHADOW, 0, 0);
		return false;
	}
	if (esvc_ring_start(dev, &dev->events.r, ADDR(dev, eq), ADDR(dev, eq_shadow),
			    dev->admin_size >> 8 & 0xff, vector, false)) {
		esvc_fatal(dev, ESV_FATAL_EVENT, 0, 0);
		return false;
	}
	dev->enabled = true;
	dev->epoch_told = esvc_epoch(dev);
	/* Rings are new, and so is all that comes through them. */
	dev->load_told = true;
	dev->ack_from = dev->admin.sq.head;
	dev->heartbeat_at = esvc_now(dev) + ESVC_HEARTBEAT_NS;
	esvc_arm_timer(dev);
	return true;
}
