/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libespvault from inside. */
#ifndef ESPVAULT_PRIV_H
#define ESPVAULT_PRIV_H

#include <espvault.h>
#include <espvault/esv_if.h>
#include <espvault/esv_uapi.h>
#include <stdbool.h>

#define ESPVAULT_API	__attribute__((visibility("default")))

/*
 * The way to a unit. open: what stands behind the prefix of its path; it sets what
 * the others need. cmd: as ESV_IOC_CMD. All: 0 or negative errno.
 */
struct esp_transport {
	int (*open)(struct espvault *unit, const char *where);
	void (*close)(struct espvault *unit);
	int (*info)(struct espvault *unit, struct esv_uapi_info *info);
	int (*cmd)(struct espvault *unit, struct esv_uapi_cmd *cmd);
	bool is_process;	/* at the other end is a process, not a driver */
};

struct espvault {
	const struct esp_transport *by;
	int fd;
	int pidfd;		/* backend.c */
	uint32_t seq;		/* socket.c: of the last request */
	unsigned int flags;
	char words[160];	/* of the last refusal */
};

/* --- transport.c --- */

/* By the form of a path; *where: the rest of it. */
const struct esp_transport *esp_transport_of(const char *path, const char **where);

/* --- kernel.c: the only file that knows the kernel --- */

extern const struct esp_transport esp_kernel;

/* Numbers of the nodes that exist, ascending. How many, at most max; or negative errno. */
int esp_kernel_list(unsigned int *number, int max);
/* Path of a node. */
void esp_kernel_path(unsigned int number, char *path, size_t size);

/* --- socket.c, backend.c: units that are processes --- */

extern const struct esp_transport esp_socket, esp_backend;

/* The first words on a new connection. */
int esp_socket_hello(struct espvault *unit);
int esp_socket_info(struct espvault *unit, struct esv_uapi_info *info);
int esp_socket_cmd(struct espvault *unit, struct esv_uapi_cmd *cmd);
void esp_socket_close(struct espvault *unit);

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
	uint8_t *result;	/* NULL, or gets the 12 bytes of the small answer */
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

/* --- verifying, without a unit: refusals are words of the caller's --- */

struct x509_st;
struct CMS_ContentInfo_st;

struct esp_verify {
	struct espvault_verify_params p;
	struct x509_st *signer;		/* of the statement; owned by its SignedData */
};

/* Returns err. */
int esp_verify_refuse(const struct esp_verify *v, int err, const char *words);

/* chain.c: does v->signer lead to the anchor? cms: may hold certificates in between. */
int esp_chain_verify(const struct esp_verify *v, struct CMS_ContentInfo_st *cms);

/* What a boot certificate says of its key (UNIT-97). */
struct esp_boot {
	uint8_t measurement[ESPVAULT_MEASUREMENT_LEN];
	char device_id[20];
	int test;
};

/* dice.c: 0, or -EBADMSG: it is no boot certificate. */
int esp_boot_read(struct x509_st *cert, struct esp_boot *boot);

/* statement.c: judge the content and give it out. */
int esp_statement_judge(const struct esp_verify *v, const void *content, size_t len, struct espvault_statement *out);

#endif
