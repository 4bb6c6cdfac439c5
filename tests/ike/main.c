// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: ike INITIATOR RESPONDER DIR
 *
 * A complete IKEv2 between the trusted units behind two nodes, all of it on
 * handles, as an IKE daemon would do it: IKE_SA_INIT with X25519, IKE_INTERMEDIATE with
 * ML-KEM-768, a PPK, AUTH by signature one way and by PSK the other, a first child, a
 * child with perfect forward secrecy, a new IKE SA. The secrets that are provisioned
 * are files of DIR that somebody sealed to the units: WHICH.SIDE, with WHICH psk, ppk, priv
 * (initiator), pub (responder) and SIDE i or r.
 *
 * It says each stage that it has reached on a line of its own and goes on when
 * DIR/go, a FIFO, has been written to; first what a sender must know of each unit.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <espvault.h>

#define NONCE		32
#define MESSAGE_MAX	1500

struct end {
	struct espvault *unit;
	const char *id;
	uint8_t nonce[NONCE], ke[ESPVAULT_KE_MAX];
	size_t ke_len;
	uint8_t init[MESSAGE_MAX];	/* its IKE_SA_INIT message */
	size_t init_len;
	espvault_handle h_nonce, h_ke, secret, ike, psk, ppk, key;
};

static const uint8_t spi_i[8] = "spi of i", spi_r[8] = "spi of r";
static const char *dir;
static int go;

static void need(const struct end *e, int err, const char *what)
{
	if (err)
		error(1, -err, "%s: %s: %s", e->id, what, espvault_strerror(e->unit));
}

static void stage(const char *name)
{
	char c;

	printf("%s\n", name);
	fflush(stdout);
	if (read(go, &c, 1) != 1)
		error(1, errno, "%s/go", dir);
}

static espvault_handle provision(struct end *e, const char *which, uint8_t type, char side)
{
	struct espvault_provision_params p = ESPVAULT_INIT(struct espvault_provision_params);
	static uint8_t blob[4096];
	espvault_handle h;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%c", dir, which, side);
	f = fopen(path, "r");
	if (!f)
		error(1, errno, "%s", path);
	p.data = blob;
	p.data_len = fread(blob, 1, sizeof(blob), f);
	fclose(f);
	p.type = type;
	p.wrap = ESPVAULT_WRAP_HPKE;
	need(e, espvault_provision(e->unit, &p, &h, NULL, NULL), path);
	return h;
}

/* RFC 7296 3.1, 3.4, 3.9: header, KE, nonce. */
static void init_message(struct end *e, int response)
{
	const size_t len = 28 + 8 + e->ke_len + 4 + NONCE;
	uint8_t *m = e->init;

	memset(m, 0, sizeof(e->init));
	memcpy(m, spi_i, 8);
	if (response)
		memcpy(m + 8, spi_r, 8);
	m[16] = 34;
	m[17] = 0x20;
	m[18] = 34;
	m[19] = response ? 0x20 : 0x08;
	m[26] = (uint8_t)(len >> 8);
	m[27] = (uint8_t)len;
	m += 28;
	m[0] = 40;
	m[2] = (uint8_t)((8 + e->ke_len) >> 8);
	m[3] = (uint8_t)(8 + e->ke_len);
	m[5] = 31;
	memcpy(m + 8, e->ke, e->ke_len);
	m += 8 + e->ke_len;
	m[3] = 4 + NONCE;
	memcpy(m + 4, e->nonce, NONCE);
	e->init_len = len;
}

/* Says what the sender of a secret must know: device id, epoch, key to seal to. */
static void start(struct end *e, const char *node)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
	int err = espvault_open(node, 0, &e->unit);

	if (err)
		error(1, -err, "%s", node);
	need(e, espvault_get_info(e->unit, &info), "info");
	printf("unit %s %llu %llu ", e->id, (unsigned long long)info.device_id, (unsigned long long)info.epoch);
	for (size_t n = 0; n < sizeof(info.provision_key); n++)
		printf("%02x", info.provision_key[n]);
	printf("\n");
}

static void prepare(struct end *e, int response)
{
	e->ke_len = sizeof(e->ke);
	need(e, espvault_nonce_gen(e->unit, NONCE, e->nonce, &e->h_nonce), "nonce");
	need(e, espvault_ke_gen(e->unit, ESPVAULT_X25519, e->ke, &e->ke_len, &e->h_ke), "KE");
	init_message(e, response);
	e->psk = provision(e, "psk", ESPVAULT_PSK, response ? 'r' : 'i');
	e->ppk = provision(e, "ppk", ESPVAULT_PPK, response ? 'r' : 'i');
	e->key = response ? provision(e, "pub", ESPVAULT_PUB, 'r') : provision(e, "priv", ESPVAULT_PRIV, 'i');
}

static void derive(struct end *e, const struct end *peer, uint8_t role)
{
	struct espvault_ike_params p = ESPVAULT_INIT(struct espvault_ike_params);

	p.role = role;
	p.prf = ESPVAULT_PRF_SHA512;
	p.secret = e->secret;
	p.nonce = e->h_nonce;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = NONCE;
	memcpy(p.spi_i, spi_i, 8);
	memcpy(p.spi_r, spi_r, 8);
	need(e, espvault_ike_derive(e->unit, &p, &e->ike), "derive");
}

/* One message of an encrypted exchange, sealed here and opened there. */
static void message(struct end *from, struct end *to, const void *text, size_t len)
{
	static const uint8_t aad[32] = "IKE header and payload header";
	uint8_t iv[8], icv[16], sealed[MESSAGE_MAX], opened[MESSAGE_MAX];

	need(from, espvault_ike_seal(from->unit, from->ike, aad, sizeof(aad), text, len, iv, sealed, icv), "seal");
	need(to, espvault_ike_open(to->unit, to->ike, aad, sizeof(aad), iv, sealed, len, icv, opened), "open");
	if (memcmp(opened, text, len))
		error(1, 0, "%s: the message is another one", to->id);
}

static void chain(struct end *i, struct end *r, enum espvault_role sender, const void *text, size_t len)
{
	need(i, espvault_intauth(i->unit, i->ike, sender, text, len), "IntAuth");
	need(r, espvault_intauth(r->unit, r->ike, sender, text, len), "IntAuth");
}

/* RFC 9242, RFC 9370: a further key exchange, with a KEM. */
static void intermediate(struct end *i, struct end *r)
{
	uint8_t answer[ESPVAULT_KE_MAX];
	size_t len = sizeof(answer);

	i->ke_len = sizeof(i->ke);
	need(i, espvault_ke_gen(i->unit, ESPVAULT_ML_KEM_768, i->ke, &i->ke_len, &i->h_ke), "ML-KEM");
	message(i, r, i->ke, i->ke_len);
	chain(i, r, ESPVAULT_INITIATOR, i->ke, i->ke_len);
	stage("asked");
	need(r, espvault_ke_encap(r->unit, ESPVAULT_ML_KEM_768, i->ke, i->ke_len, answer, &len, &r->secret), "encap");
	message(r, i, answer, len);
	chain(i, r, ESPVAULT_RESPONDER, answer, len);
	need(i, espvault_ke_finish(i->unit, i->h_ke, answer, len, &i->secret), "decap");
	stage("intermediate");
	need(i, espvault_ike_update(i->unit, i->ike, i->secret), "update");
	need(r, espvault_ike_update(r->unit, r->ike, r->secret), "update");
}

static void authenticate(struct end *from, struct end *to, espvault_handle sign, uint8_t scheme,
			 espvault_handle verify)
{
	struct espvault_auth_params p = ESPVAULT_INIT(struct espvault_auth_params);
	uint8_t auth[ESPVAULT_AUTH_MAX], method;
	size_t len = sizeof(auth);

	p.ike = from->ike;
	p.key = sign;
	p.scheme = scheme;
	p.id_type = 2;
	p.id = from->id;
	p.id_len = strlen(from->id);
	p.message = from->init;
	p.message_len = from->init_len;
	need(from, espvault_auth_sign(from->unit, &p, &method, auth, &len), "sign");
	message(from, to, auth, len);
	p.ike = to->ike;
	p.key = verify;
	p.scheme = 0;
	need(to, espvault_auth_verify(to->unit, &p, method, auth, len), "verify");
}

/* Fresh nonces and a fresh secret of both. */
static void exchange(struct end *i, struct end *r)
{
	struct end *e[] = { i, r };

	for (int k = 0; k < 2; k++) {
		e[k]->ke_len = sizeof(e[k]->ke);
		need(e[k], espvault_nonce_gen(e[k]->unit, NONCE, e[k]->nonce, &e[k]->h_nonce), "nonce");
		need(e[k], espvault_ke_gen(e[k]->unit, ESPVAULT_P384, e[k]->ke, &e[k]->ke_len, &e[k]->h_ke), "KE");
	}
	for (int k = 0; k < 2; k++)
		need(e[k], espvault_ke_finish(e[k]->unit, e[k]->h_ke, e[!k]->ke, e[!k]->ke_len, &e[k]->secret), "agree");
}

static void child(struct end *e, const struct end *peer, uint8_t role, int first)
{
	struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);
	struct espvault_child c = ESPVAULT_INIT(struct espvault_child);

	p.ike = e->ike;
	p.role = role;
	p.flags = ESPVAULT_DETACH | (first ? ESPVAULT_FIRST : 0);
	p.install_ms = 600000;
	if (!first) {
		p.nonce = e->h_nonce;
		p.secret = e->secret;
		p.peer_nonce = peer->nonce;
		p.peer_nonce_len = NONCE;
	}
	need(e, espvault_child_derive(e->unit, &p, &c), "child");
	for (int out = 0; out < 2; out++) {
		printf("token %s %s ", e->id, out ? "out" : "in");
		for (int n = 0; n < ESPVAULT_TOKEN_LEN; n++)
			printf("%02x", out ? c.token_out[n] : c.token_in[n]);
		printf("\n");
	}
}

static void rekey(struct end *e, const struct end *peer, uint8_t role)
{
	struct espvault_rekey_params p = ESPVAULT_INIT(struct espvault_rekey_params);

	p.role = role;
	p.prf = ESPVAULT_PRF_SHA256;
	p.ike = e->ike;
	p.nonce = e->h_nonce;
	p.secrets = &e->secret;
	p.nr_secrets = 1;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = NONCE;
	memcpy(p.spi_i, spi_r, 8);
	memcpy(p.spi_r, spi_i, 8);
	need(e, espvault_ike_rekey(e->unit, &p, &e->ike), "rekey");
}

static void run(struct end *i, struct end *r)
{
	need(i, espvault_ke_finish(i->unit, i->h_ke, r->ke, r->ke_len, &i->secret), "agree");
	need(r, espvault_ke_finish(r->unit, r->h_ke, i->ke, i->ke_len, &r->secret), "agree");
	stage("agreed");
	derive(i, r, ESPVAULT_INITIATOR);
	derive(r, i, ESPVAULT_RESPONDER);
	intermediate(i, r);
	need(i, espvault_ppk_apply(i->unit, i->ike, i->ppk), "PPK");
	need(r, espvault_ppk_apply(r->unit, r->ike, r->ppk), "PPK");
	stage("ppk");
	authenticate(i, r, i->key, ESPVAULT_ED25519, r->key);
	authenticate(r, i, r->psk, 0, i->psk);
	child(i, r, ESPVAULT_INITIATOR, 1);
	child(r, i, ESPVAULT_RESPONDER, 1);
	exchange(i, r);
	child(i, r, ESPVAULT_INITIATOR, 0);
	child(r, i, ESPVAULT_RESPONDER, 0);
	exchange(i, r);
	rekey(i, r, ESPVAULT_INITIATOR);
	rekey(r, i, ESPVAULT_RESPONDER);
	message(i, r, "under new keys", 14);
	message(r, i, "and back", 8);
	stage("rekeyed");
}

int main(int argc, char **argv)
{
	struct end i = { .id = "initiator.example" }, r = { .id = "responder.example" };
	char path[512];

	if (argc != 4)
		error(2, 0, "usage: ike INITIATOR RESPONDER DIR");
	dir = argv[3];
	snprintf(path, sizeof(path), "%s/go", dir);
	go = open(path, O_RDWR);
	if (go < 0)
		error(1, errno, "%s", path);
	start(&i, argv[1]);
	start(&r, argv[2]);
	stage("opened");
	prepare(&i, 0);
	prepare(&r, 1);
	stage("prepared");
	run(&i, &r);
	espvault_close(i.unit);
	espvault_close(r.unit);
	stage("closed");
	return 0;
}
