/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libespvault from inside. */
#ifndef ESPVAULT_PRIV_H
#define ESPVAULT_PRIV_H

#include <espvault.h>
#include <espvault/esv_if.h>
#include <espvault/esv_uapi.h>

#define ESPVAULT_API	__attribute__((visibility("default")))

struct espvault {
	int fd;
	unsigned int flags;
	char words[160];	/* of the last refusal */
};

/* --- transport.c: the only file that knows the kernel --- */

/* File descriptor or negative errno. */
int esp_io_open(const char *path, unsigned int flags);
void esp_io_close(int fd);
/* 0 or negative errno. */
int esp_io_info(int fd, struct esv_uapi_info *info);
int esp_io_cmd(int fd, struct esv_uapi_cmd *cmd);
/* Numbers of the nodes that exist, ascending. How many, at most max; or negative errno. */
int esp_io_list(unsigned int *number, int max);
/* Path of a node. */
void esp_io_path(unsigned int number, char *path, size_t size);

/* --- command.c --- */

struct esp_cmd {
	uint16_t opcode;
	uint32_t object;
	const void *in;
	size_t in_len;
	void *out;
	size_t out_len;		/* room in out */
	size_t out_min;		/* a shorter answer is -EPROTO; 0: all of out_len */
	uint32_t arg;		/* first inline word, little-endian on the wire */
};

/*
 * Run one command. 0, or the errno of the device's status or of the driver;
 * words say why. A buffer that held secrets would have to be wiped by the
 * caller: none does.
 */
int esp_cmd(struct espvault *unit, const struct esp_cmd *cmd);
/* Refuse without asking the device. Returns err. */
int esp_refuse(struct espvault *unit, int err, const char *words);

/* --- sizes.c: structs that cross with their size --- */

/* Copy a caller's struct of *src bytes by its first member: 0, -EINVAL too short, -E2BIG unknown fields set. */
int esp_struct_in(void *dst, size_t dst_size, const void *src);
/* Copy a struct out, as much as the caller has room for; min: what every caller must have. 0 or -EINVAL. */
int esp_struct_out(void *dst, const void *src, size_t src_size, size_t min);

#endif
