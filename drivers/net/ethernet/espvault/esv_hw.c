// SPDX-License-Identifier: GPL-2.0
/* espvault: registers, identity and reset of the device. */

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/iopoll.h>

#include "esv_hw.h"

/* Bounds for what the device says about its own times. */
#define ESV_READY_MS_MIN	100
#define ESV_READY_MS_MAX	10000
#define ESV_COMMAND_MS_MIN	100
#define ESV_COMMAND_MS_MAX	10000

static int esv_hw_check_version(struct esv_dev *edev)
{
	struct device *dev = &edev->pdev->dev;
	u32 magic = esv_rd(edev, ESV_REG_MAGIC);
	u32 major;

	if (magic == ESV_GONE) {
		dev_err(dev, "device does not answer on the bus\n");
		return -ENODEV;
	}
	if (magic != ESV_MAGIC) {
		dev_err(dev, "not an espvault device: magic is %#x\n", magic);
		return -ENODEV;
	}
	edev->if_version = esv_rd(edev, ESV_REG_IF_VERSION);
	edev->fw_version = esv_rd(edev, ESV_REG_FW_VERSION);
	major = edev->if_version >> 16;
	if (major == ESV_IF_MAJOR)
		return 0;
	dev_err(dev, "device speaks interface version %u.%u and this driver %u.%u: update the %s\n",
		major, edev->if_version & 0xffff, ESV_IF_MAJOR, ESV_IF_MINOR,
		major > ESV_IF_MAJOR ? "driver" : "device's firmware");
	return -EPROTONOSUPPORT;
}

static int esv_hw_read_caps(struct esv_dev *edev)
{
	u32 off = esv_rd(edev, ESV_REG_CAP_OFF);
	u32 len = esv_rd(edev, ESV_REG_CAP_LEN);
	const char *why = "the block of limits is missing";
	__le32 *copy;
	u32 i;
	int err = -EPROTO;

	if (!off || off % 4 || !len || len % 4 || off >= ESV_BAR0_SIZE ||
	    len > ESV_BAR0_SIZE - off)
		goto out;
	copy = kmalloc(len, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	for (i = 0; i < len / 4; i++)
		copy[i] = cpu_to_le32(esv_rd(edev, off + 4 * i));
	err = esv_hwcaps_parse(copy, off, len, &edev->caps, &why);
	kfree(copy);
out:
	if (err)
		dev_err(&edev->pdev->dev, "capabilities refused: %s\n", why);
	return err;
}

int esv_hw_identify(struct esv_dev *edev)
{
	int err;

	err = esv_hw_check_version(edev);
	if (err)
		return err;
	edev->function = esv_rd(edev, ESV_REG_FUNCTION) & 0xffff;
	return esv_hw_read_caps(edev);
}

static unsigned int esv_hw_ready_ms(struct esv_dev *edev)
{
	return clamp_t(u32, esv_rd(edev, ESV_REG_TIMEOUTS) & 0xffff,
		       ESV_READY_MS_MIN, ESV_READY_MS_MAX);
}

unsigned int esv_hw_command_ms(struct esv_dev *edev)
{
	return clamp_t(u32, esv_rd(edev, ESV_REG_TIMEOUTS) >> 16,
		       ESV_COMMAND_MS_MIN, ESV_COMMAND_MS_MAX);
}

static int esv_hw_wait_status(struct esv_dev *edev, u32 want, unsigned int ms)
{
	u32 status;
	int err;

	err = read_poll_timeout(esv_rd, status,
				status == ESV_GONE || (status & want) == want,
				1000, ms * 1000UL, false, edev, ESV_REG_STATUS);
	if (status == ESV_GONE)
		return -ENODEV;
	return err;
}

int esv_hw_wait_ready(struct esv_dev *edev)
{
	return esv_hw_wait_status(edev, ESV_STAT_READY, esv_hw_ready_ms(edev));
}

int esv_hw_reset(struct esv_dev *edev, enum esv_reset_reason reason)
{
	u32 old = esv_rd(edev, ESV_REG_STATUS);
	unsigned int ms = esv_hw_ready_ms(edev);
	u32 status;
	int err;

	if (old == ESV_GONE)
		return -ENODEV;
	esv_wr(edev, ESV_REG_CTRL,
	       ESV_CTRL_RESET | (u32)reason << ESV_CTRL_REASON_SHIFT);
	/* The generation tells a device that is done from one that has not begun. */
	err = read_poll_timeout(esv_rd, status,
				status == ESV_GONE ||
				((status & ESV_STAT_READY) &&
				 (status ^ old) >> ESV_STAT_GEN_SHIFT & 0xff),
				1000, ms * 1000UL, false, edev, ESV_REG_STATUS);
	if (status == ESV_GONE)
		return -ENODEV;
	return err;
}

int esv_hw_enable(struct esv_dev *edev)
{
	esv_wr(edev, ESV_REG_CTRL, ESV_CTRL_ENABLE);
	return esv_hw_wait_status(edev, ESV_STAT_READY | ESV_STAT_ENABLED,
				  esv_hw_ready_ms(edev));
}

void esv_hw_refresh(struct esv_dev *edev)
{
	u32 lo = esv_rd(edev, ESV_REG_EPOCH_LO);
	u32 hi = esv_rd(edev, ESV_REG_EPOCH_HI);

	if (lo == ESV_GONE && hi == ESV_GONE)
		return; /* the device is gone: what is known stays */
	WRITE_ONCE(edev->epoch, (u64)hi << 32 | lo);
	WRITE_ONCE(edev->mode, esv_rd(edev, ESV_REG_MODE));
	WRITE_ONCE(edev->generation, esv_rd(edev, ESV_REG_STATUS) >> ESV_STAT_GEN_SHIFT & 0xff);
}

void esv_hw_mac(struct esv_dev *edev, u8 *mac)
{
	u32 lo = esv_rd(edev, ESV_REG_MAC_LO);
	u32 hi = esv_rd(edev, ESV_REG_MAC_HI);
	unsigned int i;

	for (i = 0; i < ETH_ALEN; i++)
		mac[i] = i < 4 ? lo >> (8 * i) : hi >> (8 * (i - 4));
}
