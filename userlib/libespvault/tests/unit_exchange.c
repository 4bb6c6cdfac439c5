// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole exchanges between two processes that are units, by the public library alone. */
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char psk[] = "correct horse battery staple";

struct auth {
	uint8_t method;
	size_t len;
	uint8_t b[ESPVAULT_AUTH_MAX];
};

static int sign(struct end *e, espvault_handle key, struct auth *a)
{
	struct espvault_auth_params p = auth_params(e, e, key);

	a->len = sizeof(a->b);
	return espvault_auth_sign(e->u, &p, &a->method, a->b, &a->len);
}

static int verify(struct end *e, const struct end *peer, espvault_handle key, const struct auth *a)
{
	struct espvault_auth_params p = auth_params(e, peer, key);

	return espvault_auth_verify(e->u, &p, a->method, a->b, a->len);
}

/* Both verify the other's AUTH by the PSK that the tool sealed. */
static void authenticate(struct end *i, struct end *r)
{
	struct end *e[] = { i, r };
	espvault_handle key[2];
	struct auth a;

	for (int k = 0; k < 2; k++)
		key[k] = end_psk(e[k], e[!k]->id, psk);
	for (int k = 0; k < 2; k++) {
		assert_int_equal(sign(e[k], key[k], &a), 0);
		assert_int_equal(a.method, 2);
		assert_int_equal(end_child(e[!k], ESPVAULT_FIRST), -EACCES);
		a.b[k] ^= 1;
		assert_int_equal(verify(e[!k], e[k], key[!k], &a), -EBADMSG);
		assert_int_equal(end_child(e[!k], ESPVAULT_FIRST), -EACCES);
		a.b[k] ^= 1;
		assert_int_equal(verify(e[!k], e[k], key[!k], &a), 0);
	}
}

static void state_is(struct end *e, unsigned int state, unsigned int vouch)
{
	struct espvault_handle_info info = ESPVAULT_INIT(struct espvault_handle_info);

	assert_int_equal(espvault_handle_query(e->u, e->ike, &info), 0);
	assert_int_equal(info.type, 4);
	assert_int_equal(info.state, state);
	assert_int_equal(info.vouch, vouch);
}

/* What one end seals only the other opens: so both have the same keys. */
static void talk(struct end *from, struct end *to)
{
	static const char aad[] = "header", text[] = "payloads";
	uint8_t iv[8], icv[16], sealed[sizeof(text)];
	char back[sizeof(text)];

	assert_int_equal(espvault_ike_seal(from->u, from->ike, aad, sizeof(aad), text, sizeof(text), iv, sealed, icv), 0);
	assert_memory_not_equal(sealed, text, sizeof(text));
	assert_int_equal(espvault_ike_open(to->u, to->ike, aad, sizeof(aad), iv, sealed, sizeof(text), icv, back), 0);
	assert_string_equal(back, text);
}

static void rekey(struct end *e, const struct end *peer)
{
	struct espvault_rekey_params p = ESPVAULT_INIT(struct espvault_rekey_params);
	espvault_handle old = e->ike;

	p.role = (uint8_t)e->role;
	p.prf = ESPVAULT_PRF_SHA512;
	p.ike = e->ike;
	p.nonce = e->h_nonce;
	p.secrets = &e->secret;
	p.nr_secrets = 1;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = sizeof(peer->nonce);
	memcpy(p.spi_i, "ini-two", 8);
	memcpy(p.spi_r, "res-two", 8);
	assert_int_equal(espvault_ike_rekey(e->u, &p, &e->ike), 0);
	assert_int_equal(espvault_destroy(e->u, old), 0);
}

/* A child with its own nonces and PFS. */
static void pfs_child(struct end *e, const struct end *peer)
{
	struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);

	p.role = (uint8_t)e->role;
	p.ike = e->ike;
	p.nonce = e->h_nonce;
	p.secret = e->secret;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = sizeof(peer->nonce);
	e->child.size = sizeof(e->child);
	assert_int_equal(espvault_child_derive(e->u, &p, &e->child), 0);
}

/* From nothing to a rekeyed IKE SA and a child of it, with this method everywhere. */
static void exchange(enum espvault_ke method, enum espvault_prf prf, const char *path_i, const char *path_r)
{
	struct end i, r;

	ends_open(&i, &r, path_i, path_r);
	ends_agree(&i, &r, method);
	ends_derive(&i, &r, method, prf);
	talk(&i, &r);
	authenticate(&i, &r);
	state_is(&i, 2, 2);
	assert_int_equal(end_child(&i, ESPVAULT_FIRST), 0);
	assert_int_equal(end_child(&r, ESPVAULT_FIRST), 0);
	assert_memory_not_equal(i.child.token_in, i.child.token_out, ESPVAULT_TOKEN_LEN);
	ends_agree(&i, &r, method);
	rekey(&i, &r);
	rekey(&r, &i);
	state_is(&r, 2, 2);
	talk(&r, &i);
	ends_agree(&i, &r, method);
	pfs_child(&i, &r);
	pfs_child(&r, &i);
	ends_close(&i, &r);
}

static void test_each_method(void **state)
{
	(void)state;
	for (unsigned int method = ESPVAULT_X25519; method <= ESPVAULT_ML_KEM_768; method++)
		exchange(method, (enum espvault_prf)(1 + method % 3), NULL, NULL);
}

/* Both ends in one unit agree, but it does not authenticate itself (UNIT-96). */
static void own_peer(const char *path)
{
	struct end i, r;
	struct auth a;

	ends_open(&i, &r, path, path);
	ends_agree(&i, &r, ESPVAULT_P256);
	ends_derive(&i, &r, ESPVAULT_P256, ESPVAULT_PRF_SHA384);
	talk(&i, &r);
	assert_int_equal(sign(&r, end_psk(&r, ID_I, psk), &a), 0);
	assert_int_equal(verify(&i, &r, end_psk(&i, ID_R, psk), &a), -EACCES);
	assert_int_equal(sign(&i, end_psk(&i, ID_R, psk), &a), -EACCES);
	state_is(&i, 1, 0);
	state_is(&r, 1, 0);
	ends_close(&i, &r);
}

/* The same between two processes that others use too. */
static void test_listening(void **state)
{
	char path[2][128];
	pid_t pid[2];
	struct stat st;

	(void)state;
	pid[0] = rig_listen("i", NULL, path[0]);
	pid[1] = rig_listen("r", NULL, path[1]);
	assert_int_equal(stat(path[0] + 5, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	for (int k = 0; k < 3; k++)
		exchange(ESPVAULT_X25519, ESPVAULT_PRF_SHA256, path[k & 1], path[!(k & 1)]);
	exchange(ESPVAULT_P256, ESPVAULT_PRF_SHA384, path[0], path[1]);
	own_peer(path[0]);
	for (int k = 0; k < 2; k++) {
		assert_int_equal(rig_stop(pid[k]), 0);
		assert_int_equal(stat(path[k] + 5, &st), -1);
	}
}

/* Another PSK, and another peer than the one that a PSK is bound to. */
static void test_wrong_psk(void **state)
{
	struct end i, r;
	espvault_handle mine, other, stranger;
	struct auth a;

	(void)state;
	ends_open(&i, &r, NULL, NULL);
	ends_agree(&i, &r, ESPVAULT_X25519);
	ends_derive(&i, &r, ESPVAULT_X25519, ESPVAULT_PRF_SHA256);
	mine = end_psk(&i, ID_R, psk);
	other = end_psk(&r, ID_I, "another secret altogether");
	stranger = end_psk(&r, "stranger.example", psk);
	assert_int_equal(sign(&i, mine, &a), 0);
	assert_int_equal(sign(&i, mine, &a), -EBUSY);
	assert_int_equal(verify(&r, &i, other, &a), -EBADMSG);
	assert_int_equal(verify(&r, &i, stranger, &a), -EACCES);
	state_is(&r, 1, 0);
	assert_int_equal(end_child(&r, ESPVAULT_FIRST), -EACCES);
	assert_non_null(strstr(espvault_strerror(r.u), "CHILD_DERIVE"));
	ends_close(&i, &r);
}

/* What was sealed for a unit does not open in another, nor in the next epoch. */
static void test_sealed_for_one(void **state)
{
	struct espvault_provision_params p = ESPVAULT_INIT(struct espvault_provision_params);
	struct end i, r;
	uint8_t blob[1024];
	espvault_handle h;
	FILE *f;

	(void)state;
	ends_open(&i, &r, NULL, NULL);
	end_psk(&i, ID_R, psk);
	f = fopen(rig_path("blob"), "r");
	p.type = ESPVAULT_PSK;
	p.wrap = ESPVAULT_WRAP_HPKE;
	p.data = blob;
	p.data_len = fread(blob, 1, sizeof(blob), f);
	fclose(f);
	assert_int_equal(espvault_provision(i.u, &p, &h, NULL, NULL), 0);
	assert_int_equal(espvault_provision(r.u, &p, &h, NULL, NULL), -EBADMSG);
	p.type = ESPVAULT_PPK;
	assert_int_equal(espvault_provision(i.u, &p, &h, NULL, NULL), -EBADMSG);
	p.type = ESPVAULT_PSK;
	assert_int_equal(espvault_zeroize(i.u, 1), 0);
	assert_int_equal(espvault_provision(i.u, &p, &h, NULL, NULL), -EBADMSG);
	ends_close(&i, &r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_method), cmocka_unit_test(test_listening), cmocka_unit_test(test_wrong_psk),
		cmocka_unit_test(test_sealed_for_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("units that are processes", tests, rig_setup, rig_teardown) ? 1 : 0;
}
