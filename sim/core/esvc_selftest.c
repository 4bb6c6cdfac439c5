// SPDX-License-Identifier: GPL-2.0-or-later
/* Self-tests of the data path, each against a published value, and the trusted unit's. */
#include <stdlib.h>

#include "esvc_csum.h"
#include "esvc_selftest.h"

/* Microsoft's RSS verification suite, first IPv4 entry: 66.9.149.187:2794 to 161.142.100.80:1766. */
static bool test_hash(struct esvc_dev *dev)
{
	static const uint8_t input[] = { 66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6 };
	struct esvc_rss *rss = calloc(1, sizeof(*rss));
	bool ok;

	if (!rss)
		return false;
	esvc_rss_default(rss, 1);
	ok = esvc_rss_hash(rss, input, sizeof(input)) == 0x51ccc178;
	free(rss);
	return ok;
}

/* RFC 1071 section 3: these bytes sum to ddf2. */
static bool test_csum(struct esvc_dev *dev)
{
	static const uint8_t data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	static const uint8_t want[] = { 0x22, 0x0d };
	uint16_t csum = esvc_csum_fold(esvc_csum_add(0, data, sizeof(data)));

	return !memcmp(&csum, want, sizeof(want));
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14: AES-256, one block of zeros. */
static bool test_aead(struct esvc_dev *dev)
{
	static const uint8_t key[32], nonce[12], plain[16];
	static const uint8_t want[32] = {
		0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e, 0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18,
		0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0, 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19,
	};
	uint8_t got[32];
	void *ctx;
	bool ok;

	if (!dev->aead)
		return true;
	ctx = aligned_alloc(64, (esvc_aead_ctx_size(dev->aead) + 63) & ~63ul);
	if (!ctx)
		return false;
	ok = !esvc_aead_setkey(dev->aead, ctx, key, sizeof(key)) &&
	     !esvc_aead_seal(dev->aead, ctx, nonce, NULL, 0, plain, got, sizeof(plain), got + 16) &&
	     !memcmp(got, want, sizeof(want));
	free(ctx);
	return ok;
}

/* The device can be found and sized the way a driver does it. */
static bool test_registers(struct esvc_dev *dev)
{
	uint32_t cap = esvc_reg_read(dev, ESV_REG_CAP_OFF);

	return esvc_reg_read(dev, ESV_REG_MAGIC) == ESV_MAGIC &&
	       esvc_reg_read(dev, ESV_REG_IF_VERSION) == ESV_IF_VERSION &&
	       (esvc_reg_read(dev, cap) & 0xffff) == ESV_CAP_LIMITS;
}

/* All that the unit ran at power-on. A failure locks it; which test it was is in UNIT_STATUS. */
static bool test_unit(struct esvc_dev *dev)
{
	return !dev->unit || !esvc_unit_selftest(dev->unit);
}

unsigned int esvc_selftest(struct esvc_dev *dev, unsigned int test)
{
	static bool (*const tests[ESVC_SELFTESTS])(struct esvc_dev *dev) = {
		test_registers, test_csum, test_hash, test_aead, test_unit,
	};

	for (unsigned int i = 1; i <= ESVC_SELFTESTS; i++)
		if ((!test || test == i) && !tests[i - 1](dev))
			return i;
	return 0;
}
