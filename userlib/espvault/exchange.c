// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exchange: two units agree on keys between themselves. This program carries
 * public values from one to the other, as an IKE daemon would over the wire,
 * and vouches for both; what it gets are tokens.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "exchange.h"
#include "secret.h"

/* Own public values; the other side's are read from its struct. */
static int side_start(struct side *s)
{
	int err = espvault_nonce_gen(s->unit, sizeof(s->nonce), s->nonce, &s->h_nonce);

	s->ke_len = sizeof(s->ke);
	return err ? err : espvault_ke_gen(s->unit, ESPVAULT_X25519, s->ke, &s->ke_len, &s->h_ke);
}

static int side_derive(struct side *s, const struct side *peer, const uint8_t spis[16], enum espvault_prf prf)
{
	struct espvault_ike_params p = ESPVAULT_INIT(struct espvault_ike_params);
	int err = espvault_ke_finish(s->unit, s->h_ke, peer->ke, peer->ke_len, &p.secret);

	if (err)
		return err;
	p.role = (uint8_t)s->role;
	p.prf = (uint8_t)prf;
	p.nonce = s->h_nonce;
	p.peer_nonce = peer->nonce;
	p.peer_nonce_len = sizeof(peer->nonce);
	memcpy(p.spi_i, spis, 8);
	memcpy(p.spi_r, spis + 8, 8);
	return espvault_ike_derive(s->unit, &p, &s->h_ike);
}

static int side_finish(struct side *s, const struct side *peer, const struct plan *plan)
{
	struct espvault_child_params p = ESPVAULT_INIT(struct espvault_child_params);
	uint8_t id[ESPVAULT_NONCE_MAX];
	size_t len;
	uint8_t type = id_encode(peer->id, id, &len);
	int err = espvault_auth_assert(s->unit, s->h_ike, type, id, len, 0);

	if (err)
		return err;
	p.flags = ESPVAULT_FIRST | ESPVAULT_DETACH;
	p.role = (uint8_t)s->role;
	p.ike = s->h_ike;
	p.install_ms = plan->install_ms;
	p.hard_packets = plan->hard_packets;
	p.hard_bytes = plan->hard_bytes;
	s->child.size = sizeof(s->child);
	return espvault_child_derive(s->unit, &p, &s->child);
}

/* SPIs of an IKE SA are public and only have to differ; zero is reserved. */
static int draw_spis(uint8_t spis[16])
{
	if (getrandom(spis, 16, 0) != 16)
		return -errno;
	spis[0] |= 0x80;
	spis[8] |= 0x80;
	return 0;
}

/* *who: the side that refused. */
static int run(struct plan *plan, struct side **who)
{
	struct side *a = &plan->side[0], *b = &plan->side[1];
	uint8_t spis[16];
	int err = draw_spis(spis);

	if (err)
		return err;
	for (int step = 0; step < 3; step++) {
		for (int i = 0; i < 2; i++) {
			struct side *s = i ? b : a, *peer = i ? a : b;

			*who = s;
			err = step == 0 ? side_start(s) : step == 1 ? side_derive(s, peer, spis, plan->prf) :
			      side_finish(s, peer, plan);
			if (err)
				return err;
		}
	}
	return 0;
}

static void put_token(struct json_object *o, const char *key, const uint8_t token[ESPVAULT_TOKEN_LEN])
{
	char hex[2 * ESPVAULT_TOKEN_LEN + 1];

	token_hex(token, hex);
	put_str(o, key, hex);
}

static struct json_object *side_object(const struct side *s)
{
	struct espvault_info info = ESPVAULT_INIT(struct espvault_info);
	struct json_object *o = json_object_new_object();

	espvault_get_info(s->unit, &info);
	put_str(o, "device", s->path);
	put_str(o, "interface", info.ifname);
	put_str(o, "role", s->role == ESPVAULT_INITIATOR ? "initiator" : "responder");
	put_str(o, "id", s->id);
	put_hex64(o, "epoch", info.epoch);
	put_token(o, "in", s->child.token_in);
	put_token(o, "out", s->child.token_out);
	return o;
}

static int print_json_plan(const struct tool *t, const struct plan *plan)
{
	struct json_object *o = json_object_new_object();

	put_str(o, "cipher", word_algo(2));
	put_str(o, "custody", word_custody(ESPVAULT_CUSTODY_L3));
	put_u64(o, "install_ms", plan->install_ms ? plan->install_ms : 60000);
	json_object_object_add(o, "a", side_object(&plan->side[0]));
	json_object_object_add(o, "b", side_object(&plan->side[1]));
	if (plan->xfrm.src)
		json_object_object_add(o, "xfrm", xfrm_lines(plan));
	return print_object(t, o);
}

static int print_plan(const struct tool *t, const struct plan *plan)
{
	struct json_object *lines;
	char hex[2 * ESPVAULT_TOKEN_LEN + 1];

	if (t->json)
		return print_json_plan(t, plan);
	for (int i = 0; i < 2 && !plan->xfrm.src; i++) {
		token_hex(plan->side[i].child.token_in, hex);
		printf("%s in  0x%s\n", plan->side[i].path, hex);
		token_hex(plan->side[i].child.token_out, hex);
		printf("%s out 0x%s\n", plan->side[i].path, hex);
	}
	if (!plan->xfrm.src)
		return EXIT_OK;
	lines = xfrm_lines(plan);
	for (size_t i = 0; i < json_object_array_length(lines); i++)
		puts(json_object_get_string(json_object_array_get_idx(lines, i)));
	json_object_put(lines);
	return EXIT_OK;
}

int cmd_exchange(struct tool *t)
{
	struct plan plan;
	struct side *who = NULL;
	int code = plan_parse(t, &plan), err;

	for (int i = 0; i < 2 && code == EXIT_OK; i++)
		code = open_unit(plan.side[i].path, 0, &plan.side[i].unit, plan.side[i].name);
	if (code == EXIT_OK)
		code = plan_devices(&plan);
	if (code == EXIT_OK) {
		err = run(&plan, &who);
		if (err)
			code = who ? complain_unit(who->unit, who->path, err) :
			       complain(EXIT_REFUSED, "no random numbers: %s", strerror(-err));
	}
	if (code == EXIT_OK)
		print_plan(t, &plan);
	for (int i = 0; i < 2; i++)
		espvault_close(plan.side[i].unit);
	return code;
}
