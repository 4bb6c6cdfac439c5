// SPDX-License-Identifier: GPL-2.0-or-later
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../espvault/tool.h"

char rig_out[65536], rig_err[65536];
static char dir[32];

int rig_setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/unit-XXXXXX");
	return !mkdtemp(dir) || setenv("ESPVAULT_UNIT", UNIT_PROGRAM, 1);
}

int rig_teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

const char *rig_path(const char *name)
{
	static char path[4][96];
	static unsigned int n;
	char *p = path[n++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

void rig_write(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

/* --- processes --- */

pid_t rig_listen(const char *name, const char *arg, char path[128])
{
	const char *sock = rig_path(name);
	char line[16] = "";
	int out[2];
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* also when a test fails */
		dup2(out[1], 1);
		execl(UNIT_PROGRAM, UNIT_PROGRAM, "--listen", sock, arg, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	assert_int_equal(read(out[0], line, sizeof(line) - 1), 10);
	assert_string_equal(line, "listening\n");
	close(out[0]);
	snprintf(path, 128, "unix:%s", sock);
	return pid;
}

int rig_stop(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- the tool --- */

static void slurp(FILE *f, char *to, size_t size)
{
	size_t n;

	rewind(f);
	n = fread(to, 1, size - 1, f);
	to[n] = '\0';
	fclose(f);
}

int rig_tool(const char *line)
{
	char copy[2048], *argv[48] = { "espvault" }, *save = NULL;
	int argc = 1, code, keep[2] = { dup(1), dup(2) };
	FILE *f[2] = { tmpfile(), tmpfile() };

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save))
		argv[argc++] = t;
	fflush(NULL);
	for (int i = 0; i < 2; i++)
		dup2(fileno(f[i]), 1 + i);
	code = tool_main(argc, argv);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		dup2(keep[i], 1 + i);
		close(keep[i]);
		slurp(f[i], i ? rig_err : rig_out, sizeof(rig_out));
	}
	return code;
}

/* --- an exchange --- */

void ends_open(struct end *i, struct end *r, const char *path_i, const char *path_r)
{
	struct end *e[] = { i, r };
	const char *path[] = { path_i, path_r };

	for (int k = 0; k < 2; k++) {
		memset(e[k], 0, sizeof(*e[k]));
		e[k]->role = k ? ESPVAULT_RESPONDER : ESPVAULT_INITIATOR;
		e[k]->id = k ? ID_R : ID_I;
		assert_int_equal(path[k] ? espvault_open(path[k], 0, &e[k]->u) :
				 espvault_open_backend(NULL, 0, &e[k]->u), 0);
	}
}

void ends_close(struct end *i, struct end *r)
{
	espvault_close(i->u);
	espvault_close(r->u);
}

void ends_agree(struct end *i, struct end *r, enum espvault_ke method)
{
	struct end *e[] = { i, r };
	bool kem = method == ESPVAULT_ML_KEM_768;

	for (int k = 0; k < 2; k++) {
		assert_int_equal(espvault_nonce_gen(e[k]->u, 32, e[k]->nonce, &e[k]->h_nonce), 0);
		e[k]->ke_len = sizeof(e[k]->ke);
		if (!k || !kem)
			assert_int_equal(espvault_ke_gen(e[k]->u, method, e[k]->ke, &e[k]->ke_len, &e[k]->h_ke), 0);
	}
	if (kem)
		assert_int_equal(espvault_ke_encap(r->u, method, i->ke, i->ke_len, r->ke, &r->ke_len, &r->secret), 0);
	else
		assert_int_equal(espvault_ke_finish(r->u, r->h_ke, i->ke, i->ke_len, &r->secret), 0);
	assert_int_equal(espvault_ke_finish(i->u, i->h_ke, r->ke, r->ke_len, &i->secret), 0);
}

static void put(struct message *m, const void *bytes, size_t len)
{
	assert_true(m->len + len <= sizeof(m->b));
	memcpy(m->b + m->len, bytes, len);
	m->len += len;
}

static void put_payload(struct message *m, uint8_t next, const void *head, size_t head_len, const void *body,
			size_t len)
{
	size_t all = 4 + head_len + len;
	const uint8_t hdr[] = { next, 0, (uint8_t)(all >> 8), (uint8_t)all };

	put(m, hdr, sizeof(hdr));
	if (head_len)
		put(m, head, head_len);
	put(m, body, len);
}

/* RFC 7296 3.1, 3.4, 3.9: header, KE and Nonce. The initiator does not know the other SPI yet. */
static void init_message(struct end *e, enum espvault_ke method, const uint8_t spi_i[8], const uint8_t spi_r[8])
{
	static const uint8_t group[] = { [ESPVAULT_X25519] = 31, [ESPVAULT_P256] = 19, [ESPVAULT_P384] = 20,
					 [ESPVAULT_MODP2048] = 14, [ESPVAULT_MODP3072] = 15, [ESPVAULT_ML_KEM_768] = 36 };
	bool initiator = e->role == ESPVAULT_INITIATOR;
	uint8_t hdr[28] = { [16] = 34, [17] = 0x20, [18] = 34, [19] = initiator ? 0x08 : 0x20 };
	const uint8_t ke[4] = { 0, group[method] };

	e->init.len = 0;
	memcpy(hdr, spi_i, 8);
	if (!initiator)
		memcpy(hdr + 8, spi_r, 8);
	put(&e->init, hdr, sizeof(hdr));
	put_payload(&e->init, 40, ke, sizeof(ke), e->ke, e->ke_len);
	put_payload(&e->init, 0, NULL, 0, e->nonce, sizeof(e->nonce));
	e->init.b[26] = (uint8_t)(e->init.len >> 8);
	e->init.b[27] = (uint8_t)e->init.len;
}

void ends_derive(struct end *i, struct end *r, enum espvault_ke method, enum espvault_prf prf)
{
	struct end *e[] = { i, r };

	for (int k = 0; k < 2; k++) {
		struct espvault_ike_params p = ESPVAULT_INIT(struct espvault_ike_params);

		p.role = (uint8_t)e[k]->role;
		p.prf = (uint8_t)prf;
		p.secret = e[k]->secret;
		p.nonce = e[k]->h_nonce;
		p.peer_nonce = e[!k]->nonce;
		p.peer_nonce_len = sizeof(e[!k]->nonce);
		memcpy(p.spi_i, "ini-spi", 8);
		memcpy(p.spi_r, "res-spi", 8);
		init_message(e[k], method, p.spi_i, p.spi_r);
		assert_int_equal(espvault_ike_derive(e[k]->u, &p, &e[k]->ike), 0);
	}
}

int end_child(struct end *e, uint32_t flags)
{
	struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);

	p.flags = flags;
	p.role = (uint8_t)e->role;
	p.ike = e->ike;
	e->child.size = sizeof(e->child);
	return espvault_child_derive(e->u, &p, &e->child);
}

/* A statement of the unit, and the certificate that its anchor is. */
static void write_recipient(struct espvault *u, const char *statement, const char *anchor)
{
	struct espvault_attest_params p = ESPVAULT_INIT(struct espvault_attest_params);
	uint8_t st[ESPVAULT_STATEMENT_MAX];
	size_t st_len = sizeof(st), pem_len = 4096;
	char pem[4096];

	p.subject = ESPVAULT_SUBJECT_UNIT;
	assert_int_equal(espvault_attest(u, &p, st, &st_len), 0);
	assert_int_equal(espvault_certificate(st, st_len, pem, &pem_len), 0);
	rig_write(statement, st, st_len);
	rig_write(anchor, pem, pem_len);
}

espvault_handle end_psk(struct end *e, const char *id, const char *psk)
{
	struct espvault_provision_params p = ESPVAULT_INIT(struct espvault_provision_params);
	char line[1024];
	uint8_t blob[1024];
	espvault_handle h;
	FILE *f;

	write_recipient(e->u, rig_path("statement"), rig_path("anchor"));
	rig_write(rig_path("psk"), psk, strlen(psk));
	snprintf(line, sizeof(line), "seal --type psk --secret %s --id %s --to %s --anchor %s --out %s", rig_path("psk"),
		 id, rig_path("statement"), rig_path("anchor"), rig_path("blob"));
	if (rig_tool(line))
		fail_msg("%s: %s", line, rig_err);
	f = fopen(rig_path("blob"), "r");
	assert_non_null(f);
	p.type = ESPVAULT_PSK;
	p.wrap = ESPVAULT_WRAP_HPKE;
	p.data = blob;
	p.data_len = fread(blob, 1, sizeof(blob), f);
	fclose(f);
	assert_int_equal(espvault_provision(e->u, &p, &h, NULL, NULL), 0);
	return h;
}

struct espvault_auth_params auth_params(const struct end *at, const struct end *of, espvault_handle key)
{
	struct espvault_auth_params p = ESPVAULT_INIT(struct espvault_auth_params);

	p.ike = at->ike;
	p.key = key;
	p.id_type = 2;
	p.id = of->id;
	p.id_len = strlen(of->id);
	p.message = of->init.b;
	p.message_len = of->init.len;
	return p;
}
