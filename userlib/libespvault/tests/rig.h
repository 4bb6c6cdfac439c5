/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units that are processes, and two ends of an exchange between them, by the public library alone. */
#ifndef RIG_H
#define RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <espvault.h>
#include <sys/types.h>

#define ID_I	"initiator.example"
#define ID_R	"responder.example"

/* cmocka set-up and tear-down of a test program: a directory of its own, and ESPVAULT_UNIT. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* A path in that directory; good until the fourth call from now. */
const char *rig_path(const char *name);
void rig_write(const char *path, const void *bytes, size_t len);

/* espvault-unit --listen PATH [ARG], once it listens; "unix:PATH" in path. */
pid_t rig_listen(const char *name, const char *arg, char path[128]);
/* SIGTERM; its exit status. */
int rig_stop(pid_t pid);

/* The tool with a line of words; what it printed is in rig_out and rig_err. */
int rig_tool(const char *line);
extern char rig_out[65536], rig_err[65536];

struct message {
	size_t len;
	uint8_t b[2048];
};

struct end {
	struct espvault *u;
	enum espvault_role role;
	const char *id;
	uint8_t nonce[32], ke[ESPVAULT_KE_MAX];
	size_t ke_len;
	espvault_handle h_nonce, h_ke, secret, ike;
	struct message init;		/* its IKE_SA_INIT message */
	struct espvault_child child;
};

/* Two open units; NULL: a process of its own each. */
void ends_open(struct end *i, struct end *r, const char *path_i, const char *path_r);
void ends_close(struct end *i, struct end *r);
/* Nonces, key exchange and shared secrets of both. */
void ends_agree(struct end *i, struct end *r, enum espvault_ke method);
/* An IKE SA out of them, and the messages that AUTH signs. */
void ends_derive(struct end *i, struct end *r, enum espvault_ke method, enum espvault_prf prf);
int end_child(struct end *e, uint32_t flags);
/* A PSK that the tool seals to the unit, bound to id. */
espvault_handle end_psk(struct end *e, const char *id, const char *psk);
struct espvault_auth_params auth_params(const struct end *at, const struct end *of, espvault_handle key);

#endif
