// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake.h"

#include <endian.h>
#include <errno.h>
#include <espvault/uapi_access.h>
#include <stdio.h>
#include <string.h>

#include "../src/priv.h"

#define FD_BASE		1000
#define FILES		16

struct fake_file {
	bool open;
	bool writer;
	unsigned int unit;
	uint32_t session;
};

struct fake_unit fake_unit[FAKE_UNITS];
struct fake_faults fake_faults;
static struct fake_file files[FILES];

static int power_up(struct fake_unit *u, const struct esvc_config *cfg, unsigned int n)
{
	u->host = esvh_host_new(cfg, 16u << 20);
	if (!u->host || !u->host->dev)
		return -1;
	esvh_drv_init(&u->drv, u->host);
	esvh_drv_rings(&u->drv);
	snprintf(u->ifname, sizeof(u->ifname), "esv%u", n);
	return 0;
}

int fake_setup(void **state)
{
	struct esvc_config cfg;
	int err = 0;

	esvc_config_default(&cfg);
	cfg.sa_max = 64;
	cfg.policy_max = 64;
	cfg.handle_max = 64;
	if (*state)
		cfg = *(const struct esvc_config *)*state;
	memset(&fake_faults, 0, sizeof(fake_faults));
	memset(files, 0, sizeof(files));
	fake_faults.units = FAKE_UNITS;
	for (unsigned int i = 0; i < FAKE_UNITS && !err; i++) {
		cfg.mac[5] = (uint8_t)(i + 1);
		err = power_up(&fake_unit[i], &cfg, i);
	}
	return err;
}

int fake_teardown(void **state)
{
	for (unsigned int i = 0; i < FAKE_UNITS; i++)
		esvh_host_free(fake_unit[i].host);
	return 0;
}

static int fake_open(struct espvault *u, const char *path)
{
	unsigned int unit, i = 0;

	if (fake_faults.open_err)
		return fake_faults.open_err;
	if (fake_faults.write_err && !(u->flags & ESPVAULT_RDONLY))
		return fake_faults.write_err;
	if (sscanf(path, "/dev/espvault%u", &unit) != 1 || unit >= fake_faults.units)
		return -ENOENT;
	while (i < FILES && files[i].open)
		i++;
	if (i == FILES)
		return -EMFILE;
	files[i] = (struct fake_file){ .open = true, .writer = !(u->flags & ESPVAULT_RDONLY), .unit = unit };
	u->fd = FD_BASE + (int)i;
	return 0;
}

static void fake_close(struct espvault *u)
{
	struct fake_file *f = &files[u->fd - FD_BASE];

	if (f->session)
		esvh_do(&fake_unit[f->unit].drv, ESV_OP_SESSION_CLOSE, f->session, NULL, 0);
	f->open = false;
}

static int fake_info(struct espvault *unit, struct esv_uapi_info *info)
{
	unsigned int n = files[unit->fd - FD_BASE].unit;
	struct fake_unit *u = &fake_unit[n];

	*info = (struct esv_uapi_info){
		.size = sizeof(*info),
		.uapi_version = fake_faults.uapi_version ? fake_faults.uapi_version : ESV_UAPI_VERSION,
		.if_version = esvh_reg(&u->drv, ESV_REG_IF_VERSION),
		.fw_version = esvh_reg(&u->drv, ESV_REG_FW_VERSION),
		.ifindex = 10 + n, .netns_cookie = 77,
		.mode = esvh_reg(&u->drv, ESV_REG_MODE), .bus_info = "0000:00:04.0",
	};
	memcpy(info->ifname, u->ifname, sizeof(info->ifname));
	return 0;
}

/* A session for the file with its first command that needs one. */
static int session_get(struct fake_file *f, struct esvh_drv *drv)
{
	struct esvh_cmd c = { .opcode = ESV_OP_SESSION_OPEN };

	if (f->session)
		return 0;
	if (esvh_cmd(drv, &c) != ESV_S_OK)
		return -EIO;
	f->session = le32toh(c.cqe.object);
	return 0;
}

static int fake_cmd(struct espvault *unit, struct esv_uapi_cmd *cmd)
{
	struct fake_file *f = &files[unit->fd - FD_BASE];
	struct esvh_drv *drv = &fake_unit[f->unit].drv;
	struct esvh_cmd c = {
		.opcode = cmd->opcode, .object = cmd->object, .inl = cmd->inl, .inl_len = sizeof(cmd->inl),
		.in = (const void *)(uintptr_t)cmd->in, .in_len = cmd->in_len,
		.out = (void *)(uintptr_t)cmd->out, .out_cap = cmd->out_cap,
	};
	int err;

	if (fake_faults.cmd_err)
		return fake_faults.cmd_err;
	if (!(esv_allowed(cmd->opcode) & (f->writer ? ESV_ALLOW_WRITE : ESV_ALLOW_READ)))
		return -EPERM;
	if (esv_needs_session(cmd)) {
		err = session_get(f, drv);
		if (err)
			return err;
		c.object = f->session;
	}
	cmd->status = (uint16_t)esvh_cmd(drv, &c);
	cmd->err_off = le16toh(c.cqe.err_off);
	cmd->out_len = le16toh(c.cqe.out_len);
	cmd->object = le32toh(c.cqe.object);
	memcpy(cmd->result, c.cqe.result, sizeof(cmd->result));
	if (fake_faults.answer)
		fake_faults.answer(cmd->opcode, &cmd->status, &cmd->out_len, c.out);
	return 0;
}

const struct esp_transport esp_kernel = {
	.open = fake_open, .close = fake_close, .info = fake_info, .cmd = fake_cmd,
};

int esp_kernel_list(unsigned int *number, int max)
{
	int n = 0;

	while (n < max && (unsigned int)n < fake_faults.units) {
		number[n] = (unsigned int)n;
		n++;
	}
	return n;
}

void esp_kernel_path(unsigned int number, char *path, size_t size)
{
	snprintf(path, size, "/dev/espvault%u", number);
}

static uint32_t install(unsigned int unit, const uint8_t *key, uint16_t key_len, uint32_t flags, uint8_t dir,
			uint32_t spi, enum esv_status *status)
{
	struct esv_sa_params p = {
		.spi = htobe32(spi), .family = 4, .mode = ESV_SA_TRANSPORT, .dir = dir,
		.algo = ESV_ALGO_AES_GCM_16_256, .flags = htole32(flags), .reqid = htole32(7),
		.window = htole32(dir == ESV_DIR_IN ? 64 : 0), .key_len = htole16(key_len),
		.saddr = { 10, 0, 0, 1 }, .daddr = { 10, 0, 0, 2 },
		.soft_packets = htole64(ESV_NO_LIMIT), .hard_packets = htole64(ESV_NO_LIMIT),
		.soft_bytes = htole64(ESV_NO_LIMIT), .hard_bytes = htole64(ESV_NO_LIMIT),
	};
	struct esvh_cmd c = { .opcode = ESV_OP_SA_ADD, .in = &p, .in_len = sizeof(p) };

	memcpy(p.key, key, key_len);
	*status = esvh_cmd(&fake_unit[unit].drv, &c);
	return *status == ESV_S_OK ? le32toh(c.cqe.object) : 0;
}

uint32_t fake_install(unsigned int unit, const uint8_t token[ESV_TOKEN_LEN], uint8_t dir, uint32_t spi,
		      enum esv_status *status)
{
	return install(unit, token, ESV_TOKEN_LEN, ESV_SA_F_TOKEN, dir, spi, status);
}

uint32_t fake_install_key(unsigned int unit, const uint8_t key[36], uint8_t dir, uint32_t spi)
{
	enum esv_status status;

	return install(unit, key, 36, 0, dir, spi, &status);
}

uint32_t fake_policy(unsigned int unit, const struct esv_policy_params *p)
{
	struct esvh_cmd c = { .opcode = ESV_OP_POLICY_ADD, .in = p, .in_len = sizeof(*p) };

	return esvh_cmd(&fake_unit[unit].drv, &c) == ESV_S_OK ? le32toh(c.cqe.object) : 0;
}
