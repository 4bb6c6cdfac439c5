// SPDX-License-Identifier: GPL-2.0
/* espvault: ethtool's self-test (clauses REG-11 ff, ADM-40). */

#include <linux/dma-mapping.h>
#include <linux/ethtool.h>
#include <linux/iopoll.h>

#include "esv_hw.h"
#include "esv_irq.h"
#include "esv_netdev.h"
#include "esv_selftest.h"

static int esv_test_registers(struct esv_dev *edev)
{
	static const u32 values[] = { 0, 0xffffffff, 0x12345678, 0xa5a5a5a5 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		esv_wr(edev, ESV_REG_TEST_INVERT, values[i]);
		if (esv_rd(edev, ESV_REG_TEST_INVERT) != ~values[i])
			return -EIO;
	}
	return 0;
}

static int esv_test_admin(struct esv_dev *edev)
{
	struct esv_cmd cmd = {
		.opcode = ESV_OP_NOP,
		.inl = "espvault echo",
	};
	int err;

	err = esv_admin_exec(edev, &cmd);
	if (err)
		return err;
	return memcmp(cmd.result, cmd.inl, sizeof(cmd.result)) ? -EIO : 0;
}

static int esv_test_device(struct esv_dev *edev)
{
	struct esv_cmd cmd = { .opcode = ESV_OP_SELFTEST };
	int err = esv_admin_exec(edev, &cmd);

	/* The number of the first test that failed. */
	return err ?: cmd.result[0] ? -EIO : 0;
}

static int esv_test_dma_check(const __le32 *page, u32 seed)
{
	unsigned int i;

	for (i = 0; i < ESV_TEST_DMA_WORDS; i++)
		if (page[i] != cpu_to_le32(ESV_TEST_DMA_WORD(seed, i)))
			return -EIO;
	return 0;
}

/* The device may be about to write, and what it would write to is freed next. */
static void esv_test_dma_cut_off(struct esv_dev *edev)
{
	pci_clear_master(edev->pdev);
	esv_reset_schedule(edev, ESV_RESET_FATAL);
}

static int esv_test_dma(struct esv_dev *edev)
{
	size_t size = ESV_TEST_DMA_WORDS * sizeof(__le32);
	u32 seed = get_random_u32();
	dma_addr_t dma;
	__le32 *page;
	u32 state;
	int err;

	page = dma_alloc_coherent(&edev->pdev->dev, size, &dma, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	esv_wr_addr(edev, ESV_REG_TEST_DMA_LO, dma);
	esv_wr(edev, ESV_REG_TEST_DMA_GO, seed);
	err = read_poll_timeout(esv_rd, state, state, 1000, USEC_PER_SEC, false, edev,
				ESV_REG_TEST_DMA_GO);
	if (err)
		esv_test_dma_cut_off(edev);
	else
		err = state == 1 ? esv_test_dma_check(page, seed) : -EIO;
	esv_wr_addr(edev, ESV_REG_TEST_DMA_LO, 0);
	dma_free_coherent(&edev->pdev->dev, size, page, dma);
	return err;
}

/* The queues' vectors, which are free while there are no queues. */
static int esv_test_irqs(struct esv_dev *edev)
{
	unsigned int v;
	int err = 0;

	for (v = ESV_VECTOR_ADMIN + 1; !err && v < edev->num_vectors; v++)
		err = esv_irq_test(edev, v);
	return err;
}

static const struct {
	const char *name;
	bool offline;
	int (*run)(struct esv_dev *edev);
} esv_selftests[] = {
	{ "registers (online)", false, esv_test_registers },
	{ "admin queue (online)", false, esv_test_admin },
	{ "device's own (online)", false, esv_test_device },
	{ "DMA (offline)", true, esv_test_dma },
	{ "interrupts (offline)", true, esv_test_irqs },
};

static_assert(ARRAY_SIZE(esv_selftests) == ESV_SELFTESTS);

void esv_selftest_strings(u8 *p)
{
	unsigned int i;

	for (i = 0; i < ESV_SELFTESTS; i++)
		ethtool_sprintf(&p, "%s", esv_selftests[i].name);
}

static bool esv_selftest_run(struct esv_dev *edev, bool offline, u64 *data)
{
	bool failed = false;
	unsigned int i;

	for (i = 0; i < ESV_SELFTESTS; i++) {
		if (esv_selftests[i].offline != offline)
			continue;
		data[i] = -esv_selftests[i].run(edev);
		failed |= !!data[i];
	}
	return failed;
}

bool esv_selftest(struct esv_dev *edev, bool offline, u64 *data)
{
	bool up = test_bit(ESV_ST_DATAPATH, &edev->state);
	struct esv_config cfg;
	bool failed;

	memset(data, 0, ESV_SELFTESTS * sizeof(*data));
	failed = esv_selftest_run(edev, false, data);
	if (!offline)
		return failed;
	esv_config_get(edev, &cfg);
	esv_datapath_down(edev);
	failed |= esv_selftest_run(edev, true, data);
	if (up && esv_datapath_up(edev, &cfg)) {
		netdev_err(edev->netdev, "queues do not come back after the self-test\n");
		failed = true;
		if (esv_alive(edev))
			dev_close(edev->netdev);
	}
	return failed;
}
